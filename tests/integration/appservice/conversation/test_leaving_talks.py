"""People leave: a centre keeps somebody who runs it, and a doctor's patients are handed over."""

import asyncio
import re

import pytest
from sqlalchemy import text

from booking.appointments import service as visits
from booking.appointments.rules import Status
from booking.people.service import person_of
from booking.readers import reader_of
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL
from tests.integration.booking.town import Town, at

WEBER = "@weber:localhost"


@pytest.fixture
async def weber(chat: Chat) -> str:
    """Dr Weber has an account, and offers what Dr Osei offers, in the mornings."""
    await chat.say(PAUL, f"link dr.weber {WEBER}")
    await chat.say(CLARA, 'add service dr.weber "A visit" 30 min 48 in person desk')
    await chat.say(CLARA, "hours dr.weber mon-fri 9-10")
    return WEBER


async def test_the_last_admin_of_a_centre_cannot_leave_without_a_successor(chat: Chat) -> None:
    assert "Run Berlin Heart Centre no more?" in await chat.say(CLARA, "leave", name="Clara")
    assert "A centre needs somebody who runs it" in await chat.say(CLARA, "yes")
    await chat.say(CLARA, f"invite admin {BEN}")
    await chat.notices()
    await chat.say(BEN, "yes", name="Ben")
    await chat.say(CLARA, "leave")
    assert "You do not run Berlin Heart Centre any more." in await chat.say(CLARA, "yes")
    assert "does not run Berlin Heart Centre any more" in (await chat.notices())[BEN][-1].text
    assert "No visits" not in await chat.say(CLARA, "bookings")
    assert "A centre needs somebody" in await chat.say(BEN, f"remove admin {BEN} from Berlin Heart Centre")


async def test_an_admin_puts_another_out(chat: Chat) -> None:
    await chat.say(PAUL, f"add admin {BEN} to Berlin Heart Centre", name="Paul")
    assert "does not run Berlin Heart Centre any more" in await chat.say(CLARA, f"remove admin {BEN}")
    assert "do not run that centre" in await chat.say(CLARA, f"remove admin {ANNA}")
    assert "You may not do that" in await chat.say(CLARA, f"remove admin {BEN} from Isar Clinic")


async def test_visits_go_to_the_colleague_where_they_can_and_are_cancelled_where_not(
    chat: Chat, town: Town, weber: str
) -> None:
    early = await book(chat)  # at 9:00, when Dr Weber is there
    await chat.say(BEN, "name Ben")
    await chat.say(BEN, "dr osei tomorrow after 11")
    await chat.say(BEN, "1")
    await chat.say(BEN, "1")  # Dr Weber is gone by then
    found = re.search(r"Visit (\w{6})", (await chat.notices())[BEN][0].text)
    assert found
    late = found[1]
    would = await chat.say(CLARA, "hand over dr.osei to dr.weber")
    assert "Hand Dr Ama Osei's patients over to Dr Jonas Weber?" in would
    assert f"1 visit goes to the colleague:\n\n• Tue 1 Dec, 09:00-09:30 Anna, visit {early}" in would
    assert "1 visit is cancelled" in would
    assert late in would
    assert "Dr Ama Osei" in await chat.say(ANNA, "appointments")  # nothing has changed yet
    assert "Handed over; everybody is told." in await chat.say(CLARA, "yes")
    async with chat.database.transaction() as tx:  # a room that is open changes hands with the visit
        changed = await tx.conn.exec_driver_sql("SELECT count(*) FROM outbox WHERE kind = 'room.team'")
        assert changed.scalar_one() == 1
    told = await chat.notices()
    assert f"Another doctor: Visit {early}, Tue 1 Dec, 09:00, is with Dr Jonas Weber now." in told[ANNA][0].text
    assert "Cancelled" in told[BEN][0].text
    assert "The doctor cannot come." in told[BEN][0].text
    assert any("Handed over: Visit" in each.text for each in told[weber])
    assert "Dr Ama Osei's patients are handed over to Dr Jonas Weber." in [each.text for each in told[OSEI]]
    assert "with Dr Jonas Weber: booked" in await chat.say(ANNA, "appointments")
    assert "handed over to a colleague, by the centre" in await chat.say(CLARA, f"log {early}")
    town.clock.time = at(1, 7, 50)
    assert f"Anna, visit {early}" in await chat.say(weber, "today")
    assert "No visits." in await chat.say(OSEI, "today")
    assert "There is nothing to hand over." in await chat.say(CLARA, "hand over dr.osei to dr.weber")


async def test_no_time_is_handed_over_twice(chat: Chat, weber: str) -> None:
    code = await book(chat)
    await chat.say(BEN, "dr weber in person tomorrow")
    await chat.say(BEN, "1")
    await chat.say(BEN, "1")  # Dr Weber is taken at 9:00 then
    would = await chat.say(CLARA, "hand over dr.osei to dr.weber")
    assert "1 visit is cancelled" in would
    assert code in would
    assert "goes to the colleague" not in would


async def test_who_waits_and_who_has_asked_goes_along(chat: Chat, weber: str) -> None:
    code = await book(chat)
    await chat.say(ANNA, f"ask {code} May I eat before?")
    await chat.say(BEN, "wait for dr.osei tomorrow before 9:30", name="Ben")
    would = await chat.say(CLARA, "hand over dr.osei to dr.weber")
    assert "1 waits for the colleague then." in would
    assert "1 open question goes along." in would
    await chat.say(CLARA, "yes")
    told = await chat.notices()
    assert any("May I eat before?" in each.text for each in told[weber])
    assert OSEI not in told or not any("May I eat" in each.text for each in told[OSEI])
    assert "Dr Jonas Weber" in await chat.say(BEN, "waiting")
    assert "Dr Ama Osei" not in chat.last[0].text


