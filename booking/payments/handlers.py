"""What the outbox asks of Stripe, and what Stripe's events lead to.

Stripe is called before any lock is taken, so that nobody waits for it; then the lock is taken and the state looked at
anew.
"""

import json
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from booking.appointments.notices import Notice, tell_payer
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.context import Context
from booking.payments import capturing, disputes, ledger, service, together
from booking.payments.events import Event, appointment_of
from booking.payments.gateway import Gateway, Refund, RejectedError
from booking.payments.model import Payment, PaymentState
from booking.payments.payouts import Payouts, renew
from booking.payments.rules import checkout_attempt, fee_of
from core.database import Tx
from core.lanes import Handler, LaterError, Row
from core.logs import log
from core.money import Money

_LONGEST_PAUSE = 20.0
"""Seconds between two tries to get a page: somebody waits for it."""
_KEYS_KEPT = timedelta(hours=23)
"""Stripe answers a repeat for a day as it did the first time; after that it would be a second one
(https://docs.stripe.com/api/idempotent_requests)."""
_log = log("booking.payments")


def outbox_handlers(ctx: Context, gateway: Gateway) -> dict[str, Handler]:
    """Return the handlers of the outbox' kinds that this room writes."""
    asking = _Asking(ctx, gateway)
    return {
        "stripe.checkout": asking.checkout,
        "stripe.delay": asking.delay,
        "stripe.expire": asking.expire,
        "stripe.refund": asking.refund,
        "stripe.capture": asking.capture,
        "stripe.release": asking.release,
        "stripe.give_back": asking.give_back,
        "stripe.take_back": asking.take_back,
        "stripe.give_again": asking.give_again,
        "stripe.account": Payouts(ctx, gateway).set_up,
    }


def inbox_handlers(ctx: Context, gateway: Gateway) -> dict[str, Handler]:
    """Return the handler of Stripe's events."""
    return {"stripe": _Hearing(ctx, gateway).event}


def handlers(ctx: Context, gateway: Gateway) -> dict[str, Handler]:
    """Return all of them."""
    return {**outbox_handlers(ctx, gateway), **inbox_handlers(ctx, gateway)}


