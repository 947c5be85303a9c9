"""Patients find, book, move and cancel."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from booking.appointments import service as appointments
from tests.integration.appservice.conversation.chat import Chat, Message
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town

BERLIN = ZoneInfo("Europe/Berlin")
NEAR = "cardiologist near Berlin tomorrow under 60"


async def book(chat: Chat, mxid: str = ANNA, number: str = "1") -> str:
    """Book with Dr Osei tomorrow and return the visit's code."""
    await chat.say(mxid, NEAR)
    await chat.say(mxid, "1")
    await chat.say(mxid, number)
    told = await chat.notices()
    found = re.search(r"Visit (\w{6})", told[mxid][0].text)
    assert found
    return found[1]


async def visits(chat: Chat, mxid: str = ANNA) -> list[appointments.Appointment]:
    person = await chat.person(mxid)
    async with chat.database.transaction() as tx:
        return await appointments.upcoming(tx, chat.ctx, person)


async def test_three_messages_book_a_visit(chat: Chat) -> None:
    offers = await chat.say(ANNA, NEAR)
    assert "1. Dr Ama Osei, Cardiology, in person, €48.00" in offers
    assert "2. Dr Jonas Weber, Cardiology, online, €35.00" in offers
    assert "Next: Tue 1 Dec 09:00, 09:30, 10:00" in offers
    assert chat.last[0].fields["choices"] == 2
    times = await chat.say(ANNA, "1")
    assert times.count("Tue 1 Dec") == 1
    assert "10. 13:30" in times
    await chat.say(ANNA, "2")
    told = await chat.notices()
    confirmed, invitation = told[ANNA]
    assert confirmed.text.startswith("Confirmed: Tue 1 Dec, 09:30 with Dr Ama Osei")
    assert "€48.00, to be paid at the desk" in confirmed.text
    assert invitation.fields["mimetype"] == "text/calendar"
    assert "New visit: Tue 1 Dec, 09:30, Anna with Dr Ama Osei" in told[OSEI][0].text
    assert "New visit" in told[CLARA][0].text


