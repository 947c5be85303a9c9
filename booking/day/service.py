"""What is done while the day goes on: look at it, call the next, say that it runs late. Times are UTC."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_administer, may_run_visit, require
from booking.appointments.attendance import arrive, begin, came_after_all, fulfil
from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_side
from booking.appointments.reading import appointment, visits_between
from booking.appointments.rules import KEPT, STANDING, Status
from booking.context import Context
from booking.day import rules
from booking.day.model import expected_start
from booking.directory import reading
from booking.directory.model import Mode
from booking.people.service import Person
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_id
from core.timezones import zone

_SHOWN = STANDING | KEPT | {Status.FULFILLED, Status.NOSHOW}


@dataclass(frozen=True, slots=True)
class Day:
    """A day's visits by start, and when those whose visits run late were told to expect the doctor."""

    day: date
    visits: tuple[Appointment, ...]
    expected: dict[UUID, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Called:
    """What calling the next came to."""

    over: Appointment | None
    """The visit that was under way, and is done now."""
    now: Appointment | None
    """The visit that begins now; None: nobody waits."""


@dataclass(frozen=True, slots=True)
class Late:
    """Who is told to wait, and until when."""

    told: tuple[tuple[Appointment, datetime], ...]
    waiting: int
    """How many wait in all; those who are not told come in their time."""


async def day_of_doctor(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, day: date) -> Day:
    """Return a doctor's day on the actor's wall clock: all of it to the doctor, to admins what is at their centres.

    Raises RefusedError for others.
    """
    if actor.practitioner_id != practitioner_id:
        at = await reading.centres_of(tx, practitioner_id)
        require(any(may_administer(actor, each.id) for each in at))
    found = await visits_between(
        tx, *_span(day, actor.timezone), practitioner_id=practitioner_id, statuses=frozenset(_SHOWN)
    )
    seen = [each for each in found if may_run_visit(actor, practitioner_id=practitioner_id, centre_id=each.centre.id)]
    return await _day(tx, day, seen)


async def day_of_centre(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, day: date) -> Day:
    """Return a centre's day on its own wall clock. For its admins. Raises RefusedError."""
    require(may_administer(actor, centre_id))
    at = await reading.centre(tx, centre_id)
    found = await visits_between(tx, *_span(day, at.timezone), centre_id=centre_id, statuses=frozenset(_SHOWN))
    return await _day(tx, day, found)


async def _day(tx: Tx, day: date, found: Collection[Appointment]) -> Day:
    visits = tuple(each for each in found if each.hold_until is None or each.hold_until > tx.now)
    return Day(day, visits, await expected_of(tx, visits))


async def expected_of(tx: Tx, visits: Collection[Appointment]) -> dict[UUID, datetime]:
    """Return when patients who still wait were told to expect the doctor, by visit; those in time are left out."""
    return {visit: told for visit, told in (await told_of(tx, visits)).items() if told > tx.now}


async def told_of(tx: Tx, visits: Collection[Appointment]) -> dict[UUID, datetime]:
    """The same with those who were told a time that is over by now."""
    starts = {each.id: each.start for each in visits if rules.waits(each)}
    found = await tx.conn.execute(select(expected_start).where(expected_start.c.appointment_id.in_(starts)))
    return {row.appointment_id: row.expected_at for row in found if row.starts_at == starts[row.appointment_id]}


async def step_on(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Bring a visit to what comes next: the patient has come, it begins, it is done; who was missed came after all.

    An online visit begins without anybody coming. For those who run it. Raises RefusedError, ConflictError.
    """
    visit = await appointment(tx, appointment_id, lock=True)
    require(may_run_visit(actor, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id))
    if visit.status is Status.NOSHOW:
        return await came_after_all(tx, ctx, actor, visit.id)
    if visit.status is Status.BOOKED and visit.service.mode is Mode.IN_PERSON:
        return await arrive(tx, ctx, actor, visit.id)
    if rules.waits(visit):
        return await begin(tx, ctx, actor, visit.id)
    return await fulfil(tx, ctx, actor, visit.id)


async def call_next(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID) -> Called:
    """Close the visit that is under way, and begin the next of today; its patient is told that the doctor is ready.

    For the doctor and the admins of the centre. Raises RefusedError.
    """
    today = await day_of_doctor(tx, ctx, actor, practitioner_id, _today(tx, actor))
    over = None
    for each in today.visits:
        if each.status is Status.ARRIVED and each.started_at:
            over = await fulfil(tx, ctx, actor, each.id)
    following = rules.next_of(today.visits, await told_of(tx, today.visits), tx.now)
    begun = await begin(tx, ctx, actor, following.id) if following else None
    if begun and begun.service.capacity > 1:
        for each in today.visits:  # a group begins together
            together = each.service.id == begun.service.id and each.start == begun.start
            if together and each.id != begun.id and rules.waits(each):
                await begin(tx, ctx, actor, each.id)
    return Called(over, begun)


async def run_late(tx: Tx, ctx: Context, actor: Person, practitioner_id: UUID, minutes: int) -> Late:
    """Say that a doctor is so many minutes behind; 0: in time again. Those whose waiting changes by it are told.

    Counted from the time of the first who still waits (`rules.still_waits`) today. For the doctor, and for admins of
    what is at their centre. Raises RefusedError, BadInputError, ConflictError when nobody waits.
    """
    late = timedelta(minutes=rules.checked_minutes(minutes))
    today = await day_of_doctor(tx, ctx, actor, practitioner_id, _today(tx, actor))
    earlier = await told_of(tx, today.visits)
    waiting = {each.id: each for each in today.visits if rules.still_waits(each, earlier.get(each.id), tx.now)}
    if not waiting:
        raise ConflictError("Nobody waits any more today.")
    line = rules.in_line(waiting.values())
    told: list[tuple[Appointment, datetime]] = []
    expected = rules.expected_starts(line, rules.ready_at(line[0].start, late, tx.now)) if late else {}
    for each in waiting.values():
        before = today.expected.get(each.id, each.start)
        after = expected.get(each.id, each.start)
        if not rules.is_later(after, each.start):
            after = each.start
        if after == before:
            continue
        told.append((each, after))
        await _tell(tx, each, after, ahead=sum(one.start < each.start for one in line))
    await tx.conn.execute(delete(expected_start).where(expected_start.c.expected_at < tx.now - timedelta(days=1)))
    return Late(tuple(sorted(told, key=lambda one: one[0].start)), len(waiting))


async def _tell(tx: Tx, visit: Appointment, expected: datetime, ahead: int) -> None:
    """Write down what is told, and tell it, at once: it is about the next hours. `ahead`: how many are seen first."""
    values = {"starts_at": visit.start, "expected_at": expected}
    await tx.conn.execute(
        insert(expected_start)
        .values(appointment_id=visit.id, **values)
        .on_conflict_do_update(index_elements=[expected_start.c.appointment_id], set_=values)
    )
    notice = Notice.LATE if expected > visit.start else Notice.IN_TIME
    await tell_side(tx, visit, notice, about=new_id(), expected=expected.isoformat(), ahead=ahead)


def _today(tx: Tx, actor: Person) -> date:
    return tx.now.astimezone(zone(actor.timezone)).date()


def _span(day: date, name: str) -> tuple[datetime, datetime]:
    place = zone(name)
    return datetime.combine(day, time(), place), datetime.combine(day + timedelta(days=1), time(), place)
