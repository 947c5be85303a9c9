"""When practitioners can be booked and when they are busy, for calendars that tell nothing else. Holds do not count."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from booking.directory.model import practitioner_role
from booking.schedules.occupancy import query
from booking.schedules.opening import Schedule
from booking.schedules.reading import Where, schedules_of
from booking.schedules.rules import Span, merged
from core.database import Tx
from core.statements import Statement

_DAY = timedelta(days=1)

# No busy time is longer than a day (a constraint), which bounds what the index has to look at.
_TAKEN = query("""
    SELECT resource_id, lower(busy) AS starts, upper(busy) AS ends
    FROM occupancy
    WHERE resource_id = ANY (:resources) AND expires_at IS NULL
      AND lower(busy) >= :start - interval '1 day' AND lower(busy) < :end AND upper(busy) > :start
    UNION ALL
    SELECT practitioner_id, lower(during), upper(during) FROM calendar_busy_of(:resources, :start, :end)
""")
_BY_CALENDARS = query("""
    SELECT practitioner_id AS resource_id, lower(during) AS starts, upper(during) AS ends
    FROM calendar_busy_of(:resources, :start, :end)
""")
_OFF = query("""
    SELECT practitioner_id AS resource_id, lower(during) AS starts, upper(during) AS ends
    FROM time_off WHERE practitioner_id = ANY (:resources) AND during && tstzrange(:start, :end)
""")


@dataclass(frozen=True, slots=True)
class Availability:
    """Of one practitioner, or of several together: in UTC, merged, in order."""

    free: tuple[Span, ...]
    """Somebody is there and not taken."""
    taken: tuple[Span, ...]
    """Somebody is there, and all who are there are taken, by visits or by calendars of their own."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of practitioners at centres, as they are set, and when they are off."""

    schedules: Mapping[Where, Schedule]
    off: Mapping[UUID, list[Span]]


async def where_of(
    tx: Tx, *, practitioners: Collection[UUID] | None = None, centre_id: UUID | None = None
) -> list[Where]:
    """Return where practitioners work: those named, or all of a centre; at that centre, or everywhere."""
    role = practitioner_role
    wanted = select(role.c.practitioner_id, role.c.centre_id).order_by(role.c.practitioner_id, role.c.centre_id)
    if practitioners:
        wanted = wanted.where(role.c.practitioner_id.in_(practitioners))
    if centre_id:
        wanted = wanted.where(role.c.centre_id == centre_id)
    return [(row.practitioner_id, row.centre_id) for row in await tx.conn.execute(wanted)]


async def hours_of(tx: Tx, where: Sequence[Where], start: datetime, end: datetime) -> Hours:
    """Return the hours of practitioners between two instants (aware)."""
    schedules = await schedules_of(tx, where, start.date() - _DAY, end.date() + _DAY)
    off = await _spans(tx, _OFF, {practitioner for practitioner, _ in where}, start, end)
    return Hours(schedules, off)


async def availability_of(tx: Tx, where: Sequence[Where], start: datetime, end: datetime) -> Availability:
    """Return when practitioners can be booked, taken together, between two instants (aware)."""
    hours = await hours_of(tx, where, start, end)
    taken = await _spans(tx, _TAKEN, {practitioner for practitioner, _ in where}, start, end)
    opened: list[Span] = []
    free: list[Span] = []
    for (practitioner, _), schedule in hours.schedules.items():
        here = clipped(opened_of(schedule, start.date() - _DAY, end.date() + _DAY), start, end)
        here = without(here, merged(hours.off.get(practitioner, ())))
        opened += here
        free += without(here, merged(taken.get(practitioner, ())))
    return Availability(tuple(merged(free)), tuple(without(merged(opened), merged(free))))


async def busy_by_calendars(tx: Tx, resources: Collection[UUID], start: datetime, end: datetime) -> list[Span]:
    """Return when any of these is taken by a calendar of its own, between two instants (aware)."""
    found = await _spans(tx, _BY_CALENDARS, set(resources), start, end)
    return merged(span for spans in found.values() for span in spans)


def opened_of(schedule: Schedule, first: date, last: date) -> list[Span]:
    """Return what is open on some dates, for any service: in UTC, merged."""
    spans = schedule.open_times(first, last)
    for service in schedule.services:
        spans += schedule.open_times(first, last, service)
    return merged(spans)


def without(spans: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """Return what is left of spans when others are taken out; both in order."""
    left: list[Span] = []
    for start, end in spans:
        at = start
        for begins, ends in others:
            if ends <= at or begins >= end:
                continue
            if begins > at:
                left.append((at, begins))
            at = max(at, ends)
        if at < end:
            left.append((at, end))
    return left


def clipped(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Return the part of spans that lies between two instants."""
    cut = ((max(begins, start), min(ends, end)) for begins, ends in spans)
    return [each for each in cut if each[0] < each[1]]


async def _spans(
    tx: Tx, sql: Statement, resources: set[UUID], start: datetime, end: datetime
) -> dict[UUID, list[Span]]:
    found = await tx.run(sql, {"resources": sorted(resources), "start": start, "end": end})
    spans: dict[UUID, list[Span]] = {}
    for row in found:
        spans.setdefault(row.resource_id, []).append((row.starts, row.ends))
    return spans
