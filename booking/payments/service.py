"""A visit's payment, from the first wish to the last refund.

What Stripe says comes in any order and more than once: each function here takes the appointment's lock, looks at what
Stripe tells *now*, and changes only what is not so yet.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, Integer, Text, Uuid, bindparam

from booking.appointments import moves
from booking.appointments.model import Appointment, Why
from booking.appointments.notices import Notice, tell_payer
from booking.appointments.reading import appointment, moves_of
from booking.appointments.rules import GRACE, STANDING, Status
from booking.context import Context
from booking.payments import ledger
from booking.payments.capturing import settle_authorised
from booking.payments.gateway import Checkout, Gateway, Refund
from booking.payments.model import UNPAID, Entry, PaymentState
from booking.payments.rules import authorise_only, state_after_refunds
from booking.payments.store import (
    charging,
    later,
    payment_by_session,
    payment_of,
    visit_and_payment,
    write,
    write_charged,
)
from booking.schedules import occupancy
from booking.schedules.service import is_free
from core.database import Tx
from core.logs import log
from core.money import Money
from core.outbox import Work, put, putting

__all__ = ["ask_for", "close_page", "fulfil", "lapse", "opened", "payment_by_session", "payment_of", "refund", "settle"]

_TELL_OF_DELAY_AFTER = timedelta(seconds=8)
_ANY = 5000
"""Days: what was held once was within the window then."""
_log = log("booking.payments")


# To whose account it is paid is decided once: the page is asked for with the same words each time.
_ASK = putting(
    """
    WITH asked AS (
        INSERT INTO payment (
            appointment_id, state, amount, currency, destination, fee_basis_points, manual, created_at, updated_at
        )
        VALUES (
            :visit, :state, :amount, :currency,
            (SELECT account_id FROM payout_account WHERE centre_id = :centre AND charges_enabled), :fee, :manual, :now,
            :now
        )
    )
    """,
    bindparam("visit", type_=Uuid()),
    bindparam("state", type_=Text()),
    bindparam("amount", type_=Integer()),
    bindparam("currency", type_=Text()),
    bindparam("centre", type_=Uuid()),
    bindparam("fee", type_=Integer()),
    bindparam("manual", type_=Boolean()),
)


async def ask_for(tx: Tx, ctx: Context, visit: Appointment) -> None:
    """Have a page made on which the visit can be paid; if Stripe does not answer soon, the payer is told.

    It is paid to the centre's own account, where it has one that can be paid to.
    """
    payload = json.dumps({"appointment": str(visit.id)}).encode()
    page = Work("stripe.checkout", f"payment:{visit.id}", f"stripe.checkout:{visit.id}", payload)
    # In a lane of its own: the one of the payment stands still while Stripe is away.
    due = tx.now + _TELL_OF_DELAY_AFTER
    delay = Work("stripe.delay", f"delay:{visit.id}", f"stripe.delay:{visit.id}", payload, due)
    asked = {
        "visit": visit.id,
        "state": PaymentState.CREATING,
        "amount": visit.price.amount,
        "currency": visit.price.currency,
        "centre": visit.centre.id,
        "fee": ctx.settings.stripe.fee_basis_points,
        "manual": authorise_only(visit.centre.captures, visit.start, tx.now),
    }
    await put(tx, [page, delay], _ASK, asked)


async def close_page(tx: Tx, appointment_id: UUID, why: str) -> None:
    """Have the page closed, so that nobody can pay for what is gone. `why` tells one wish to close it from another."""
    await later(tx, "stripe.expire", appointment_id, f"stripe.expire:{appointment_id}:{why}")


async def fulfil(tx: Tx, gateway: Gateway, session_id: str) -> None:
    """Act on what Stripe tells now of a session. Called from the webhook and from the page after paying.

    Idempotent, and safe when called many times at once. Raises LaterError, RejectedError.
    """
    await settle(tx, await gateway.checkout(session_id))


async def settle(tx: Tx, session: Checkout, *, failed: bool = False) -> None:
    """Act on a session that was fetched just now. `failed`: a bank said no to it, after the page was done with."""
    appointment_id = uuid_of(session.reference)
    found = appointment_id and await visit_and_payment(tx, appointment_id)
    if not found:
        return  # another shop's, at the same Stripe account
    visit, payment = found
    if payment.session_id != session.id:  # of ours nobody gets the page before it is written down
        _log.error("a session that is not this visit's", row=str(visit.id), status=session.status)
    elif session.paid or session.authorised:
        if payment.state in UNPAID:
            await (_authorised if session.authorised else _paid)(tx, visit, session)
            await ledger.take_share(tx, payment)
    elif payment.state is PaymentState.OPEN and (failed or session.status == "expired"):
        await write(tx, visit.id, state=PaymentState.FAILED if failed else PaymentState.EXPIRED)
        await _give_back(tx, visit, failed=failed)


async def lapse(tx: Tx, appointment_id: UUID, *, failed: bool = False) -> None:
    """Give the time of a visit back that is still not paid, and tell the payer. For a hold that is over."""
    visit = await appointment(tx, appointment_id, lock=True)
    payment = await payment_of(tx, visit.id)
    if payment and payment.state is PaymentState.CREATING:
        await write(tx, visit.id, state=PaymentState.FAILED if failed else PaymentState.EXPIRED)
    await _give_back(tx, visit, failed=failed)


async def _give_back(tx: Tx, visit: Appointment, *, failed: bool) -> None:
    if visit.status is Status.PENDING:
        await moves.call_off(tx, visit, Why.PAYMENT_FAILED if failed else Why.HOLD_OVER)
        await tell_payer(tx, visit, Notice.PAYMENT_FAILED if failed else Notice.EXPIRED)


async def opened(tx: Tx, appointment_id: UUID, session: Checkout, expires_at: datetime) -> None:
    """Write down the page that Stripe made, and send it to the payer, who has until the page's end to pay."""
    visit = await appointment(tx, appointment_id, lock=True)
    await write(tx, visit.id, state=PaymentState.OPEN, session_id=session.id, url=session.url, expires_at=expires_at)
    if visit.status is Status.PENDING and visit.hold_until:
        if expires_at > visit.hold_until:
            visit = await moves.hold_longer(tx, visit, expires_at)
        if visit.pay_until > tx.now:
            await tell_payer(tx, visit, Notice.HELD)


