"""Cards that were authorised when the visit was booked: charged after it, charged in part, or let go.

Each function takes the appointment under its lock. Stripe is asked by the outbox, in the payment's lane, so that what
is to go back of a charge waits for the charge.
"""

from uuid import UUID

from sqlalchemy import select

from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_admins, tell_payer
from booking.appointments.reading import appointment
from booking.payments import ledger
from booking.payments.model import Entry, Payment, PaymentState
from booking.payments.model import payment as table
from booking.payments.rules import CAPTURE_AHEAD
from booking.payments.store import later, payment_of, write
from core.database import Tx
from core.logs import log
from core.money import Money
from core.singly import singly

_AT_ONCE = 200
_log = log("booking.payments")


async def capture(tx: Tx, visit: Appointment) -> None:
    """Charge all that was authorised for a visit; nothing to do for one that is paid otherwise."""
    payment = await payment_of(tx, visit.id)
    if payment and payment.state is PaymentState.AUTHORISED:
        await _capture(tx, payment, payment.amount)


async def settle_authorised(tx: Tx, payment: Payment, back: int, notice: Notice) -> Money | None:
    """Charge an authorised amount without `back` (in the smallest unit), or let go of it if nothing is left to charge.

    Returns what is not charged, or None when that is nothing.
    """
    freed = min(back, payment.amount)
    if freed == payment.amount:
        await write(tx, payment.appointment_id, state=PaymentState.RELEASED)
        key = f"stripe.release:{payment.appointment_id}"
        await later(tx, "stripe.release", payment.appointment_id, key, notice=notice)
    else:
        await _capture(tx, payment, payment.amount - freed)
    return Money(payment.currency, freed) if freed > 0 else None


async def _capture(tx: Tx, payment: Payment, amount: int) -> None:
    await write(tx, payment.appointment_id, state=PaymentState.CAPTURING)
    key = f"stripe.capture:{payment.appointment_id}"
    await later(tx, "stripe.capture", payment.appointment_id, key, amount=amount)


async def captured(tx: Tx, visit: Appointment, charged: Money) -> None:
    """Write down what Stripe charged, and tell the payer."""
    payment = await payment_of(tx, visit.id)
    assert payment
    if await ledger.add(tx, visit.id, Entry.CHARGE, charged, stripe_ref=payment.payment_intent):
        await write(tx, visit.id, state=PaymentState.PAID)
        await ledger.take_share(tx, payment)
        await tell_payer(tx, visit, Notice.CHARGED, amount=charged.amount, currency=charged.currency)


async def capture_failed(tx: Tx, visit: Appointment) -> None:
    """Stripe will not charge it any more: the centre has to ask for its money in another way, and is told so."""
    _log.error("an authorised amount could not be charged", row=str(visit.id))
    await write(tx, visit.id, state=PaymentState.FAILED)
    await tell_admins(tx, visit, Notice.CAPTURE_FAILED)


async def capture_due(tx: Tx) -> int:
    """Charge what would not be chargeable any more a day from now; returns how many. Run it every few minutes.

    Such a visit was not noted as over, or was moved to a later day: its payment is an ordinary one from then on.
    """
    found = await tx.conn.execute(
        select(table.c.appointment_id)
        .where(table.c.state == PaymentState.AUTHORISED, table.c.capture_before <= tx.now + CAPTURE_AHEAD)
        .order_by(table.c.capture_before)
        .limit(_AT_ONCE)
    )

    async def charge(appointment_id: UUID) -> None:
        await capture(tx, await appointment(tx, appointment_id, lock=True))

    return await singly(tx, found.scalars().all(), charge)
