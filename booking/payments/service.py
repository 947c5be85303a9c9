"""A visit's payment, from the first wish to the last refund.

What Stripe says comes in any order and more than once: each function here takes the appointment's lock, looks at what
Stripe tells *now*, and changes only what is not so yet.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from booking.appointments import moves
from booking.appointments.model import Appointment, Why
from booking.appointments.notices import Concerned, Notice, tell_payer
from booking.appointments.reading import appointment
from booking.appointments.rules import STANDING, Status
from booking.payments import ledger, refunding, together
from booking.payments.asking import ask_for
from booking.payments.gateway import Checkout, Gateway, Refund
from booking.payments.keeping import free_still, is_held
from booking.payments.model import UNPAID, Payment, PaymentState
from booking.payments.refunding import refund, refund_made, refund_refused
from booking.payments.store import (
    charging,
    later,
    lock_together,
    payment_by_session,
    payment_of,
    visit_and_payment,
    write,
    write_charged,
)
from booking.payments.together import ask_for_all, let_go_with
from booking.schedules import occupancy
from core.database import Tx
from core.logs import log

__all__ = [
    "ask_for",
    "ask_for_all",
    "close_page",
    "fulfil",
    "lapse",
    "let_go_with",
    "lock_together",
    "opened",
    "payment_by_session",
    "payment_of",
    "refund",
    "refund_made",
    "refund_refused",
    "settle",
    "take_over",
]

_log = log("booking.payments")


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
    visit, payment, people = found
    if payment.page_of:
        await together.settle(tx, payment.page_of, session, failed=failed)
    elif payment.session_id != session.id:  # of ours nobody gets the page before it is written down
        _log.error("a session that is not this visit's", row=str(visit.id), status=session.status)
    elif session.paid or session.authorised:
        if payment.state in UNPAID:
            if session.authorised:
                await _authorised(tx, visit, session)
            else:
                await _paid(tx, visit, session, people)
            await ledger.take_share(tx, payment)
    elif payment.state is PaymentState.OPEN and (failed or session.status == "expired"):
        await write(tx, visit.id, state=PaymentState.FAILED if failed else PaymentState.EXPIRED)
        await _give_back(tx, visit, failed=failed)


async def lapse(tx: Tx, appointment_id: UUID, *, failed: bool = False) -> None:
    """Give the time of a visit back that is still not paid, and tell the payer. For a hold that is over.

    With it go those that were to be paid on the same page.
    """
    asked = await payment_of(tx, appointment_id)
    if asked and asked.page_of:
        await together.lapse(tx, asked.page_of, failed=failed)
        return
    visit = await appointment(tx, appointment_id, lock=True)
    payment = await payment_of(tx, visit.id)
    if payment and payment.state is PaymentState.CREATING:
        await write(tx, visit.id, state=PaymentState.FAILED if failed else PaymentState.EXPIRED)
    await _give_back(tx, visit, failed=failed)


async def _give_back(tx: Tx, visit: Appointment, *, failed: bool) -> None:
    if visit.status is Status.PENDING:
        await moves.call_off(tx, visit, Why.PAYMENT_FAILED if failed else Why.HOLD_OVER)
        await tell_payer(tx, visit, Notice.PAYMENT_FAILED if failed else Notice.EXPIRED)


async def take_over(tx: Tx, payment: Payment, refunds: list[Refund]) -> None:
    """Bring the ledger in line with the refunds at Stripe: those made there by hand, and those that failed there."""
    if payment.page_of:
        await together.take_over(tx, payment.page_of, refunds)
    else:
        await refunding.take_over(tx, await appointment(tx, payment.appointment_id, lock=True), refunds)


async def opened(tx: Tx, appointment_id: UUID, session: Checkout, expires_at: datetime) -> None:
    """Write down the page that Stripe made, and send it to the payer, who has until the page's end to pay."""
    asked = await payment_of(tx, appointment_id)
    if asked and asked.page_of:
        await together.opened(tx, asked.page_of, session, expires_at)
        return
    visit = await appointment(tx, appointment_id, lock=True)
    await write(tx, visit.id, state=PaymentState.OPEN, session_id=session.id, url=session.url, expires_at=expires_at)
    if visit.status is Status.PENDING and visit.hold_until:
        if expires_at > visit.hold_until:
            visit = await moves.hold_longer(tx, visit, expires_at)
        if visit.pay_until > tx.now:
            await tell_payer(tx, visit, Notice.HELD)


async def _paid(tx: Tx, visit: Appointment, session: Checkout, people: Sequence[Concerned]) -> None:
    found = {"state": PaymentState.PAID, "session_id": session.id, "payment_intent": session.payment_intent}
    if is_held(tx, visit):
        charge, values = charging(tx, visit.id, session.amount, **found)
        if not await moves.confirm_kept(tx, visit, Why.PAID, people, charge, values):
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
    if await occupancy.keep(tx, visit.id) if is_held(tx, visit) else await free_still(tx, visit):
        await moves.confirm(tx, visit, Why.PAID)
        return
    await _too_late(tx, visit, session)


async def _too_late(tx: Tx, visit: Appointment, session: Checkout) -> None:
    if visit.status is Status.PENDING:
        visit = await moves.call_off(tx, visit, Why.HOLD_OVER)
    await refund(tx, visit, session.amount, notice=Notice.PAID_TOO_LATE)


def uuid_of(text: str | None) -> UUID | None:
    """Read an id of ours from what Stripe gives back; None for what is none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
