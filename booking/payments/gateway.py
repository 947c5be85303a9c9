"""The door to Stripe: the official SDK, its answers as plain values, and its absence as LaterError."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import stripe

from core.lanes import LaterError
from core.money import Money
from core.settings import StripeSettings

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_NOT_ITS_WORD = (
    stripe.APIConnectionError,
    stripe.RateLimitError,
    stripe.AuthenticationError,  # a key that is being rotated: an operator's matter, and nothing is lost meanwhile
    stripe.PermissionError,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
)


# What a session's card was asked for stands in its intent and in that one's charge.
_WHOLE: Any = {"expand": ["payment_intent.latest_charge"]}


class RejectedError(Exception):
    """Stripe will not do this, however often it is asked. `code` is Stripe's own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Checkout:
    """A Checkout Session as Stripe tells it now."""

    id: str
    status: str
    """open, complete or expired."""
    paid: bool
    authorised: bool
    """The card's bank keeps the amount until it is captured, or `capture_before` has come."""
    capture_before: datetime | None
    amount: Money
    payment_intent: str | None
    reference: str | None
    """The appointment's id, which we gave it."""
    url: str | None


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as Stripe tells it now."""

    id: str
    amount: Money
    failed: bool
    entry: str | None
    """The id of the ledger entry that it was made for; None for one that was made by hand, at Stripe."""


@dataclass(frozen=True, slots=True)
class Account:
    """A centre's own account, as Stripe tells it now."""

    id: str
    charges_enabled: bool
    payouts_enabled: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """An amount that came (above nothing) or went (below) at Stripe."""

    at: datetime
    amount: Money
    intent: str | None = None
    """Of which payment intent it is."""
    ours: bool = True
    """Whether it bears our mark; it may be ours without it, as what is given back by hand is."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An amount that the payer's bank took (below nothing) or gave again (above), in the charge's currency."""

    id: str
    """Of Stripe's balance transaction."""
    amount: Money


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as Stripe tells it now (https://docs.stripe.com/api/disputes/object)."""

    id: str
    status: str
    amount: Money
    due_by: datetime | None
    payment_intent: str | None
    reference: str | None
    """The appointment's id, which we gave the charge."""
    withdrawals: tuple[Withdrawal, ...]


class Gateway:
    """Calls Stripe, or whatever stands at `api_base`. Close it after use.

    Its methods raise LaterError while Stripe is away, and RejectedError when it says no.
    """

    def __init__(self, settings: StripeSettings) -> None:
        secrets = settings.webhook_secret, settings.connect_webhook_secret
        self._secrets = [each.get_secret_value() for each in secrets if each.get_secret_value()]
        self._http = stripe.AIOHTTPClient(timeout=_TIMEOUT)
        self._client = stripe.StripeClient(
            settings.secret_key.get_secret_value(),
            base_addresses={"api": settings.api_base.rstrip("/")},
            http_client=self._http,
            max_network_retries=0,  # the outbox tries again, without keeping a transaction open meanwhile
        )

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create_checkout(
        self,
        *,
        key: str,
        reference: str,
        product: str,
        price: Money,
        expires_at: datetime,
        success_url: str,
        cancel_url: str,
        manual: bool = False,
        destination: str | None = None,
        fee: int = 0,
    ) -> Checkout:
        """Make a page on which `price` can be paid until `expires_at`; the same `key` gives the same page.

        `destination`: the account that is paid, as the one that sells; `fee`: what of it the platform keeps, in the
        smallest unit (https://docs.stripe.com/connect/destination-charges).

        `manual`: the amount is only authorised, to be captured later
        (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method).
        """
        metadata = {"appointment": reference}
        intent: Any = {"metadata": metadata, **({"capture_method": "manual"} if manual else {})}
        if destination:
            intent |= {"transfer_data": {"destination": destination}, "on_behalf_of": destination}
        if destination and fee:
            intent["application_fee_amount"] = fee
        with _answers():
            made = await self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": reference,
                    "expires_at": int(expires_at.timestamp()),
                    "success_url": success_url,
                    "cancel_url": cancel_url,
                    "metadata": metadata,
                    "payment_intent_data": intent,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": price.currency.lower(),
                                "unit_amount": price.amount,
                                "product_data": {"name": product},
                            },
                        }
                    ],
                },
                {"idempotency_key": key},
            )
        return _checkout(made)

    async def checkout(self, session_id: str) -> Checkout:
        """Return a session as it is now."""
        with _answers():
            return _checkout(await self._client.v1.checkout.sessions.retrieve_async(session_id, _WHOLE))

    async def capture(self, payment_intent: str, amount: Money, *, fee: int | None = None) -> Money:
        """Charge what is authorised, or a part of it, once; returns what was charged. Raises RejectedError.

        `fee`: what of it the platform keeps, in the smallest unit; None where it is nobody else's.
        """
        wanted: Any = {"amount_to_capture": amount.amount}
        if fee is not None:
            wanted["application_fee_amount"] = fee
        try:
            with _answers():
                made = await self._client.v1.payment_intents.capture_async(
                    payment_intent,
                    wanted,
                    {"idempotency_key": f"capture:{payment_intent}"},
                )
        except RejectedError:
            # Done already, by hand or by a try whose answer was lost for longer than Stripe keeps its keys?
            with _answers():
                made = await self._client.v1.payment_intents.retrieve_async(payment_intent)
            if made.status != "succeeded":
                raise
        return Money(made.currency.upper(), made.amount_received)

    async def release(self, payment_intent: str) -> None:
        """Let go of what is authorised. Raises RejectedError when it was charged meanwhile."""
        try:
            with _answers():
                await self._client.v1.payment_intents.cancel_async(
                    payment_intent, {}, {"idempotency_key": f"release:{payment_intent}"}
                )
        except RejectedError:
            with _answers():
                known = await self._client.v1.payment_intents.retrieve_async(payment_intent)
            if known.status != "canceled":
                raise

    async def expire_checkout(self, session_id: str) -> Checkout:
        """Close a session, so that nobody can pay any more; returns it as it is then, which may be paid."""
        try:
            with _answers():
                return _checkout(await self._client.v1.checkout.sessions.expire_async(session_id, _WHOLE))
        except RejectedError:  # it is not open: paid, or expired already
            return await self.checkout(session_id)

    async def refund(
        self, *, payment_intent: str, amount: Money, entry: str, reference: str, reverse: bool = False
    ) -> Refund:
        """Give an amount back; asked twice for the same ledger entry, it is given back once.

        `reverse`: at the cost of the account that was paid, with the platform's share of it from the platform.
        """
        wanted: Any = {
            "payment_intent": payment_intent,
            "amount": amount.amount,
            "metadata": {"appointment": reference, "entry": entry},
        }
        if reverse:
            wanted |= {"reverse_transfer": True, "refund_application_fee": True}
        with _answers():
            made = await self._client.v1.refunds.create_async(
                wanted,
                {"idempotency_key": f"refund:{entry}"},
            )
        return _refund(made)

    async def refunds(self, payment_intent: str) -> list[Refund]:
        """Return all refunds of a payment, whoever made them."""
        with _answers():
            page = await self._client.v1.refunds.list_async({"payment_intent": payment_intent, "limit": 100})
            return [_refund(each) async for each in page.auto_paging_iter()]

    async def moved(self, since: datetime, until: datetime) -> dict[str, Moved]:
        """Return what was charged, refunded and disputed, by the id under which the ledger has it.

        Of a charge that is its payment intent's. What is only authorised has not moved yet. Charges are those for
        visits alone.
        """
        found: dict[str, Moved] = {}
        span: Any = {"created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())}, "limit": 100}
        with _answers():
            charges = await self._client.v1.charges.list_async(span)
            async for charge in charges.auto_paging_iter():
                ref = _id(charge.payment_intent)
                if ref and charge.amount_captured and _reference(charge):
                    charged = Money(charge.currency.upper(), charge.amount_captured)
                    found[ref] = Moved(_at(charge.created), charged, ref)
            refunds = await self._client.v1.refunds.list_async(span)
            async for refund in refunds.auto_paging_iter():
                ref = _id(refund.payment_intent)
                if refund.status not in {"failed", "canceled"}:
                    back = Money(refund.currency.upper(), -refund.amount)
                    ours = ref in found or _refund(refund).entry is not None
                    found[refund.id] = Moved(_at(refund.created), back, ref, ours)
            adjustments: Any = {**span, "type": "adjustment", "expand": ["data.source"]}
            moves = await self._client.v1.balance_transactions.list_async(adjustments)
            async for each in moves.auto_paging_iter():
                if isinstance(each.source, stripe.Dispute):
                    ref = _id(each.source.payment_intent)
                    taken = _withdrawal(each.source, each).amount
                    found[each.id] = Moved(_at(each.created), taken, ref, ref in found)
        return found

    async def dispute(self, dispute_id: str) -> Dispute:
        """Return a dispute as it is now."""
        wanted: Any = {"expand": ["charge"]}
        with _answers():
            found = await self._client.v1.disputes.retrieve_async(dispute_id, wanted)
        due_by = found.evidence_details.due_by if found.evidence_details else None
        return Dispute(
            id=found.id,
            status=found.status,
            amount=Money(found.currency.upper(), found.amount),
            due_by=_at(due_by) if due_by else None,
            payment_intent=_id(found.payment_intent),
            reference=_reference(found.charge) if isinstance(found.charge, stripe.Charge) else None,
            withdrawals=tuple(_withdrawal(found, each) for each in found.balance_transactions),
        )

    async def take_back(self, payment_intent: str, amount: Money, *, entry: str) -> None:
        """Take an amount back from the account that a payment went on to, with its share of the fee; once for an entry.

        For what the payer's bank took from the platform (https://docs.stripe.com/connect/disputes). Raises
        RejectedError.
        """
        with _answers():
            intent = await self._client.v1.payment_intents.retrieve_async(payment_intent, {"expand": ["latest_charge"]})
            charge = intent.latest_charge
            transfer = _id(charge.transfer) if isinstance(charge, stripe.Charge) else None
            if transfer is None:
                raise RejectedError("no_transfer")
            made = await self._client.v1.transfers.reversals.list_async(transfer, {"limit": 100})
            if any((each.metadata.to_dict() if each.metadata else {}).get("entry") == entry for each in made.data):
                return
            await self._client.v1.transfers.reversals.create_async(
                transfer,
                {"amount": amount.amount, "refund_application_fee": True, "metadata": {"entry": entry}},
                {"idempotency_key": f"take-back:{entry}"},
            )

    async def give_again(self, account: str, amount: Money, *, entry: str) -> None:
        """Move what the payer's bank gave again on to an account, once for an entry. Raises RejectedError."""
        with _answers():
            group = f"reinstated:{entry}"
            if (await self._client.v1.transfers.list_async({"transfer_group": group, "limit": 1})).data:
                return
            await self._client.v1.transfers.create_async(
                {
                    "amount": amount.amount,
                    "currency": amount.currency.lower(),
                    "destination": account,
                    "transfer_group": group,
                    "metadata": {"entry": entry},
                },
                {"idempotency_key": f"give-again:{entry}"},
            )

    async def create_account(self, *, key: str, country: str, reference: str) -> str:
        """Make an account for a centre (`reference`: its id), once for a `key`; returns its id.

        Stripe asks the owner for what it needs to know, and the platform bears what the owner cannot pay back
        (https://docs.stripe.com/connect/accounts). `country`: ISO 3166-1 alpha-2.
        """
        with _answers():
            made = await self._client.v1.accounts.create_async(
                {
                    "country": country,
                    "controller": {
                        "stripe_dashboard": {"type": "express"},
                        "fees": {"payer": "application"},
                        "losses": {"payments": "application"},
                        "requirement_collection": "stripe",
                    },
                    "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
                    "metadata": {"centre": reference},
                },
                {"idempotency_key": key},
            )
        return made.id

    async def account(self, account_id: str) -> Account:
        """Return how an account stands now."""
        with _answers():
            found = await self._client.v1.accounts.retrieve_async(account_id)
        return Account(found.id, bool(found.charges_enabled), bool(found.payouts_enabled))

    async def onboarding(self, account_id: str, *, come_back: str) -> str:
        """Return a page on which the owner answers Stripe's questions: it opens once, for some minutes."""
        with _answers():
            link = await self._client.v1.account_links.create_async(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "refresh_url": come_back,
                    "return_url": come_back,
                }
            )
        return link.url

    async def undelivered(self, since: datetime) -> AsyncIterator[dict[str, Any]]:
        """Yield the events since then that did not reach our webhook."""
        with _answers():
            page = await self._client.v1.events.list_async(
                {"delivery_success": False, "created": {"gte": int(since.timestamp())}, "limit": 100}
            )
            async for event in page.auto_paging_iter():
                yield event.to_dict()

    def verify(self, body: bytes, signature: str) -> bool:
        """Whether the body of a webhook was signed by Stripe within the last five minutes."""
        return any(_signed_with(secret, body, signature) for secret in self._secrets)


