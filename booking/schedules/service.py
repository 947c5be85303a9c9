"""Setting hours, dates that differ and time off. Free times are in `free`, what a change would break in `changes`."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.dialects.postgresql.ranges import MultiRange

from booking.access import may_set_hours, require
from booking.context import Context
from booking.directory import reading
from booking.directory.model import practitioner_role
from booking.people.service import Person
from booking.schedules.free import free_times, free_times_of, is_free
from booking.schedules.freed import freed
from booking.schedules.hours import show_hours
from booking.schedules.model import date_hours, time_off, weekly_hours
from booking.schedules.opening import Week, with_week
from booking.schedules.reading import schedule_of
from booking.schedules.rules import Minutes, Span, WeeklySpan, on_day
from core.database import Tx
from core.errors import BadInputError
from core.ids import new_id
from core.timezones import utc, zone

__all__ = [
    "add_time_off",
    "free_times",
    "free_times_of",
    "hours_of",
    "is_free",
    "remove_time_off",
    "set_date",
    "set_hours",
    "time_off_of",
]

_LONGEST_LOOK = timedelta(days=366)
_FURTHEST = timedelta(days=5 * 366)


async def set_hours(
    tx: Tx,
    ctx: Context,
    actor: Person,
    practitioner_id: UUID,
    centre_id: UUID,
    spans: Collection[WeeklySpan],
    valid_from: date | None = None,
    *,
    valid_until: date | None = None,
    service_id: UUID | None = None,
) -> list[WeeklySpan]:
    """Set a doctor's week at a centre from a date on (the centre's today, if none).

    What held before holds until then, and again after `valid_until`, the last date, if there is one; without one, it
    gives way to this for good. With `service_id` the hours are of that service alone; without spans it then has the
    doctor's. For the doctor and the centre's admins. Raises RefusedError, BadInputError. Booked visits stay booked.
    """
    today = tx.now.astimezone(await _zone_where(tx, actor, practitioner_id, centre_id)).date()
    begins = valid_from or today
    if begins < today:
        raise BadInputError("Hours can be set from today on, not for the past.")
    if valid_until and valid_until < begins:
        raise BadInputError("Those hours would end before they begin. Write the dates in order, please.")
    if max(begins, valid_until or begins) > today + _FURTHEST:
        raise BadInputError("That is too far ahead. Choose a date within the next five years.")
    if service_id is not None:
        offered = await reading.services_of(tx, practitioner_id, centre_id)
        require(service_id in {each.id for each in offered})
    schedule = await schedule_of(tx, practitioner_id, centre_id, date.min)
    known = schedule.services.get(service_id, ()) if service_id else schedule.weeks
    new = Week(tuple(sorted(spans)), begins, valid_until + timedelta(days=1) if valid_until else None)
    table = weekly_hours
    await tx.conn.execute(
        delete(table).where(
            table.c.practitioner_id == practitioner_id,
            table.c.centre_id == centre_id,
            table.c.service_id.is_not_distinct_from(service_id),
        )
    )
    rows = [
        {
            "id": new_id(),
            "practitioner_id": practitioner_id,
            "centre_id": centre_id,
            "service_id": service_id,
            "weekday": span.weekday,
            "starts": span.starts,
            "ends": span.ends,
            "valid_from": week.begins,
            "valid_until": week.ends,
        }
        for week in with_week(known, new)
        for span in week.spans
    ]
    if rows:
        await tx.conn.execute(insert(table), rows)
    await _opened(tx, practitioner_id)
    return list(new.spans)


async def set_date(
    tx: Tx,
    ctx: Context,
    actor: Person,
    practitioner_id: UUID,
    centre_id: UUID,
    day: date,
    hours: Collection[Minutes] | None,
) -> None:
    """Set a doctor's hours on one date, in place of the week's and also on a holiday; none: closed; None: as usual.

    For the doctor and the centre's admins. Raises RefusedError, BadInputError. Booked visits stay booked.
    """
    here = await _zone_where(tx, actor, practitioner_id, centre_id)
    today = tx.now.astimezone(here).date()
    if not today <= day <= today + _FURTHEST:
        raise BadInputError("Choose a date from today on, within the next five years.")
    for span in hours or ():
        if not [*on_day(day, [span], here)]:
            raise BadInputError(
                "Clocks go forward on {day}, so {hours} doesn't happen. Choose other hours.",
                day=f"{day:%a} {day.day} {day:%b}",
                hours=show_hours([span]),
            )
    table = date_hours
    await tx.conn.execute(
        delete(table).where(
            table.c.practitioner_id == practitioner_id, table.c.centre_id == centre_id, table.c.day == day
        )
    )
    if hours is not None:
        ranges = MultiRange(Range(start, end) for start, end in sorted(hours))
        await tx.conn.execute(
            insert(table).values(practitioner_id=practitioner_id, centre_id=centre_id, day=day, hours=ranges)
        )
    await _opened(tx, practitioner_id)


async def _zone_where(tx: Tx, actor: Person, practitioner_id: UUID, centre_id: UUID) -> ZoneInfo:
    """Return the centre's zone, when the actor may set the hours of a doctor who works there; others wait with that."""
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
    return zone(at.timezone)


async def hours_of(
    tx: Tx, practitioner_id: UUID, centre_id: UUID, on: date, service_id: UUID | None = None
) -> list[WeeklySpan]:
    """Return the week that holds on a date."""
    return (await schedule_of(tx, practitioner_id, centre_id, on, on)).week_on(on, service_id)


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


async def remove_time_off(
    tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, start: datetime, end: datetime | None = None
) -> int:
    """Take back the time off that covers a moment, or some of the time until `end`; returns how many there were."""
    at = await reading.centres_of(tx, practitioner_id)
    require(any(may_set_hours(actor, practitioner_id, each.id) for each in at))
    during = Range(utc(start), utc(end or start), bounds="[)" if end else "[]")
    removed = await tx.conn.execute(
        delete(time_off).where(time_off.c.practitioner_id == practitioner_id, time_off.c.during.overlaps(during))
    )
    await _opened(tx, practitioner_id)
    return removed.rowcount


async def _opened(tx: Tx, practitioner_id: UUID) -> None:
    """Who waits for the doctor may find a time in the hours that there are now."""
    await freed(tx, practitioner_id, tx.now, tx.now + _LONGEST_LOOK)


async def time_off_of(tx: Tx, practitioner_id: UUID) -> list[Span]:
    """Return a doctor's time off that is not over, in order."""
    off = time_off.c.during
    found = await tx.conn.execute(
        select(off).where(time_off.c.practitioner_id == practitioner_id, func.upper(off) > tx.now).order_by(off)
    )
    return [(span.lower, span.upper) for span in found.scalars()]
