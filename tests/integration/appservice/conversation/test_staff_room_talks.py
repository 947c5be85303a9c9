"""The staff room: what is told there and what in private, and commands in it."""

import pytest
from sqlalchemy import insert

from appservice.matrix.model import staff_room, staff_room_member
from booking.appointments.notices import FOR_STAFF, Notice, tell_admins, tell_payer
from booking.appointments.service import by_code
from booking.directory.reading import centres_named
from booking.payments.refunding import tell_of_refund
from core.ids import new_id
from core.money import Money
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI
from tests.integration.booking.town import Town, at

ROOM = "!staff:localhost"


@pytest.fixture
async def room(chat: Chat, town: Town) -> str:
    """Berlin Heart Centre's, with Clara in it; Dr Osei has not joined."""
    assert "I make an encrypted room for the staff of Berlin Heart Centre" in await chat.say(CLARA, "staff room")
    async with town.database.transaction() as tx:
        (centre,) = await centres_named(tx, "Berlin Heart Centre")
        await tx.conn.execute(insert(staff_room).values(centre_id=centre.id, room_id=ROOM, opened_at=tx.now))
        await tx.conn.execute(insert(staff_room_member).values(room_id=ROOM, mxid=CLARA))
    return ROOM


async def test_who_is_in_the_room_is_told_there_and_nowhere_else(chat: Chat, room: str) -> None:
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    told = await chat.notices()
    (news,) = told[room]
    assert news.text.startswith("New visit: Tue 1 Dec, 09:00 with Dr Ama Osei, in person, €48.00, to be paid at the")
    assert "Anna" not in news.text
    assert CLARA not in told
    assert "Anna with Dr Ama Osei" in told[OSEI][0].text


async def test_the_room_hears_of_cancelling_and_of_who_does_not_come(chat: Chat, town: Town, room: str) -> None:
    first, second = await book(chat), await book(chat, OSEI, "3")
    await chat.say(ANNA, f"cancel {first}")
    await chat.say(ANNA, "yes")
    assert "Cancelled: Tue 1 Dec, 09:00 with Dr Ama Osei" in (await chat.notices())[room][0].text
    town.clock.time = at(1, 12)
    await chat.say(OSEI, f"no-show {second}")
    assert f"Missed: nobody came to Tue 1 Dec, 10:30 with Dr Ama Osei. Visit {second}." in (
        (await chat.notices())[room][0].text
    )


async def test_the_room_hears_of_payments_and_of_all_else_that_is_for_the_staff(chat: Chat, room: str) -> None:
    code = await book(chat)
    await chat.notices()
    money = Money("EUR", 2000)
    async with chat.database.transaction() as tx:
        visit = await by_code(tx, chat.ctx, await chat.person(ANNA), code)
        await tell_of_refund(tx, visit, Notice.REFUNDED, new_id(), money)
        await tell_payer(tx, visit, Notice.CHARGED, amount=money.amount, currency=money.currency)
    told = [each.text for each in (await chat.notices())[room]]
    assert told == [f"Refund: €20.00 of Visit {code} go back.", f"Payment: €20.00 were charged for Visit {code}."]
    async with chat.database.transaction() as tx:
        for each in FOR_STAFF:
            await tell_admins(tx, visit, each, about=new_id(), amount=money.amount, currency=money.currency)
    told = [each.text for each in (await chat.notices())[room]]
    assert len(told) == len(FOR_STAFF)
    assert all(code in each and "Anna" not in each for each in told)


async def test_the_centres_rule_decides(chat: Chat, room: str) -> None:
    assert "in the staff room and in private" in await chat.say(CLARA, "staff room notices both")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    told = await chat.notices()
    assert "New visit" in told[room][0].text
    assert "New visit" in told[CLARA][0].text
    assert "to each of you in private" in await chat.say(CLARA, "staff room notices private")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "yes")
    told = await chat.notices()
    assert room not in told
    assert "New visit" in told[CLARA][0].text
    assert "in private" in await chat.say(CLARA, "rules")


async def test_what_wants_a_decision_is_told_in_private(chat: Chat, room: str) -> None:
    await chat.say(CLARA, 'edit service dr.osei "A visit" needs approval')
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "yes")
    told = await chat.notices()
    assert "To approve" in told[CLARA][0].text
    assert room not in told


async def test_answers_with_patients_in_them_go_to_who_asked(chat: Chat, room: str) -> None:
    await book(chat)
    await chat.say(CLARA, "!bookings tomorrow", room=room)
    private, pointer = chat.last
    assert "Anna" in private.text
    assert private.room == f"!private:{CLARA}"
    assert pointer.room == room
    assert pointer.text == "I have answered that in our private chat."


async def test_what_tells_nothing_of_anybody_is_answered_in_the_room(chat: Chat, room: str) -> None:
    await chat.say(CLARA, "!doctors", room=room)
    (answer,) = chat.last
    assert answer.room == room
    assert "dr.osei" in answer.text


async def test_who_does_not_work_there_is_answered_in_private(chat: Chat, room: str) -> None:
    await chat.say(ANNA, "!help", room=room)
    assert chat.last[0].room == f"!private:{ANNA}"
    await chat.say(CLARA, "!help", room="!other:localhost")
    assert chat.last[0].room == f"!private:{CLARA}"


async def test_others_have_no_staff_room_to_make(chat: Chat) -> None:
    assert "I make" not in await chat.say(ANNA, "staff room")
    assert "I make" not in await chat.say(OSEI, "staff room")
    assert "no staff room yet" in await chat.say(CLARA, "staff room notices both")
    assert "Where?" in await chat.say(CLARA, "staff room notices")
