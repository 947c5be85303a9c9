"""Visits that are paid on one page, as a series is: held together, booked together, let go together.

Each has its payment and its ledger, so that one of them is cancelled and refunded as any other visit. Stripe knows them
by one of them, the first by id, and charges them at once. All are locked first, in the order of their ids.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from booking.appointments import moves
from booking.appointments.model import Appointment, Why
from booking.appointments.notices import Notice, tell_all, tell_payer
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.consultations.steps import open_room
from booking.context import Context
from booking.payments import ledger
from booking.payments.asking import TELL_OF_DELAY_AFTER
from booking.payments.gateway import Checkout, Refund
from booking.payments.keeping import free_still, is_held
from booking.payments.model import UNPAID, Entry, Payment, PaymentState, payout_account
from booking.payments.model import payment as table
from booking.payments.refunding import follow_ledger, refund, refund_refused, tell_of_refund
from booking.payments.store import lock_together, payment_of, write, write_charged
from booking.schedules import occupancy
from core.database import Tx
from core.logs import log
from core.money import Money
from core.outbox import Work, put

_log = log("booking.payments")
_Member = tuple[Appointment, Payment]


async def ask_for_all(tx: Tx, ctx: Context, visits: Sequence[Appointment]) -> None:
    """Have one page made on which all of these can be paid, which are one payer's at one centre."""
    centre = visits[0].centre.id
    account = select(payout_account.c.account_id).where(
        payout_account.c.centre_id == centre, payout_account.c.charges_enabled
    )
    destination = (await tx.conn.execute(account)).scalar()
    lead = min(each.id for each in visits)
    rows = [
        {
            "appointment_id": each.id,
            "state": PaymentState.CREATING,
            "amount": each.price.amount,
            "currency": each.price.currency,
            "destination": destination,
            "fee_basis_points": ctx.settings.stripe.fee_basis_points,
            # No card keeps an amount until the last of them is over.
            "manual": False,
            "page_of": lead,
            "created_at": tx.now,
            "updated_at": tx.now,
        }
        for each in visits
    ]
    await tx.conn.execute(insert(table), rows)
    payload = json.dumps({"appointment": str(lead)}).encode()
    page = Work("stripe.checkout", f"payment:{lead}", f"stripe.checkout:{lead}", payload)
    delay = Work("stripe.delay", f"delay:{lead}", f"stripe.delay:{lead}", payload, tx.now + TELL_OF_DELAY_AFTER)
    await put(tx, [page, delay])


async def amounts(tx: Tx, lead: UUID) -> list[Money]:
    """Return what each of the visits of a page costs."""
    found = await tx.conn.execute(select(table.c.currency, table.c.amount).where(table.c.page_of == lead))
    return [Money(row.currency, row.amount) for row in found]


async def opened(tx: Tx, lead: UUID, session: Checkout, expires_at: datetime) -> None:
    """Write down the page that Stripe made, and send it to the payer, once."""
    members = await _members(tx, lead)
    held = []
    for visit, _ in members:
        await write(
            tx, visit.id, state=PaymentState.OPEN, session_id=session.id, url=session.url, expires_at=expires_at
        )
        if visit.status is Status.PENDING and visit.hold_until:
            longer = expires_at > visit.hold_until
            held.append(await moves.hold_longer(tx, visit, expires_at) if longer else visit)
    if held and all(each.pay_until > tx.now for each in held):
        await tell_payer(
            tx, held[0], Notice.HELD, visits=len(held), amount=session.amount.amount, currency=session.amount.currency
        )


async def settle(tx: Tx, lead: UUID, session: Checkout, *, failed: bool) -> None:
    """Act on a session that was fetched just now, for all that are paid on its page."""
    members = await _members(tx, lead)
    if any(payment.session_id != session.id for _, payment in members):
        _log.error("a session that is not this visit's", row=str(lead), status=session.status)
    elif session.paid:
        due = [each for each in members if each[1].state in UNPAID]
        for visit, payment in due:
            await write_charged(
                tx,
                visit.id,
                _price(payment),
                state=PaymentState.PAID,
                session_id=session.id,
                payment_intent=session.payment_intent,
            )
        await _book(tx, due)
        for _, payment in due:
            await ledger.take_share(tx, payment)
    elif failed or session.status == "expired":
        open_ = [each for each in members if each[1].state is PaymentState.OPEN]
        await _let_go(tx, open_, failed=failed)


