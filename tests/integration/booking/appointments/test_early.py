"""Who comes too late is told so with one look: waiting for nobody, and before anything is written."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import text

from booking.appointments import series
from booking.appointments import service as visits
from booking.appointments.series import SeriesTakenError
from booking.appointments.service import Appointment
from booking.directory.model import Payment
from booking.directory.resources import add_resource
from booking.people.service import person_of
from core.errors import ConflictError, RefusedError
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, Clinic

CARL = "@carl:localhost"


@asynccontextmanager
async def all_locks_of(clinic: Clinic, who: str) -> AsyncIterator[None]:
    """What a booking of this person waits for, while another one of theirs is under way."""
    async with clinic.tx() as tx:
        actor = await person_of(tx, clinic.ctx, who)
    async with clinic.tx() as tx:
        await tx.conn.execute(text(f"SELECT pg_advisory_xact_lock(hashtextextended('book:{actor.id}', 0))"))
        yield


async def at_once(what: Awaitable[object]) -> None:
    await asyncio.wait_for(what, 60)


async def test_nobody_waits_to_be_told_that_a_time_is_taken(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    await clinic.book(start=start)
    async with all_locks_of(clinic, BEN):
        with pytest.raises(ConflictError, match="just been taken"):
            await at_once(clinic.book(BEN, start=start))
        free = asyncio.create_task(clinic.book(BEN, start=start + HOUR))
        done, _ = await asyncio.wait([free], timeout=0.3)
        assert not done, "what is free is booked after the other one"
    assert (await free).start == start + HOUR


async def test_a_hold_that_is_over_is_in_nobody_s_way(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    asked = await clinic.book(service=await offered(clinic, approval=True), start=start)
    assert asked.hold_until
    with pytest.raises(ConflictError, match="just been taken"):
        await clinic.book(BEN, start=start)
    clinic.clock.move_to(asked.hold_until + HOUR / 2)
    assert (await clinic.book(BEN, start=start)).start == start


async def offered(clinic: Clinic, **how: object) -> visits.Service:
    async with clinic.tx() as tx:
        return await clinic.add_service(tx, clinic.doctor, payment=Payment.DESK, **how)


async def test_the_patient_s_own_visit_is_returned_and_not_in_the_way(clinic: Clinic) -> None:
    visit = await clinic.book()
    assert (await clinic.book(start=visit.start)).id == visit.id


async def test_a_group_is_in_the_way_of_others_only(clinic: Clinic) -> None:
    group = await offered(clinic, capacity=2)
    start = (await clinic.times(group))[0]
    await clinic.book(service=group, start=start)
    with pytest.raises(ConflictError, match="just been taken"):
        await clinic.book(BEN, start=start)
    assert (await clinic.book(BEN, service=group, start=start)).start == start


async def test_rooms_are_taken_with_the_doctor_s_time_however_short_the_way_is(clinic: Clinic) -> None:
    """Where a service needs a room, the way of most visits is not its way."""
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        laser = await add_resource(tx, clinic.ctx, clara, clinic.centre.id, name="Laser", seats=1)
        other = await clinic.add_doctor(tx, "Dr Lena Vogt", "@dr.vogt:localhost")
        both = [
            await clinic.add_service(tx, doctor, payment=Payment.DESK, resources=[laser.id])
            for doctor in (clinic.doctor, other)
        ]
    start = (await clinic.times(both[0]))[0]
    await clinic.book(service=both[0], start=start)
    with pytest.raises(ConflictError, match="just been taken"):
        await clinic.book(BEN, service=both[1], start=start)


async def test_who_moves_a_visit_is_told_before_it_is_locked(clinic: Clinic) -> None:
    first, second, third = await clinic.times(count=3)
    visit = await clinic.book(start=first)
    await clinic.book(BEN, start=second)
    async with clinic.tx() as tx:
        await tx.conn.execute(text("SELECT FROM appointment WHERE id = :id FOR UPDATE"), {"id": visit.id})
        with pytest.raises(ConflictError, match="just been taken"):
            await at_once(clinic.reschedule(ANNA, visit, second))
        with pytest.raises(RefusedError):
            await at_once(clinic.reschedule(CARL, visit, second))
    assert (await clinic.reschedule(ANNA, visit, third)).start == third


async def test_a_series_is_told_for_each_of_its_times_what_is_near(clinic: Clinic) -> None:
    """Also where they are close together, and so read at once: the answers are those of each by itself."""
    start = (await clinic.times())[0]
    wanted = [start + n * DAY for n in (0, 1, 2, 20)]
    for each in wanted:
        await clinic.book(BEN, start=each)

    async def near(starts: list[datetime]) -> list[tuple[datetime, list[datetime]]]:
        async with clinic.tx() as tx:
            anna = await person_of(tx, clinic.ctx, ANNA)
            with pytest.raises(SeriesTakenError) as told:
                await series.book_series(
                    tx, clinic.ctx, anna, service_id=clinic.desk.id, starts=starts, patient_id=anna.patient.id
                )
            return [(at, [*free]) for at, free in told.value.taken]

    found = await near(wanted)
    assert [at for at, _ in found] == wanted
    assert all(free and at not in free for at, free in found)
    assert found == [(await near([each]))[0] for each in wanted]
    assert start + 30 * MINUTE in found[0][1]


async def test_of_two_who_want_a_time_at_once_one_is_told_by_the_constraint(clinic: Clinic) -> None:
    """What nobody has committed yet the early look does not see."""
    start = (await clinic.times())[0]
    for who in (ANNA, BEN):
        await clinic.person(who)
    ends = await asyncio.gather(*(clinic.book(who, start=start) for who in (ANNA, BEN)), return_exceptions=True)
    assert {type(end) for end in ends} == {Appointment, ConflictError}
