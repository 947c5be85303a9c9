"""Visits that the centre has to approve: asked for, approved, declined, or given back because nobody answered."""

from dataclasses import replace
from uuid import UUID

from booking.appointments import moves, rules
from booking.appointments.attendance import misses, to_run
from booking.appointments.model import Appointment, Why
from booking.appointments.notices import Notice
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Payment, Service
from booking.payments import service as payments
from booking.people.service import Person
from core.database import Tx
from core.errors import ConflictError


async def needs_approval(tx: Tx, service: Service, patient_id: UUID) -> bool:
    """Whether the centre would approve a booking of this patient first: to be told before booking."""
    limit = (await directory.centre(tx, service.centre_id)).no_show_limit
    missed = 0 if limit is None else await misses(tx, patient_id, service.centre_id)
    return rules.needs_approval(wanted=service.approval, limit=limit, misses=missed)


def is_prepaid(ctx: Context, service: Service) -> bool:
    """Whether a visit has to be paid before it is booked."""
    return service.payment is Payment.PREPAY and service.price.amount > 0 and ctx.settings.stripe.enabled


async def approve(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Approve a visit: BOOKED, or PENDING with a page to pay on where it is paid in advance.

    For the practitioner and the centre's admins, while the time is kept. Raises RefusedError, ConflictError.
    """
    visit = await _asked_for(tx, actor, appointment_id)
    if visit.hold_until is None or visit.hold_until <= tx.now:
        raise ConflictError("That came too late: the time was not kept any longer.")
    if not is_prepaid(ctx, replace(visit.service, price=visit.price)):
        await moves.keep(tx, visit)
        return await moves.confirm(tx, visit, Why.APPROVED, actor.id)
    until = rules.payment_until(visit.start, tx.now, ctx.settings.booking.hold_minutes)
    approved = await moves.step(tx, visit, Status.PENDING, Why.APPROVED, actor.id, hold_until=until)
    await moves.hold_longer(tx, approved, until)
    await payments.ask_for(tx, ctx, approved)
    return await appointment(tx, visit.id)


async def decline(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:  # noqa: ARG001
    """Decline a visit; its time is free again, and the patient is told. Raises RefusedError, ConflictError."""
    visit = await _asked_for(tx, actor, appointment_id)
    return await moves.turn_down(tx, visit, Why.DECLINED, Notice.DECLINED, actor.id)


async def give_up(tx: Tx, appointment_id: UUID) -> None:
    """Give back the time of a visit that nobody approved in time, and tell the patient."""
    visit = await appointment(tx, appointment_id, lock=True)
    if visit.status is Status.PROPOSED and visit.pay_until <= tx.now:
        await moves.turn_down(tx, visit, Why.NOT_APPROVED, Notice.NOT_APPROVED)


async def _asked_for(tx: Tx, actor: Person, appointment_id: UUID) -> Appointment:
    visit = await to_run(tx, actor, appointment_id)
    rules.check_proposed(visit.status)
    return visit
