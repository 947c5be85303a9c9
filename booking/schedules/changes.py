"""Changes of schedules that can leave bookings outside: which ones, before it is made, and the change itself.

`conflicts_of` reads only; `make` leaves visits booked, and returns those that the change leaves outside.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, assert_never, cast
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, union_all, update

from booking.access import may_edit_centre, may_run_visit, may_set_hours, require
from booking.appointments.model import appointment as table
from booking.appointments.model import ends, starts
from booking.appointments.rules import KEPT, STANDING, Status
from booking.context import Context
from booking.directory import model as directory
from booking.directory import reading
from booking.directory.model import Mode, Patients, Payment
from booking.directory.resources import resource_by_id
from booking.directory.service import ServiceChanges, edit_service
from booking.people.service import Person
from booking.schedules import service as schedules
from booking.schedules.closings import close_on
from booking.schedules.model import occupancy
from booking.schedules.opening import Dates, Schedule, Week, with_week
from booking.schedules.public_holidays import checked_region, public_holidays
from booking.schedules.reading import schedules_of
from booking.schedules.rules import Minutes, Span, WeeklySpan, covered, overlaps
from booking.schedules.steady import change_alone
from core.database import Tx
from core.money import Money

_DAY = timedelta(days=1)
_HOLDING = STANDING | KEPT | {Status.WAITLIST}


@dataclass(frozen=True, slots=True)
class HoursChange:
    """Weekly hours of a doctor at a centre, as set_hours takes them."""

    practitioner_id: UUID
    centre_id: UUID
    spans: tuple[WeeklySpan, ...]
    valid_from: date
    valid_until: date | None = None
    service_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DateChange:
    """Hours of one date, as set_date takes them."""

    practitioner_id: UUID
    centre_id: UUID
    day: date
    hours: tuple[Minutes, ...] | None


@dataclass(frozen=True, slots=True)
class TimeOff:
    """Time off, as add_time_off takes it."""

    practitioner_id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class HolidaysChange:
    """Whether a centre is closed on the public holidays of a region ("" for those of its whole country)."""

    centre_id: UUID
    closed: bool
    region: str


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """What of a service changes, as edit_service takes it; None: that stays.

    Visits that were booked with another length, or for what is offered no more, are left outside.
    """

    service_id: UUID
    resources: tuple[UUID, ...] | None = None
    name: str | None = None
    minutes: int | None = None
    buffer_before: int | None = None
    buffer_after: int | None = None
    grid_minutes: int | None = None
    min_notice_minutes: int | None = None
    window_days: int | None = None
    mode: Mode | None = None
    price: Money | None = None
    payment: Payment | None = None
    active: bool | None = None
    capacity: int | None = None
    approval: bool | None = None
    patients: Patients | None = None

    @property
    def changes(self) -> ServiceChanges:
        values = {name: getattr(self, name) for name in ServiceChanges.__annotations__ if hasattr(self, name)}
        return cast("ServiceChanges", {name: value for name, value in values.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Outside:
    """A visit that a change leaves outside. Times are in UTC."""

    id: UUID
    code: str
    practitioner_id: UUID
    centre_id: UUID
    service_id: UUID
    start: datetime
    end: datetime
    visible: bool = False
    """Whether whoever makes the change may see whose it is: not a visit at another centre, and not a platform admin."""


@dataclass(frozen=True, slots=True)
class CalendarHours:
    """Hours of a doctor at a centre as a calendar has them: each week until the next, and the dates that differ."""

    practitioner_id: UUID
    centre_id: UUID
    weeks: tuple[Week, ...]
    """The last without an end; those before it without gaps."""
    dates: Dates


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Dates on which a centre is closed, for all who work there now, or begin to before them."""

    centre_id: UUID
    days: tuple[date, ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Together:
    """Hours of several who work at a centre, changed as one: all of them, or none."""

    centre_id: UUID
    parts: tuple[HoursChange | DateChange, ...]
    """Each of another practitioner, service or time."""


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """When a doctor, or a room or device, is busy by a calendar. Merged, in order, UTC. Written by booking.imports."""

    practitioner_id: UUID | None
    spans: tuple[Span, ...]
    resource_id: UUID | None = None


Change = (
    HoursChange
    | DateChange
    | TimeOff
    | HolidaysChange
    | ServiceChange
    | CalendarHours
    | ClosedDays
    | Together
    | BusyTimes
)


async def conflicts_of(tx: Tx, ctx: Context, actor: Person, change: Change) -> list[Outside]:
    """Return the visits to come, booked or held, that a change would leave outside, by start.

    Those outside already do not count. For who may make the change. Raises RefusedError, BadInputError.
    """
    match change:
        case HoursChange() | DateChange() | CalendarHours():
            require(may_set_hours(actor, change.practitioner_id, change.centre_id))
            theirs = table.c.practitioner_id == change.practitioner_id
            found = await _to_come(tx, theirs, table.c.centre_id == change.centre_id)
            left = await _left_outside(tx, found, partial(_changed, change=change))
        case HolidaysChange():
            require(may_edit_centre(actor, change.centre_id))
            country = (await reading.centre(tx, change.centre_id)).country
            region = checked_region(country, change.region) if change.closed else ""
            found = await _to_come(tx, table.c.centre_id == change.centre_id)
            closed = partial(public_holidays, country, region) if change.closed else None
            left = await _left_outside(tx, found, partial(replace, holidays=closed))
        case TimeOff():
            at = await reading.centres_of(tx, change.practitioner_id)
            require(any(may_set_hours(actor, change.practitioner_id, each.id) for each in at))
            found = await _to_come(
                tx, table.c.practitioner_id == change.practitioner_id, ends > change.start, starts < change.end
            )
            off = await schedules.time_off_of(tx, change.practitioner_id)
            left = [each for each in found if not any(each.start < end and start < each.end for start, end in off)]
        case ClosedDays():
            require(may_edit_centre(actor, change.centre_id))
            found = await _to_come(tx, table.c.centre_id == change.centre_id)
            left = await _left_outside(tx, found, partial(_closed, days=change.days))
        case Together(parts=parts):
            each_of = [await conflicts_of(tx, ctx, actor, part) for part in parts]
            outside = {each.id: each for found in each_of for each in found}
            left = sorted(outside.values(), key=lambda each: each.start)
        case BusyTimes():
            require(await may_block(tx, actor, change.practitioner_id, change.resource_id))
            left = await within_busy(tx, change)
        case ServiceChange():
            known = await reading.service(tx, change.service_id)
            require(may_edit_centre(actor, known.centre_id))
            found = await _to_come(tx, table.c.service_id == change.service_id)
            minutes = change.minutes or known.minutes
            gone, other = change.active is False, minutes != known.minutes
            length = timedelta(minutes=minutes)
            left = [each for each in found if gone or (other and each.end - each.start != length)]
        case _:
            assert_never(change)
    return [_seen_by(actor, each) for each in left]


async def make(tx: Tx, ctx: Context, actor: Person, change: Change, *, sure: bool) -> list[Outside]:
    """Make a change; returns the visits that it leaves outside. If there are any and nobody is `sure`, nothing changes.

    For who may set what changes. Raises RefusedError, BadInputError, whether one is sure or not. Nobody books by the
    old schedule from here until the transaction ends, so that no visit slips in beside those that are returned.
    """
    await change_alone(tx, await _whose(tx, change))
    left = await conflicts_of(tx, ctx, actor, change)
    async with tx.conn.begin_nested() as attempt:
        await _apply(tx, ctx, actor, change)
        if left and not sure:
            await attempt.rollback()
    return left


async def _whose(tx: Tx, change: Change) -> set[UUID]:
    """Return the practitioners by whose schedules others book differently after a change."""
    match change:
        case HoursChange() | DateChange() | CalendarHours() | TimeOff():
            return {change.practitioner_id}
        case ServiceChange():
            return {(await reading.service(tx, change.service_id)).practitioner_id}
        case HolidaysChange() | ClosedDays():
            return {each.id for each in await reading.practitioners_at(tx, change.centre_id)}
        case Together(parts=parts):
            return {part.practitioner_id for part in parts}
        case BusyTimes():  # booking.imports locks for itself
            return set()
        case _:
            assert_never(change)


async def _apply(tx: Tx, ctx: Context, actor: Person, change: Change) -> None:
    match change:
        case HoursChange(doctor, centre, spans, first, last, service):
            await schedules.set_hours(
                tx, ctx, actor, doctor, centre, spans, first, valid_until=last, service_id=service
            )
        case DateChange(doctor, centre, day, hours):
            await schedules.set_date(tx, ctx, actor, doctor, centre, day, hours)
        case TimeOff(doctor, start, end):
            await schedules.add_time_off(tx, ctx, actor, doctor, start, end)
        case HolidaysChange():
            await _close_on_holidays(tx, actor, change)
        case CalendarHours():
            await _set_calendar_hours(tx, ctx, actor, change)
        case ClosedDays(centre, days):
            require(may_edit_centre(actor, centre))
            await close_on(tx, centre, days)
        case Together(parts=parts):
            for part in parts:
                await _apply(tx, ctx, actor, part)
        case BusyTimes():
            raise TypeError("busy times are written by booking.imports")
        case ServiceChange():
            await edit_service(tx, ctx, actor, change.service_id, resources=change.resources, **change.changes)
        case _:
            assert_never(change)


async def _set_calendar_hours(tx: Tx, ctx: Context, actor: Person, change: CalendarHours) -> None:
    doctor, centre = change.practitioner_id, change.centre_id
    for week in change.weeks:
        last = week.ends and week.ends - _DAY
        await schedules.set_hours(tx, ctx, actor, doctor, centre, week.spans, week.begins, valid_until=last)
    for day, hours in change.dates.items():
        await schedules.set_date(tx, ctx, actor, doctor, centre, day, hours)


async def _close_on_holidays(tx: Tx, actor: Person, change: HolidaysChange) -> None:
    require(may_edit_centre(actor, change.centre_id))
    values: dict[str, Any] = {"closed_on_holidays": change.closed}
    if change.closed:
        country = (await reading.centre(tx, change.centre_id)).country
        values["region"] = checked_region(country, change.region)
    at = directory.centre
    await tx.conn.execute(update(at).where(at.c.id == change.centre_id).values(**values))


async def may_block(tx: Tx, actor: Person, practitioner_id: UUID | None, resource_id: UUID | None) -> bool:
    """Whether the actor may say when a practitioner (at any centre of theirs), or a room or device, is busy."""
    if resource_id:
        return may_edit_centre(actor, (await resource_by_id(tx, resource_id)).centre_id)
    at = await reading.centres_of(tx, practitioner_id) if practitioner_id else []
    return any(may_set_hours(actor, practitioner_id, each.id) for each in at if practitioner_id)


async def within_busy(tx: Tx, busy: BusyTimes) -> list[Outside]:
    """Return the visits to come, booked or held, that lie in some of these times. No permission is asked."""
    theirs = table.c.practitioner_id == busy.practitioner_id if busy.practitioner_id else _takes(busy.resource_id)
    found = await _to_come(tx, theirs)
    return [each for each in found if overlaps((each.start, each.end), busy.spans)]


def _takes(resource_id: UUID | None) -> ColumnElement[bool]:
    """Whether a visit has a room or device, by itself or through the session that it shares with others."""
    own, seat = occupancy.alias("own"), occupancy.alias("seat")
    alone = select(own.c.appointment_id).where(own.c.resource_id == resource_id)
    shared = select(seat.c.appointment_id).where(seat.c.resource_id.in_(alone))
    return table.c.id.in_(union_all(alone, shared))


async def standing(tx: Tx, actor: Person, visits: Collection[UUID]) -> list[Outside]:
    """Return those of some visits that are to come yet, booked or held, as far as the actor is concerned with them."""
    found = await _to_come(tx, table.c.id.in_(visits)) if visits else []
    return [_seen_by(actor, each) for each in found]


def _seen_by(actor: Person, each: Outside) -> Outside:
    visible = may_run_visit(actor, practitioner_id=each.practitioner_id, centre_id=each.centre_id)
    return replace(each, visible=visible)


def _closed(schedule: Schedule, *, days: Collection[date]) -> Schedule:
    return replace(schedule, dates={**schedule.dates, **dict.fromkeys(days, ())})


def _changed(schedule: Schedule, *, change: HoursChange | DateChange | CalendarHours) -> Schedule:
    """Return the schedule as it would be."""
    if isinstance(change, CalendarHours):
        weeks = schedule.weeks
        for week in change.weeks:
            weeks = with_week(weeks, week)
        return replace(schedule, weeks=weeks, dates={**schedule.dates, **change.dates})
    if isinstance(change, DateChange):
        dates = {day: hours for day, hours in schedule.dates.items() if day != change.day}
        return replace(schedule, dates=dates if change.hours is None else {**dates, change.day: change.hours})
    new = Week(change.spans, change.valid_from, change.valid_until + _DAY if change.valid_until else None)
    if change.service_id is None:
        return replace(schedule, weeks=with_week(schedule.weeks, new))
    own = with_week(schedule.services.get(change.service_id, ()), new)
    return replace(schedule, services={**schedule.services, change.service_id: own})


async def _to_come(tx: Tx, *wanted: ColumnElement[bool]) -> list[Outside]:
    """Return the visits that are booked or held and not over; served by the indexes of `appointment` on starts."""
    found = await tx.conn.execute(
        select(table.c.id, table.c.code, table.c.practitioner_id, table.c.centre_id, table.c.service_id, starts, ends)
        .where(
            *wanted,
            starts > tx.now - _DAY,  # no visit is longer
            ends > tx.now,
            table.c.status.in_(_HOLDING),
            or_(table.c.hold_until.is_(None), table.c.hold_until > tx.now),
        )
        .order_by(starts, table.c.id)
    )
    return [Outside(*row) for row in found]


async def _left_outside(tx: Tx, visits: Collection[Outside], changed: Callable[[Schedule], Schedule]) -> list[Outside]:
    """Return the visits that lie in open hours now, and would not in the schedule as `changed`."""
    if not visits:
        return []
    first, last = min(each.start for each in visits).date() - _DAY, max(each.end for each in visits).date() + _DAY
    where = {(each.practitioner_id, each.centre_id) for each in visits}
    known = await schedules_of(tx, where, first, last)
    before = {key: _Laid(schedule) for key, schedule in known.items()}
    after = {key: _Laid(changed(schedule)) for key, schedule in known.items()}
    return [
        each
        for each in visits
        for key in [(each.practitioner_id, each.centre_id)]
        if before[key].opens_for(each) and not after[key].opens_for(each)
    ]


class _Laid:
    """A schedule, each date of which is laid out once."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._known: dict[tuple[date, date, UUID | None], list[Span]] = {}

    def opens_for(self, visit: Outside) -> bool:
        first, last = (moment.astimezone(self._schedule.zone).date() for moment in (visit.start, visit.end))
        service = visit.service_id if visit.service_id in self._schedule.services else None
        key = first, last, service
        if key not in self._known:
            self._known[key] = self._schedule.open_times(first, last, service)
        return covered((visit.start, visit.end), self._known[key])
