"""Reminders: each once, to all concerned, at their own times, for what still stands."""

import asyncio
import json
from collections import Counter
from datetime import timedelta

from sqlalchemy import select, text

from booking.appointments.service import Appointment
from booking.people.service import person_of, set_reminders
from booking.reminders.model import reminder
from booking.reminders.service import BACK, LATELY, remind
from core.outbox import outbox
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, OSEI, PAUL, Clinic


async def _remind(clinic: Clinic, back: timedelta = BACK) -> int:
    async with clinic.tx() as tx:
        return await remind(tx, clinic.ctx, back)


async def _reminded(clinic: Clinic) -> Counter[tuple[str, int]]:
    """Count reminders by whom they tell, and how many minutes before."""
    names = {str((await clinic.person(mxid)).id): mxid for mxid in (PAUL, CLARA, OSEI, ANNA, BEN)}
    return Counter(
        (names[row["person"]], row["minutes"]) for row in await clinic.outbox("notice") if row["notice"] == "reminder"
    )


async def _before(clinic: Clinic, visit: Appointment, how_long: timedelta) -> int:
    """Go to so long before the visit, and remind."""
    clinic.clock.move_to(visit.start - how_long)
    return await _remind(clinic)


async def test_all_concerned_are_reminded_a_day_and_an_hour_before_and_each_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    assert await _before(clinic, visit, 25 * HOUR) == 0
    assert await _before(clinic, visit, 24 * HOUR) == 3
    assert await _remind(clinic) == 0
    assert await _before(clinic, visit, 2 * HOUR) == 0
    assert await _before(clinic, visit, HOUR) == 3
    assert await _before(clinic, visit, -MINUTE) == 0
    day, hour = 24 * 60, 60
    assert await _reminded(clinic) == {(who, minutes): 1 for who in (ANNA, OSEI, CLARA) for minutes in (day, hour)}


async def test_a_reminder_names_the_start_that_it_is_of(clinic: Clinic) -> None:
    visit = await clinic.book()
    await _before(clinic, visit, HOUR)
    async with clinic.tx() as tx:
        rows = (await tx.conn.execute(select(outbox.c.payload, outbox.c.lane).where(outbox.c.kind == "notice"))).all()
    last = [(json.loads(row.payload), row.lane) for row in rows][-1]
    assert last[0]["start"] == visit.start.isoformat()
    assert last[0]["appointment"] == str(visit.id)
    assert last[1] == f"person:{last[0]['person']}"


async def test_guardians_are_reminded_of_a_childs_visit(clinic: Clinic) -> None:
    child = await clinic.child_of(ANNA)
    visit = await clinic.book(ANNA, patient_id=child)
    await _before(clinic, visit, HOUR)
    assert (await _reminded(clinic))[(ANNA, 60)] == 1


async def test_everybody_has_their_own_times_and_none_is_a_choice(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), [2880, 30])
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), [])
    assert await _before(clinic, visit, 48 * HOUR) == 1
    assert await _before(clinic, visit, 24 * HOUR) == 1
    assert await _before(clinic, visit, 30 * MINUTE) == 2
    assert await _reminded(clinic) == {(ANNA, 2880): 1, (OSEI, 1440): 1, (OSEI, 60): 1, (ANNA, 30): 1}


async def test_what_is_changed_about_the_times_holds_for_visits_that_are_booked(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 30 * HOUR)
    async with clinic.tx() as tx:
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), [29 * 60])
    assert await _before(clinic, visit, 29 * HOUR) == 1
    async with clinic.tx() as tx:
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), [28 * 60])
    assert await _before(clinic, visit, 28 * HOUR) == 1
    assert await _reminded(clinic) == {(ANNA, 29 * 60): 1, (ANNA, 28 * 60): 1}


async def test_a_time_to_be_reminded_at_that_passed_before_booking_is_not_sent(clinic: Clinic) -> None:
    visit = await clinic.book(start=(await clinic.times(after=5 * HOUR))[0])
    assert await _remind(clinic) == 0
    assert await _before(clinic, visit, HOUR) == 3


async def test_a_cancelled_visit_reminds_nobody(clinic: Clinic) -> None:
    visit = await clinic.book()
    await clinic.cancel(ANNA, visit)
    assert await _before(clinic, visit, HOUR) == 0


async def test_a_moved_visit_reminds_at_its_new_time_only(clinic: Clinic) -> None:
    visit = await clinic.book()
    later = (await clinic.times(after=6 * DAY))[0]
    assert await _before(clinic, visit, 23 * HOUR) == 3
    moved = await clinic.reschedule(ANNA, visit, later)
    assert await _before(clinic, visit, HOUR) == 0
    assert await _before(clinic, moved, 24 * HOUR) == 3
    assert (await _reminded(clinic))[(ANNA, 1440)] == 2


async def test_two_who_look_at_once_send_each_reminder_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - HOUR)
    assert sorted(await asyncio.gather(*(_remind(clinic) for _ in range(4)))) == [0, 0, 0, 3]


async def test_what_was_due_while_nobody_looked_is_sent_before_the_visit_but_not_twice_at_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    assert await _before(clinic, visit, MINUTE) == 3
    assert await _remind(clinic) == 0
    assert await _reminded(clinic) == {(who, 60): 1 for who in (ANNA, OSEI, CLARA)}


async def test_each_time_that_comes_is_found_without_looking_at_what_came_before(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), [2880, 30])
    found = {}
    for minutes in (2881, 2880, 2877, 1440, 1437, 60, 57, 31, 29, 27):
        clinic.clock.move_to(visit.start - minutes * MINUTE)
        found[minutes] = await _remind(clinic, LATELY)
    assert found == {2881: 0, 2880: 1, 2877: 0, 1440: 2, 1437: 0, 60: 2, 57: 0, 31: 0, 29: 1, 27: 0}


async def test_what_was_missed_is_found_by_the_longer_look_unless_a_nearer_one_has_said_it(clinic: Clinic) -> None:
    visit = await clinic.book()
    clinic.clock.move_to(visit.start - 55 * MINUTE)  # both times passed while nobody could look
    async with clinic.tx() as tx:
        await set_reminders(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), [1440, 55])
    assert await _remind(clinic, LATELY) == 1
    assert await _remind(clinic) == 2
    assert await _remind(clinic) == 0
    assert await _reminded(clinic) == {(ANNA, 55): 1, (OSEI, 60): 1, (CLARA, 60): 1}


async def test_rows_of_visits_that_are_over_are_removed(clinic: Clinic) -> None:
    visit = await clinic.book()
    await _before(clinic, visit, HOUR)
    await _before(clinic, visit, -2 * DAY)
    async with clinic.tx() as tx:
        assert (await tx.conn.execute(select(reminder))).all() == []


async def test_a_thousand_visits_due_at_once_are_each_reminded_of_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(
            text("""
                INSERT INTO appointment SELECT gen_random_uuid(), 'X' || n, status, service_id, practitioner_id,
                    centre_id, patient_id, booked_by, during, price_amount, price_currency, hold_until, free_until,
                    late_refund_percent, settled_at, sequence, reason, created_at, updated_at
                FROM appointment, generate_series(1, 999) AS n
            """)
        )
    assert await _before(clinic, visit, HOUR) == 3000
    assert await _remind(clinic) == 0
