"""A doctor's day: the list that keeps itself up to date, its taps, the next patient, running late."""

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from appservice.conversation.boards import day_board
from appservice.matrix.model import bot_message, consultation_room
from appservice.outgoing import UNTAP, said_elsewhere
from booking.directory.reading import practitioners_named
from booking.directory.service import link_practitioner
from booking.reminders.service import remind
from core.ids import id_of
from core.outbox import outbox
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.appservice.conversation.test_booking_talks import visits as upcoming
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

CARL = "@carl:localhost"


@pytest.fixture
async def visits(chat: Chat, town: Town) -> list[str]:
    """Codes of Anna's visit on Tuesday at 9:00 in Berlin, and of Ben's at 9:30; it is 8:55 there."""
    await chat.say(BEN, "name Ben", name="Ben")
    await chat.say(CARL, "name Carl", name="Carl")
    codes = [await book(chat), await book(chat, BEN)]
    town.clock.time = at(1, 7, 55)
    return codes


async def test_the_list_has_a_number_for_each_visit_and_a_tap_is_a_step(chat: Chat, visits: list[str]) -> None:
    listed = await chat.say(OSEI, "today")
    assert f"1. 09:00-09:30 Anna, visit {visits[0]}, in person, booked" in listed
    assert f"2. 09:30-10:00 Ben, visit {visits[1]}, in person, booked" in listed
    board = chat.last[0]
    assert board.fields["choices"] == 2
    assert board.fields["taps"] == ["▶️", "🚫"]
    assert await chat.tap(OSEI, "1", board) == ""
    (edit,) = await chat.boards()
    assert edit.fields["edits"] == board.key
    assert f"1. 09:00-09:30 Anna, visit {visits[0]}, in person, arrived" in edit.text
    assert "Now: Anna" in await chat.tap(OSEI, "1", edit)
    (edit,) = await chat.boards()
    assert "under way since 08:55" in edit.text
    assert await chat.tap(OSEI, "1", edit) == ""
    (edit,) = await chat.boards()
    assert f"1. 09:00-09:30 Anna, visit {visits[0]}, in person, done" in edit.text


async def test_a_tap_that_did_its_work_is_taken_away(chat: Chat, visits: list[str]) -> None:
    await chat.say(OSEI, "today")
    await chat.tap(OSEI, "1", chat.last[0])
    async with chat.database.transaction() as tx:
        found = await tx.conn.execute(select(outbox.c.payload).where(outbox.c.kind == UNTAP))
        (payload,) = found.scalars().all()
    assert json.loads(payload)["event"].startswith("$event")


async def test_numbers_stay_where_they_are(chat: Chat, visits: list[str]) -> None:
    await chat.say(OSEI, "today")
    await chat.say(CLARA, f"cancel {visits[0]}")
    await chat.say(CLARA, "yes")
    await chat.boards()
    await chat.say(CARL, "dr osei today")
    await chat.say(CARL, "1")
    await chat.say(CARL, "1")
    edit = (await chat.boards())[-1]
    assert f"1. 09:00-09:30 Anna, visit {visits[0]}, in person, cancelled" in edit.text
    assert "2. 09:30-10:00 Ben" in edit.text
    assert "3. 09:00-09:30 Carl" in edit.text


async def test_a_number_under_a_list_that_is_being_edited_means_that_list(chat: Chat, visits: list[str]) -> None:
    """And none that was asked since: the edits are decided on, and the person has not seen them."""
    await chat.say(OSEI, "today")
    board = chat.last[0]
    await chat.say(OSEI, "cardiologist in berlin next week")
    assert chat.last[0].fields["choices"]
    for number, state in (("2", "arrived"), ("2", "under way since 08:55"), ("2", "done")):
        await chat.reply(OSEI, number, board)
        edit = (await chat.boards())[-1]
        assert re.search(rf"2\. 09:30-10:00 Ben, visit {visits[1]}, in person, {state}", edit.text)


async def test_what_nobody_looks_at_is_not_kept_up_to_date(chat: Chat, visits: list[str]) -> None:
    await chat.say(CLARA, f"cancel {visits[0]}")
    await chat.say(CLARA, "yes")
    assert await chat.boards() == []


async def test_many_changes_are_one_edit(chat: Chat, visits: list[str]) -> None:
    await chat.say(OSEI, "today")
    await chat.say(OSEI, f"arrived {visits[0]}")
    await chat.say(OSEI, f"arrived {visits[1]}")
    assert len(await chat.boards()) == 1


async def test_words_name_a_visit_by_its_number(chat: Chat, town: Town, visits: list[str]) -> None:
    assert "There is no such number" in await chat.say(OSEI, "arrived 2")
    await chat.say(OSEI, "today")
    assert "for Ben: arrived" in await chat.say(OSEI, "arrived 2")
    assert "There is no such number" in await chat.say(OSEI, "arrived 3")
    town.clock.time = at(1, 8, 5)
    assert "for Anna: missed" in await chat.say(OSEI, "no-show 1")


