"""Looking visits up, by those who may."""
# ruff: noqa: ARG001  (all services have one head: transaction, context, actor)

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, func, literal, or_, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from booking.access import may_administer, may_book_for, may_see_visit, require
from booking.appointments.model import Appointment, Move, ends, starts
from booking.appointments.model import appointment as table
from booking.appointments.reading import (
    appointment,
    appointments_of,
    found_appointments,
    moves_of,
    visits_between,
    whole,
)
from booking.appointments.rules import KEPT, STANDING, Status
from booking.context import Context
from booking.directory.reading import centre
from booking.people.service import Person, guardians_of
from core.database import Tx
from core.errors import RefusedError
from core.ids import normal_code
from core.statements import Statement
from core.tables import Moment
from core.timezones import zone

_PAST_AT_MOST = 200
_RECENT, _A_YEAR = timedelta(days=30), timedelta(days=365)
_ON_THE_LIST = STANDING | KEPT | {Status.FULFILLED, Status.NOSHOW}


def _is_one_of(statuses: Collection[Status]) -> ColumnElement[bool]:
    return or_(*(table.c.status == status for status in sorted(statuses)))


_NOW = bindparam("now", type_=Moment())
_UPCOMING = Statement(
    whole()
    .where(
        table.c.patient_id == func.any(bindparam("patients", type_=ARRAY(Uuid()))),
        ends > _NOW,
        or_(_is_one_of(STANDING), and_(_is_one_of(KEPT | {Status.WAITLIST}), table.c.hold_until > _NOW)),
    )
    .order_by(starts, table.c.id)
)


async def upcoming(tx: Tx, ctx: Context, actor: Person) -> list[Appointment]:
    """Return the visits of oneself and one's family that are offered, held, booked or under way, soonest first."""
    return await appointments_of(tx, _UPCOMING, {"patients": [*_patients(actor)], "now": tx.now})


async def past(tx: Tx, ctx: Context, actor: Person, patient_id: UUID | None = None) -> list[Appointment]:
    """Return visits that are over or cancelled, latest first: of oneself and one's family, or of one of them.

    What was only held and never booked is left out. Raises RefusedError for somebody else's patient.
    """
    if patient_id is not None:
        require(may_book_for(actor, patient_id))
    patients = _patients(actor) if patient_id is None else frozenset({patient_id})
    ended = and_(ends <= tx.now, table.c.status.in_(STANDING))
    closed = table.c.status.in_([Status.FULFILLED, Status.NOSHOW])
    called_off = and_(table.c.status == Status.CANCELLED, table.c.settled_at.is_not(None))
    return await found_appointments(
        tx,
        table.c.patient_id.in_(patients),
        or_(ended, closed, called_off),
        newest_first=True,
        limit=_PAST_AT_MOST,
    )


async def by_code(tx: Tx, ctx: Context, actor: Person, code: str) -> Appointment:
    """Return the visit with this code, as people type it. Raises RefusedError for another's and for none alike."""
    found = await found_appointments(tx, table.c.code == normal_code(code))
    if not found:
        raise RefusedError
    _require_sight(actor, found[0])
    return found[0]


