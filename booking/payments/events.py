"""Stripe's events at the door: what is kept of each, and those that did not reach us."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select

from booking.context import Context
from booking.payments.gateway import Gateway
from booking.payments.model import payment
from booking.payments.service import uuid_of
from core.database import Database, Tx
from core.inbox import receive
from core.logs import log

_SESSION = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
_REFUND = frozenset({"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed"})
_DISPUTE = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
_KEPT_BY_STRIPE = timedelta(days=30)
_log = log("booking.payments")


@dataclass(frozen=True, slots=True)
class Event:
    """What is kept of an event: only which things to fetch anew. A payer's name and address stay with Stripe."""

    id: str
    type: str
    session: str | None
    intent: str | None
    appointment: UUID | None
    account: str | None = None
    """The centre's own account that this is news of."""
    dispute: str | None = None

    @classmethod
    def from_stripe(cls, event: dict[str, Any]) -> Self:
        """Read an event as Stripe sends it. Raises KeyError, TypeError for what is none."""
        thing: dict[str, Any] = event["data"]["object"]
        kind = str(event["type"])
        return cls(
            id=str(event["id"]),
            type=kind,
            session=str(thing["id"]) if kind in _SESSION else None,
            intent=thing.get("payment_intent") if kind in _REFUND | _DISPUTE else None,
            appointment=uuid_of(thing.get("client_reference_id") or (thing.get("metadata") or {}).get("appointment")),
            account=str(thing["id"]) if kind == "account.updated" else None,
            dispute=str(thing["id"]) if kind in _DISPUTE else None,
        )

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Read what `written` wrote."""
        kept = json.loads(payload)
        return cls(
            kept["id"],
            kept["type"],
            kept["session"],
            kept["intent"],
            uuid_of(kept["appointment"]),
            kept["account"],
            kept.get("dispute"),  # kept by the version before
        )

    def written(self) -> bytes:
        return json.dumps(
            {
                "id": self.id,
                "type": self.type,
                "session": self.session,
                "intent": self.intent,
                "appointment": str(self.appointment) if self.appointment else None,
                "account": self.account,
                "dispute": self.dispute,
            }
        ).encode()


async def hear(tx: Tx, raw: dict[str, Any]) -> bool:
    """Keep an event for its handler. Returns False for one that came before, and for those that mean nothing to us."""
    event = Event.from_stripe(raw)
    if not event.session and not event.intent and not event.account:
        return False
    if event.intent and event.appointment is None:
        event = replace(event, appointment=await appointment_of(tx, event.intent))
    lane = (
        f"payment:{event.appointment}"
        if event.appointment
        else f"stripe:{event.session or event.intent or event.account}"
    )
    return await receive(tx, kind="stripe", event_id=event.id, lane=lane, payload=event.written())


async def catch_up(database: Database, ctx: Context, gateway: Gateway) -> int:  # noqa: ARG001  (jobs have one head)
    """Fetch the events that Stripe could not deliver; returns how many are news. At start, and hourly.

    Raises LaterError while Stripe is away.
    """
    news = 0
    since = database.clock.now() - _KEPT_BY_STRIPE
    async for event in gateway.undelivered(since):
        async with database.transaction() as tx:
            news += await hear(tx, event)
    if news:
        _log.info("events fetched that had not come", count=news)
    return news


async def appointment_of(tx: Tx, intent: str) -> UUID | None:
    """The visit that is paid by it; of several, one, which stands for all."""
    own = payment.c.appointment_id
    return (
        await tx.conn.execute(select(own).where(payment.c.payment_intent == intent).order_by(own).limit(1))
    ).scalar()
