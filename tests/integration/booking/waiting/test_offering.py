"""A freed time and those who wait for it, on the real database."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from booking.appointments.model import Appointment, appointment
from booking.appointments.rules import Status
from booking.appointments.sweep import sweep
from booking.people.quiet import Quiet
from booking.people.service import person_of, set_quiet, set_timezone
from booking.waiting import offering, service
from booking.waiting.model import waiting, waiting_offer
from booking.waiting.service import Wait
from core.errors import ConflictError, RefusedError
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, Clinic


async def _wait(clinic: Clinic, mxid: str, at: Appointment, patient: UUID | None = None) -> Wait:
    async with clinic.tx() as tx:
        actor = await person_of(tx, clinic.ctx, mxid)
        return await service.ask(
            tx,
            clinic.ctx,
            actor,
            patient or actor.patient.id,
            [at.service.id],
            earliest=at.start,
            latest=at.start + MINUTE,
        )


async def _offer(clinic: Clinic, at: Appointment) -> int:
    async with clinic.tx() as tx:
        return await offering.offer_between(tx, clinic.ctx, at.practitioner.id, at.start, at.end)


async def _offered(clinic: Clinic, mxid: str) -> list[UUID]:
    async with clinic.tx() as tx:
        actor = await person_of(tx, clinic.ctx, mxid)
        found = await tx.conn.execute(
            select(appointment.c.id).where(appointment.c.booked_by == actor.id, appointment.c.status == Status.WAITLIST)
        )
        return list(found.scalars())


async def test_the_first_in_line_is_offered_what_comes_free_and_nobody_else(clinic: Clinic) -> None:
    visit = await clinic.book()
    for mxid in (BEN, CLARA):
        await _wait(clinic, mxid, visit)
    assert await _offer(clinic, visit) == 0
    await clinic.cancel(ANNA, visit)
    assert await _offer(clinic, visit) == 1
    assert await _offer(clinic, visit) == 0
    assert len(await _offered(clinic, BEN)) == 1
    assert not await _offered(clinic, CLARA)
    assert not await clinic.is_free(visit.start)


async def test_many_lanes_at_once_offer_a_time_once_and_a_patient_one_time(clinic: Clinic) -> None:
    first, second = [await clinic.book(start=start) for start in (await clinic.times())[:2]]
    async with clinic.tx() as tx:
        ben = await person_of(tx, clinic.ctx, BEN)
        await service.ask(tx, clinic.ctx, ben, ben.patient.id, [clinic.desk.id], latest=second.start + MINUTE)
    for visit in (first, second):
        await clinic.cancel(ANNA, visit)
    made = await asyncio.gather(*(_offer(clinic, each) for each in (first, second) * 4))
    assert sum(made) == 1
    assert len(await _offered(clinic, BEN)) == 1


async def test_a_stranger_neither_waits_for_another_nor_takes_their_offer(clinic: Clinic) -> None:
    visit = await clinic.book()
    mia = await clinic.child_of(BEN)
    with pytest.raises(RefusedError):
        await _wait(clinic, ANNA, visit, mia)
    wait = await _wait(clinic, BEN, visit, mia)
    await clinic.cancel(ANNA, visit)
    assert await _offer(clinic, visit) == 1
    (offered,) = await _offered(clinic, BEN)
    for act in (offering.take_up, offering.leave):
        with pytest.raises(RefusedError):
            async with clinic.tx() as tx:
                await act(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), offered)
    with pytest.raises(RefusedError):
        async with clinic.tx() as tx:
            await service.stop(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), wait.wait.id)
    async with clinic.tx() as tx:
        taken = await offering.take_up(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), offered)
    assert taken.status is Status.BOOKED
    assert taken.patient_id == mia


async def test_an_offer_that_is_over_is_not_taken_and_goes_on(clinic: Clinic) -> None:
    visit = await clinic.book()
    await _wait(clinic, BEN, visit)
    await clinic.cancel(ANNA, visit)
    await _offer(clinic, visit)
    (offered,) = await _offered(clinic, BEN)
    clinic.clock.ahead += 31 * MINUTE
    with pytest.raises(ConflictError, match="came too late"):
        async with clinic.tx() as tx:
            await offering.take_up(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), offered)
    async with clinic.tx() as tx:
        assert await sweep(tx, clinic.ctx) == 1
    assert await clinic.is_free(visit.start)
    assert await _offer(clinic, visit) == 0  # nobody is asked twice for one time


async def test_a_time_that_comes_free_at_night_is_offered_when_the_night_is_over(clinic: Clinic) -> None:
    visit = await clinic.book(start=(await clinic.times(after=4 * DAY))[0])
    await _wait(clinic, BEN, visit)
    async with clinic.tx() as tx:
        ben = await set_timezone(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), "UTC")  # no clock changes there
        wall = tx.now - HOUR
        starts = (wall.hour * 60 + wall.minute) % 1440
        await set_quiet(tx, clinic.ctx, ben, Quiet(starts, (starts + 180) % 1440))
    await clinic.cancel(ANNA, visit)
    await _offer(clinic, visit)
    (offered,) = await _offered(clinic, BEN)
    async with clinic.tx() as tx:
        until = (await tx.conn.execute(select(appointment.c.hold_until).where(appointment.c.id == offered))).scalar()
        assert until > tx.now + 2 * HOUR


async def test_waits_that_are_over_are_removed_with_their_offers(clinic: Clinic) -> None:
    visit = await clinic.book()
    await _wait(clinic, BEN, visit)
    await clinic.cancel(ANNA, visit)
    await _offer(clinic, visit)
    async with clinic.tx() as tx:
        assert await service.prune(tx) == 0
    clinic.clock.ahead += timedelta(days=5)
    async with clinic.tx() as tx:
        assert await service.prune(tx) == 1
        for table in (waiting, waiting_offer):
            assert (await tx.conn.execute(select(func.count()).select_from(table))).scalar() == 0
