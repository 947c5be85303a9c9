"""The free times that follow from schedules and from what is taken."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import islice
from uuid import UUID

from booking.directory.model import Service
from booking.schedules.early import keep_steady_unless_taken
from booking.schedules.opening import Schedule
from booking.schedules.reading import schedules_of
from booking.schedules.rules import Visit, covered, free_starts
from booking.schedules.steady import keep_steady
from booking.schedules.taken import Taken, span_of, taken_of
from core.database import Tx
from core.timezones import utc

_DAY = timedelta(days=1)
_MARGIN = timedelta(hours=8)
"""The longest visit, and more than the longest buffer."""
_READING = timedelta(minutes=5)
"""For so long a time that was shown can still be taken when its notice has begun meanwhile."""
_HOLDS_ARE_OVER = datetime(9999, 1, 1, tzinfo=UTC)


async def free_times(
    tx: Tx,
    service: Service,
    start: datetime,
    end: datetime,
    *,
    limit: int | None = None,
    ignoring: UUID | None = None,
) -> list[datetime]:
    """Return the starts (UTC) at which a service can be booked from `start` until before `end`.

    Honours hours, dates that differ, holidays, time off, what is taken of the practitioner and of rooms and devices,
    buffers, grid, notice, window, and seats left in groups. `ignoring`: an appointment whose own time does not count,
    because it is the one to be moved.
    """
    found = await free_times_of(tx, [service], start, end, limit=limit, ignoring=ignoring)
    return found[service.id]


async def is_free(tx: Tx, service: Service, start: datetime, *, ignoring: UUID | None = None) -> bool:
    """Whether a service can be booked at just this start: for who takes the time next, and read of it a moment ago.

    Its doctor's schedule does not change from here until the transaction ends.
    """
    if service.capacity > 1:  # a group that has seats left is free though its doctor is busy with it
        await keep_steady(tx, service.practitioner_id)
    elif await keep_steady_unless_taken(tx, service.practitioner_id, *span_of(service, utc(start)), own=ignoring):
        return False
    end = start + timedelta(minutes=1)
    found = await free_times_of(tx, [service], start, end, limit=1, ignoring=ignoring, reading=_READING)
    return found[service.id] == [utc(start)]


def dates_around(start: datetime) -> tuple[date, date]:
    """Return from which date to which `is_open` has to know the schedule. `start`: UTC."""
    return start.date() - 2 * _DAY, (start + _MARGIN).date() + _DAY


def is_open(tx: Tx, service: Service, start: datetime, schedule: Schedule) -> bool:
    """Whether a service begins at this start (UTC), whatever is taken: hours, grid, notice, window.

    For who takes the time next, and read of it a moment ago; which tells what is taken, and looks at time off
    otherwise.
    """
    bounds = _bounds(tx, service, start, start + timedelta(minutes=1), _READING)
    if not service.active or bounds[0] >= bounds[1]:
        return False
    return start in _starts(service, schedule, Taken([], [], []), *bounds)


async def free_times_of(
    tx: Tx,
    services: Iterable[Service],
    start: datetime,
    end: datetime,
    *,
    limit: int | None = None,
    ignoring: UUID | None = None,
    fits: Callable[[Service, datetime], bool] | None = None,
    holds: bool = True,
    reading: timedelta = timedelta(0),
) -> dict[UUID, list[datetime]]:
    """The same for many services, with the same number of queries as for one. `fits`: which starts count at all.

    Without `holds`, what is only held for a while counts as free. `reading`: how long ago their notice may have begun.
    """
    start, end = utc(start), utc(end)
    wanted = list(services)
    found: dict[UUID, list[datetime]] = {service.id: [] for service in wanted}
    bounds = {service.id: _bounds(tx, service, start, end, reading) for service in wanted}
    # What is offered no more can still be moved to another time.
    wanted = [each for each in wanted if (each.active or ignoring) and bounds[each.id][0] < bounds[each.id][1]]
    if not wanted:
        return found
    start, end = min(bounds[each.id][0] for each in wanted), max(bounds[each.id][1] for each in wanted)
    where = {(service.practitioner_id, service.centre_id) for service in wanted}
    schedules = await schedules_of(tx, where, start.date() - 2 * _DAY, (end + _MARGIN).date() + _DAY)
    then = tx if holds else replace(tx, now=_HOLDS_ARE_OVER)
    taken = await taken_of(then, wanted, start - _MARGIN, end + _MARGIN, ignoring=ignoring)
    for service in wanted:
        schedule = schedules[service.practitioner_id, service.centre_id]
        starts = _starts(service, schedule, taken[service.id], *bounds[service.id])
        counting = starts if fits is None else (at for at in starts if fits(service, at))
        found[service.id] = list(islice(counting, limit))
    return found


def _starts(
    service: Service, schedule: Schedule, taken: Taken, earliest: datetime, latest: datetime
) -> Iterator[datetime]:
    """Yield, in order, the starts at which a service can be booked: on free time, or in a group that has seats left."""
    opened = schedule.open_times(
        earliest.astimezone(schedule.zone).date() - _DAY,
        (latest + _MARGIN).astimezone(schedule.zone).date(),
        service.id,
    )
    visit = Visit(service.minutes, service.buffer_before, service.buffer_after, service.grid_minutes)
    free = free_starts(opened, taken.busy, visit, schedule.zone, earliest, latest)
    if taken.rooms:
        free = (at for at in free if taken.room_for(service, at))
    length = timedelta(minutes=service.minutes)
    joined = (at for at in taken.groups if earliest <= at < latest and covered((at, at + length), opened))
    return merge(free, joined)


def _bounds(tx: Tx, service: Service, start: datetime, end: datetime, reading: timedelta) -> tuple[datetime, datetime]:
    """What notice and window leave of a time; never what has begun."""
    notice = timedelta(minutes=service.min_notice_minutes) - reading
    return (
        max(start, tx.now + max(notice, timedelta(0))),
        min(end, tx.now + timedelta(days=service.window_days)),
    )
