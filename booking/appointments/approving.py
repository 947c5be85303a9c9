"""Visits that the centre has to approve: asked for, approved, declined, or given back because nobody answered."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from booking.appointments import moves, rules
from booking.appointments.attendance import misses, to_run
from booking.appointments.model import Appointment, Why
from booking.appointments.notices import Notice, tell_all
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.consultations.steps import open_room
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Payment, Service
from booking.payments import service as payments
from booking.people.service import Person
from core.database import Tx
from core.errors import ConflictError
from core.statements import Statement


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

    With it all that was asked for together, as a series is. For the practitioner and the centre's admins, while the
    time is kept. Raises RefusedError, ConflictError.
    """
    asked = await _asked_for(tx, actor, appointment_id)
    first = asked[0]
    if first.hold_until is None or first.hold_until <= tx.now:
        raise ConflictError("That came too late: the time was not kept any longer.")
    if not is_prepaid(ctx, replace(first.service, price=first.price)):
        for each in asked:
            await moves.keep(tx, each)
        if len(asked) == 1:
            return await moves.confirm(tx, first, Why.APPROVED, actor.id)
        booked = [
            await moves.step(tx, each, Status.BOOKED, Why.APPROVED, actor.id, settled_at=tx.now) for each in asked
        ]
        await tell_all(tx, booked[0], Notice.SERIES)
        for each in booked:
            await open_room(tx, each)
        return await appointment(tx, appointment_id)
    until = rules.payment_until(first.start, tx.now, ctx.settings.booking.hold_minutes)
    held = []
    for each in asked:
        approved = await moves.step(tx, each, Status.PENDING, Why.APPROVED, actor.id, hold_until=until)
        held.append(await moves.hold_longer(tx, approved, until))
    if len(held) == 1:
        await payments.ask_for(tx, ctx, held[0])
    else:
        await payments.ask_for_all(tx, ctx, held)
    return await appointment(tx, appointment_id)


async def decline(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:  # noqa: ARG001
    """Decline a visit, and all that was asked for together with it; the times are free again, and the patient is told.

    Raises RefusedError, ConflictError.
    """
    asked = await _asked_for(tx, actor, appointment_id)
    declined = await moves.turn_down(tx, asked, Why.DECLINED, Notice.DECLINED, actor.id)
    return next(each for each in declined if each.id == appointment_id)


async def give_up(tx: Tx, appointment_id: UUID) -> None:
    """Give back the time of what nobody approved in time, with all that was asked for together; tell the patient."""
    asked = [each for each in await lock_asked(tx, appointment_id) if each.pay_until <= tx.now]
    if asked:
        await moves.turn_down(tx, asked, Why.NOT_APPROVED, Notice.NOT_APPROVED)


async def lock_asked(tx: Tx, appointment_id: UUID) -> list[Appointment]:
    """Lock what was asked for together with a visit and waits for approval, in one order whoever asks; by start.

    A visit that was asked for alone is alone, and what waits for nothing is not there.
    """
    together = [row.id for row in await tx.run(_TOGETHER, {"wanted": appointment_id})]
    found = [await appointment(tx, each) for each in together] or [await appointment(tx, appointment_id, lock=True)]
    return sorted((each for each in found if each.status is Status.PROPOSED), key=lambda each: each.start)


_TOGETHER = Statement(
    text("""
        SELECT id FROM appointment
        WHERE (series_id, created_at) = (SELECT series_id, created_at FROM appointment WHERE id = :wanted)
          AND status = 'proposed'
        ORDER BY id
        FOR UPDATE
    """).bindparams(bindparam("wanted", type_=Uuid()))
)


async def _asked_for(tx: Tx, actor: Person, appointment_id: UUID) -> list[Appointment]:
    asked = await lock_asked(tx, appointment_id)
    visit = await to_run(tx, actor, appointment_id)
    rules.check_proposed(visit.status)
    return asked
