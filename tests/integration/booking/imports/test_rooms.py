"""What a room's or a device's own calendar says: nothing that needs it is booked over that, whoever the doctor is."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest
from icalendar import Calendar

from booking.appointments.desk import overbook
from booking.calendars.model import FeedKind
from booking.directory.model import Resource, Service
from booking.directory.resources import add_resource, book_along
from booking.imports import service as imports
from booking.imports.model import FOR_EVER, Source, SourceKind
from booking.imports.rules import pieces
from booking.imports.store import add_source, change_source, remove_sources, write_busy
from booking.people.service import person_of
from booking.schedules import occupancy
from booking.schedules.changes import Outside
from booking.schedules.rules import Span
from booking.search.bounds import refresh
from core.errors import ConflictError, RefusedError
from core.ids import new_id
from tests.integration.booking.calendars.conftest import calendars
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.clinic import ANNA, BEN, CLARA, HOUR, OSEI, Clinic
from tests.integration.booking.imports.test_busy import freed_services

__all__ = ["calendars"]


@pytest.fixture
async def room(clinic: Clinic) -> Resource:
    """Two of it, which the visits at the desk need."""
    return await needs(clinic, clinic.desk, seats=2)


async def needs(clinic: Clinic, service: Service, *, seats: int = 1, name: str = "Echo") -> Resource:
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        made = await add_resource(tx, clinic.ctx, clara, clinic.centre.id, name=name, seats=seats)
        await book_along(tx, service.id, clinic.centre.id, [made.id])
    return made


async def followed(clinic: Clinic, room: Resource, *spans: Span, known_until: datetime = FOR_EVER) -> Source:
    owner = await clinic.person(CLARA)
    async with clinic.tx() as tx:
        source = Source(
            new_id(), None, SourceKind.FILE, owner.id, tx.now, tx.now, known_until=known_until, resource_id=room.id
        )
        await add_source(tx, clinic.ctx, source, None)
    await says(clinic, source, *spans)
    return source


async def says(clinic: Clinic, source: Source, *spans: Span) -> list[Outside]:
    async with clinic.tx() as tx:
        return await write_busy(tx, source, list(pieces(spans, tx.now)))


async def test_none_of_its_kind_is_offered_or_taken_while_its_calendar_is_busy(clinic: Clinic, room: Resource) -> None:
    start = (await clinic.times())[0]
    await followed(clinic, room, (start, start + HOUR))
    assert start not in await clinic.times()
    assert not await clinic.is_free(start)
    with pytest.raises(ConflictError):
        await clinic.book(start=start)
    for seats in (1, 2):
        async with clinic.tx() as tx:
            need = occupancy.Need(start, start + HOUR, seats=seats)
            assert await occupancy.take(tx, new_id(), {room.id: need}, expires_at=None) == {room.id}
    assert await clinic.is_free(start, clinic.online), "what does not need it is booked as before"
    assert await clinic.book(start=start + HOUR)


async def test_a_calendar_beside_visits_that_overlap_it_closes_what_is_left(clinic: Clinic, room: Resource) -> None:
    """Times that overlap come from both, and each seat has its own."""
    visit = await clinic.book()
    await followed(clinic, room, (visit.start - HOUR, visit.start + HOUR / 6), (visit.end + HOUR, visit.end + 2 * HOUR))
    free = await clinic.times(count=200)
    assert all(not (visit.start - HOUR < each < visit.end + 2 * HOUR) or each >= visit.end for each in free)
    assert visit.end + HOUR / 6 in free
    assert visit.end + HOUR + HOUR / 6 not in free


async def test_visits_that_need_it_stay_and_are_told_of_those_of_groups_too(clinic: Clinic, room: Resource) -> None:
    async with clinic.tx() as tx:
        group = await clinic.add_service(tx, clinic.doctor, capacity=3, payment=clinic.desk.payment)
        await book_along(tx, group.id, clinic.centre.id, [room.id])
    alone = await clinic.book()
    together = [await clinic.book(who, service=group, start=alone.start + HOUR) for who in (ANNA, BEN)]
    without = await clinic.book(service=clinic.online, start=alone.start + 2 * HOUR)
    source = await followed(clinic, room)

    left = await says(clinic, source, (alone.start, without.end))

    assert {each.id for each in left} == {alone.id, *(each.id for each in together)}
    assert (await clinic.visit(alone)).status == alone.status


async def test_nobody_joins_a_group_whose_room_is_busy(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        group = await clinic.add_service(tx, clinic.doctor, capacity=3, payment=clinic.desk.payment)
    room = await needs(clinic, group, seats=2)
    visit = await clinic.book(service=group)
    source = await followed(clinic, room, (visit.start, visit.end))
    assert not await clinic.is_free(visit.start, group)
    async with clinic.tx() as tx:
        session = occupancy.session_of(group.id, visit.start)
        wanted = occupancy.Need(visit.start, visit.end, seats=3)
        assert await occupancy.take(tx, new_id(), {session: wanted}, expires_at=None) == {session}
    await says(clinic, source)
    assert await clinic.book(BEN, service=group, start=visit.start)


async def test_staff_who_overbook_find_a_room_themselves(clinic: Clinic, room: Resource) -> None:
    visit = await clinic.book()
    start = visit.start + HOUR
    await followed(clinic, room, (start, start + HOUR))
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        beside = await overbook(tx, clinic.ctx, clara, service_id=clinic.desk.id, start=start, who=visit.code)
    assert beside.start == start


async def test_what_it_says_no_more_is_free_for_searches_and_for_who_waits(clinic: Clinic, room: Resource) -> None:
    start = (await clinic.times())[0]
    source = await followed(clinic, room, (start, start + HOUR))
    async with clinic.tx() as tx:
        await refresh(tx)
    assert not await freed_services(clinic)
    await says(clinic, source)
    assert await freed_services(clinic) == {clinic.desk.id}
    assert (await clinic.outbox("waiting.offer"))[-1]["practitioner"] == str(clinic.doctor.id)
    assert await clinic.is_free(start)


async def test_nothing_that_needs_it_is_offered_while_nothing_is_known_of_it(clinic: Clinic, room: Resource) -> None:
    start = (await clinic.times())[0]
    source = await followed(clinic, room, known_until=start)
    assert await clinic.times() == []
    assert await clinic.is_free(start, clinic.online)
    async with clinic.tx() as tx:
        await refresh(tx)
        await change_source(tx, source.id, known_until=FOR_EVER)
    assert await freed_services(clinic) == {clinic.desk.id}
    assert await clinic.is_free(start)
    async with clinic.tx() as tx:
        await refresh(tx)
        await remove_sources(tx, [source])
    assert await freed_services(clinic) == {clinic.desk.id}


async def test_its_own_feed_is_busy_then(calendars: Subscriber, clinic: Clinic, room: Resource) -> None:
    path = await calendars.issue(CLARA, FeedKind.RESOURCE, room.id)
    address = path.replace(".ics", "/freebusy.ics")
    before = await calendars.get(address)
    start = (await clinic.times())[0]

    await followed(clinic, room, (start, start + HOUR))

    after = await calendars.get(address, If_None_Match=before.headers["ETag"])
    [component] = Calendar.from_ical(await after.read()).walk("VFREEBUSY")
    assert (component["FREEBUSY"].start, component["FREEBUSY"].end) == (start, start + HOUR)


async def test_only_who_runs_the_centre_sees_and_ends_it(clinic: Clinic, room: Resource) -> None:
    source = await followed(clinic, room)
    for mxid, theirs in ((CLARA, True), (OSEI, False), (ANNA, False)):
        person = await clinic.person(mxid)
        async with clinic.tx() as tx:
            assert [name for _, name in await imports.followed(tx, clinic.ctx, person)] == (["Echo"] if theirs else [])
            if not theirs:
                with pytest.raises(RefusedError):
                    await imports.stop_following(tx, clinic.ctx, person, source.id)
    clara = await clinic.person(CLARA)
    async with clinic.tx() as tx:
        await imports.stop_following(tx, clinic.ctx, clara, source.id)
        assert await imports.followed(tx, clinic.ctx, clara) == []


@pytest.mark.parametrize("turn", range(3))
async def test_whoever_books_while_it_is_written_down_is_refused_or_told_of(
    clinic: Clinic, room: Resource, turn: int
) -> None:
    times = (await clinic.times(count=8))[:8]
    source = await followed(clinic, room)

    async def book(n: int) -> UUID | None:
        await asyncio.sleep(0.004 * n)
        try:
            return (await clinic.book(f"@p{n}:localhost", start=times[n])).id
        except ConflictError:
            return None

    async def write() -> list[Outside]:
        await asyncio.sleep(0.01 * turn)
        return await says(clinic, source, (times[0], times[-1] + HOUR))

    for n in range(8):
        await clinic.person(f"@p{n}:localhost")
    told, *booked = await asyncio.gather(write(), *(book(n) for n in range(8)))
    assert {each for each in booked if each} == {each.id for each in told}
