"""Who runs a centre asks for numbers, and gets a table, a picture, a file."""

from uuid import UUID

from appservice.conversation.attachments import attachments
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI
from tests.integration.booking.town import Town, at


async def _file(chat: Chat) -> bytes:
    fields = chat.last[-1].fields
    async with chat.database.transaction() as tx:
        return await attachments(chat.ctx)[fields["kind"]](tx, UUID(fields["id"]))


async def test_a_report_is_a_table_and_a_picture(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time = at(1, 9)
    await chat.say(OSEI, f"done {code}")
    said = await chat.say(CLARA, "report last 30 days")
    assert "2 Nov 2026 to 1 Dec 2026" in said
    assert "Dr Ama Osei" in said
    assert "at the desk: €48.00" in said
    assert "First free time: in" in said
    assert chat.last[-1].text == "[Report 2026-11-02 to 2026-12-01.png]"
    assert (await _file(chat)).startswith(b"\x89PNG")
    assert "Anna" not in said


async def test_a_report_of_one_doctor_and_month_as_csv(chat: Chat) -> None:
    await book(chat)
    assert await chat.say(CLARA, "report december dr.osei csv") == "[Report 2025-12-01 to 2025-12-31.csv]"
    assert await chat.say(CLARA, "report october csv") == "[Report 2026-10-01 to 2026-10-31.csv]"
    assert await chat.say(CLARA, "report 10 Nov - 20 Nov csv") == "[Report 2026-11-10 to 2026-11-20.csv]"
    assert await chat.say(CLARA, "report this month dr.osei csv") == "[Report 2026-11-01 to 2026-11-30.csv]"
    lines = (await _file(chat)).decode().splitlines()
    assert [line.split(",")[3] for line in lines] == ["doctor", "Dr Ama Osei", "all"]
    await chat.say(CLARA, "report last 1 days csv")
    assert b"Weber" in await _file(chat)


async def test_others_get_no_report(chat: Chat) -> None:
    for who in (ANNA, OSEI):
        assert "booked" not in await chat.say(who, "report last 30 days")


async def test_a_span_that_is_none_gets_a_sentence(chat: Chat) -> None:
    assert "a year at the most" in await chat.say(CLARA, "report last 9 years")
    assert "There is no 31 November" in await chat.say(CLARA, "report 31 november")
