"""What a person can do with a visit: book, move, cancel it, and say whether the patient came.

Looking visits up is in `lists`. Both ask `booking.access` first.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import Range, insert

from booking.access import may_book_for, may_run_visit, may_see_visit, require
from booking.appointments import moves, rules
from booking.appointments.lists import by_code, centre_day, past, practitioner_day, reason_of, upcoming
from booking.appointments.model import Appointment, Cancellation, Why, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Notice, tell_all
from booking.appointments.reading import appointment, found_appointments, treated_by
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Payment, Service
from booking.payments import service as payments
from booking.people.service import Person
from booking.schedules import occupancy
from booking.schedules.service import is_free
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_code, new_id
from core.timezones import utc
from records.sealing import Place

__all__ = [
    "Appointment",
    "Cancellation",
    "Status",
    "appointment",
    "arrive",
    "book",
    "by_code",
    "cancel",
    "centre_day",
    "fulfil",
    "no_show",
    "past",
    "practitioner_day",
    "reason_of",
    "reschedule",
    "set_reason",
    "treated_by",
    "upcoming",
]

_TAKEN = "That time has just been taken. Please choose another one."
_TWICE = "The patient has another visit at that time. Please choose another time, or move or cancel that visit first."


async def book(
    tx: Tx,
    ctx: Context,
    actor: Person,
    *,
    service_id: UUID,
    start: datetime,
    patient_id: UUID,
    reason: str | None = None,
) -> Appointment:
    """Book a visit for oneself or one's family. `start`: aware.

    What is paid in advance is held (PENDING) until it is paid; anything else is BOOKED at once. Asked again for the
    very same visit while it is held or booked, returns it as it is. Raises RefusedError, BadInputError, ConflictError.
    """
    require(may_book_for(actor, patient_id))
    start = utc(start)
    rules.check_start(start, tx.now)
    reason = rules.checked_reason(reason)
    service = await directory.service(tx, service_id)
    await _one_at_a_time(tx, actor)
    known = await _same_visit(tx, actor, service, start, patient_id)
    if known:
        return known
    if not await is_free(tx, service, start):
        raise ConflictError(_TAKEN)
    prepaid = service.payment is Payment.PREPAY and service.price.amount > 0 and ctx.settings.stripe.enabled
    hold_until = tx.now + timedelta(minutes=ctx.settings.booking.hold_minutes) if prepaid else None
    if prepaid:
        await _check_holds(tx, actor)
    appointment_id, end = new_id(), start + timedelta(minutes=service.minutes)
    await _take(tx, service, appointment_id, patient_id, start, end, hold_until)
    await _write(tx, ctx, appointment_id, service, actor, patient_id, (start, end), hold_until, reason)
    visit = await appointment(tx, appointment_id)
    await moves.record(tx, visit.id, None, visit.status, Why.HELD if prepaid else Why.BOOKED, actor.id)
    if prepaid:
        await payments.ask_for(tx, visit)
    else:
        await moves.announce(tx, visit)
    return visit


async def cancel(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, reason: str = "") -> Cancellation:
    """Cancel a visit, held or booked; what was paid goes back as the policy says: all of it when the centre cancels.

    For the patient's side until it begins, for the practitioner and the centre's admins. `reason` is told to nobody
    and kept nowhere: who cancelled is. Raises RefusedError, ConflictError.
    """
    visit, by_patient = await _to_change(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.CANCELLED)
    if by_patient:
        rules.check_change_by_patient(visit.start, tx.now)
    cancelled = await moves.call_off(tx, visit, Why.BY_PATIENT if by_patient else Why.BY_CENTRE, actor.id)
    if visit.payment == "due":
        await payments.close_page(tx, visit.id, "cancelled")
    refund = None
    if visit.payment in {"paid", "refunded"}:
        back = rules.refund_of(
            visit.price,
            by_patient=by_patient,
            now=tx.now,
            free_until=visit.free_until,
            late_percent=visit.late_refund_percent,
        )
        refund = await payments.refund(tx, cancelled, back)
    return Cancellation(await appointment(tx, visit.id), refund)


async def reschedule(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, start: datetime) -> Appointment:
    """Move a visit to another free time of the same service; its payment stays with it. `start`: aware.

    Raises RefusedError, BadInputError, and ConflictError when the new time is not free; then nothing has changed.
    """
    visit, by_patient = await _to_change(tx, actor, appointment_id)
    start = utc(start)
    rules.check_start(start, tx.now)
    held = visit.status is Status.PENDING and visit.hold_until is not None and visit.hold_until > tx.now
    if visit.status is not Status.BOOKED and not held:
        raise ConflictError("Only a visit that is still to come can be moved.")
    if by_patient:
        rules.check_change_by_patient(visit.start, tx.now)
    if start == visit.start:
        return visit
    if not await is_free(tx, visit.service, start, ignoring=visit.id):
        raise ConflictError(_TAKEN)
    end = start + (visit.end - visit.start)
    await _take(tx, visit.service, visit.id, visit.patient_id, start, end, visit.hold_until)
    free_until = rules.free_until_after_move(
        visit.free_until, start, visit.centre.cancel_hours, tx.now, by_patient=by_patient
    )
    sequence = rules.sequence_after(visit.sequence, visit.status)
    await tx.conn.execute(
        update(table)
        .where(table.c.id == visit.id)
        .values(
            during=Range(start, end),
            free_until=free_until,
            settled_at=None if held else tx.now,
            sequence=sequence,
            updated_at=tx.now,
        )
    )
    why = Why.MOVED_BY_PATIENT if by_patient else Why.MOVED_BY_CENTRE
    await moves.record(tx, visit.id, visit.status, visit.status, why, actor.id)
    moved = await appointment(tx, visit.id)
    if not held:
        await tell_all(tx, moved, Notice.MOVED, but=actor.id, before=visit.start.isoformat())
    return moved


async def arrive(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the patient has come: from two hours before the start. For the practitioner and the centre's admins."""
    visit = await _to_run(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.ARRIVED)
    rules.check_arrival(visit.start, tx.now)
    return await moves.step(tx, visit, Status.ARRIVED, Why.CAME, actor.id)


