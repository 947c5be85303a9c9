"""Consultation rooms, said in the chat: how one stands, who is brought in, the line, the centre's rules."""

import json
from datetime import timedelta

from booking.consultations.due import open_due
from booking.consultations.line import tell_next
from core.outbox import Work, put
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

INES = "@ines:elsewhere.example"


async def code_of(chat: Chat) -> str:
    await book(chat)
    (visit,) = await visits(chat, ANNA)
    return str(visit.code)


async def test_a_room_shows_who_handles_it_and_until_when_it_lives(chat: Chat) -> None:
    code = await code_of(chat)
    for who in (ANNA, OSEI, CLARA):
        said = await chat.say(who, f"consultation {code}")
        assert f"The room of visit {code}" in said
        assert "Handled by Dr Ama Osei, Berlin Heart Centre" in said
        assert "Questions there are answered within 24 hours" in said
        assert "Open for writing until Tue 8 Dec, erased Tue 8 Jun" in said
    assert "Handled by" not in await chat.say(BEN, f"consultation {code}")


async def test_the_invitation_says_who_reads_and_who_answers(chat: Chat) -> None:
    code = await code_of(chat)
    (visit,) = await visits(chat, ANNA)
    await chat.notices()
    async with chat.database.transaction() as tx:
        for mxid in (ANNA, OSEI):
            person = (await chat.person(mxid)).id
            payload = f'{{"notice": "room", "appointment": "{visit.id}", "person": "{person}", "about": "{person}"}}'
            await put(tx, [Work("notice", f"person:{person}", f"room:{person}", payload.encode())])
    told = await chat.notices()
    patient, doctor = told[ANNA][-1].text, told[OSEI][-1].text
    assert f"you are invited to its room, “Visit {code}”. Only you and the doctor can read it." in patient
    assert "Handled by Dr Ama Osei" in patient
    assert "Only you and the patient can read it." in doctor
    assert "You can write there until Tue 8 Dec." in doctor


async def test_an_interpreter_is_brought_in_and_the_other_side_is_told(chat: Chat) -> None:
    code = await code_of(chat)
    await chat.notices()
    said = await chat.say(ANNA, f"bring in {code} {INES} as interpreter")
    assert f"{INES} is invited to the room of visit {code} as an interpreter" in said
    told = await chat.notices()
    assert f"{INES} (an interpreter) was brought in to its room by the other side" in told[OSEI][-1].text
    assert CLARA not in told
    assert f"{INES}: an interpreter" in await chat.say(OSEI, f"consultation {code}")
    assert "They were brought in already." in await chat.say(OSEI, f"bring in {code} {INES} as interpreter")


async def test_the_clinic_is_told_whose_invitation_waits_or_did_not_come_through(chat: Chat) -> None:
    code = await code_of(chat)
    (visit,) = await visits(chat, ANNA)
    await chat.say(ANNA, f"bring in {code} {INES} as interpreter")
    await chat.notices()
    to = (await chat.person(CLARA)).id
    for mxid, whose in ((ANNA, "the patient's"), (OSEI, "the doctor's"), (INES, "the guest's")):
        what = {"appointment": str(visit.id), "person": str(to), "about": str((await chat.person(mxid)).id)}
        async with chat.database.transaction() as tx:
            for name in ("unreachable", "uninvited"):
                payload = json.dumps({"notice": name, **what}).encode()
                await put(tx, [Work("notice", f"person:{to}", f"{name}:{mxid}", payload)])
        waits, refused = [each.text for each in (await chat.notices())[CLARA]]
        assert waits.startswith(f"Visit {code}, Tue 1 Dec, 09:00: {whose} homeserver does not answer")
        assert refused.startswith(f"Visit {code}, Tue 1 Dec, 09:00: {whose} invitation to its room did not come")
        assert INES not in waits + refused


async def test_what_is_missing_is_asked_for_and_who_may_not_learns_nothing(chat: Chat) -> None:
    code = await code_of(chat)
    for words in ("bring in", f"bring in {code} as interpreter", f"bring in {code} {INES}"):
        assert "Write the visit's code, whom, and as what" in await chat.say(ANNA, words)
    for who in (BEN, CLARA):
        assert "is invited" not in await chat.say(who, f"bring in {code} {INES} as family")


