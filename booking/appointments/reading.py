"""Reading appointments, with all that is needed to show them, in one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
)

from booking.appointments.model import Appointment, Move, Why, appointment_move, ends, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Concerned, concerned, concerned_from
from booking.appointments.rules import STANDING, Status
from booking.directory import model as directory
from booking.directory.model import Centre, Practitioner, Service
from booking.directory.reading import centre_from, practitioner_from, service_from
from booking.payments.model import TO_CAPTURE, PaymentState, payment
from booking.schedules.early import not_of, taken_already
from booking.schedules.model import occupancy
from booking.schedules.occupancy import session_of
from booking.schedules.steady import steadily
from core.database import Tx
from core.errors import RefusedError
from core.money import Money
from core.statements import Record, Statement
from core.tables import Moment


async def appointment(tx: Tx, appointment_id: UUID, *, lock: bool = False) -> Appointment:
    """Return an appointment without asking who looks: for handlers. Raises RefusedError for an unknown id.

    `lock`: whoever changes an appointment, its payment or its ledger takes this lock first, and so they wait for
    each other.
    """
    if lock:
        await tx.run(_LOCK, {"wanted": appointment_id})
    found = await tx.run(_BY_ID, {"wanted": appointment_id})
    if not found:
        raise RefusedError
    return _appointment_from(found[0])


async def seen_to_move(tx: Tx, appointment_id: UUID, start: datetime) -> tuple[Appointment, bool]:
    """Return an appointment, and whether a time is another's already to which it is to be moved (`start`: UTC).

    Without a lock: for an early no. Raises RefusedError for an unknown id.
    """
    found = await tx.run(_TO_MOVE, {"wanted": appointment_id, "start": start, "now": tx.now})
    if not found:
        raise RefusedError
    return _appointment_from(found[0]), found[0].taken


async def paid_for(tx: Tx, appointment_id: UUID) -> tuple[Appointment, Row[Any], list[Concerned]] | None:
    """Return an appointment under its lock, the row of its payment, and who hears of it; None where there is none."""
    wanted = {"wanted": appointment_id}
    # Handed over to another doctor while this waited for the lock, the visit is found only when asked once more.
    found = await tx.run(_PAID_FOR, wanted) or await tx.run(_PAID_FOR, wanted)
    if not found:
        return None
    return _appointment_from(found[0]), _part(found[0], payment), concerned_from(found[0].concerned)


@dataclass(frozen=True, slots=True)
class Offer:
    """A service, with whose it is and where."""

    service: Service
    practitioner: Practitioner
    centre: Centre
    version: str
    """Of the service's and the practitioner's rows: it is another one once they have changed."""
    plain: bool
    """Whether a visit needs the practitioner and the patient alone: no rooms or devices, and no group shares it."""


async def offer(tx: Tx, service_id: UUID, *, alone: str | None = None) -> Offer:
    """Return a service with all that belongs to it. Raises RefusedError for an unknown id.

    `alone`: whoever asks with the same name meanwhile waits until this transaction ends. Neither does the doctor's
    schedule change until then, nor what they offer; but what this had to wait for may have changed the service that is
    returned. Who takes a time of it compares the `version`, or asks by `steady_offer`.
    """
    found = await tx.run(_OFFER, {"wanted": service_id, "alone": alone})
    if not found:
        raise RefusedError
    return _offer_from(found[0])


async def offer_at(tx: Tx, service_id: UUID, start: datetime, patient_id: UUID, *, alone: str) -> Offer | None:
    """The same for who wants to begin at `start` (UTC); None where that time is another's already.

    Then nothing is locked: most who come too late are told so before they wait for anybody. A visit of the patient's
    own is not another's, nor is a group that can be joined.
    """
    values = {
        "wanted": service_id,
        "alone": alone,
        "start": start,
        "now": tx.now,
        "session": session_of(service_id, start),
        "patient": patient_id,
    }
    found = await tx.run(_WANTED, values)
    if not found:
        raise RefusedError
    return None if found[0].taken else _offer_from(found[0])


def _offer_from(row: Record) -> Offer:
    return Offer(
        service_from(_part(row, directory.service)),
        practitioner_from(_part(row, directory.practitioner)),
        centre_from(_part(row, directory.centre)),
        row.version,
        row.plain,
    )


async def steady_offer(tx: Tx, service_id: UUID, *, alone: str | None = None) -> Offer:
    """Return the same as it is once nobody changes it any more, until this transaction ends: for who takes a time."""
    await offer(tx, service_id, alone=alone)
    return await offer(tx, service_id)


async def found_appointments(
    tx: Tx,
    *wanted: ColumnElement[bool],
    newest_first: bool = False,
    order: tuple[ColumnElement[Any], ...] = (),
    limit: int | None = None,
) -> list[Appointment]:
    """Return the appointments that fulfil all conditions, by start, or in another order."""
    order = order or ((starts.desc(), table.c.id.desc()) if newest_first else (starts, table.c.id))
    found = await tx.conn.execute(whole().where(*wanted).order_by(*order).limit(limit))
    return [_appointment_from(row) for row in found]


async def appointments_of(tx: Tx, statement: Statement, values: Mapping[str, Any]) -> list[Appointment]:
    """Return the appointments that a statement made of `whole` finds, for what is asked often."""
    return [_appointment_from(row) for row in await tx.run(statement, values)]


async def visits_between(
    tx: Tx,
    start: datetime,
    end: datetime,
    *,
    centre_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    patient_ids: frozenset[UUID] | None = None,
    statuses: frozenset[Status] | None = None,
) -> list[Appointment]:
    """Return what begins from `start` until before `end`, by start, without asking who looks: for feeds and lists."""
    wanted = [starts >= start, starts < end]
    if centre_id is not None:
        wanted.append(table.c.centre_id == centre_id)
    if practitioner_id is not None:
        wanted.append(table.c.practitioner_id == practitioner_id)
    if patient_ids is not None:
        wanted.append(table.c.patient_id.in_(patient_ids))
    if statuses is not None:
        wanted.append(table.c.status.in_(statuses))
    return await found_appointments(tx, *wanted)


async def series_of(tx: Tx, series_id: UUID) -> list[Appointment]:
    """Return the visits of a series, by start."""
    return await found_appointments(tx, table.c.series_id == series_id)


async def patients_of(tx: Tx, practitioner_id: UUID) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return whom a practitioner treats now, and who has, or had, a visit with them that was not called off.

    Treated is who has come, or whose visit has begun and is not longer ago than the centre's rule says.
    """
    seen = STANDING | {Status.FULFILLED}
    begun = or_(starts <= tx.now, table.c.status.in_([Status.ARRIVED, Status.FULFILLED]))
    kept = ends + directory.centre.c.records_days * text("interval '1 day'") > tx.now
    found = await tx.conn.execute(
        select(table.c.patient_id, func.bool_or(begun & kept).label("treated"))
        .join(directory.centre, directory.centre.c.id == table.c.centre_id)
        .where(table.c.practitioner_id == practitioner_id, table.c.status.in_(seen))
        .group_by(table.c.patient_id)
    )
    rows = found.all()
    return frozenset(row.patient_id for row in rows if row.treated), frozenset(row.patient_id for row in rows)


