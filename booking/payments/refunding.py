"""What goes back to the payer: decided here, asked of Stripe by the outbox, and what Stripe says of it.

Each function takes the appointment under its lock.
"""

from uuid import UUID

from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_admins, tell_payer
from booking.payments import ledger
from booking.payments.capturing import settle_authorised
from booking.payments.gateway import Refund
from booking.payments.model import Entry, PaymentState
from booking.payments.rules import state_after_refunds
from booking.payments.store import later, payment_of, write
from core.database import Tx
from core.lanes import LaterError
from core.logs import log
from core.money import Money

_log = log("booking.payments")


async def refund(tx: Tx, visit: Appointment, altogether: Money, *, notice: Notice = Notice.REFUNDED) -> Money | None:
    """Give back so much that `altogether` has gone back, with what went before; at most what is left.

    Returns what goes back now, or None when that is nothing. Under the appointment's lock. Written into the ledger at
    once; Stripe is asked by the outbox. Of what is only authorised, so much is not charged.
    """
    payment = await payment_of(tx, visit.id)
    if payment and payment.state is PaymentState.AUTHORISED:
        return await settle_authorised(tx, payment, altogether.amount, notice)
    if payment and payment.state is PaymentState.CAPTURING:  # goes back once it is charged
        key = f"stripe.give_back:{visit.id}:{altogether.amount}"
        await later(tx, "stripe.give_back", visit.id, key, amount=altogether.amount, notice=notice)
        return altogether
    charged, left = await ledger.sums(tx, visit.id)
    back = min(altogether.amount - (charged - left), left)
    if back <= 0:
        return None
    amount = Money(altogether.currency, back)
    entry = await ledger.add(tx, visit.id, Entry.REFUND, -amount)
    await follow_ledger(tx, visit.id)
    await later(tx, "stripe.refund", visit.id, f"stripe.refund:{entry}", entry=str(entry), notice=notice)
    return amount


async def refund_made(tx: Tx, visit: Appointment, entry_id: UUID, made: Refund, notice: Notice) -> None:
    """Write down that Stripe gave back what a ledger entry says, and tell the payer; or that it could not."""
    # Its news may have come first: a repeat after we died is answered as the first was, whatever became of it since.
    failed = made.failed or any(each.reverses == entry_id for each in await ledger.entries(tx, visit.id))
    if failed:
        await refund_refused(tx, visit, entry_id)
        return
    await ledger.complete(tx, entry_id, made.id)
    await tell_of_refund(tx, visit, notice, entry_id, made.amount)


async def refund_refused(tx: Tx, visit: Appointment, entry_id: UUID) -> None:
    """Take a refund that did not come about out of the sum again; the centre is told, which owes it in another way."""
    entry = next(each for each in await ledger.entries(tx, visit.id) if each.id == entry_id)
    if await ledger.add(tx, visit.id, Entry.REVERSAL, -entry.amount, reverses=entry_id):
        _log.error("a refund failed", row=str(entry_id))
        await follow_ledger(tx, visit.id)
        owed = -entry.amount
        await tell_admins(tx, visit, Notice.REFUND_FAILED, about=entry_id, amount=owed.amount, currency=owed.currency)


async def take_over(tx: Tx, visit: Appointment, refunds: list[Refund]) -> None:
    """Bring the ledger in line with the refunds at Stripe: those made there by hand, and those that failed there."""
    payment = await payment_of(tx, visit.id)
    if payment and payment.state is PaymentState.CAPTURING:
        raise LaterError("what is charged is not written down yet")
    charged, _ = await ledger.sums(tx, visit.id)
    # What was authorised and not charged can look like a refund.
    let_go = payment.amount - charged if payment and payment.manual else 0
    for each in refunds:
        if let_go and each.entry is None and each.amount.amount == let_go:
            continue
        known = await ledger.entries(tx, visit.id)
        ours = [entry.id for entry in known if entry.stripe_ref == each.id or str(entry.id) == each.entry]
        if each.failed and ours:
            await refund_refused(tx, visit, ours[0])
        elif not each.failed and not ours:
            added = await ledger.add(tx, visit.id, Entry.REFUND, -each.amount, stripe_ref=each.id)
            if added:
                await tell_of_refund(tx, visit, Notice.REFUNDED, added, each.amount)
    await follow_ledger(tx, visit.id)


async def tell_of_refund(tx: Tx, visit: Appointment, notice: Notice, entry_id: UUID, back: Money) -> None:
    """Tell the payer what went back."""
    await tell_payer(tx, visit, notice, about=entry_id, amount=back.amount, currency=back.currency)


async def follow_ledger(tx: Tx, appointment_id: UUID) -> None:
    """Bring the payment's state, and the platform's share, in line with what the ledger says is left."""
    charged, left = await ledger.sums(tx, appointment_id)
    if charged:
        with_bank = await ledger.disputed(tx, appointment_id)
        await write(tx, appointment_id, state=state_after_refunds(charged, left, with_bank))
    if payment := await payment_of(tx, appointment_id):
        await ledger.take_share(tx, payment)