async def test_records_are_the_patients_to_open(chat: Chat, town: Town, weber: str) -> None:
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    await chat.say(OSEI, f"done {code}")
    await chat.notices()
    assert "1 patient is asked whether the colleague may read their records." in await chat.say(
        CLARA, "hand over dr.osei to dr.weber"
    )
    await chat.say(CLARA, "yes")
    (asked,) = (await chat.notices())[ANNA]
    assert "Dr Ama Osei hands patients over: Dr Jonas Weber is there for you now." in asked.text
    anna = await chat.person(ANNA)

    async def open_to_weber() -> bool:
        async with chat.database.transaction() as tx:
            reader = await reader_of(tx, await chat.person(weber))
        return any(patient == anna.patient.id for patient, _ in reader.consents)

    assert not await open_to_weber()
    assert "stay closed" in await chat.tap(ANNA, "2", asked)
    assert not await open_to_weber()


async def test_a_patient_opens_their_records_to_the_colleague(chat: Chat, town: Town, weber: str) -> None:
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    await chat.say(OSEI, f"done {code}")
    await chat.say(CLARA, "hand over dr.osei to dr.weber")
    await chat.say(CLARA, "yes")
    (asked,) = [each for each in (await chat.notices())[ANNA] if "hands patients over" in each.text]
    assert "Dr Jonas Weber may read your records now" in await chat.tap(ANNA, "1", asked)
    anna = await chat.person(ANNA)
    async with chat.database.transaction() as tx:
        reader = await reader_of(tx, await chat.person(weber))
    assert any(patient == anna.patient.id for patient, _ in reader.consents)


async def test_bad_hand_overs_are_answered(chat: Chat, weber: str) -> None:
    assert "Write it like" in await chat.say(CLARA, "hand over dr.osei")
    assert "Nobody is handed over to themselves" in await chat.say(CLARA, "hand over dr.osei to dr.osei")
    assert "You may not do that" in await chat.say(CLARA, "hand over dr.osei to dr.maier")
    assert "Hand Dr" not in await chat.say(ANNA, "hand over dr.osei to dr.weber")
    assert "You may not do that" in await chat.say(weber, "hand over dr.osei to dr.weber")
    await chat.say(PAUL, "unverify dr.weber")
    assert "to be verified first" in await chat.say(CLARA, "hand over dr.osei to dr.weber")


async def test_a_doctor_leaves_once_nobody_comes_any_more(chat: Chat, town: Town) -> None:
    code = await book(chat)
    assert "Dr Ama Osei leaves Berlin Heart Centre?" in await chat.say(OSEI, "leave")
    assert "There are visits to come (1)." in await chat.say(OSEI, "yes")
    await chat.say(CLARA, f"cancel {code}")
    await chat.say(CLARA, "yes")
    await chat.say(CLARA, "remove doctor dr.osei from Berlin Heart Centre")
    assert "Dr Ama Osei has left." in await chat.say(CLARA, "yes")
    assert any("has left" in each.text for each in (await chat.notices())[OSEI])
    assert "Osei" not in await chat.say(CLARA, "doctors")
    assert "Osei" not in await chat.say(BEN, "cardiologist near Berlin tomorrow under 60")
    assert "You may not do that" in await chat.say(CLARA, "unlist dr.osei")


async def test_nobody_removes_whom_they_do_not_run(chat: Chat) -> None:
    await chat.say(CLARA, "remove doctor dr.maier from Isar Clinic")
    assert "has left" not in await chat.say(CLARA, "yes")
    assert "Dr Lena Maier" in await chat.say(ANNA, "dermatologist in Munich tomorrow")


async def test_a_visit_that_is_cancelled_meanwhile_is_handed_over_to_nobody(chat: Chat, town: Town, weber: str) -> None:
    """The patient's word and the clinic's come at the same moment; nobody's time is taken for nothing."""
    code = await book(chat)
    assert "1 visit goes to the colleague" in await chat.say(CLARA, "hand over dr.osei to dr.weber")
    async with chat.database.transaction() as tx:
        anna = await person_of(tx, chat.ctx, ANNA)
        visit = await visits.by_code(tx, chat.ctx, anna, code)
        await visits.cancel(tx, chat.ctx, anna, visit.id)
        saying = asyncio.create_task(chat.say(CLARA, "yes"))
        async with asyncio.timeout(60):
            while not await _waits_for_another(chat):
                await asyncio.sleep(0.01)
    await saying
    async with chat.database.transaction() as tx:
        after = await visits.appointment(tx, visit.id)
        taken = await tx.conn.execute(
            text("SELECT count(*) FROM occupancy WHERE appointment_id = :id"), {"id": visit.id}
        )
        assert (after.status, after.practitioner.slug, taken.scalar_one()) == (Status.CANCELLED, "dr.osei", 0)


async def _waits_for_another(chat: Chat) -> bool:
    async with chat.database.transaction() as tx:
        waits = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')")
        return bool((await tx.conn.execute(waits)).scalar_one())


async def test_the_former_doctor_keeps_no_notice_of_whose_visit_it_was(chat: Chat, weber: str) -> None:
    code = await book(chat)
    await chat.say(CLARA, "hand over dr.osei to dr.weber")
    await chat.say(CLARA, "yes")
    await chat.notices()
    (edit,) = [each for each in chat.brought_up_to_date if each.room == f"!private:{OSEI}"]
    assert str(edit.fields["edits"]).startswith("confirmed:")
    assert edit.text == f"Handed over: Visit {code} is with Dr Jonas Weber now."