async def _paid(tx: Tx, visit: Appointment, session: Checkout) -> None:
    found = {"state": PaymentState.PAID, "session_id": session.id, "payment_intent": session.payment_intent}
    if _held(tx, visit):
        charge, values = charging(tx, visit.id, session.amount, **found)
        if not await moves.confirm_kept(tx, visit, Why.PAID, charge, values):
            await _too_late(tx, visit, session)
        return
    await write_charged(tx, visit.id, session.amount, **found)
    await _book(tx, visit, session)


async def _authorised(tx: Tx, visit: Appointment, session: Checkout) -> None:
    await write(
        tx,
        visit.id,
        state=PaymentState.AUTHORISED,
        session_id=session.id,
        payment_intent=session.payment_intent,
        capture_before=session.capture_before,
    )
    await _book(tx, visit, session)


async def _book(tx: Tx, visit: Appointment, session: Checkout) -> None:
    """Book what was held until now; what cannot take place any more is given back, or let go."""
    if visit.status in STANDING:
        return
    if await occupancy.keep(tx, visit.id) if _held(tx, visit) else await _free_still(tx, visit):
        await moves.confirm(tx, visit, Why.PAID)
        return
    await _too_late(tx, visit, session)


def _held(tx: Tx, visit: Appointment) -> bool:
    return visit.hold_until is not None and visit.start > tx.now and tx.now < visit.hold_until + GRACE


async def _too_late(tx: Tx, visit: Appointment, session: Checkout) -> None:
    if visit.status is Status.PENDING:
        visit = await moves.call_off(tx, visit, Why.HOLD_OVER)
    await refund(tx, visit, session.amount, notice=Notice.PAID_TOO_LATE)


async def _free_still(tx: Tx, visit: Appointment) -> bool:
    """Whether what was paid after its hold can take place: its time is still free, and nobody called it off.

    The doctor may be off by now, or not work there any more: the time was anybody's meanwhile.
    """
    if visit.start <= tx.now or not (visit.service.active and visit.practitioner.verified):
        return False
    length = (visit.end - visit.start) // timedelta(minutes=1)
    as_booked = replace(visit.service, minutes=length, grid_minutes=1, min_notice_minutes=0, window_days=_ANY)
    if not await is_free(tx, as_booked, visit.start, ignoring=visit.id):
        return False
    if visit.status is not Status.PENDING:
        last = (await moves_of(tx, visit.id))[-1].why
        if last not in {Why.HOLD_OVER, Why.PAYMENT_FAILED}:
            return False
    return await moves.take_back(tx, visit)


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
    await _follow_ledger(tx, visit.id)
    await later(tx, "stripe.refund", visit.id, f"stripe.refund:{entry}", entry=str(entry), notice=notice)
    return amount


async def refund_made(tx: Tx, visit: Appointment, entry_id: UUID, made: Refund, notice: Notice) -> None:
    """Write down that Stripe gave back what a ledger entry says, and tell the payer; or that it could not."""
    if made.failed:
        await refund_refused(tx, visit, entry_id)
        return
    await ledger.complete(tx, entry_id, made.id)
    await _tell_of_refund(tx, visit, notice, entry_id, made.amount)


async def refund_refused(tx: Tx, visit: Appointment, entry_id: UUID) -> None:
    """Take a refund that did not come about out of the sum again. An operator has to look: it is logged as an error."""
    entry = next(each for each in await ledger.entries(tx, visit.id) if each.id == entry_id)
    if await ledger.add(tx, visit.id, Entry.REVERSAL, -entry.amount, reverses=entry_id):
        _log.error("a refund failed", row=str(entry_id))
        await _follow_ledger(tx, visit.id)


async def take_over(tx: Tx, visit: Appointment, refunds: list[Refund]) -> None:
    """Bring the ledger in line with the refunds at Stripe: those made there by hand, and those that failed there."""
    payment = await payment_of(tx, visit.id)
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
                await _tell_of_refund(tx, visit, Notice.REFUNDED, added, each.amount)
    await _follow_ledger(tx, visit.id)


async def _tell_of_refund(tx: Tx, visit: Appointment, notice: Notice, entry_id: UUID, back: Money) -> None:
    await tell_payer(tx, visit, notice, about=entry_id, amount=back.amount, currency=back.currency)


async def _follow_ledger(tx: Tx, appointment_id: UUID) -> None:
    charged, left = await ledger.sums(tx, appointment_id)
    if charged:
        await write(tx, appointment_id, state=state_after_refunds(charged, left))
    if payment := await payment_of(tx, appointment_id):
        await ledger.take_share(tx, payment)


def uuid_of(text: str | None) -> UUID | None:
    """Read an id of ours from what Stripe gives back; None for what is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