class _Asking:
    def __init__(self, ctx: Context, gateway: Gateway) -> None:
        self._return = f"{ctx.settings.http.public_url}/pay/return"
        self._gateway = gateway

    async def checkout(self, tx: Tx, row: Row) -> str:
        visit = await appointment(tx, _payload(row)["appointment"])
        payment = await service.payment_of(tx, visit.id)
        held = visit.status is Status.PENDING and visit.hold_until is not None and visit.hold_until > tx.now
        if not held or payment is None or payment.state is not PaymentState.CREATING:
            return "not wanted any more"
        assert visit.hold_until
        attempt, expires_at = checkout_attempt(visit.hold_until, tx.now)
        prices = await together.amounts(tx, visit.id) if payment.page_of else [visit.price]
        try:
            session = await self._gateway.create_checkout(
                key=f"booking:{visit.id}:{attempt}",
                reference=str(visit.id),
                product=f"Appointment {visit.code}" if len(prices) == 1 else f"{len(prices)} appointments",
                price=Money(payment.currency, sum(each.amount for each in prices)),
                expires_at=expires_at,
                success_url=self._return + "?session_id={CHECKOUT_SESSION_ID}",
                cancel_url=self._return,
                manual=payment.manual,
                destination=payment.destination,
                fee=sum(fee_of(each.amount, payment.fee_basis_points) for each in prices),
            )
        except LaterError as away:
            pause = min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(row.attempts, 10))
            raise LaterError("stripe", seconds=pause * random.uniform(0.9, 1.1)) from away
        except RejectedError as no:
            _log.error("no page to pay on", row=str(visit.id), reason=no.code)
            await service.lapse(tx, visit.id, failed=True)
            return "rejected"
        await service.opened(tx, visit.id, session, expires_at)
        return session.id

    async def delay(self, tx: Tx, row: Row) -> None:
        visit = await appointment(tx, _payload(row)["appointment"], lock=True)
        payment = await service.payment_of(tx, visit.id)
        if visit.status is Status.PENDING and payment and payment.state is PaymentState.CREATING:
            await tell_payer(tx, visit, Notice.PAYMENT_DELAYED)

    async def expire(self, tx: Tx, row: Row) -> str | None:
        visit = await appointment(tx, _payload(row)["appointment"])
        if visit.hold_until and visit.pay_until > tx.now:
            return "still held"
        payment = await service.payment_of(tx, visit.id)
        if payment and payment.session_id:
            await service.settle(tx, await self._gateway.expire_checkout(payment.session_id))
        # What is still not paid: there was no page yet, or a bank has not made up its mind.
        await service.lapse(tx, visit.id)
        return None

    async def refund(self, tx: Tx, row: Row) -> str | None:
        what = _payload(row)
        payment = await service.payment_of(tx, what["appointment"])
        entry_id = UUID(what["entry"])
        entry = next(each for each in await ledger.entries(tx, what["appointment"]) if each.id == entry_id)
        assert payment
        assert payment.payment_intent
        try:
            made = await self._made_before(tx, row, payment.payment_intent, entry_id) or await self._gateway.refund(
                payment_intent=payment.payment_intent,
                amount=-entry.amount,
                entry=str(entry_id),
                reference=str(payment.appointment_id),
                # After a dispute nothing is left of what went on to the centre.
                reverse=payment.destination is not None and not await ledger.was_disputed(tx, payment.appointment_id),
            )
        except RejectedError as no:
            _log.error("no refund", row=str(entry_id), reason=no.code)
            await service.lock_together(tx, payment.appointment_id)
            visit = await appointment(tx, payment.appointment_id, lock=True)
            await service.refund_refused(tx, visit, entry_id)
            await service.take_over(tx, payment, await self._gateway.refunds(payment.payment_intent))
            return "rejected"
        visit = await appointment(tx, payment.appointment_id, lock=True)
        await service.refund_made(tx, visit, entry_id, made, Notice(what["notice"]))
        return made.id

    async def _made_before(self, tx: Tx, row: Row, intent: str, entry_id: UUID) -> Refund | None:
        """The refund for an entry, where a try of long ago has made it and died before that was written down."""
        if tx.now - row.created_at < _KEYS_KEPT:
            return None
        made = await self._gateway.refunds(intent)
        return next((each for each in made if each.entry == str(entry_id)), None)

    async def capture(self, tx: Tx, row: Row) -> str | None:
        what = _payload(row)
        payment = await service.payment_of(tx, what["appointment"])
        assert payment
        assert payment.payment_intent
        try:
            charged = await self._capture(payment, Money(payment.currency, what["amount"]))
        except RejectedError as no:
            await capturing.capture_failed(tx, await appointment(tx, payment.appointment_id, lock=True))
            return no.code
        await capturing.captured(tx, await appointment(tx, payment.appointment_id, lock=True), charged)
        return None

    async def _capture(self, payment: Payment, amount: Money) -> Money:
        assert payment.payment_intent
        fee = fee_of(amount.amount, payment.fee_basis_points) if payment.destination else None
        return await self._gateway.capture(payment.payment_intent, amount, fee=fee)

    async def release(self, tx: Tx, row: Row) -> str | None:
        what = _payload(row)
        payment = await service.payment_of(tx, what["appointment"])
        assert payment
        assert payment.payment_intent
        everything = Money(payment.currency, payment.amount)
        try:
            await self._gateway.release(payment.payment_intent)
        except RejectedError:  # charged meanwhile, by hand: then it goes back
            charged = await self._capture(payment, everything)
            visit = await appointment(tx, payment.appointment_id, lock=True)
            await capturing.captured(tx, visit, charged)
            await service.refund(tx, visit, charged)
            return "charged"
        visit = await appointment(tx, payment.appointment_id, lock=True)
        notice = Notice(what["notice"])
        await tell_payer(tx, visit, Notice.RELEASED if notice is Notice.REFUNDED else notice)
        return None

    async def give_back(self, tx: Tx, row: Row) -> None:
        what = _payload(row)
        visit = await appointment(tx, what["appointment"], lock=True)
        await service.refund(tx, visit, Money(visit.price.currency, what["amount"]), notice=Notice(what["notice"]))

    async def take_back(self, tx: Tx, row: Row) -> str | None:
        payment, amount, entry = await self._of_entry(tx, row)
        assert payment.payment_intent
        try:
            await self._gateway.take_back(payment.payment_intent, -amount, entry=entry)
        except RejectedError as no:  # the account has nothing left: the platform has to ask for it in another way
            _log.error("a disputed amount was not taken back from the centre", row=entry, reason=no.code)
            return no.code
        return None

    async def give_again(self, tx: Tx, row: Row) -> str | None:
        payment, amount, entry = await self._of_entry(tx, row)
        assert payment.destination
        net = Money(amount.currency, amount.amount - fee_of(amount.amount, payment.fee_basis_points))
        try:
            await self._gateway.give_again(payment.destination, net, entry=entry)
        except RejectedError as no:
            _log.error("what was won back did not go on to the centre", row=entry, reason=no.code)
            return no.code
        return None

    async def _of_entry(self, tx: Tx, row: Row) -> tuple[Payment, Money, str]:
        what = _payload(row)
        payment = await service.payment_of(tx, what["appointment"])
        assert payment
        found = await ledger.entries(tx, what["appointment"])
        return payment, next(each.amount for each in found if str(each.id) == what["entry"]), what["entry"]


class _Hearing:
    def __init__(self, ctx: Context, gateway: Gateway) -> None:
        self._ctx = ctx
        self._gateway = gateway

    async def event(self, tx: Tx, row: Row) -> None:
        event = Event.read(row.payload)
        if event.account:
            await renew(tx, self._gateway, event.account)
            return
        if event.dispute:
            await self._disputed(tx, event.dispute)
            return
        payment = await service.payment_of(tx, event.appointment) if event.appointment else None
        if payment is None:
            return  # another shop's, at the same Stripe account
        if event.session:
            session = await self._gateway.checkout(event.session)
            await service.settle(tx, session, failed=event.type == "checkout.session.async_payment_failed")
        elif event.intent and payment.session_id:
            await self._refunded(tx, payment, payment.session_id, event.intent)

    async def _refunded(self, tx: Tx, payment: Payment, session_id: str, intent: str) -> None:
        if payment.payment_intent is None:  # this came before the news that it was paid
            await service.fulfil(tx, self._gateway, session_id)
        refunds = await self._gateway.refunds(intent)
        await service.take_over(tx, payment, refunds)

    async def _disputed(self, tx: Tx, dispute_id: str) -> None:
        now = await self._gateway.dispute(dispute_id)
        of = now.payment_intent and await appointment_of(tx, now.payment_intent)
        payment = await service.payment_of(tx, of) if of else None
        if payment is None and (paid_for := service.uuid_of(now.reference)):
            payment = await service.payment_of(tx, paid_for)
            if payment and payment.session_id and payment.payment_intent is None:  # it was not known yet to be paid
                await service.fulfil(tx, self._gateway, payment.session_id)
                payment = await service.payment_of(tx, paid_for)
        if payment and payment.payment_intent == now.payment_intent:
            await disputes.renew(tx, self._ctx, payment, now)


def _payload(row: Row) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(row.payload)
    return {**read, "appointment": UUID(read["appointment"])}