async def test_the_emoji_notes_whose_time_it_is(chat: Chat, town: Town, visits: list[str]) -> None:
    await chat.say(OSEI, "today")
    board = chat.last[0]
    assert "Everybody whose time has come is there" in await chat.tap(OSEI, "🚫", board)
    town.clock.time = at(1, 8, 10)
    assert "for Anna: missed" in await chat.tap(OSEI, "🚫", board)


async def test_next_begins_with_who_is_there_and_tells_them(chat: Chat, town: Town, visits: list[str]) -> None:
    await chat.say(OSEI, f"arrived {visits[1]}")
    begun = await chat.say(OSEI, "next")
    assert f"Now: Ben, 09:30, visit {visits[1]}" in begun
    told = await chat.notices()
    assert "Dr Ama Osei is ready for you. Please come in." in told[BEN][0].text
    assert ANNA not in told
    town.clock.time = at(1, 8, 20)
    assert "Ben is done. Now: Anna, 09:00" in await chat.say(OSEI, "next")
    town.clock.time = at(1, 8, 40)
    assert "Anna is done. Nobody waits for you now." in await chat.say(OSEI, "next")


async def test_the_emoji_calls_the_next(chat: Chat, visits: list[str]) -> None:
    await chat.say(OSEI, "today")
    assert "Now: Anna" in await chat.tap(OSEI, "▶", chat.last[0])


WEBER = "@weber:localhost"


async def online_with_a_room(chat: Chat, town: Town) -> str:
    """Anna's visit with Dr Weber, Tuesday at 9:00 in Berlin; its room is open. Returns how the way there is shown."""
    async with town.database.transaction() as tx:
        weber = (await practitioners_named(tx, "dr.weber"))[0]
        await link_practitioner(tx, town.ctx, await town.paul(), weber.id, WEBER)
    await chat.say(ANNA, "dr weber tomorrow")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    (visit,) = await upcoming(chat)
    async with town.database.transaction() as tx:
        room = {"appointment_id": visit.id, "room_id": "!room:localhost", "opened_at": tx.now}
        await tx.conn.execute(insert(consultation_room).values(**room))
    await chat.notices()
    return f"Visit {visit.code} (https://matrix.to/#/!room:localhost?via=localhost)"


async def test_an_online_visit_begins_with_the_way_into_its_room(chat: Chat, town: Town) -> None:
    link = await online_with_a_room(chat, town)
    town.clock.time = at(1, 7, 59)
    assert f"Your room: {link}" in await chat.say(WEBER, "next")
    (told,) = (await chat.notices())[ANNA]
    assert told.text == f"Dr Jonas Weber is ready for you. Please come to the room of your visit. {link}"


async def test_a_reminder_of_an_online_visit_has_the_way_into_its_room_for_who_belongs_there(
    chat: Chat, town: Town
) -> None:
    link = await online_with_a_room(chat, town)
    await chat.say(CLARA, "reminders 1h", name="Clara")
    town.clock.time = at(1, 7)
    async with town.database.transaction() as tx:
        await remind(tx, town.ctx)
    told = await chat.notices()
    for who, has_it in ((ANNA, True), (WEBER, True), (CLARA, False)):
        assert "Reminder, 1 hour before" in told[who][-1].text
        assert told[who][-1].text.endswith(link) is has_it


async def test_running_late_tells_those_who_wait_and_nobody_else(chat: Chat, town: Town, visits: list[str]) -> None:
    town.clock.time = at(30, 9, month=11)
    await book(chat, CARL, "3")
    town.clock.time = at(1, 7, 55)
    said = await chat.say(OSEI, "late 20")
    assert "2 who wait are told:" in said
    assert "1. Anna, 09:00: to expect you at 09:20" in said
    assert "2. Ben, 09:30: to expect you at 09:50" in said
    assert "One more comes in their time." in said
    told = await chat.notices()
    assert "Running late: Dr Ama Osei sees you at about 09:20 instead of 09:00" in told[ANNA][0].text
    assert set(told) == {ANNA, BEN}
    assert "before you" not in told[ANNA][0].text
    assert "One patient is before you." in told[BEN][0].text
    assert "Nobody is told" in await chat.say(OSEI, "late 20")
    assert "Anna, 09:00: to expect you at 09:30" in await chat.say(OSEI, "running late by half an hour")
    assert "09:30 instead of 09:00" in (await chat.notices())[ANNA][0].text
    assert "expect it at 09:30" in await chat.say(OSEI, "today")


async def test_a_doctor_who_notes_nothing_is_late_for_those_to_come_alone(
    chat: Chat, town: Town, visits: list[str]
) -> None:
    town.clock.time = at(1, 8, 31)  # Anna's time is over by now
    said = await chat.say(OSEI, "late 20")
    assert "Anna" not in said
    assert "2. Ben, 09:30: to expect you at 09:50" in said or "1. Ben, 09:30: to expect you at 09:50" in said
    assert set(await chat.notices()) == {BEN}
    await chat.say(OSEI, f"arrived {visits[1]}")
    assert "Now: Ben" in await chat.say(OSEI, "next")
    town.clock.time = at(1, 9, 5)
    assert "Now: Anna" in await chat.say(OSEI, "next")  # she came after all, and nobody else waits


