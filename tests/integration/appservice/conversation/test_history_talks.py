"""History in talks: a page at a time, a year, a kind."""

from datetime import timedelta

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA
from tests.integration.booking.town import Town

PDF = b"%PDF-1.7"


async def test_page_after_page_with_more(chat: Chat, town: Town) -> None:
    for n in range(45):
        await chat.send_file(ANNA, PDF, f"f{n:02}.pdf")
        await chat.say(ANNA, "later")
        town.clock.time += timedelta(minutes=20)
    first = await chat.say(ANNA, "history")
    assert first.count("file f") == 20
    assert "file f44.pdf" in first
    assert "“more” goes on" in first
    second = await chat.say(ANNA, "more")
    assert "file f24.pdf" in second
    third = await chat.say(ANNA, "more")
    assert third.count("file f") == 5
    assert "file f00.pdf" in third
    assert "more" not in third


async def test_a_year_and_a_kind(chat: Chat, town: Town) -> None:
    code = await book(chat)
    await chat.send_file(ANNA, PDF, "a.pdf")
    await chat.say(ANNA, "later")
    assert f"visit {code} with Dr Ama Osei: booked" in await chat.say(ANNA, "history")
    assert "file a.pdf" in await chat.say(ANNA, "history 2026")
    assert "There is nothing yet" in await chat.say(ANNA, "history 2025")
    visits = await chat.say(ANNA, "history visits of 2026")
    assert code in visits
    assert "a.pdf" not in visits
    assert code not in await chat.say(ANNA, "history files")
    assert "There is nothing yet" in await chat.say(ANNA, "history prescriptions")
    assert "Write it like" in await chat.say(ANNA, "history whatever")
