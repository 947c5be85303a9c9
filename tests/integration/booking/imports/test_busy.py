"""Nobody books over what a calendar says, and what it says no more is free again."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from booking.appointments.desk import overbook
from booking.imports import visits
from booking.imports.caldav import Change
from booking.imports.model import FOR_EVER, Source, SourceKind
from booking.imports.rules import pieces
from booking.imports.store import add_source, change_source, remove_sources, write_busy
from booking.people.service import person_of
from booking.schedules import occupancy
from booking.schedules.changes import Outside
from booking.schedules.rules import Span
from booking.search.bounds import freed, next_free, refresh
from core.errors import ConflictError
from core.ids import new_id
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, MINUTE, OSEI, Clinic


async def followed(clinic: Clinic, *spans: Span, known_until: datetime = FOR_EVER) -> Source:
    """A calendar of Dr Osei's with these busy times."""
    owner = await clinic.person(OSEI)
    async with clinic.tx() as tx:
        source = Source(new_id(), clinic.doctor.id, SourceKind.FILE, owner.id, tx.now, tx.now, known_until)
        await add_source(tx, clinic.ctx, source, None)
    await says(clinic, source, *spans)
    return source


async def says(clinic: Clinic, source: Source, *spans: Span) -> list[Outside]:
    async with clinic.tx() as tx:
        return await write_busy(tx, source, list(pieces(spans, tx.now)))


async def freed_services(clinic: Clinic) -> set[UUID]:
    async with clinic.tx() as tx:
        return set((await tx.conn.execute(select(freed.c.service_id))).scalars())


