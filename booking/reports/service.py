"""Making reports. Each figure has one query, which the index of a centre's visits by start answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, func, insert, select

from booking.access import may_administer, require
from booking.appointments.model import appointment as visit
from booking.appointments.model import starts
from booking.appointments.rules import STANDING, Status
from booking.context import Context
from booking.directory import reading
from booking.directory.model import Centre, Practitioner
from booking.payments.model import ledger_entry, payment
from booking.people.service import Person
from booking.reports.model import Figures, Report, report
from booking.schedules.free import free_times_of
from booking.schedules.model import time_off
from booking.schedules.reading import schedules_of
from booking.schedules.rules import Span, merged
from core.database import Tx
from core.errors import BadInputError, RefusedError
from core.ids import new_id
from core.money import Money
from core.timezones import zone

LONGEST = 366
"""Days that a report is of at most."""
_HAPPENED = STANDING | {Status.FULFILLED, Status.NOSHOW}
_AHEAD = timedelta(days=60)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


async def make_report(
    tx: Tx,
    ctx: Context,
    actor: Person,
    centre_id: UUID,
    first: date,
    last: date,
    practitioner_id: UUID | None = None,
) -> Report:
    """Report on a centre, or on one of its doctors. For the centre's admins. Raises RefusedError, BadInputError."""
    require(may_administer(actor, centre_id))
    if last < first:
        raise BadInputError("The last day comes before the first.")
    if (last - first).days >= LONGEST:
        raise BadInputError("A report is of a year at the most.")
    made = new_id()
    await tx.conn.execute(
        insert(report).values(
            id=made, centre_id=centre_id, practitioner_id=practitioner_id, first=first, last=last, created_at=tx.now
        )
    )
    return await report_of(tx, made)


async def report_of(tx: Tx, report_id: UUID) -> Report:
    """Return a report that was asked for, from what is true now, without asking who looks: for what sends its files."""
    asked = (await tx.conn.execute(select(report).where(report.c.id == report_id))).one_or_none()
    if asked is None:
        raise RefusedError
    at = await reading.centre(tx, asked.centre_id)
    doctors = await reading.practitioners_at(tx, at.id)
    if asked.practitioner_id is not None:
        doctors = [each for each in doctors if each.id == asked.practitioner_id]
    of_these = _of_these(at, asked.first, asked.last, asked.practitioner_id)
    counted = await _counted(tx, of_these)
    opened = await _opened(tx, at, doctors, asked.first, asked.last)
    figures = {each.name: Figures(**counted.get(each.id, {}), opened=opened.get(each.id, 0)) for each in doctors}
    return Report(
        id=report_id,
        centre_name=at.name,
        first=asked.first,
        last=asked.last,
        doctors=figures,
        total=_summed(figures.values()),
        by_day=await _by_day(tx, of_these, at, asked.first, asked.last),
        earned=await _earned(tx, of_these),
        at_the_desk=await _at_the_desk(tx, of_these),
        first_free=await _first_free(tx, at, doctors),
    )


def _of_these(at: Centre, first: date, last: date, practitioner_id: UUID | None) -> ColumnElement[bool]:
    place = zone(at.timezone)
    begins, until = datetime.combine(first, time(), place), datetime.combine(last + _DAY, time(), place)
    wanted = and_(visit.c.centre_id == at.id, starts >= begins, starts < until)
    return wanted if practitioner_id is None else and_(wanted, visit.c.practitioner_id == practitioner_id)


