"""Rooms and devices of which there are several, and groups that share a practitioner: each seat is sold once."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from booking.appointments.moves import needed
from booking.appointments.service import Appointment
from booking.directory.model import Payment, Service
from booking.directory.resources import add_resource
from booking.schedules import occupancy
from booking.schedules.service import free_times
from core.database import Database
from core.errors import ConflictError
from core.ids import new_id
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, Clinic, context

CARL = "@carl:localhost"


async def room(clinic: Clinic, name: str, seats: int) -> UUID:
    clara = await clinic.person(CLARA)
    async with clinic.tx() as tx:
        return (await add_resource(tx, clinic.ctx, clara, clinic.centre.id, name=name, seats=seats)).id


async def service(clinic: Clinic, mxid: str | None = None, **how: object) -> Service:
    """Of Dr Osei, or of another doctor."""
    async with clinic.tx() as tx:
        doctor = await clinic.add_doctor(tx, f"Dr {mxid}", f"@{mxid}:localhost") if mxid else clinic.doctor
        return await clinic.add_service(tx, doctor, payment=Payment.DESK, **how)


async def rows(clinic: Clinic) -> int:
    async with clinic.tx() as tx:
        return int((await tx.conn.execute(text("SELECT count(*) FROM occupancy"))).scalar_one())


async def hold(clinic: Clinic, offered: Service, start: datetime, until: datetime | None) -> tuple[UUID, bool]:
    """Take a seat for somebody new; returns the appointment's id, and whether it was free."""
    visit = new_id()
    async with clinic.tx() as tx:
        end = start + offered.minutes * MINUTE
        refused = await occupancy.take(tx, visit, needed(offered, new_id(), start, end), expires_at=until)
    return visit, not refused


async def test_as_many_visits_at_one_time_as_there_are_rooms(clinic: Clinic) -> None:
    laser = await room(clinic, "Laser", 2)
    offers = [await service(clinic, name, resources=[laser]) for name in ("ada", "bea", "cleo")]
    start = (await clinic.times(offers[0]))[0]
    await clinic.book(ANNA, service=offers[0], start=start)
    assert await clinic.is_free(start, offers[2])
    await clinic.book(BEN, service=offers[1], start=start)
    assert not await clinic.is_free(start, offers[2]), "both are in use"
    with pytest.raises(ConflictError):
        await clinic.book(CARL, service=offers[2], start=start)
    assert await clinic.is_free(start + HOUR, offers[2])


async def test_a_room_that_no_visit_can_have_for_all_of_its_time_is_not_offered(clinic: Clinic) -> None:
    """Each half of the time one of two is free, and neither for the whole."""
    laser = await room(clinic, "Laser", 2)
    short = [await service(clinic, name, resources=[laser], minutes=30, buffer_after=0) for name in ("ada", "bea")]
    long = await service(clinic, "cleo", resources=[laser], minutes=60, buffer_after=0)
    start = (await clinic.times(short[0]))[0]
    first = await clinic.book(ANNA, service=short[0], start=start)
    await clinic.book(BEN, service=short[1], start=start)
    await clinic.book(CARL, service=short[1], start=start + 30 * MINUTE)  # in the first: the lowest that is free
    await clinic.cancel(ANNA, first)
    assert await clinic.is_free(start, short[0])
    assert not await clinic.is_free(start, long)
    with pytest.raises(ConflictError):
        await clinic.book("@dora:localhost", service=long, start=start)


async def test_a_group_has_so_many_seats_and_the_doctor_nothing_else_meanwhile(clinic: Clinic) -> None:
    group = await service(clinic, capacity=2)
    start = (await clinic.times(group))[0]
    visits = [await clinic.book(each, service=group, start=start) for each in (ANNA, BEN)]
    assert not await clinic.is_free(start, group)
    assert not await clinic.is_free(start, clinic.desk)
    with pytest.raises(ConflictError):
        await clinic.book(CARL, service=group, start=start)
    await clinic.cancel(ANNA, visits[0])
    assert await clinic.is_free(start, group), "a seat is left"
    assert not await clinic.is_free(start, clinic.desk), "the group still takes place"
    await clinic.cancel(BEN, visits[1])
    assert await clinic.is_free(start, clinic.desk), "the last one gave the doctor's time back"
    assert await rows(clinic) == 0