_SEEN = Statement(
    select(table.c.practitioner_id)
    .distinct()
    .where(
        table.c.patient_id == bindparam("patient", type_=Uuid),
        starts <= bindparam("now", type_=Moment()),
        or_(*(table.c.status == status for status in (Status.BOOKED, Status.ARRIVED, Status.FULFILLED))),
    )
)


async def practitioners_seen(tx: Tx, patient_id: UUID) -> frozenset[UUID]:
    """Return the practitioners with whom a patient had a visit that has begun and was not called off or missed."""
    found = await tx.run(_SEEN, {"patient": patient_id, "now": tx.now})
    return frozenset(row.practitioner_id for row in found)


async def moves_of(tx: Tx, appointment_id: UUID) -> list[Move]:
    """Return an appointment's history, oldest step first."""
    move = appointment_move
    found = await tx.conn.execute(
        select(move.c.at, move.c.from_status, move.c.to_status, move.c.actor, move.c.why)
        .where(move.c.appointment_id == appointment_id)
        .order_by(move.c.seq)
    )
    return [
        Move(
            row.at, Status(row.from_status) if row.from_status else None, Status(row.to_status), row.actor, Why(row.why)
        )
        for row in found
    ]


def _labelled(part: Table) -> list[ColumnElement[Any]]:
    return [column.label(f"{part.name}__{column.name}") for column in part.columns]


