"""A visit that is made at the moment in which a schedule changes is either among those left outside, or is refused."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from booking.appointments import service as visits
from booking.appointments.series import book_series
from booking.directory.model import Service
from booking.people.service import person_of
from booking.schedules.changes import Change, DateChange, HolidaysChange, HoursChange, ServiceChange, TimeOff, make
from booking.schedules.rules import WeeklySpan
from booking.staff.leaving import leave_practice
from booking.staff.verifying import verify
from core.errors import ConflictError
from core.money import Money
from tests.integration.booking.clinic import ANNA
from tests.integration.booking.town import TODAY, Town, at

_WAITS = 0.3
"""Seconds after which somebody who did not have to wait would long have been done."""
CHANGES: dict[str, Callable[[Service], Change]] = {
    "time off": lambda service: TimeOff(service.practitioner_id, at(25, 6), at(25, 20)),
    "hours": lambda service: HoursChange(service.practitioner_id, service.centre_id, (WeeklySpan(0, 540, 600),), TODAY),
    "a date": lambda service: DateChange(service.practitioner_id, service.centre_id, at(25, 8).date(), ()),
    "holidays": lambda service: HolidaysChange(service.centre_id, closed=True, region=""),
    "a service": lambda service: ServiceChange(service.id, active=False),
}
every_change = pytest.mark.parametrize("kind", CHANGES)


@pytest.fixture
async def service(town: Town) -> Service:
    """Dr Osei, from 9 to 11 on working days; a Friday that is Christmas Day among them."""
    return await town.offer(await town.centre(), "Dr Ama Osei", "mon-fri 9-11", window_days=365)


async def made(town: Town, change: Change) -> list[str]:
    actor = await town.paul()
    async with town.database.transaction() as tx:
        return [each.code for each in await make(tx, town.ctx, actor, change, sure=False)]


async def book(town: Town, service: Service, who: str = ANNA) -> str:
    async with town.database.transaction() as tx:
        actor = await person_of(tx, town.ctx, who)
        visit = await visits.book(
            tx, town.ctx, actor, service_id=service.id, start=at(25, 8), patient_id=actor.patient.id
        )
        return visit.code


@every_change
async def test_a_change_waits_for_a_booking_and_lists_it(town: Town, service: Service, kind: str) -> None:
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
        visit = await visits.book(
            tx, town.ctx, anna, service_id=service.id, start=at(25, 8), patient_id=anna.patient.id
        )
        change = asyncio.create_task(made(town, CHANGES[kind](service)))
        done, _ = await asyncio.wait([change], timeout=_WAITS)
        assert not done
    assert await change == [visit.code]


@every_change
async def test_a_booking_waits_for_a_change_and_is_refused(town: Town, service: Service, kind: str) -> None:
    actor = await town.paul()
    await person(town)
    async with town.database.transaction() as tx:
        assert await make(tx, town.ctx, actor, CHANGES[kind](service), sure=False) == []
        booking = asyncio.create_task(book(town, service))
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match="just been taken"):
        await booking


async def test_who_moves_a_visit_waits_for_a_change_too(town: Town, service: Service) -> None:
    """So does all that asks whether a time is free before it takes it."""
    known = await book(town, service)
    actor = await town.paul()

    async def moved() -> None:
        async with town.database.transaction() as tx:
            anna = await person_of(tx, town.ctx, ANNA)
            visit = await visits.by_code(tx, town.ctx, anna, known)
            await visits.reschedule(tx, town.ctx, anna, visit.id, at(28, 8))

    off = TimeOff(service.practitioner_id, at(28, 6), at(28, 20))
    async with town.database.transaction() as tx:
        assert await make(tx, town.ctx, actor, off, sure=False) == []
        booking = asyncio.create_task(moved())
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match="just been taken"):
        await booking


async def test_who_waited_for_a_change_books_what_there_is_after_it(town: Town, service: Service) -> None:
    """At the new length and price, not at those that were read before the wait."""
    actor = await town.paul()
    await person(town)
    longer = ServiceChange(service.id, minutes=60, price=Money("EUR", 99_00))
    async with town.database.transaction() as tx:
        assert await make(tx, town.ctx, actor, longer, sure=False) == []
        booking = asyncio.create_task(book(town, service))
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    code = await booking
    async with town.database.transaction() as tx:
        visit = await visits.by_code(tx, town.ctx, await person_of(tx, town.ctx, ANNA), code)
    assert (visit.end - visit.start, visit.price.amount) == (timedelta(hours=1), 99_00)


async def test_who_books_a_series_waits_for_a_change_of_the_service_too(town: Town, service: Service) -> None:
    actor = await town.paul()
    await person(town)

    async def series() -> None:
        async with town.database.transaction() as tx:
            anna = await person_of(tx, town.ctx, ANNA)
            starts = [at(25, 8), at(28, 8)]
            await book_series(tx, town.ctx, anna, service_id=service.id, starts=starts, patient_id=anna.patient.id)

    async with town.database.transaction() as tx:
        assert await make(tx, town.ctx, actor, ServiceChange(service.id, active=False), sure=False) == []
        booking = asyncio.create_task(series())
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match="none was booked"):
        await booking


async def test_a_doctor_does_not_leave_beside_who_books(town: Town, service: Service) -> None:
    actor = await town.paul()

    async def leave() -> None:
        async with town.database.transaction() as tx:
            await leave_practice(tx, town.ctx, actor, service.practitioner_id, [service.centre_id])

    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
        await visits.book(tx, town.ctx, anna, service_id=service.id, start=at(25, 8), patient_id=anna.patient.id)
        leaving = asyncio.create_task(leave())
        done, _ = await asyncio.wait([leaving], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match=r"There are visits to come \(1\)"):
        await leaving


async def test_nobody_books_beside_a_doctor_who_leaves(town: Town, service: Service) -> None:
    actor = await town.paul()
    await person(town)
    async with town.database.transaction() as tx:
        await leave_practice(tx, town.ctx, actor, service.practitioner_id, [service.centre_id])
        booking = asyncio.create_task(book(town, service))
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match="just been taken"):
        await booking


async def test_nobody_books_with_who_is_verified_no_more_at_that_moment(town: Town, service: Service) -> None:
    actor = await town.paul()
    await person(town)
    async with town.database.transaction() as tx:
        await verify(tx, town.ctx, actor, service.practitioner_id, verified=False)
        booking = asyncio.create_task(book(town, service))
        done, _ = await asyncio.wait([booking], timeout=_WAITS)
        assert not done
    with pytest.raises(ConflictError, match="cannot be booked yet"):
        await booking


async def person(town: Town) -> None:
    """Anna is known already: what is measured is the wait for the schedule."""
    async with town.database.transaction() as tx:
        await person_of(tx, town.ctx, ANNA)
