"""Setting hours and time off; the free times that follow."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range, insert

from booking.access import may_set_hours, require
from booking.context import Context
from booking.directory import reading
from booking.directory.model import Service, centre, practitioner_role
from booking.people.service import Person
from booking.schedules.model import time_off, weekly_hours
from booking.schedules.occupancy import busy_times
from booking.schedules.rules import Span, Visit, WeeklySpan, free_starts, merged, open_times
from core.database import Tx
from core.errors import BadInputError
from core.ids import new_id
from core.timezones import utc, zone

_LONGEST_LOOK = timedelta(days=366)


async def set_hours(
    tx: Tx,
    ctx: Context,
    actor: Person,
    practitioner_id: UUID,
    centre_id: UUID,
    spans: Collection[WeeklySpan],
    valid_from: date | None = None,
) -> list[WeeklySpan]:
    """Set a doctor's week at a centre from a date on (the centre's today, if none); what held before holds until then.

    For the doctor and the centre's admins. Raises RefusedError, BadInputError. Booked visits stay booked.
    """
    require(may_set_hours(actor, practitioner_id, centre_id))
    at = await reading.centre(tx, centre_id)
    role = practitioner_role
    works_there = await tx.conn.execute(
        select(role)
        .where(role.c.practitioner_id == practitioner_id, role.c.centre_id == centre_id)
        .with_for_update()  # of two who set hours at once, the later one's hold
    )
    if works_there.first() is None:
        raise BadInputError("That doctor does not work at {centre}.", centre=at.name)
    today = tx.now.astimezone(zone(at.timezone)).date()
    begins = valid_from or today
    if begins < today:
        raise BadInputError("Hours can be set from today on, not for the past.")
    table = weekly_hours
    of_both = (table.c.practitioner_id == practitioner_id) & (table.c.centre_id == centre_id)
    await tx.conn.execute(delete(table).where(of_both, table.c.valid_from >= begins))
    await tx.conn.execute(
        update(table)
        .where(of_both, or_(table.c.valid_until.is_(None), table.c.valid_until > begins))
        .values(valid_until=begins)
    )
    if spans:
        await tx.conn.execute(
            insert(table),
            [
                {
                    "id": new_id(),
                    "practitioner_id": practitioner_id,
                    "centre_id": centre_id,
                    "weekday": span.weekday,
                    "starts": span.starts,
                    "ends": span.ends,
                    "valid_from": begins,
                }
                for span in sorted(spans)
            ],
        )
    return sorted(spans)


async def hours_of(tx: Tx, practitioner_id: UUID, centre_id: UUID, on: date) -> list[WeeklySpan]:
    """Return the week that holds on a date."""
    rules = await weeks_of(tx, [practitioner_id])
    return sorted(
        span
        for span, begins, ends in rules.get((practitioner_id, centre_id), [])
        if begins <= on and (ends is None or on < ends)
    )


Rule = tuple[WeeklySpan, date, date | None]
"""Hours, the first date on which they hold, the first on which they do not."""


async def weeks_of(tx: Tx, practitioners: Collection[UUID]) -> dict[tuple[UUID, UUID], list[Rule]]:
    """Return all hours of some practitioners, by (practitioner, centre)."""
    table = weekly_hours
    found = await tx.conn.execute(select(table).where(table.c.practitioner_id.in_(practitioners)))
    rules: dict[tuple[UUID, UUID], list[Rule]] = {}
    for row in found:
        rule = (WeeklySpan(row.weekday, row.starts, row.ends), row.valid_from, row.valid_until)
        rules.setdefault((row.practitioner_id, row.centre_id), []).append(rule)
    return rules


async def add_time_off(
    tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, start: datetime, end: datetime
) -> UUID:
    """Take a doctor's time off, at all centres. For the doctor, and admins of a centre of theirs.

    Booked visits stay booked. Raises RefusedError, BadInputError.
    """
    at = await reading.centres_of(tx, practitioner_id)
    require(any(may_set_hours(actor, practitioner_id, each.id) for each in at))
    if not start < end or end <= tx.now or end - start > _LONGEST_LOOK:
        raise BadInputError("Time off ends after it begins, in the future, and lasts a year at the most.")
    off = new_id()
    during = Range(utc(start), utc(end))
    await tx.conn.execute(
        insert(time_off).values(id=off, practitioner_id=practitioner_id, during=during, created_at=tx.now)
    )
    return off


async def remove_time_off(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, moment: datetime) -> int:
    """Take back the time off that covers a moment; returns how many there were."""
    at = await reading.centres_of(tx, practitioner_id)
    require(any(may_set_hours(actor, practitioner_id, each.id) for each in at))
    removed = await tx.conn.execute(
        delete(time_off).where(time_off.c.practitioner_id == practitioner_id, time_off.c.during.contains(utc(moment)))
    )
    return removed.rowcount


async def time_off_of(tx: Tx, practitioner_id: UUID) -> list[Span]:
    """Return a doctor's time off that is not over, in order."""
    off = time_off.c.during
    found = await tx.conn.execute(
        select(off).where(time_off.c.practitioner_id == practitioner_id, func.upper(off) > tx.now).order_by(off)
    )
    return [(span.lower, span.upper) for span in found.scalars()]


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

    Honours hours, time off, what is taken, buffers, grid, notice and window. `ignoring`: an appointment whose own
    time does not count, because it is the one to be moved.
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
    wanted = list(services)
    start, end = utc(start), utc(end)
    practitioners = {service.practitioner_id for service in wanted}
    rules = await weeks_of(tx, practitioners)
    zones = await _zones(tx, {service.centre_id for service in wanted})
    margin = timedelta(hours=8)  # the longest visit, and more than the longest buffer
    busy = await busy_times(tx, practitioners, start - margin, end + margin, ignoring=ignoring)
    found: dict[UUID, list[datetime]] = {}
    for service in wanted:
        place = zone(zones[service.centre_id])
        earliest = max(start, tx.now + timedelta(minutes=service.min_notice_minutes))
        latest = min(end, tx.now + timedelta(days=service.window_days))
        found[service.id] = []
        if not service.active or earliest >= latest:
            continue
        opened = _opened(
            rules.get((service.practitioner_id, service.centre_id), []),
            earliest.astimezone(place).date() - timedelta(days=1),
            (latest + margin).astimezone(place).date(),
            place,
        )
        visit = Visit(service.minutes, service.buffer_before, service.buffer_after, service.grid_minutes)
        starts = free_starts(opened, busy.get(service.practitioner_id, []), visit, place, earliest, latest)
        counting = starts if fits is None else (at for at in starts if fits(service, at))
        found[service.id] = list(islice(counting, limit))
    return found


def _opened(rules: Iterable[Rule], first: date, last: date, place: ZoneInfo) -> list[Span]:
    """Lay each set of hours over the days on which it holds."""
    by_validity: dict[tuple[date, date | None], list[WeeklySpan]] = {}
    for span, begins, ends in rules:
        by_validity.setdefault((begins, ends), []).append(span)
    pieces: list[Span] = []
    for (begins, ends), spans in by_validity.items():
        until = last if ends is None else min(last, ends - timedelta(days=1))
        if begins <= until:
            pieces += open_times(spans, place, max(first, begins), until)
    return merged(pieces)


async def _zones(tx: Tx, centres: Collection[UUID]) -> dict[UUID, str]:
    found = await tx.conn.execute(select(centre.c.id, centre.c.timezone).where(centre.c.id.in_(centres)))
    return {row.id: row.timezone for row in found}