# A row that another transaction has changed bears another number: PostgreSQL's documentation, System Columns.
VERSION: ColumnElement[str] = literal_column(
    "CAST(service.xmin AS text) || ' ' || CAST(practitioner.xmin AS text)", Text
)
_ROOMS = directory.service_resource.c
_PLAIN = and_(
    directory.service.c.capacity == literal_column("1"),
    ~select(_ROOMS.service_id).where(_ROOMS.service_id == directory.service.c.id).exists(),
).label("plain")
_OFFER = Statement(
    select(
        _PLAIN,
        func.pg_advisory_xact_lock(func.hashtextextended(bindparam("alone", type_=Text), 0)).label("alone"),
        steadily(directory.service.c.practitioner_id).label("steady"),
        VERSION.label("version"),
        *_labelled(directory.service),
        *_labelled(directory.practitioner),
        *_labelled(directory.centre),
    )
    .select_from(directory.service)
    .join(directory.practitioner, directory.practitioner.c.id == directory.service.c.practitioner_id)
    .join(directory.centre, directory.centre.c.id == directory.service.c.centre_id)
    .where(directory.service.c.id == bindparam("wanted"))
)


_MINUTE: ColumnElement[timedelta] = literal_column("interval '1 minute'")
_START = bindparam("start", type_=Moment)


def _wanted_statement() -> Statement:
    """The service with all that belongs to it, and whether the time that is wanted of it is taken already."""
    service = directory.service
    own = occupancy.alias("own")
    taken = taken_already(
        service.c.practitioner_id,
        _START - service.c.buffer_before * _MINUTE,
        _START + (service.c.minutes + service.c.buffer_after) * _MINUTE,
        bindparam("now", type_=Moment),
        occupancy.c.appointment_id != bindparam("session", type_=Uuid),
        ~select(own.c.seat)
        .where(own.c.appointment_id == occupancy.c.appointment_id, own.c.resource_id == bindparam("patient"))
        .exists(),
    )
    # Once, and before the locks: whoever is told no waits for nobody.
    look = (
        select(service.c.id, taken.label("taken"))
        .where(service.c.id == bindparam("wanted"))
        .offset(literal_column("0"))
        .subquery("look")
    )
    once = select(literal_column("1")).subquery("once")

    def if_free(lock: ColumnElement[Any]) -> ScalarSelect[Any]:
        return select(lock).select_from(once).where(~look.c.taken).correlate(look, service).scalar_subquery()

    alone = func.pg_advisory_xact_lock(func.hashtextextended(bindparam("alone", type_=Text), 0))
    return Statement(
        select(
            look.c.taken,
            if_free(alone).label("alone"),
            if_free(steadily(service.c.practitioner_id)).label("steady"),
            _PLAIN,
            VERSION.label("version"),
            *_labelled(service),
            *_labelled(directory.practitioner),
            *_labelled(directory.centre),
        )
        .select_from(look)
        .join(service, service.c.id == look.c.id)
        .join(directory.practitioner, directory.practitioner.c.id == service.c.practitioner_id)
        .join(directory.centre, directory.centre.c.id == service.c.centre_id)
    )


_WANTED = _wanted_statement()
_LOCK = Statement(select(table.c.id).where(table.c.id == bindparam("wanted")).with_for_update())