async def test_a_busy_time_is_not_offered_and_can_not_be_taken(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    await followed(clinic, (start + 10 * MINUTE, start + 15 * MINUTE))
    assert start not in await clinic.times()
    assert not await clinic.is_free(start)
    with pytest.raises(ConflictError):
        await clinic.book(start=start)
    async with clinic.tx() as tx:
        taken = await occupancy.take(tx, new_id(), {clinic.doctor.id: (start, start + 20 * MINUTE)}, expires_at=None)
    assert taken == {clinic.doctor.id}
    assert await clinic.book(start=start + 30 * MINUTE)


async def test_buffers_keep_away_from_busy_times_and_days_in_a_row_are_busy_throughout(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    await followed(clinic, (start + 22 * MINUTE, start + 3 * DAY))
    assert not await clinic.is_free(start)  # five minutes after the visit belong to it
    for hours in (1, 20, 30, 71):
        assert not await clinic.is_free(start + hours * HOUR)
    assert await clinic.is_free(start + 3 * DAY)


async def test_visits_that_were_there_stay_and_are_told_of_once(clinic: Clinic) -> None:
    visit = await clinic.book()
    span = (visit.start, visit.end)
    source = await followed(clinic)
    assert [each.id for each in await says(clinic, source, span)] == [visit.id]
    assert await says(clinic, source, span) == []
    assert (await clinic.visit(visit)).status == visit.status
    await clinic.cancel(ANNA, visit)
    assert not await clinic.is_free(visit.start)


async def test_who_has_a_visit_within_can_move_it_out_but_not_within(clinic: Clinic) -> None:
    visit = await clinic.book()
    await followed(clinic, (visit.start, visit.start + 2 * HOUR))
    with pytest.raises(ConflictError):
        await clinic.reschedule(ANNA, visit, visit.start + HOUR)
    moved = await clinic.reschedule(ANNA, visit, visit.start + 3 * HOUR)
    assert moved.start == visit.start + 3 * HOUR


async def test_staff_may_overbook_it(clinic: Clinic) -> None:
    visit = await clinic.book()
    start = visit.start + HOUR
    await followed(clinic, (start, start + HOUR))
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        beside = await overbook(tx, clinic.ctx, clara, service_id=clinic.desk.id, start=start, who=visit.code)
    assert beside.start == start


async def test_nobody_joins_a_group_of_a_doctor_who_is_busy(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        group = await clinic.add_service(tx, clinic.doctor, capacity=3, payment=clinic.desk.payment)
    visit = await clinic.book(service=group)
    assert await clinic.is_free(visit.start, group)
    source = await followed(clinic, (visit.start, visit.end))
    assert not await clinic.is_free(visit.start, group)
    async with clinic.tx() as tx:
        session = occupancy.session_of(group.id, visit.start)
        wanted = occupancy.Need(visit.start, visit.end, seats=3)
        assert await occupancy.take(tx, new_id(), {session: wanted}, expires_at=None) == {session}
    await says(clinic, source)
    assert await clinic.book(BEN, service=group, start=visit.start)


async def test_what_is_busy_no_more_is_free_for_searches_and_for_who_waits(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await refresh(tx)
        soon = tx.now + 2 * HOUR
    source = await followed(clinic, (soon - DAY, soon + DAY))
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE next_free SET stale_at = '-infinity'"))
        await refresh(tx)
        bound = select(next_free.c.soonest).where(next_free.c.service_id == clinic.desk.id)
        assert (await tx.conn.execute(bound)).scalar_one() >= soon + DAY
    assert not await freed_services(clinic)
    await says(clinic, source, (soon, soon + HOUR))
    assert await freed_services(clinic) == {clinic.desk.id, clinic.online.id}
    told = (await clinic.outbox("waiting.offer"))[-1]
    assert told["practitioner"] == str(clinic.doctor.id)
    async with clinic.tx() as tx:
        await refresh(tx)
        assert (await tx.conn.execute(bound)).scalar_one() < soon


async def test_of_whom_nothing_is_known_nothing_is_offered_until_it_is(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    source = await followed(clinic, known_until=start)
    assert await clinic.times() == []
    assert await clinic.is_free(start - 30 * MINUTE)
    with pytest.raises(ConflictError):
        await clinic.book(start=start + DAY)
    async with clinic.tx() as tx:
        await refresh(tx)
        await change_source(tx, source.id, known_until=FOR_EVER)
    assert await freed_services(clinic) == {clinic.desk.id, clinic.online.id}
    assert await clinic.book(start=start + DAY)


async def test_letting_go_of_a_calendar_frees_what_only_it_said(clinic: Clinic) -> None:
    start = (await clinic.times())[0]
    span = (start, start + HOUR)
    one, other = await followed(clinic, span), await followed(clinic, span)
    for source, free in ((one, False), (other, True)):
        async with clinic.tx() as tx:
            await remove_sources(tx, [source])
        assert await clinic.is_free(start) is free


@pytest.mark.parametrize("turn", range(4))
async def test_whoever_books_while_a_calendar_is_written_down_is_refused_or_told_of(clinic: Clinic, turn: int) -> None:
    """Never a third thing: a visit in a busy time of which nobody is told."""
    times = (await clinic.times(count=12))[:12]
    source = await followed(clinic)
    span = (times[0], times[-1] + timedelta(hours=1))

    async def book(n: int) -> UUID | None:
        await asyncio.sleep(0.004 * n)
        try:
            return (await clinic.book(f"@p{n}:localhost", start=times[n])).id
        except ConflictError:
            return None

    async def write() -> list[Outside]:
        await asyncio.sleep(0.01 * turn)
        return await says(clinic, source, span)

    for n in range(12):
        await clinic.person(f"@p{n}:localhost")
    told, *booked = await asyncio.gather(write(), *(book(n) for n in range(12)))
    assert {each for each in booked if each} == {each.id for each in told}


async def test_into_a_calendar_go_only_visits_that_its_owner_may_look_into(clinic: Clinic) -> None:
    """Clara follows a calendar for Dr Osei, who works at Eva's centre, too."""
    await clinic.second_centre("@eva:localhost")
    visit = await clinic.book()
    source = replace(await followed(clinic), kind=SourceKind.CALDAV)
    for mxid, theirs in ((OSEI, True), (CLARA, True), ("@eva:localhost", False), (ANNA, False)):
        owner = await clinic.person(mxid)
        async with clinic.tx() as tx:
            found = await visits.due(tx, source, owner, {})
        assert list(found.visits) == ([visits.name_of(visit.id)] if theirs else []), mxid


async def test_who_runs_the_centre_no_more_has_its_visits_taken_out_of_their_calendar(clinic: Clinic) -> None:
    visit = await clinic.book()
    source = replace(await followed(clinic), kind=SourceKind.CALDAV)
    clara = await clinic.person(CLARA)
    async with clinic.tx() as tx:
        due = await visits.due(tx, source, clara, {})
        await visits.note(tx, source, due, dict.fromkeys(due.visits, "an etag"))
    gone = replace(clara, administers=frozenset())
    async with clinic.tx() as tx:
        found = await visits.due(tx, source, gone, None)
    assert found.changes == [Change(visits.name_of(visit.id), None)]
