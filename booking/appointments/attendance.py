"""What the clinic says of a visit: the patient came or did not come, it is done, it was a mistake."""
# ruff: noqa: ARG001  (all services have one head: transaction, context, actor)

from uuid import UUID

from sqlalchemy import func, select, update

from booking.access import may_run_visit, require
from booking.appointments import moves, rules
from booking.appointments.model import Appointment, Cancellation, Why, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Notice, tell_all, tell_side
from booking.appointments.reading import appointment
from booking.appointments.rules import STANDING, Status
from booking.consultations.steps import close_room
from booking.context import Context
from booking.payments import capturing
from booking.payments import service as payments
from booking.people.service import Person
from core.database import Tx


async def to_run(tx: Tx, actor: Person, appointment_id: UUID) -> Appointment:
    """Return a visit, locked, for those who run it. Raises RefusedError for others."""
    visit = await appointment(tx, appointment_id, lock=True)
    require(may_run_visit(actor, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id))
    return visit


async def arrive(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the patient has come: from two hours before the start. For the practitioner and the centre's admins."""
    visit = await to_run(tx, actor, appointment_id)
    if visit.status is Status.NOSHOW:
        return await came_after_all(tx, ctx, actor, appointment_id)
    rules.check_move(visit.status, Status.ARRIVED)
    rules.check_arrival(visit.start, tx.now)
    return await moves.step(tx, visit, Status.ARRIVED, Why.CAME, actor.id)


async def begin(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the doctor begins with the patient now, who is told so; begun already, it stays as it is.

    From two hours before the start. For the practitioner and the centre's admins. Raises RefusedError, ConflictError.
    """
    visit = await to_run(tx, actor, appointment_id)
    if visit.status is Status.NOSHOW:
        visit = await came_after_all(tx, ctx, actor, appointment_id)
    if visit.status is Status.FULFILLED or (visit.status is Status.ARRIVED and visit.started_at):
        return visit
    if visit.status is Status.ARRIVED:
        values = {"started_at": tx.now, "updated_at": tx.now}
        await tx.conn.execute(update(table).where(table.c.id == visit.id).values(**values))
        await moves.record(tx, visit.id, visit.status, visit.status, Why.STARTED, actor.id)
    else:
        rules.check_move(visit.status, Status.ARRIVED)
        rules.check_arrival(visit.start, tx.now)
        await moves.step(tx, visit, Status.ARRIVED, Why.STARTED, actor.id, started_at=tx.now)
    begun = await appointment(tx, visit.id)
    await tell_side(tx, begun, Notice.READY)
    return begun


async def fulfil(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Say that the visit is done: once the patient has come or it has begun. Raises RefusedError, ConflictError."""
    visit = await to_run(tx, actor, appointment_id)
    if visit.status is Status.NOSHOW:
        return await came_after_all(tx, ctx, actor, appointment_id)
    rules.check_move(visit.status, Status.FULFILLED)
    rules.check_fulfilment(visit.status, visit.start, tx.now)
    await capturing.capture(tx, visit)
    return await moves.step(tx, visit, Status.FULFILLED, Why.DONE, actor.id)


async def no_show(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Cancellation:
    """Say that the patient did not come, once the visit has begun; the patient's side is told.

    What the centre's rule says goes back of what was paid. Raises RefusedError, ConflictError.
    """
    visit = await to_run(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.NOSHOW)
    rules.check_absence(visit.start, tx.now)
    missed = await moves.step(tx, visit, Status.NOSHOW, Why.DID_NOT_COME, actor.id)
    refund = None
    if visit.paid_by_card:
        refund = await payments.refund(tx, missed, rules.share_of(visit.price, visit.centre.no_show_percent))
    count = await misses(tx, visit.patient_id, visit.centre.id)
    await tell_side(tx, missed, Notice.NO_SHOW, missed=count)
    return Cancellation(await appointment(tx, visit.id), refund)


async def came_after_all(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Take back that the patient did not come; it counts no more. What went back of the price has gone back.

    Raises RefusedError, ConflictError.
    """
    visit = await to_run(tx, actor, appointment_id)
    rules.check_missed(visit.status)
    to = rules.status_after_return(visit.end, tx.now)
    back = await moves.step(tx, visit, to, Why.CAME_AFTER_ALL, actor.id)
    await tell_side(tx, back, Notice.NOT_MISSED)
    return back


async def mark_mistake(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Cancellation:
    """Say that a visit was entered in error: it never counted. Its time and all that was paid go back; all are told.

    Raises RefusedError, ConflictError.
    """
    visit = await to_run(tx, actor, appointment_id)
    marked = await moves.step(tx, visit, Status.ENTERED_IN_ERROR, Why.MISTAKE, actor.id)
    await moves.give_back(tx, visit)
    if visit.payment == "due":
        await payments.close_page(tx, visit.id, "mistake")
    refund = None
    if visit.paid_by_card:
        refund = await payments.refund(tx, marked, visit.price)
    await tell_all(tx, marked, Notice.MISTAKE, but=actor.id)
    if visit.status in STANDING:
        await close_room(tx, marked)
    return Cancellation(await appointment(tx, visit.id), refund)


async def misses(tx: Tx, patient_id: UUID, centre_id: UUID) -> int:
    """Return how many visits a patient missed at a centre within a year."""
    counted = select(func.count()).where(
        table.c.patient_id == patient_id,
        table.c.centre_id == centre_id,
        table.c.status == Status.NOSHOW,
        starts > tx.now - rules.MISSES_COUNT_FOR,
    )
    return int((await tx.conn.execute(counted)).scalar_one())