async def by_id(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Return a visit for those who may see it. Raises RefusedError for another's and for none alike."""
    visit = await appointment(tx, appointment_id)
    _require_sight(actor, visit)
    return visit


async def history(
    tx: Tx,
    ctx: Context,
    actor: Person,
    *,
    since: datetime | None,
    before: tuple[datetime, UUID],
    limit: int,
) -> list[Appointment]:
    """Return visits of oneself and one's family that were or are to be, called off or not, latest first.

    A page of them: from `since` (aware) on, and before that start and id. What was only held is left out.
    """
    real = or_(
        table.c.status.in_([*STANDING, Status.FULFILLED, Status.NOSHOW]),
        and_(table.c.status == Status.CANCELLED, table.c.settled_at.is_not(None)),
    )
    inside = tuple_(starts, table.c.id) < tuple_(literal(before[0], Moment), literal(before[1], Uuid))
    wanted = [table.c.patient_id.in_(_patients(actor)), real, inside]
    if since is not None:
        wanted.append(starts >= since)
    return await found_appointments(tx, *wanted, newest_first=True, limit=limit)


async def nearest(tx: Tx, ctx: Context, actor: Person, *, as_doctor: bool, limit: int) -> list[Appointment]:
    """Return visits that take or took place, nearest to now first: a doctor's own, or of oneself and one's family.

    A doctor's are those that have begun, within a month. Raises RefusedError for one who is no doctor.
    """
    standing = table.c.status.in_([*STANDING, Status.FULFILLED])
    away = func.abs(func.extract("epoch", starts - tx.now))
    if as_doctor:
        require(actor.practitioner_id is not None)
        begun = or_(table.c.status != Status.BOOKED, starts <= tx.now)
        mine = (table.c.practitioner_id == actor.practitioner_id, starts >= tx.now - _RECENT, begun)
    else:
        mine = (table.c.patient_id.in_(_patients(actor)), starts >= tx.now - _A_YEAR, true())
    return await found_appointments(tx, *mine, standing, order=(away, table.c.id), limit=limit)


async def practitioner_day(tx: Tx, ctx: Context, actor: Person, day: date) -> list[Appointment]:
    """Return a doctor's own visits of a day in their time zone, held ones too. Raises RefusedError for others."""
    if actor.practitioner_id is None:
        raise RefusedError
    start, end = _day(day, actor.timezone)
    found = await visits_between(tx, start, end, practitioner_id=actor.practitioner_id, statuses=_ON_THE_LIST)
    return _without_stale_holds(tx, found)


async def centre_day(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, day: date) -> list[Appointment]:
    """Return a centre's visits of a day in the centre's zone, held ones too. For its admins. Raises RefusedError."""
    require(may_administer(actor, centre_id))
    start, end = _day(day, (await centre(tx, centre_id)).timezone)
    return _without_stale_holds(tx, await visits_between(tx, start, end, centre_id=centre_id, statuses=_ON_THE_LIST))


async def to_approve(tx: Tx, ctx: Context, actor: Person) -> list[Appointment]:
    """Return what waits for the approval of a doctor, or of an admin at their centres; what begins soonest first."""
    mine = or_(table.c.practitioner_id == actor.practitioner_id, table.c.centre_id.in_(actor.administers))
    return await found_appointments(tx, mine, table.c.status == Status.PROPOSED, table.c.hold_until > tx.now)


async def history_of(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> list[tuple[Move, str]]:
    """Return a visit's steps, oldest first, each with who did it: the role, never a name.

    For those who may see the visit. Raises RefusedError.
    """
    visit = await by_id(tx, ctx, actor, appointment_id)
    side = {visit.booked_by, *await guardians_of(tx, visit.patient_id)}
    return [(move, _role(move.actor, visit, side)) for move in await moves_of(tx, visit.id)]


def _role(actor: UUID | None, visit: Appointment, side: Collection[UUID]) -> str:
    if actor is None:
        return "the service"
    if actor in side:
        return "the patient's side"
    return "the doctor" if actor == visit.practitioner.person_id else "the centre"


def _patients(actor: Person) -> frozenset[UUID]:
    return frozenset({actor.patient.id, *(member.id for member in actor.family)})


def _require_sight(actor: Person, visit: Appointment) -> None:
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )


def _day(day: date, name: str) -> tuple[datetime, datetime]:
    place = zone(name)
    return datetime.combine(day, time(), place), datetime.combine(day + timedelta(days=1), time(), place)


def _without_stale_holds(tx: Tx, visits: list[Appointment]) -> list[Appointment]:
    return [each for each in visits if each.hold_until is None or each.hold_until > tx.now]
