"""Being away, being reachable: what a doctor or a centre says once, and everybody who writes is answered with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range, insert

from booking.access import may_edit_centre, may_set_hours, require
from booking.context import Context
from booking.directory import reading
from booking.directory.model import Centre, Practitioner
from booking.people.service import Person
from booking.reach import rules
from booking.reach.model import MESSAGE, absence, reachable_hours
from booking.schedules.model import time_off
from booking.schedules.rules import WeeklySpan
from core.database import Tx
from core.errors import BadInputError
from core.ids import new_id
from core.timezones import utc, zone
from records.sealing import ErasedError

_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Absence:
    """A doctor or a centre is away. Times are UTC."""

    start: datetime
    end: datetime
    stand_in: Practitioner | None
    """Who sees to things meanwhile."""
    message: str | None
    """Their own words to those who write."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a doctor answers now, and if not, when, and who else does."""

    doctor: Practitioner
    place: ZoneInfo
    absence: Absence | None
    """The doctor's own, or the centre's where that is away."""
    hours: tuple[WeeklySpan, ...]
    """When the doctor answers questions; none: at no time that could be named."""
    answers_from: datetime
    """UTC; not later than `now` when the doctor can be reached now."""


async def go_away(
    tx: Tx,
    ctx: Context,
    actor: Person,
    subject: Practitioner | Centre,
    start: datetime,
    end: datetime,
    *,
    stand_in: UUID | None = None,
    message: str | None = None,
) -> Absence:
    """Have those who write to a doctor, or to any of a centre's, answered from `start` until `end` (aware).

    What was said for the same time before gives way. For the doctor, and admins of (their) centre. Raises RefusedError,
    BadInputError.
    """
    await _require(tx, actor, subject)
    if not start < end or end <= tx.now or end - start > _LONGEST:
        raise BadInputError("An absence ends after it begins, in the future, and lasts a year at the most.")
    if stand_in is not None:
        if stand_in == subject.id:
            raise BadInputError("Nobody stands in for themselves. Name a colleague, or leave it out.")
        await reading.practitioner(tx, stand_in)
    message = rules.checked_message(message)
    during = Range(utc(start), utc(end))
    await tx.conn.execute(delete(absence).where(absence.c.subject_id == subject.id, absence.c.during.overlaps(during)))
    made = new_id()
    sealed = await ctx.vault.seal(tx, subject.id, MESSAGE.place(made), message.encode()) if message else None
    await tx.conn.execute(
        insert(absence).values(
            id=made, subject_id=subject.id, during=during, stand_in=stand_in, message=sealed, created_at=tx.now
        )
    )
    colleague = await reading.practitioner(tx, stand_in) if stand_in else None
    return Absence(utc(start), utc(end), colleague, message)


async def come_back(tx: Tx, ctx: Context, actor: Person, subject: Practitioner | Centre) -> int:
    """Take back all absences that are not over; time off stays. Returns how many there were. Raises RefusedError."""
    await _require(tx, actor, subject)
    gone = await tx.conn.execute(
        delete(absence).where(absence.c.subject_id == subject.id, func.upper(absence.c.during) > tx.now)
    )
    return gone.rowcount


async def absences_of(tx: Tx, ctx: Context, subject_id: UUID) -> list[Absence]:
    """Return a doctor's or a centre's absences that are not over, by start."""
    found = await tx.conn.execute(
        select(absence)
        .where(absence.c.subject_id == subject_id, func.upper(absence.c.during) > tx.now)
        .order_by(absence.c.during)
    )
    return [
        Absence(
            row.during.lower,
            row.during.upper,
            await reading.practitioner(tx, row.stand_in) if row.stand_in else None,
            await _message(tx, ctx, subject_id, row.id, row.message),
        )
        for row in found.all()
    ]


async def _message(tx: Tx, ctx: Context, subject_id: UUID, absence_id: UUID, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    try:
        return (await ctx.vault.open(tx, subject_id, MESSAGE.place(absence_id), sealed)).decode()
    except ErasedError:
        return None


async def be_reachable(
    tx: Tx,
    ctx: Context,
    actor: Person,
    doctor: Practitioner,
    hours: Collection[WeeklySpan],
) -> None:
    """Set the weekly hours in which a doctor answers questions; none: no hours are named. Raises RefusedError."""
    await _require(tx, actor, doctor)
    await tx.conn.execute(delete(reachable_hours).where(reachable_hours.c.practitioner_id == doctor.id))
    rows = [
        {"practitioner_id": doctor.id, "weekday": span.weekday, "starts": span.starts, "ends": span.ends}
        for span in sorted(set(hours))
    ]
    if rows:
        await tx.conn.execute(insert(reachable_hours), rows)


async def reach_of(tx: Tx, ctx: Context, practitioner_id: UUID, centre_id: UUID | None = None) -> Reach:
    """Return how a doctor can be reached now, by those who write about something at a centre. Public knowledge.

    Who takes time off is away, too. Raises RefusedError for an unknown id.
    """
    doctor = await reading.practitioner(tx, practitioner_id)
    at = await reading.centres_of(tx, practitioner_id)
    place = zone(at[0].timezone if at else ctx.settings.booking.timezone)
    found = await tx.conn.execute(select(reachable_hours).where(reachable_hours.c.practitioner_id == practitioner_id))
    hours = tuple(sorted(WeeklySpan(row.weekday, row.starts, row.ends) for row in found))
    away = await _away(tx, ctx, practitioner_id, centre_id)
    back = away.end if away else tx.now
    return Reach(doctor, place, away, hours, rules.opens(hours, place, back) or back)


async def _away(tx: Tx, ctx: Context, practitioner_id: UUID, centre_id: UUID | None) -> Absence | None:
    for subject in (practitioner_id, centre_id):
        if subject is not None:
            now = [each for each in await absences_of(tx, ctx, subject) if each.start <= tx.now]
            if now:
                return now[0]
    found = await tx.conn.execute(
        select(time_off.c.during)
        .where(time_off.c.practitioner_id == practitioner_id, time_off.c.during.op("@>")(tx.now))
        .order_by(func.upper(time_off.c.during).desc())
        .limit(1)
    )
    off = found.scalar_one_or_none()
    return Absence(off.lower, off.upper, None, None) if off else None


async def _require(tx: Tx, actor: Person, subject: Practitioner | Centre) -> None:
    if isinstance(subject, Centre):
        require(may_edit_centre(actor, subject.id))
        return
    at = await reading.centres_of(tx, subject.id)
    require(any(may_set_hours(actor, subject.id, each.id) for each in at))
