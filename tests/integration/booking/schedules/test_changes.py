"""Which bookings a change would leave outside is known before it is made, and nothing happens unless one is sure."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from booking.appointments import service as visits
from booking.appointments.model import Appointment
from booking.appointments.model import appointment as table
from booking.directory.model import Service
from booking.directory.reading import centre, practitioner
from booking.directory.reading import service as service_of
from booking.directory.service import add_role
from booking.people.service import person_of
from booking.schedules.changes import (
    Change,
    ClosedDays,
    DateChange,
    HolidaysChange,
    HoursChange,
    ServiceChange,
    TimeOff,
    conflicts_of,
    make,
)
from booking.schedules.closings import closings_of, open_again
from booking.schedules.model import date_hours, time_off
from booking.schedules.reading import schedule_of
from booking.schedules.rules import WeeklySpan
from booking.schedules.service import is_free
from core.errors import BadInputError, ConflictError, RefusedError
from tests.integration.booking.clinic import ANNA, BEN
from tests.integration.booking.town import NOW, TODAY, Town, at

DAY = timedelta(days=1)
MORNINGS = tuple(WeeklySpan(day, 540, 600) for day in range(5))


@pytest.fixture
async def service(town: Town) -> Service:
    """Dr Osei, from 9 to 11 on working days, half an hour each."""
    return await town.offer(await town.centre(), "Dr Ama Osei", "mon-fri 9-11", window_days=365)


async def book(town: Town, service: Service, start: datetime, mxid: str = ANNA) -> Appointment:
    async with town.database.transaction() as tx:
        actor = await person_of(tx, town.ctx, mxid)
        return await visits.book(tx, town.ctx, actor, service_id=service.id, start=start, patient_id=actor.patient.id)


async def conflicts(town: Town, change: Change) -> list[str]:
    actor = await town.paul()
    async with town.database.transaction() as tx:
        return [each.code for each in await conflicts_of(tx, town.ctx, actor, change)]


async def made(town: Town, change: Change, *, sure: bool) -> list[str]:
    actor = await town.paul()
    async with town.database.transaction() as tx:
        return [each.code for each in await make(tx, town.ctx, actor, change, sure=sure)]


def hours(
    service: Service, spans: tuple[WeeklySpan, ...] = MORNINGS, first: date = TODAY, last: date | None = None
) -> HoursChange:
    return HoursChange(service.practitioner_id, service.centre_id, spans, first, last)


async def test_hours_leave_outside_what_was_inside_and_would_not_be(town: Town, service: Service) -> None:
    early, late = await book(town, service, at(1, 8)), await book(town, service, at(1, 9), BEN)
    later = await book(town, service, at(8, 9))
    assert await conflicts(town, hours(service)) == [late.code, later.code]
    assert await conflicts(town, hours(service, first=date(2026, 12, 2))) == [later.code]
    assert await conflicts(town, hours(service, last=date(2026, 12, 2))) == [late.code]
    assert await conflicts(town, hours(service, ())) == [early.code, late.code, later.code]


async def test_a_visit_that_hours_cut_in_two_or_end_in_is_outside(town: Town, service: Service) -> None:
    visit = await book(town, service, at(1, 8, 30))
    cut = tuple(WeeklySpan(day, *span) for day in range(5) for span in ((540, 580), (585, 660)))
    assert await conflicts(town, hours(service, cut)) == [visit.code]
    touching = tuple(WeeklySpan(day, *span) for day in range(5) for span in ((540, 580), (580, 660)))
    assert await conflicts(town, hours(service, touching)) == []


async def test_nothing_changes_unless_one_is_sure_and_then_what_is_booked_stays(town: Town, service: Service) -> None:
    visit = await book(town, service, at(1, 9))
    assert await made(town, hours(service), sure=False) == [visit.code]
    async with town.database.transaction() as tx:
        assert await is_free(tx, service, at(2, 9))
    assert await made(town, hours(service), sure=True) == [visit.code]
    async with town.database.transaction() as tx:
        assert not await is_free(tx, service, at(2, 9))
        assert (await visits.appointment(tx, visit.id)).status is visits.Status.BOOKED
    assert await made(town, hours(service, MORNINGS[:1]), sure=False) == [], "what is outside already is not told again"
    async with town.database.transaction() as tx:
        assert not await is_free(tx, service, at(2, 8)), "and so the change was made at once"


async def test_cancelled_and_expired_ones_do_not_count_but_held_ones_do(town: Town, service: Service) -> None:
    cancelled, held = await book(town, service, at(1, 8)), await book(town, service, at(1, 8, 30))
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
        await visits.cancel(tx, town.ctx, anna, cancelled.id)
        until = {"status": "pending", "hold_until": NOW + timedelta(minutes=15)}
        await tx.conn.execute(update(table).where(table.c.id == held.id).values(**until))
    assert await conflicts(town, hours(service, ())) == [held.code]
    town.clock.time = NOW + timedelta(minutes=16)
    assert await conflicts(town, hours(service, ())) == []


async def test_dates_time_off_and_holidays_leave_outside_what_is_booked_then(town: Town, service: Service) -> None:
    doctor, centre = service.practitioner_id, service.centre_id
    tuesday, christmas = await book(town, service, at(1, 8)), await book(town, service, at(25, 8))
    assert await conflicts(town, DateChange(doctor, centre, TODAY + DAY, ((570, 660),))) == [tuesday.code]
    assert await conflicts(town, DateChange(doctor, centre, TODAY + DAY, ((540, 570),))) == []
    assert await conflicts(town, TimeOff(doctor, at(1, 8, 29), at(1, 9))) == [tuesday.code]
    assert await conflicts(town, TimeOff(doctor, at(1, 8, 30), at(2, 0))) == []
    assert await made(town, TimeOff(doctor, at(1, 0), at(2, 0)), sure=False) == [tuesday.code]
    closed = HolidaysChange(centre, closed=True, region="BE")
    assert await made(town, closed, sure=False) == [christmas.code]
    async with town.database.transaction() as tx:
        assert (await tx.conn.execute(select(time_off.c.id))).first() is None
        assert (await tx.conn.execute(select(date_hours.c.day))).first() is None
        assert (await schedule_of(tx, doctor, centre, TODAY)).holidays is None
    await made(town, DateChange(doctor, centre, date(2026, 12, 25), ((540, 600),)), sure=False)
    assert await made(town, closed, sure=False) == [], "the doctor is there on that date"
    taken_back = DateChange(doctor, centre, date(2026, 12, 25), None)
    assert await conflicts(town, taken_back) == [christmas.code]


async def test_hours_of_a_service_leave_outside_its_visits_alone(town: Town, service: Service) -> None:
    async with town.database.transaction() as tx:
        osei, at_centre = await practitioner(tx, service.practitioner_id), await centre(tx, service.centre_id)
    other = await town.service(osei, at_centre)
    mine, _ = await book(town, service, at(1, 9)), await book(town, other, at(1, 9, 30), BEN)
    own = HoursChange(service.practitioner_id, service.centre_id, MORNINGS, TODAY, None, service.id)
    assert await made(town, own, sure=True) == [mine.code]
    # Its own hours hold, whatever the doctor's are.
    assert mine.code not in await conflicts(town, hours(service, ()))


async def test_a_service_that_goes_or_takes_longer_leaves_its_visits_outside(town: Town, service: Service) -> None:
    visit = await book(town, service, at(1, 8))
    assert await conflicts(town, ServiceChange(service.id, active=False)) == [visit.code]
    assert await conflicts(town, ServiceChange(service.id, minutes=45)) == [visit.code]
    assert await conflicts(town, ServiceChange(service.id, name="Another name", buffer_after=10)) == []
    assert await made(town, ServiceChange(service.id, minutes=45, buffer_after=10), sure=False) == [visit.code]
    async with town.database.transaction() as tx:
        assert (await service_of(tx, service.id)).buffer_after == 0
    assert await made(town, ServiceChange(service.id, minutes=45), sure=True) == [visit.code]
    async with town.database.transaction() as tx:
        assert (await service_of(tx, service.id)).minutes == 45
        kept = await visits.appointment(tx, visit.id)
        assert kept.end - kept.start == timedelta(minutes=30)


async def test_a_visit_of_what_is_offered_no_more_can_be_moved_but_no_other_booked(
    town: Town, service: Service
) -> None:
    visit = await book(town, service, at(1, 8))
    await made(town, ServiceChange(service.id, active=False), sure=True)
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
        moved = await visits.reschedule(tx, town.ctx, anna, visit.id, at(2, 8))
        assert moved.start == at(2, 8)
    with pytest.raises(ConflictError):
        await book(town, service, at(3, 8), BEN)


async def test_a_visit_that_is_moved_needs_room_for_the_length_it_was_booked_with(town: Town, service: Service) -> None:
    visit = await book(town, service, at(1, 8))
    await made(town, ServiceChange(service.id, minutes=15), sure=True)
    async with town.database.transaction() as tx:
        anna = await person_of(tx, town.ctx, ANNA)
        with pytest.raises(ConflictError):
            await visits.reschedule(tx, town.ctx, anna, visit.id, at(2, 9, 45))
        moved = await visits.reschedule(tx, town.ctx, anna, visit.id, at(2, 9, 30))
        assert moved.end == at(2, 10)


async def test_what_cannot_be_is_refused_though_nobody_is_sure_yet(town: Town, service: Service) -> None:
    await book(town, service, at(1, 8))
    for change in (
        hours(service, (), TODAY - DAY),
        hours(service, (), TODAY + 3 * DAY, TODAY),
        ServiceChange(service.id, minutes=4000),
        TimeOff(service.practitioner_id, at(1, 8), at(1, 0)),
        HolidaysChange(service.centre_id, closed=True, region="Atlantis"),
    ):
        with pytest.raises(BadInputError):
            await made(town, change, sure=False)


async def test_closed_days_hold_for_who_begins_to_work_there_later(town: Town, service: Service) -> None:
    day, far = date(2026, 12, 24), date(2027, 6, 1)
    await made(town, ClosedDays(service.centre_id, (day, far)), sure=True)
    async with town.database.transaction() as tx:
        here = await centre(tx, service.centre_id)

    new = await town.doctor(here, "Dr Late Comer", hours="mon-sun 9-11")

    async with town.database.transaction() as tx:
        theirs = await schedule_of(tx, new.id, here.id, TODAY)
    assert theirs.dates == {day: (), far: ()}
    assert not theirs.open_times(day, day)
    assert theirs.open_times(day + DAY, day + DAY)


async def test_closed_days_hold_for_who_begins_while_they_are_written_down(town: Town, service: Service) -> None:
    day = date(2026, 12, 24)
    other = await town.doctor(await town.centre("Island Clinic", "George Town"), "Dr Second Job")
    paul = await town.paul()

    async def begin() -> None:
        async with town.database.transaction() as tx:
            await add_role(tx, town.ctx, paul, other.id, service.centre_id)

    async with town.database.transaction() as tx:
        await make(tx, town.ctx, paul, ClosedDays(service.centre_id, (day,)), sure=True)
        beginning = asyncio.create_task(begin())
        await asyncio.sleep(0.2)
        assert not beginning.done(), "it waits for the days"
    await beginning

    async with town.database.transaction() as tx:
        assert (await schedule_of(tx, other.id, service.centre_id, TODAY)).dates == {day: ()}


async def test_a_centre_opens_again_for_all_as_it_was_before(town: Town, service: Service) -> None:
    """For who was there, with hours of that date or without; for who came since; not for who is away by themselves."""
    day, stays = date(2026, 12, 24), date(2026, 12, 31)
    async with town.database.transaction() as tx:
        here = await centre(tx, service.centre_id)
    special = await town.doctor(here, "Dr Special Hours", hours="mon-sun 9-11")
    away = await town.doctor(here, "Dr Own Day Off", hours="mon-sun 9-11")
    there = await town.doctor(here, "Dr There Anyway", hours="mon-sun 9-11")
    await made(town, DateChange(special.id, here.id, day, ((600, 660),)), sure=True)
    await made(town, DateChange(away.id, here.id, day, ()), sure=True)
    for days in ((day, stays), (day,)):  # the second time nothing of the first is forgotten
        await made(town, ClosedDays(here.id, days), sure=True)
    await made(town, DateChange(there.id, here.id, day, ((540, 570),)), sure=True)
    new = await town.doctor(here, "Dr Late Comer", hours="mon-sun 9-11")
    paul = await town.paul()

    async with town.database.transaction() as tx:
        assert await closings_of(tx, town.ctx, paul, here.id, TODAY) == [day, stays]
        assert await open_again(tx, town.ctx, paul, here.id, [day, day + DAY]) == [day]
        assert await open_again(tx, town.ctx, paul, here.id, [day]) == []
        with pytest.raises(RefusedError):
            await open_again(tx, town.ctx, await person_of(tx, town.ctx, ANNA), here.id, [stays])

    async with town.database.transaction() as tx:
        found = {
            who: (await schedule_of(tx, who, here.id, TODAY)).dates
            for who in (service.practitioner_id, special.id, away.id, there.id, new.id)
        }
        assert await closings_of(tx, town.ctx, paul, here.id, TODAY) == [stays]
        assert await is_free(tx, service, at(24, 8))
    assert found == {
        service.practitioner_id: {stays: ()},
        special.id: {day: ((600, 660),), stays: ()},
        away.id: {day: (), stays: ()},
        there.id: {day: ((540, 570),), stays: ()},
        new.id: {stays: ()},
    }
