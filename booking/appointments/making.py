"""Making a visit: its time is taken, and it is written down with its first step. No permission is asked here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Range, insert

from booking.appointments import moves, rules
from booking.appointments.model import REASON, Appointment, Why, appointment_move
from booking.appointments.model import appointment as table
from booking.appointments.reading import Offer, offer, payment_word
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory.model import Service
from booking.payments.asking import asked, asking_if
from booking.schedules import occupancy
from booking.schedules.occupancy import Need
from booking.schedules.taken import span_of
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_code, new_id
from core.outbox import Work, putting_of, wake_for
from core.statements import Statement

_AT_ONCE = 10
"""Visits that a practitioner can be booked for at one time, when staff book them beside each other."""

TAKEN = "That time has just been taken. Please choose another one."
NOT_VERIFIED = "{doctor} cannot be booked yet: those who run this service look first who they are."
_TWICE = "The patient has another visit at that time. Please choose another time, or move or cancel that visit first."


@dataclass(frozen=True, slots=True)
class Draft:
    """A visit that is to be made. `start`: UTC, a time that was found to be free."""

    service: Service
    patient_id: UUID
    booked_by: UUID
    start: datetime
    status: Status
    why: Why
    hold_until: datetime | None = None
    reason: str | None = None
    series_id: UUID | None = None
    offer: Offer | None = None
    """The service with all that belongs to it, where it was read before."""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.service.minutes)


async def make(
    tx: Tx, ctx: Context, draft: Draft, actor_id: UUID, *, beside: bool = False, asking: bool = False
) -> Appointment:
    """Take the time and write the visit. `beside`: whatever the practitioner has at that time.

    `asking`: in the same statement, a payment is asked for.

    Raises ConflictError when the time is taken, the patient is elsewhere, or the doctor was not verified.
    """
    at = draft.offer or await offer(tx, draft.service.id)
    if not at.practitioner.verified:
        raise ConflictError(NOT_VERIFIED, doctor=at.practitioner.name)
    return await _take_and_write(tx, ctx, draft, at, actor_id, beside=beside, asking=asking)


async def take(
    tx: Tx, appointment_id: UUID, patient_id: UUID, needs: Mapping[UUID, Need], hold_until: datetime | None
) -> None:
    """Take all that a visit needs. Raises ConflictError; then what it had before is still its own."""
    _check_taken(await occupancy.take(tx, appointment_id, needs, expires_at=_expiry(hold_until)), patient_id)


def _expiry(hold_until: datetime | None) -> datetime | None:
    return hold_until and hold_until + rules.GRACE


def _check_taken(refused: Collection[UUID], patient_id: UUID) -> None:
    if refused:
        raise ConflictError(_TWICE if {*refused} == {patient_id} else TAKEN)


def _needed_beside(draft: Draft) -> dict[UUID, Need]:
    """A further seat of the practitioner, for the visit alone; a room is found by those who overbook."""
    return {
        draft.service.practitioner_id: Need(draft.start, draft.end, seats=_AT_ONCE),
        draft.patient_id: Need(draft.start, draft.end),
    }


@cache
def _statement(*, plainly: bool, asking: bool) -> Statement:
    """Takes what a visit needs, and writes it with the first step of its history; `asking`, with its payment.

    Returns what is taken already; then nothing is written, nor where another visit has the same code.
    """
    take = occupancy.TAKE_PLAINLY if plainly else occupancy.TAKE
    taken = take.columns(refused=ARRAY(Uuid)).cte("taken")
    visit = (
        insert(table)
        .from_select(
            [column.name for column in table.columns],
            select(*(bindparam(f"new_{column.name}", type_=column.type) for column in table.columns))
            .select_from(taken)
            .where(func.cardinality(taken.c.refused) == 0),
        )
        .on_conflict_do_nothing(index_elements=[table.c.code])
        .returning(table.c.id)
        .cte("visit")
    )
    step = {"at": "new_created_at", "to_status": "new_status", "actor": "actor", "why": "why"}
    values = [bindparam(value, type_=appointment_move.c[name].type) for name, value in step.items()]
    written = insert(appointment_move).from_select(["appointment_id", *step], select(visit.c.id, *values)).cte("step")
    whole = select(taken.c.refused, select(visit.c.id).exists().label("written")).add_cte(written)
    return Statement(whole.add_cte(*asking_if("visit")) if asking else whole)


def _wanting(tx: Tx, draft: Draft, appointment_id: UUID, *, plainly: bool, beside: bool) -> dict[str, Any]:
    """Return the values with which a visit takes what it needs."""
    expires_at = _expiry(draft.hold_until)
    if plainly:
        doctor = (draft.service.practitioner_id, span_of(draft.service, draft.start))
        patient = (draft.patient_id, (draft.start, draft.end))
        return occupancy.wanting_plainly(tx, appointment_id, doctor, patient, expires_at)
    needs = moves.needed(draft.service, draft.patient_id, draft.start, draft.end)
    return occupancy.wanting(tx, appointment_id, _needed_beside(draft) if beside else needs, expires_at=expires_at)


async def _take_and_write(
    tx: Tx, ctx: Context, draft: Draft, at: Offer, actor_id: UUID, *, beside: bool, asking: bool
) -> Appointment:
    service, appointment_id = draft.service, new_id()
    place = REASON.place(appointment_id)
    sealed = await ctx.vault.seal(tx, draft.patient_id, place, draft.reason.encode()) if draft.reason else None
    free_until = rules.free_until(draft.start, at.centre.cancel_hours)
    values = {
        "id": appointment_id,
        "status": draft.status,
        "service_id": service.id,
        "practitioner_id": service.practitioner_id,
        "centre_id": service.centre_id,
        "patient_id": draft.patient_id,
        "booked_by": draft.booked_by,
        "during": Range(draft.start, draft.end),
        "price_amount": service.price.amount,
        "price_currency": service.price.currency,
        "hold_until": draft.hold_until,
        "free_until": free_until,
        "late_refund_percent": at.centre.late_refund_percent,
        "settled_at": None if draft.hold_until else tx.now,
        "sequence": 0,
        "reason": sealed,
        "series_id": draft.series_id,
        "started_at": None,
        "series_slot": draft.start if draft.series_id else None,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    given = {**{f"new_{name}": value for name, value in values.items()}, "actor": actor_id, "why": draft.why}
    works: list[Work] = []
    if asking:
        wanted = asked(ctx, appointment_id, service.price, at.centre, draft.start, tx.now)
        works = wanted.works
        given |= wanted.values | putting_of(tx, works)
    plainly = at.plain and not beside
    written = False
    while not written:  # another visit's code is drawn once in a long while
        given |= _wanting(tx, draft, appointment_id, plainly=plainly, beside=beside)
        given["new_code"] = code = new_code()
        made = (await tx.run(_statement(plainly=plainly, asking=asking), given))[0]
        _check_taken(made.refused, draft.patient_id)
        written, plainly = made.written, False  # its time is the visit's own from here on
    wake_for(tx, works)
    return Appointment(
        id=appointment_id,
        code=code,
        status=draft.status,
        service=service,
        practitioner=at.practitioner,
        centre=at.centre,
        patient_id=draft.patient_id,
        booked_by=draft.booked_by,
        start=draft.start,
        end=draft.end,
        price=service.price,
        payment=payment_word(draft.status, service.price, None),
        pay_url=None,
        hold_until=draft.hold_until,
        free_until=free_until,
        late_refund_percent=at.centre.late_refund_percent,
        sequence=0,
        created_at=tx.now,
        updated_at=tx.now,
        series_id=draft.series_id,
    )