async def lapse(tx: Tx, lead: UUID, *, failed: bool) -> None:
    """Give back the times of what is still not paid, and tell the payer once. For holds that are over."""
    await _let_go(tx, await _members(tx, lead), failed=failed)


async def let_go_with(tx: Tx, visit: Appointment, why: Why, actor: UUID) -> list[Appointment]:
    """Cancel what is held, not paid yet, and was to be paid on one page with a visit that is cancelled."""
    others = [each for each in await lock_together(tx, visit.id) if each != visit.id]
    held = [each for each in [await appointment(tx, other) for other in others] if each.status is Status.PENDING]
    return [await moves.call_off(tx, each, why, actor) for each in held]


async def take_over(tx: Tx, lead: UUID, refunds: Sequence[Refund]) -> None:
    """Bring the ledgers in line with the refunds at Stripe: those made there by hand, and those that failed there.

    What was given back by hand is the last visits', as far as it goes: those to come rather than those that were.
    """
    members = await _members(tx, lead)
    for made in refunds:
        ours = [
            (visit, entry.id)
            for visit, _ in members
            for entry in await ledger.entries(tx, visit.id)
            if entry.stripe_ref == made.id or str(entry.id) == made.entry
        ]
        if made.failed:
            for visit, entry_id in ours:
                await refund_refused(tx, visit, entry_id)
        elif not ours:
            await _given_back_by_hand(tx, [visit for visit, _ in members], made)
    for visit, _ in members:
        await follow_ledger(tx, visit.id)


async def _given_back_by_hand(tx: Tx, visits: Sequence[Appointment], made: Refund) -> None:
    left = made.amount.amount
    for visit in reversed(visits):
        part = min(left, (await ledger.sums(tx, visit.id))[1])
        if part > 0:
            amount = Money(made.amount.currency, part)
            added = await ledger.add(tx, visit.id, Entry.REFUND, -amount, stripe_ref=made.id)
            assert added
            await tell_of_refund(tx, visit, Notice.REFUNDED, added, amount)
            left -= part


async def _book(tx: Tx, members: Sequence[_Member]) -> None:
    """Book all of what was held; if one of them cannot take place any more, all is given back."""
    if not members:
        return
    visits = [visit for visit, _ in members]
    attempt = await tx.conn.begin_nested()
    for visit in visits:
        if not (await occupancy.keep(tx, visit.id) if is_held(tx, visit) else await free_still(tx, visit)):
            await attempt.rollback()
            await _too_late(tx, members)
            return
    await attempt.commit()
    booked = [await moves.step(tx, each, Status.BOOKED, Why.PAID, settled_at=tx.now) for each in visits]
    await tell_all(tx, booked[0], Notice.SERIES)
    for each in booked:
        await open_room(tx, each)


async def _too_late(tx: Tx, members: Sequence[_Member]) -> None:
    for visit, payment in members:
        gone = visit
        if visit.status is Status.PENDING:
            gone = await moves.call_off(tx, visit, Why.HOLD_OVER)
        await refund(tx, gone, _price(payment), notice=Notice.PAID_TOO_LATE)


async def _let_go(tx: Tx, members: Sequence[_Member], *, failed: bool) -> None:
    for visit, payment in members:
        if payment.state in {PaymentState.CREATING, PaymentState.OPEN}:
            await write(tx, visit.id, state=PaymentState.FAILED if failed else PaymentState.EXPIRED)
    held = [visit for visit, _ in members if visit.status is Status.PENDING]
    why = Why.PAYMENT_FAILED if failed else Why.HOLD_OVER
    gone = [await moves.call_off(tx, each, why) for each in held]
    if gone:
        notice = Notice.PAYMENT_FAILED if failed else Notice.EXPIRED
        await tell_payer(tx, gone[0], notice, visits=len(gone))


async def _members(tx: Tx, lead: UUID) -> list[_Member]:
    """Return the visits that are paid on a page, locked, by start, with their payments."""
    visits = [await appointment(tx, each) for each in await lock_together(tx, lead)]
    members = []
    for visit in sorted(visits, key=lambda each: each.start):
        payment = await payment_of(tx, visit.id)
        assert payment
        members.append((visit, payment))
    return members


def _price(payment: Payment) -> Money:
    return Money(payment.currency, payment.amount)
