"""The door to Stripe: the official SDK, its answers as plain values, and its absence as LaterError."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
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


class Gateway:
    """Calls Stripe, or whatever stands at `api_base`. Close it after use.

    Its methods raise LaterError while Stripe is away, and RejectedError when it says no.
    """

    def __init__(self, settings: StripeSettings) -> None:
        self._secret = settings.webhook_secret.get_secret_value()
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
    ) -> Checkout:
        """Make a page on which `price` can be paid until `expires_at`; the same `key` gives the same page."""
        metadata = {"appointment": reference}
        with _answers():
            made = await self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": reference,
                    "expires_at": int(expires_at.timestamp()),
                    "success_url": success_url,
                    "cancel_url": cancel_url,
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
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
            return _checkout(await self._client.v1.checkout.sessions.retrieve_async(session_id))

    async def expire_checkout(self, session_id: str) -> Checkout:
        """Close a session, so that nobody can pay any more; returns it as it is then, which may be paid."""
        try:
            with _answers():
                return _checkout(await self._client.v1.checkout.sessions.expire_async(session_id))
        except RejectedError:  # it is not open: paid, or expired already
            return await self.checkout(session_id)

    async def refund(self, *, payment_intent: str, amount: Money, entry: str, reference: str) -> Refund:
        """Give an amount back; asked twice for the same ledger entry, it is given back once."""
        with _answers():
            made = await self._client.v1.refunds.create_async(
                {
                    "payment_intent": payment_intent,
                    "amount": amount.amount,
                    "metadata": {"appointment": reference, "entry": entry},
                },
                {"idempotency_key": f"refund:{entry}"},
            )
        return _refund(made)

    async def refunds(self, payment_intent: str) -> list[Refund]:
        """Return all refunds of a payment, whoever made them."""
        with _answers():
            page = await self._client.v1.refunds.list_async({"payment_intent": payment_intent, "limit": 100})
            return [_refund(each) async for each in page.auto_paging_iter()]

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
        try:
            stripe.WebhookSignature.verify_header(body, signature, self._secret, tolerance=300)
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
    return Checkout(
        id=session.id,
        status=session.status or "",
        paid=session.payment_status == "paid",
        amount=Money((session.currency or "").upper(), session.amount_total or 0),
        payment_intent=intent if intent is None or isinstance(intent, str) else intent.id,
        reference=session.client_reference_id,
        url=session.url,
    )


def _refund(refund: stripe.Refund) -> Refund:
    metadata = refund.metadata.to_dict() if refund.metadata else {}
    return Refund(
        id=refund.id,
        amount=Money(refund.currency.upper(), refund.amount),
        failed=refund.status in {"failed", "canceled"},
        entry=metadata.get("entry"),
    )
