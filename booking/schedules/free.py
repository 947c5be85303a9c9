"""The free times that follow from schedules and from what is taken."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from booking.directory.model import Service
from booking.schedules.occupancy import busy_times
from booking.schedules.reading import schedules_of
from booking.schedules.rules import Visit, free_starts
from core.database import Tx
from core.timezones import utc

_DAY = timedelta(days=1)
_MARGIN = timedelta(hours=8)
"""The longest visit, and more than the longest buffer."""


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

    Honours hours, dates that differ, holidays, time off, what is taken, buffers, grid, notice and window. `ignoring`:
    an appointment whose own time does not count, because it is the one to be moved.
    """
    found = await free_times_of(tx, [service], start, end, limit=limit, ignoring=ignoring)
    return found[service.id]


async def is_free(tx: Tx, service: Service, start: datetime, *, ignoring: UUID | None = None) -> bool:
    """Whether a service can be booked at just this start."""
    found = await free_times(tx, service, start, start + timedelta(minutes=1), limit=1, ignoring=ignoring)
    return found == [utc(start)]


async def free_times_of(
    tx: Tx,
    services: Iterable[Service],
    start: datetime,
    end: datetime,
    *,
    limit: int | None = None,
    ignoring: UUID | None = None,
    fits: Callable[[Service, datetime], bool] | None = None,
) -> dict[UUID, list[datetime]]:
    """The same for many services, with the same number of queries as for one. `fits`: which starts count at all."""
    start, end = utc(start), utc(end)
    wanted = list(services)
    found: dict[UUID, list[datetime]] = {service.id: [] for service in wanted}
    bounds = {service.id: _bounds(tx, service, start, end) for service in wanted}
    wanted = [each for each in wanted if each.active and bounds[each.id][0] < bounds[each.id][1]]
    if not wanted:
        return found
    start, end = min(bounds[each.id][0] for each in wanted), max(bounds[each.id][1] for each in wanted)
    where = {(service.practitioner_id, service.centre_id) for service in wanted}
    schedules = await schedules_of(tx, where, start.date() - 2 * _DAY, (end + _MARGIN).date() + _DAY)
    practitioners = {service.practitioner_id for service in wanted}
    busy = await busy_times(tx, practitioners, start - _MARGIN, end + _MARGIN, ignoring=ignoring)
    for service in wanted:
        schedule = schedules[service.practitioner_id, service.centre_id]
        earliest, latest = bounds[service.id]
        opened = schedule.open_times(
            earliest.astimezone(schedule.zone).date() - _DAY,
            (latest + _MARGIN).astimezone(schedule.zone).date(),
            service.id,
        )
        visit = Visit(service.minutes, service.buffer_before, service.buffer_after, service.grid_minutes)
        starts = free_starts(opened, busy.get(service.practitioner_id, []), visit, schedule.zone, earliest, latest)
        counting = starts if fits is None else (at for at in starts if fits(service, at))
        found[service.id] = list(islice(counting, limit))
    return found


def _bounds(tx: Tx, service: Service, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """What notice and window leave of a time."""
    return (
        max(start, tx.now + timedelta(minutes=service.min_notice_minutes)),
        min(end, tx.now + timedelta(days=service.window_days)),
    )