@cache
def whole(*, paid: bool = False) -> Select[Any]:
    """All that is needed to show appointments. Made once: putting it together takes longer than PostgreSQL does.

    `paid`: those alone that have a payment.
    """
    return (
        select(
            *(column for column in table.columns if column.name not in {"during", "reason"}),
            starts.label("starts"),
            ends.label("ends"),
            payment.c.state.label("payment_state"),
            payment.c.url,
            *_labelled(directory.service),
            *_labelled(directory.practitioner),
            *_labelled(directory.centre),
        )
        .join(directory.service, directory.service.c.id == table.c.service_id)
        .join(directory.practitioner, directory.practitioner.c.id == table.c.practitioner_id)
        .join(directory.centre, directory.centre.c.id == table.c.centre_id)
        .join(payment, payment.c.appointment_id == table.c.id, isouter=not paid)
    )


# Both rows are locked: who waits for the lock reads then what the other one wrote, of both.
_PAID_FOR = Statement(
    whole(paid=True)
    .add_columns(
        *_labelled(payment),
        literal_column(
            "("
            + concerned(
                "appointment.booked_by", "practitioner.person_id", "appointment.patient_id", "appointment.centre_id"
            )
            + ")"
        ).label("concerned"),
    )
    .where(table.c.id == bindparam("wanted"))
    .with_for_update(of=[table, payment])
)
_TO_MOVE = Statement(
    whole()
    .add_columns(
        and_(
            directory.service.c.capacity == literal_column("1"),  # in a group there may be seats left
            taken_already(
                table.c.practitioner_id,
                _START - directory.service.c.buffer_before * _MINUTE,
                _START + (ends - starts) + directory.service.c.buffer_after * _MINUTE,
                bindparam("now", type_=Moment),
                *not_of(table.c.id),
            ),
        ).label("taken")
    )
    .where(table.c.id == bindparam("wanted"))
)
_BY_ID = Statement(whole().where(table.c.id == bindparam("wanted")))


def _part(row: Row[Any] | Record, part: Table) -> Row[Any]:
    """Return the columns of one of the joined tables under their own names."""
    known = row if isinstance(row, Record) else row._mapping
    return cast("Row[Any]", SimpleNamespace(**{name: known[label] for name, label in _labels(part)}))


@cache
def _labels(part: Table) -> list[tuple[str, str]]:
    return [(column.name, f"{part.name}__{column.name}") for column in part.columns]


def _appointment_from(row: Row[Any] | Record) -> Appointment:
    status = Status(row.status)
    price = Money(row.price_currency, row.price_amount)
    state = PaymentState(row.payment_state) if row.payment_state else None
    word = payment_word(status, price, state)
    return Appointment(
        id=row.id,
        code=row.code,
        status=status,
        service=service_from(_part(row, directory.service)),
        practitioner=practitioner_from(_part(row, directory.practitioner)),
        centre=centre_from(_part(row, directory.centre)),
        patient_id=row.patient_id,
        booked_by=row.booked_by,
        start=row.starts,
        end=row.ends,
        price=price,
        payment=word,
        pay_url=row.url if word == "due" else None,
        hold_until=row.hold_until,
        free_until=row.free_until,
        late_refund_percent=row.late_refund_percent,
        sequence=row.sequence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        series_id=row.series_id,
        started_at=row.started_at,
    )


def payment_word(status: Status, price: Money, state: PaymentState | None) -> str:
    """Say in a word how it stands with the money of a visit."""
    if price.amount == 0 or status in {Status.PROPOSED, Status.WAITLIST}:
        return "none"
    if state is None:
        return "desk"
    if state is PaymentState.PAID:
        return "paid"
    if state in {PaymentState.REFUNDED, PaymentState.PARTIALLY_REFUNDED}:
        return "refunded"
    if state is PaymentState.DISPUTED:
        return "disputed"
    if state in TO_CAPTURE:
        return "authorised"
    return "due" if status is Status.PENDING else "none"