async def test_a_list_is_answered_by_words_too(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    assert "Dr Jonas Weber, online" in await chat.say(ANNA, "the second one, please")
    await chat.say(ANNA, "the last one")
    assert [f"{each.start:%H:%M}" for each in await visits(chat)] == ["12:30"]


async def test_a_number_that_is_not_in_the_list_is_asked_again(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    assert await chat.say(ANNA, "7") == "There are 2 choices. Answer with a number from 1 to 2."
    assert "Dr Ama Osei, in person" in await chat.say(ANNA, "1")


async def test_a_tap_on_an_older_list_means_that_list(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    older = chat.last[0]
    await chat.say(ANNA, "dermatologist in Munich")
    assert "Dr Jonas Weber, online" in await chat.tap(ANNA, "2", older)


async def test_a_kind_emoji_needs_no_answer_and_a_forgotten_list_says_so(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    assert await chat.tap(ANNA, "❤️", chat.last[0]) == ""
    forgotten = Message("", {"key": "answer:long ago", "markdown": ""})
    assert await chat.tap(ANNA, "1", forgotten) == "That list is too old. Please ask again."


async def test_times_go_on_and_back_and_to_a_named_day(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    assert "1. 14:00" in await chat.say(ANNA, "more")
    assert "Wed 2 Dec" in await chat.say(ANNA, "another day")
    assert "Mon 30 Nov" in await chat.say(ANNA, "earlier")
    friday = await chat.say(ANNA, "friday after 3pm")
    assert "Fri 4 Dec" in friday
    assert "1. 15:00" in friday


async def test_a_wish_is_refined_and_a_new_one_starts_anew(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    assert "Dr Jonas Weber" not in await chat.say(ANNA, "in German")
    assert "comes nearest, at a higher price" in await chat.say(ANNA, "under 40")
    anew = await chat.say(ANNA, "cardiologist near Berlin")
    assert "Dr Jonas Weber" in anew
    assert "Mon 30 Nov" in anew


async def test_a_name_alone_finds_the_doctor_whatever_was_asked_before(chat: Chat) -> None:
    await chat.say(ANNA, "dermatologist in Munich on Friday")
    assert "1. Dr Ama Osei" in await chat.say(ANNA, "dr osei")


async def test_misspelt_words_get_the_nearest_meaning(chat: Chat) -> None:
    code = await book(chat)
    assert "Did you mean appointments?" in await chat.say(ANNA, "appoinments")
    assert code in await chat.say(ANNA, "yes")
    assert "Did you mean cancel?" in await chat.say(ANNA, "cancle")
    assert "other words" in await chat.say(ANNA, "no")


async def test_what_nobody_understands_gets_a_short_hint(chat: Chat) -> None:
    hint = await chat.say(ANNA, "asdf qwer")
    assert "I did not understand that" in hint
    assert len(hint) < 200


async def test_a_time_that_was_just_taken_is_said_with_the_next_ones(chat: Chat) -> None:
    for mxid in (ANNA, BEN):
        await chat.say(mxid, NEAR)
        await chat.say(mxid, "1")
    await chat.say(ANNA, "1")
    answer = await chat.say(BEN, "1")
    assert "just been taken" in answer
    assert "Tue 1 Dec\n\n1. 09:30" in answer
    assert len(chat.last) == 2
    assert await visits(chat, BEN) == []
    await chat.say(BEN, "1")
    assert len(await visits(chat, BEN)) == 1


async def test_a_guardian_books_for_a_child(chat: Chat) -> None:
    assert "add family" in await chat.say(ANNA, "cardiologist near Berlin for my daughter")
    assert "Mia is in your family" in await chat.say(ANNA, "add family Mia 2018-05-04")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow for Mia")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    told = await chat.notices()
    assert "with Dr Ama Osei for Mia" in told[ANNA][0].text
    assert "for Mia" in await chat.say(ANNA, "appointments")


async def test_a_wish_for_nobody_known_says_for_whom_its_times_are(chat: Chat) -> None:
    said = await chat.say(ANNA, "cardiologist near Berlin tomorrow for Tim")
    assert said.startswith("Nobody in your family is called “Tim”, so these times are for yourself.")
    assert "1. Dr Ama Osei" in said
    await chat.say(ANNA, "add family Tim 2018-05-04")
    assert "Nobody" not in await chat.say(ANNA, "cardiologist near Berlin tomorrow for Tim")


async def test_cancelling_asks_first(chat: Chat) -> None:
    code = await book(chat)
    asked = await chat.say(ANNA, f"cancel {code}")
    assert asked.startswith("Cancel this visit?")
    assert "Nothing has changed" in await chat.say(ANNA, "no")
    assert len(await visits(chat)) == 1
    await chat.say(ANNA, f"cancel {code}")
    assert (await chat.say(ANNA, "yes")).startswith("Cancelled.")
    assert await visits(chat) == []
    told = await chat.notices()
    assert "Cancelled" in told[OSEI][-2].text


async def test_a_yes_is_taken_once(chat: Chat) -> None:
    code = await book(chat)
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    again = await chat.say(ANNA, "yes")
    assert "Cancelled." not in again
    assert "cannot be cancelled" not in again


async def test_a_visit_moves_to_a_time_of_a_named_day(chat: Chat) -> None:
    code = await book(chat)
    assert "Thu 3 Dec" in await chat.say(ANNA, f"move {code} thursday")
    moved = await chat.say(ANNA, "3")
    assert moved.startswith("Moved.")
    assert [each.start for each in await visits(chat)] == [datetime(2026, 12, 3, 9, tzinfo=UTC)]
    assert any("is now Thu 3 Dec, 10:00 (was Tue 1 Dec, 09:00)" in each.text for each in (await chat.notices())[OSEI])


async def test_a_number_takes_no_time_of_a_list_from_before_a_visit_was_moved(chat: Chat) -> None:
    code = await book(chat)
    await chat.say(ANNA, f"move {code} thursday")
    await chat.say(ANNA, "more")
    assert (await chat.say(ANNA, "3")).startswith("Moved.")
    shown = chat.last[-1]
    for again in ("2", "3"):
        assert "Moved" not in await chat.say(ANNA, again)
        await chat.notices()
    assert [each.start.day for each in await visits(chat)] == [3]
    assert not await chat.tap(ANNA, "👍", shown)


async def test_who_takes_a_time_again_is_shown_the_visit(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time += timedelta(minutes=1)
    assert f"visit {code}" in await chat.say(ANNA, "1")
    assert len(await visits(chat)) == 1


async def test_staff_are_told_by_what_a_patient_is_found(chat: Chat) -> None:
    assert "by the code of a visit" in await chat.say(CLARA, "book dr.osei tomorrow 10:00 for Maria Lopez")
    assert "in your family" in await chat.say(ANNA, "book dr.osei tomorrow 10:00 for Maria Lopez")


async def test_a_visit_is_opened_from_the_list(chat: Chat) -> None:
    await book(chat)
    assert "1. Tue 1 Dec, 09:00 with Dr Ama Osei: booked" in await chat.say(ANNA, "appointments")
    assert "2. Cancel it" in await chat.say(ANNA, "1")
    assert "Cancel this visit?" in await chat.say(ANNA, "2")


async def test_a_reason_is_for_the_doctor_alone(chat: Chat) -> None:
    code = await book(chat)
    assert "can read it before visit" in await chat.say(ANNA, f"reason {code} a stabbing pain in the chest")
    assert "a stabbing pain" in await chat.say(OSEI, f"reason {code}", name="Dr Osei")
    assert "stabbing" not in await chat.say(BEN, f"reason {code}", name="Ben")
    async with chat.database.transaction() as tx:
        rows = await tx.conn.execute(text("SELECT payload FROM outbox UNION ALL SELECT sealed FROM dialogue"))
        assert not any(b"stabbing" in bytes(row[0]) for row in rows)


async def test_a_known_free_time_is_booked_in_one_line(chat: Chat) -> None:
    await chat.say(ANNA, "book dr.osei 2.12. 09:30")
    assert [each.start for each in await visits(chat)] == [datetime(2026, 12, 2, 8, 30, tzinfo=UTC)]


async def test_a_time_in_person_elsewhere_is_shown_on_both_clocks(chat: Chat) -> None:
    await book(chat)
    await chat.say(ANNA, "timezone London")
    assert "Tue 1 Dec, 08:00 your time (09:00 at the centre)" in await chat.say(ANNA, "appointments")


async def test_no_confirmation_goes_on_saying_what_is_not_true_any_more(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    told = await chat.notices()
    confirmed = {who: told[who][0] for who in (ANNA, OSEI, CLARA)}
    code = (await visits(chat))[0].code
    await chat.say(ANNA, f"move {code}")
    await chat.say(ANNA, "5")
    now = f"{(await visits(chat))[0].start.astimezone(BERLIN):%H:%M}"
    assert now != "09:00"
    told = await chat.notices()
    assert ANNA not in told  # who did it was answered
    for who in (OSEI, CLARA):
        assert told[who][0].text.startswith("Moved")
        assert told[who][0].fields["about"] == confirmed[who].key  # shown as a reply to it
    edits = {each.room.removeprefix("!private:"): each for each in chat.brought_up_to_date}
    assert {who: each.fields["edits"] for who, each in edits.items()} == {
        who: each.key for who, each in confirmed.items()
    }
    assert "09:00" in confirmed[ANNA].text
    for who, word in ((ANNA, "Confirmed: "), (OSEI, "New visit: ")):
        assert edits[who].text.startswith(word)
        assert now in edits[who].text
        assert "09:00" not in edits[who].text
    chat.brought_up_to_date.clear()
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    await chat.notices()
    edits = {each.room.removeprefix("!private:"): each for each in chat.brought_up_to_date}
    for who, each in confirmed.items():
        assert edits[who].fields["edits"] == each.key
        assert edits[who].text.startswith("Cancelled")


async def test_the_list_of_a_series_says_how_its_visits_stand(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1 every 2 weeks 3 times")
    told = await chat.notices()
    lists = {who: told[who][0] for who in (ANNA, OSEI, CLARA)}
    assert "Tue 15 Dec, 09:00" in lists[ANNA].text
    second = (await visits(chat))[1]
    await chat.say(ANNA, f"move {second.code}")
    await chat.say(ANNA, "2")
    await chat.notices()
    (moved,) = [each for each in await visits(chat) if each.code == second.code]
    now = f"{moved.start.astimezone(BERLIN):%H:%M}, visit {second.code}"
    edits = {each.room.removeprefix("!private:"): each for each in chat.brought_up_to_date}
    for who, listed in lists.items():
        assert edits[who].fields["edits"] == listed.key
        assert now in edits[who].text
        assert "Tue 15 Dec, 09:00" not in edits[who].text
    chat.brought_up_to_date.clear()
    first, *rest = await visits(chat)
    await chat.say(ANNA, f"cancel {first.code} series")
    await chat.say(ANNA, "yes")
    await chat.notices()
    edits_of_anna = [each for each in chat.brought_up_to_date if each.room == lists[ANNA].room]
    assert len(rest) == 2
    assert len(edits_of_anna) == 1  # though several visits were cancelled at once
    assert edits_of_anna[0].text.count(": cancelled") >= 2