async def test_the_line_is_shown_and_who_is_next_is_told_once(chat: Chat, town: Town) -> None:
    code = await code_of(chat)
    (visit,) = await visits(chat, ANNA)
    said = await chat.say(ANNA, f"waiting room {code}")
    assert "Dr Ama Osei sees you next, at about 09:00." in said
    town.clock.time = visit.start - timedelta(minutes=20)
    async with chat.database.transaction() as tx:
        await open_due(tx)
        assert await tell_next(tx) == 0  # nobody is there yet
    await chat.say(OSEI, f"arrived {code}")
    await chat.notices()
    async with chat.database.transaction() as tx:
        assert await tell_next(tx) == 1
        assert await tell_next(tx) == 0
    told = await chat.notices()
    assert f"Dr Ama Osei sees you next, at about 09:00. Visit {code}." in told[ANNA][-1].text
    assert OSEI not in told


async def test_who_waits_hears_how_many_come_first_and_when_the_doctor_is_expected(chat: Chat, town: Town) -> None:
    """Three visits, at 9:00, 9:30 and 11:00 in Berlin; then the day runs late, and nobody says so."""
    await chat.say(BEN, "name Ben", name="Ben")
    first, second, third = await book(chat), await book(chat, BEN), await book(chat, OSEI, "3")
    town.clock.time = at(1, 7, 55)
    assert "Dr Ama Osei sees you next, at about 09:00." in await chat.say(ANNA, f"waiting room {first}")
    assert "One patient is before you with Dr Ama Osei. Expected at 09:30." in await chat.say(
        BEN, f"waiting room {second}"
    )
    assert "2 patients are before you with Dr Ama Osei. Expected at 11:00." in await chat.say(
        OSEI, f"waiting room {third}"
    )
    for code in (first, second):
        await chat.say(OSEI, f"arrived {code}")
    town.clock.time = at(1, 8, 22)
    said = await chat.say(BEN, f"waiting room {second}")
    assert "One patient is before you with Dr Ama Osei. Expected at 09:55." in said
    assert "Visits run late: yours was planned for 09:30." in said
    await chat.say(OSEI, f"start {first}")
    said = await chat.say(BEN, f"waiting room {second}")
    assert "Dr Ama Osei sees you next, at about 09:55. Visits run late" in said
    assert "One patient is before you with Dr Ama Osei. Expected at 11:00." in await chat.say(
        OSEI, f"waiting room {third}"
    )
    await chat.say(OSEI, "late 45")
    assert "sees you next, at about 10:15. Visits run late" in await chat.say(BEN, f"waiting room {second}")
    town.clock.time = at(1, 9, 31)
    assert "sees you next, at about 10:35. Visits run late" in await chat.say(BEN, f"waiting room {second}")
    await chat.say(OSEI, f"done {first}")
    await chat.say(OSEI, f"start {second}")
    assert "has begun, or is over" in await chat.say(BEN, f"waiting room {second}")


async def test_who_never_came_keeps_nobody_from_being_next(chat: Chat, town: Town) -> None:
    await chat.say(BEN, "name Ben", name="Ben")
    await book(chat)
    second = await book(chat, BEN)
    town.clock.time = at(1, 8, 10)
    async with chat.database.transaction() as tx:
        await open_due(tx)
    await chat.say(OSEI, f"arrived {second}")
    await chat.notices()
    async with chat.database.transaction() as tx:
        assert await tell_next(tx) == 0  # it is still the other's time
    town.clock.time = at(1, 8, 30)
    async with chat.database.transaction() as tx:
        assert await tell_next(tx) == 1
    assert f"Dr Ama Osei sees you next, at about 09:30. Visit {second}." in (await chat.notices())[BEN][-1].text
    assert "sees you next, at about 09:30" in await chat.say(BEN, f"waiting room {second}")


async def test_a_centre_sets_the_rules_of_its_rooms(chat: Chat) -> None:
    said = await chat.say(
        CLARA, "consultation rooms open at once, close after 3 days, kept 26 weeks, answers within 8 h"
    )
    assert "a visit's room opens | when booked" in said
    assert "it closes, and is erased | 3 days after, 182 days later" in said
    assert "questions there are answered | within 8 hours" in said
    said = await chat.say(CLARA, "consultation rooms open 2 hours before, answers never")
    assert "a visit's room opens | 2 hours before" in said
    assert "questions there are answered | as you do it" in said
    assert "Write it like" in await chat.say(CLARA, "consultation rooms")
    assert "Write it like" in await chat.say(CLARA, "consultation rooms open soon")
    assert "from 0 to 90 days" in await chat.say(CLARA, "consultation rooms close after 1000 days")
    assert "Changed" not in await chat.say(ANNA, "consultation rooms open at once")