async def test_a_group_is_not_joined_during_another_visit_nor_halfway(clinic: Clinic) -> None:
    group = await service(clinic, capacity=3, minutes=60, grid_minutes=30)
    start = (await clinic.times(group))[0]
    await clinic.book(ANNA, service=group, start=start)
    async with clinic.tx() as tx:
        offered = await free_times(tx, group, start - HOUR, start + 2 * HOUR)
    assert start in offered
    assert start + 30 * MINUTE not in offered
    _, free = await hold(clinic, group, start + 30 * MINUTE, None)
    assert not free


async def test_of_many_who_join_a_group_at_once_as_many_get_in_as_there_are_seats(database_url: str) -> None:
    database = Database(database_url, pool=16)
    clinic = await Clinic(database, context()).open()
    group = await service(clinic, capacity=5)
    for start in await clinic.times(group, count=4):
        answers = await asyncio.gather(*(hold(clinic, group, start, None) for _ in range(16)))
        assert sum(free for _, free in answers) == 5
        left = [visit for visit, free in answers if free]

        async def leave(visit: UUID) -> None:
            async with clinic.tx() as tx:
                await occupancy.release(tx, visit)

        leaving = asyncio.gather(*(leave(visit) for visit in left))
        joined = await asyncio.gather(*(hold(clinic, group, start, None) for _ in range(8)))
        await leaving
        somebody = any(free for _, free in joined)
        assert await clinic.is_free(start, clinic.desk) is not somebody, "whoever joined meanwhile has the doctor"
    await database.close()


async def test_holds_that_are_over_count_for_nobody(clinic: Clinic) -> None:
    group = await service(clinic, capacity=2)
    start = (await clinic.times(group))[0]
    until = clinic.now + 10 * MINUTE
    for _ in range(2):
        assert (await hold(clinic, group, start, until))[1]
    assert not await clinic.is_free(start, group)
    clinic.clock.move_to(until + MINUTE)
    assert await clinic.is_free(start, clinic.desk), "a group that nobody paid for takes no time of the doctor"
    assert await clinic.is_free(start, group)
    await clinic.book(ANNA, service=clinic.desk, start=start)
    assert await rows(clinic) == 2, "what the holds left is gone"


async def test_a_lasting_seat_keeps_the_group_when_the_holds_beside_it_are_over(clinic: Clinic) -> None:
    group = await service(clinic, capacity=2)
    start = (await clinic.times(group))[0]
    until = clinic.now + 10 * MINUTE
    kept, _ = await hold(clinic, group, start, until)
    await hold(clinic, group, start, until)
    async with clinic.tx() as tx:
        assert await occupancy.keep(tx, kept)
    clinic.clock.move_to(until + MINUTE)
    assert not await clinic.is_free(start, clinic.desk)
    assert await clinic.is_free(start, group)
    assert (await hold(clinic, group, start, None))[1]
    assert not (await hold(clinic, group, start, None))[1]


async def test_a_seat_is_moved_to_another_group_and_kept_where_that_is_full(clinic: Clinic) -> None:
    group = await service(clinic, capacity=2)
    here, there = (await clinic.times(group))[:2]
    for mxid in (BEN, CARL):
        await clinic.book(mxid, service=group, start=there)
    visit: Appointment = await clinic.book(ANNA, service=group, start=here)
    with pytest.raises(ConflictError):
        await clinic.reschedule(ANNA, visit, there)
    assert not await clinic.is_free(here, clinic.desk), "it still has what it had"
    await clinic.reschedule(ANNA, visit, here + DAY)
    assert await clinic.is_free(here, clinic.desk)


async def test_a_group_has_one_room_for_all(clinic: Clinic) -> None:
    hall = await room(clinic, "Hall", 1)
    group = await service(clinic, capacity=3, resources=[hall])
    other = await service(clinic, "ada", resources=[hall])
    start = (await clinic.times(group))[0]
    for mxid in (ANNA, BEN):
        await clinic.book(mxid, service=group, start=start)
    assert await clinic.is_free(start, group)
    assert not await clinic.is_free(start, other)


async def test_the_only_one_of_a_group_can_move_it_by_less_than_its_length(clinic: Clinic) -> None:
    group = await service(clinic, capacity=3, minutes=60, grid_minutes=30)
    start = (await clinic.times(group))[0]
    visit = await clinic.book(ANNA, service=group, start=start)
    moved = await clinic.reschedule(ANNA, visit, start + timedelta(minutes=30))
    assert moved.start == start + timedelta(minutes=30)