def _signed_with(secret: str, body: bytes, signature: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, tolerance=300)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


@contextmanager
def _answers() -> Iterator[None]:
    """Part "later" from "never". Stripe's own sentences are kept out: they can repeat what a person typed."""
    try:
        yield
    except _NOT_ITS_WORD as away:
        raise LaterError("stripe") from away
    except stripe.StripeError as said:
        status = said.http_status or 0
        if status == 409 or status >= 500:
            raise LaterError("stripe") from said
        raise RejectedError(said.code or type(said).__name__) from said


def _checkout(session: stripe.checkout.Session) -> Checkout:
    intent = session.payment_intent
    whole = intent if isinstance(intent, stripe.PaymentIntent) else None
    authorised = whole is not None and whole.status == "requires_capture"
    return Checkout(
        id=session.id,
        status=session.status or "",
        paid=session.payment_status == "paid",
        authorised=authorised,
        capture_before=_capture_before(whole) if whole and authorised else None,
        amount=Money((session.currency or "").upper(), session.amount_total or 0),
        payment_intent=intent.id if isinstance(intent, stripe.PaymentIntent) else intent,
        reference=session.client_reference_id,
        url=session.url,
    )


def _id(thing: Any) -> str | None:
    """Return the id of what Stripe names by its id, or gives whole."""
    return None if thing is None else str(thing if isinstance(thing, str) else thing.id)


def _reference(charge: stripe.Charge) -> str | None:
    return (charge.metadata.to_dict() if charge.metadata else {}).get("appointment")


def _withdrawal(of: stripe.Dispute, moved: stripe.BalanceTransaction) -> Withdrawal:
    """The amount in the charge's currency, where the account is kept in another one: as the dispute has it."""
    alike = moved.currency == of.currency
    amount = moved.amount if alike else of.amount if moved.amount > 0 else -of.amount
    return Withdrawal(moved.id, Money(of.currency.upper(), amount))


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _capture_before(intent: stripe.PaymentIntent) -> datetime | None:
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, stripe.Charge) else None
    card = details.card if details else None
    ends = card.capture_before if card else None
    return _at(ends) if ends else None


def _refund(refund: stripe.Refund) -> Refund:
    metadata = refund.metadata.to_dict() if refund.metadata else {}
    return Refund(
        id=refund.id,
        amount=Money(refund.currency.upper(), refund.amount),
        failed=refund.status in {"failed", "canceled"},
        entry=metadata.get("entry"),
    )