async def fulfil(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the visit is done: once the patient has come or it has begun. Raises RefusedError, ConflictError."""
    visit = await _to_run(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.FULFILLED)
    rules.check_fulfilment(visit.status, visit.start, tx.now)
    return await moves.step(tx, visit, Status.FULFILLED, Why.DONE, actor.id)


async def no_show(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the patient did not come: once the visit has begun. Raises RefusedError, ConflictError."""
    visit = await _to_run(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.NOSHOW)
    rules.check_absence(visit.start, tx.now)
    return await moves.step(tx, visit, Status.NOSHOW, Why.DID_NOT_COME, actor.id)


async def set_reason(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, reason: str) -> None:
    """Say, or say anew, why the patient comes; sealed for the patient. For the patient's side, until it is over.

    Raises RefusedError, BadInputError, ConflictError.
    """
    visit = await appointment(tx, appointment_id, lock=True)
    require(may_book_for(actor, visit.patient_id))
    if visit.status not in {Status.PENDING, Status.BOOKED, Status.ARRIVED}:
        raise ConflictError("That visit is over or cancelled.")
    wanted = rules.checked_reason(reason)
    place = Place("appointment", "reason", visit.id)
    sealed = await ctx.vault.seal(tx, visit.patient_id, place, wanted.encode()) if wanted else None
    await tx.conn.execute(update(table).where(table.c.id == visit.id).values(reason=sealed))


async def _to_change(tx: Tx, actor: Person, appointment_id: UUID) -> tuple[Appointment, bool]:
    """Return the visit, locked, and whether the actor speaks for the patient (even when they run the centre too)."""
    visit = await appointment(tx, appointment_id, lock=True)
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )
    return visit, may_book_for(actor, visit.patient_id)


async def _to_run(tx: Tx, actor: Person, appointment_id: UUID) -> Appointment:
    visit = await appointment(tx, appointment_id, lock=True)
    require(may_run_visit(actor, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id))
    return visit


async def _one_at_a_time(tx: Tx, actor: Person) -> None:
    """One person's bookings wait for each other, so that two at once see each other's holds."""
    await tx.conn.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"book:{actor.id}"}
    )


async def _same_visit(tx: Tx, actor: Person, service: Service, start: datetime, patient_id: UUID) -> Appointment | None:
    known = await found_appointments(
        tx,
        table.c.patient_id == patient_id,
        starts == start,
        table.c.service_id == service.id,
        table.c.booked_by == actor.id,
        table.c.status.in_([Status.PENDING, Status.BOOKED]),
    )
    standing = [each for each in known if each.hold_until is None or each.hold_until > tx.now]
    return standing[0] if standing else None


async def _check_holds(tx: Tx, actor: Person) -> None:
    held = await tx.conn.execute(
        select(func.count()).where(
            table.c.booked_by == actor.id, table.c.status == Status.PENDING, table.c.hold_until > tx.now
        )
    )
    if held.scalar_one() >= rules.HOLDS_AT_ONCE:
        raise ConflictError(
            "You hold {count} times that are not paid yet. Please pay or cancel one of them first.",
            count=rules.HOLDS_AT_ONCE,
        )


async def _take(
    tx: Tx,
    service: Service,
    appointment_id: UUID,
    patient_id: UUID,
    start: datetime,
    end: datetime,
    hold_until: datetime | None,
) -> None:
    refused = await occupancy.take(
        tx,
        appointment_id,
        moves.needed(service, patient_id, start, end),
        expires_at=hold_until and hold_until + rules.GRACE,
    )
    if service.practitioner_id in refused:
        raise ConflictError(_TAKEN)
    if refused:
        raise ConflictError(_TWICE)


async def _write(
    tx: Tx,
    ctx: Context,
    appointment_id: UUID,
    service: Service,
    actor: Person,
    patient_id: UUID,
    during: tuple[datetime, datetime],
    hold_until: datetime | None,
    reason: str | None,
) -> None:
    centre = await directory.centre(tx, service.centre_id)
    place = Place("appointment", "reason", appointment_id)
    sealed = await ctx.vault.seal(tx, patient_id, place, reason.encode()) if reason else None
    wanted = insert(table).values(
        id=appointment_id,
        status=Status.PENDING if hold_until else Status.BOOKED,
        service_id=service.id,
        practitioner_id=service.practitioner_id,
        centre_id=service.centre_id,
        patient_id=patient_id,
        booked_by=actor.id,
        during=Range(*during),
        price_amount=service.price.amount,
        price_currency=service.price.currency,
        hold_until=hold_until,
        free_until=rules.free_until(during[0], centre.cancel_hours),
        late_refund_percent=centre.late_refund_percent,
        settled_at=None if hold_until else tx.now,
        sequence=0,
        reason=sealed,
        created_at=tx.now,
        updated_at=tx.now,
    )
    while True:
        written = await tx.conn.execute(
            wanted.values(code=new_code()).on_conflict_do_nothing(index_elements=[table.c.code])
        )
        if written.rowcount:
            return