async def test_in_time_again(chat: Chat, visits: list[str]) -> None:
    assert "Nobody was told" in await chat.say(OSEI, "on time")
    await chat.say(OSEI, "late 20")
    await chat.notices()
    assert "1. Anna, 09:00: in time again" in await chat.say(OSEI, "late off")
    assert "In time again: Dr Ama Osei sees you at 09:00." in (await chat.notices())[ANNA][0].text


async def test_news_of_lateness_is_told_in_quiet_hours_and_not_after_the_visit_began(
    chat: Chat, visits: list[str]
) -> None:
    await chat.say(ANNA, "quiet 0:00-23:00")
    await chat.say(OSEI, "late 20")
    await chat.say(OSEI, f"start {visits[1]}")
    told = await chat.notices()
    assert [each.text.split(":")[0] for each in told[ANNA]] == ["Running late"]
    assert "is ready for you" in told[BEN][0].text
    assert len(told[BEN]) == 1


async def test_bad_delays_are_answered(chat: Chat, visits: list[str]) -> None:
    assert "By how many minutes?" in await chat.say(OSEI, "late")
    assert "up to 8 hours" in await chat.say(OSEI, "late 600")
    assert "late 20" in await chat.say(OSEI, "late blue") or "before" in chat.last[0].text


async def test_an_admin_sees_the_centre_and_says_that_a_doctor_is_late(chat: Chat, visits: list[str]) -> None:
    assert f"1. 09:00-09:30 Anna with Dr Ama Osei, visit {visits[0]}" in await chat.say(CLARA, "today", name="Clara")
    assert "Which doctor?" in await chat.say(CLARA, "late 20")
    assert "2 who wait are told" in await chat.say(CLARA, "late 20 dr.osei")
    assert await chat.tap(CLARA, "2", (await chat.boards())[-1]) == ""
    assert (
        f"2. 09:30-10:00 Ben with Dr Ama Osei, visit {visits[1]}, in person, arrived" in (await chat.boards())[-1].text
    )


async def test_nobody_else_may(chat: Chat, town: Town, visits: list[str]) -> None:
    async with town.database.transaction() as tx:
        (maier,) = await practitioners_named(tx, "dr.maier")
    assert "1. 09:00" not in await chat.say(ANNA, "today")
    assert "told" not in await chat.say(BEN, "late 20 dr.osei")
    assert "You may not do that" in await chat.say(CLARA, "late 20 dr.maier")
    assert "You may not do that" in await chat.say(CLARA, f"next {maier.slug}")


async def test_a_list_that_was_said_elsewhere_goes_on_there_and_is_not_said_again(
    chat: Chat, visits: list[str]
) -> None:
    """Others had come into the room: what is for one alone was said in a new room of the two."""
    await chat.say(OSEI, "today")
    async with chat.database.transaction() as tx:
        key = said_elsewhere(chat.last[0].key)
        said = {
            "id": id_of(key),
            "key": key,
            "room_id": f"!private:{OSEI}",
            "event_id": "$elsewhere",
            "sent_at": tx.now,
        }
        await tx.conn.execute(insert(bot_message).values(said))
        await tx.conn.execute(update(day_board).values(room_id="!crowded"))
    for step in ("arrived", "under way"):
        await chat.say(OSEI, f"{'arrived' if step == 'arrived' else 'start'} {visits[0]}")
        (edit,) = await chat.boards()
        assert edit.room == f"!private:{OSEI}"
        assert edit.fields["edits"] == key
        assert step in edit.text
        key = edit.key
    assert await chat.tap(OSEI, "1", edit) == ""  # its numbers work there


async def test_a_list_of_january_is_read_in_december(chat: Chat, town: Town) -> None:
    town.clock.time = datetime(2026, 12, 30, 8, tzinfo=UTC)
    assert "Sat 2 Jan" in await chat.say(CLARA, "bookings 2 Jan")  # a Friday in 2026
    assert "Sat 2 Jan" in await chat.say(OSEI, "today 2 Jan")


async def test_a_doctor_asks_for_their_hours_and_blocks_some_of_them(chat: Chat) -> None:
    assert "Mon-Fri | 09:00-17:00" in await chat.say(OSEI, "what are my hours?")
    assert "Did you mean time off tomorrow 10-11?" in await chat.say(OSEI, "block tomorrow 10-11")
    assert "is away: Tue 1 Dec, 10:00 to Tue 1 Dec, 11:00" in await chat.say(OSEI, "yes")
    for words in ("block tomorrow 10-11", "my hours"):  # which nobody else has
        assert "Dr Ama Osei" not in await chat.say(ANNA, words)