async def _counted(tx: Tx, of_these: ColumnElement[bool]) -> dict[UUID, dict[str, int]]:
    """Count visits by doctor. What was never booked, only asked for or held, does not count."""
    called_off = and_(visit.c.status == Status.CANCELLED, visit.c.settled_at.is_not(None))
    happened = visit.c.status.in_(_HAPPENED)
    found = await tx.conn.execute(
        select(
            visit.c.practitioner_id,
            func.count().filter(happened | called_off).label("booked"),
            func.count().filter(visit.c.status == Status.FULFILLED).label("done"),
            func.count().filter(called_off).label("cancelled"),
            func.count().filter(visit.c.status == Status.NOSHOW).label("missed"),
        )
        .where(of_these)
        .group_by(visit.c.practitioner_id)
    )
    counted = {
        row.practitioner_id: {
            "booked": row.booked, "done": row.done, "cancelled": row.cancelled, "missed": row.missed, "taken": 0
        }
        for row in found
    }  # fmt: skip
    times = select(visit.c.practitioner_id, visit.c.during).where(of_these, happened).distinct().subquery()
    length = func.sum(func.upper(times.c.during) - func.lower(times.c.during))
    taken = await tx.conn.execute(select(times.c.practitioner_id, length).group_by(times.c.practitioner_id))
    for practitioner_id, how_long in taken:
        counted[practitioner_id]["taken"] = how_long // _MINUTE
    return counted


async def _opened(tx: Tx, at: Centre, doctors: list[Practitioner], first: date, last: date) -> dict[UUID, int]:
    schedules = await schedules_of(tx, [(each.id, at.id) for each in doctors], first, last)
    off: defaultdict[UUID, list[Span]] = defaultdict(list)
    ids = [each.id for each in doctors]
    found = await tx.conn.execute(select(time_off).where(time_off.c.practitioner_id.in_(ids)))
    for row in found:
        off[row.practitioner_id].append((row.during.lower, row.during.upper))
    return {
        doctor: minutes_without(schedule.open_times(first, last), off[doctor])
        for (doctor, _), schedule in schedules.items()
    }


def minutes_without(opened: Iterable[Span], off: Iterable[Span]) -> int:
    """Return how many minutes of some times are not within others. Pure."""
    away = merged(off)
    left = timedelta()
    for start, end in merged(opened):
        lost = sum((max(timedelta(), min(end, until) - max(start, since)) for since, until in away), timedelta())
        left += end - start - lost
    return left // _MINUTE


def _summed(figures: Iterable[Figures]) -> Figures:
    sums: Counter[str] = Counter()
    for each in figures:
        sums.update({name: getattr(each, name) for name in Figures.__dataclass_fields__})
    return Figures(**sums)


async def _by_day(tx: Tx, of_these: ColumnElement[bool], at: Centre, first: date, last: date) -> dict[date, int]:
    day = cast(func.timezone(at.timezone, starts), Date)
    found = await tx.conn.execute(
        select(day, func.count()).where(of_these, visit.c.status.in_(_HAPPENED)).group_by(day)
    )
    known = {row[0]: row[1] for row in found}
    days = (first + n * _DAY for n in range((last - first).days + 1))
    return {each: known.get(each, 0) for each in days}


async def _earned(tx: Tx, of_these: ColumnElement[bool]) -> tuple[Money, ...]:
    entries = ledger_entry.c
    found = await tx.conn.execute(
        select(entries.currency, func.sum(entries.amount))
        .join(visit, visit.c.id == entries.appointment_id)
        .where(of_these)
        .group_by(entries.currency)
        .order_by(entries.currency)
    )
    return tuple(Money(currency, int(amount)) for currency, amount in found)


async def _at_the_desk(tx: Tx, of_these: ColumnElement[bool]) -> tuple[Money, ...]:
    found = await tx.conn.execute(
        select(visit.c.price_currency, func.sum(visit.c.price_amount))
        .outerjoin(payment, payment.c.appointment_id == visit.c.id)
        .where(of_these, visit.c.status == Status.FULFILLED, payment.c.appointment_id.is_(None))
        .group_by(visit.c.price_currency)
        .order_by(visit.c.price_currency)
    )
    return tuple(Money(currency, int(amount)) for currency, amount in found if amount)


async def _first_free(tx: Tx, at: Centre, doctors: list[Practitioner]) -> timedelta | None:
    services = [each for doctor in doctors for each in await reading.services_of(tx, doctor.id, at.id)]
    for until in (7 * _DAY, _AHEAD):  # most centres have a time within a week
        found = await free_times_of(tx, services, tx.now, tx.now + until, limit=1)
        first = min((times[0] for times in found.values() if times), default=None)
        if first:
            return first - tx.now
    return None
