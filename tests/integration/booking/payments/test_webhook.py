"""The door for Stripe's events: who may knock, what is kept, what is heard late."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import stripe
from sqlalchemy import select

from booking.appointments.service import Appointment, Status
from booking.payments.events import catch_up
from booking.payments.model import PaymentState
from booking.payments.service import fulfil
from core.inbox import inbox
from core.lanes import LaterError
from core.money import Money
from demo.stripe.payer import pay
from tests.integration.booking.clinic import ANNA, MINUTE, PRICE
from tests.integration.booking.payments.conftest import PayingClinic


async def _knock(clinic: PayingClinic, body: str, signature: str | None) -> int:
    headers = {"Stripe-Signature": signature} if signature else {}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{clinic.ctx.settings.http.public_url}/stripe/webhook", data=body, headers=headers) as answer,
    ):
        return answer.status


def _signed(clinic: PayingClinic, body: str, at: float | None = None, secret: str | None = None) -> str:
    return stripe.WebhookSignature.generate_signature_header(
        body, secret or clinic.stripe.webhook_secret, int(at or time.time())
    )


def _signed_with_nothing(body: str) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, "", int(time.time()))


def _event(kind: str, session: str, visit: Appointment, **more: Any) -> str:
    thing = {"id": session, "object": "checkout.session", "client_reference_id": str(visit.id), **more}
    return json.dumps({"id": f"evt_{kind}", "object": "event", "type": kind, "data": {"object": thing}})


async def _kept(clinic: PayingClinic) -> int:
    async with clinic.tx() as tx:
        return len((await tx.conn.execute(select(inbox.c.id))).all())


async def test_only_what_stripe_signed_just_now_is_taken(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    session = (await clinic.payment(visit)).session_id or ""
    body = _event("checkout.session.completed", session, visit)
    assert await _knock(clinic, body, None) == 400
    assert await _knock(clinic, body, "nonsense") == 400
    assert await _knock(clinic, body, _signed(clinic, body, secret="whsec_other")) == 400
    assert await _knock(clinic, body, _signed(clinic, body, at=time.time() - 301)) == 400
    assert await _knock(clinic, body + " ", _signed(clinic, body)) == 400
    assert await _kept(clinic) == 0
    assert await _knock(clinic, body, _signed_with_nothing(body)) == 400
    assert await _knock(clinic, body, _signed(clinic, body)) == 204
    assert await _kept(clinic) == 1


async def test_news_of_connected_accounts_come_signed_with_a_secret_of_their_own(clinic: PayingClinic) -> None:
    event = {"id": "evt_a", "type": "account.updated", "data": {"object": {"id": "acct_x", "object": "account"}}}
    body = json.dumps(event)
    assert await _knock(clinic, body, _signed(clinic, body, secret="whsec_of_connected_accounts")) == 204
    assert await _kept(clinic) == 1


async def test_an_event_is_kept_once_and_without_what_it_tells_of_the_payer(clinic: PayingClinic) -> None:
    await clinic.rest()
    visit = await clinic.book(service=clinic.online)
    body = _event(
        "checkout.session.completed", "cs_x", visit, customer_details={"email": "anna@example.org", "name": "Anna"}
    )
    for _ in range(3):
        assert await _knock(clinic, body, _signed(clinic, body)) == 204
    async with clinic.tx() as tx:
        rows = (await tx.conn.execute(select(inbox.c.payload, inbox.c.lane))).all()
    assert len(rows) == 1
    assert rows[0].lane == f"payment:{visit.id}"
    assert b"nna" not in rows[0].payload


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"data": 1}', '"x"', '{"id": "e", "type": "t", "data": {}}', "\ud800x"]
)
async def test_what_is_signed_but_no_event_is_refused(clinic: PayingClinic, body: str) -> None:
    raw = body.encode("utf-8", "surrogatepass")
    signature = _signed(clinic, body) if body.isascii() else "t=1,v1=00"
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{clinic.ctx.settings.http.public_url}/stripe/webhook", data=raw, headers={"Stripe-Signature": signature}
        ) as answer,
    ):
        assert answer.status == 400


async def test_events_of_another_shop_at_the_same_account_mean_nothing(clinic: PayingClinic) -> None:
    made = await clinic.gateway.create_checkout(
        key=f"other-shop-{time.time_ns()}",
        reference="order 7",
        product="Book",
        price=PRICE,
        expires_at=clinic.now.replace(microsecond=0) + 40 * MINUTE,
        success_url="https://example.org/",
        cancel_url="https://example.org/",
    )
    assert made.url
    await pay(made.url, come_back=False)

    async def came_and_done() -> bool:  # one comes after the other
        async with clinic.tx() as tx:
            return {*(await tx.conn.execute(select(inbox.c.state))).scalars()} == {"done"}

    await clinic.until(came_and_done)


async def test_a_page_that_another_shop_made_books_nothing_whatever_it_is_said_to_be_for(clinic: PayingClinic) -> None:
    await clinic.rest()
    visit = await clinic.book(service=clinic.online)  # no page yet
    made = await clinic.gateway.create_checkout(
        key=f"other-shop-{time.time_ns()}",
        reference=str(visit.id),
        product="Sticker",
        price=Money(PRICE.currency, 100),
        expires_at=clinic.now.replace(microsecond=0) + 40 * MINUTE,
        success_url="https://example.org/",
        cancel_url="https://example.org/",
    )
    assert made.url
    await pay(made.url, come_back=False)
    async with clinic.tx() as tx:
        await fulfil(tx, clinic.gateway, made.id)
    assert (await clinic.visit(visit)).status is Status.PENDING
    assert (await clinic.payment(visit)).state is PaymentState.CREATING


async def test_a_bank_that_says_no_later_ends_the_hold(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    body = _event("checkout.session.async_payment_failed", (await clinic.payment(visit)).session_id or "", visit)
    assert await _knock(clinic, body, _signed(clinic, body)) == 204
    await clinic.becomes(visit, Status.CANCELLED)
    assert (await clinic.payment(visit)).state is PaymentState.FAILED
    assert (await clinic.told_of(visit))[("payment_failed", ANNA)] == 1
    assert await clinic.is_free(visit.start)


async def test_a_bank_that_says_yes_later_books_and_a_stale_no_does_not_undo_it(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    session = (await clinic.payment(visit)).session_id or ""
    await clinic.pay(visit)
    for kind in ("checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"):
        body = _event(kind, session, visit)
        assert await _knock(clinic, body, _signed(clinic, body)) == 204
        await clinic.quiet()
    assert (await clinic.visit(visit)).status is Status.BOOKED
    assert await clinic.amounts(visit) == [PRICE.amount]


async def test_an_event_waits_while_stripe_does_not_answer_and_is_not_lost(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    clinic.stripe.control(fail_next=3)
    await clinic.pay(visit)
    await clinic.becomes(visit, Status.BOOKED)


async def test_what_stripe_could_not_deliver_is_fetched(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    clinic.stripe.control(drop=100)
    await clinic.pay(visit)
    assert (await clinic.visit(visit)).status is Status.PENDING
    assert await catch_up(clinic.database, clinic.ctx, clinic.gateway) >= 1
    await clinic.becomes(visit, Status.BOOKED)
    assert await catch_up(clinic.database, clinic.ctx, clinic.gateway) == 0


async def test_catching_up_while_stripe_is_away_says_so(clinic: PayingClinic) -> None:
    clinic.stripe.control(fail_next=1)
    with pytest.raises(LaterError):
        await catch_up(clinic.database, clinic.ctx, clinic.gateway)


async def test_a_flood_is_not_taken_in_before_it_is_refused(clinic: PayingClinic) -> None:
    """Sent piece by piece, without saying how much it is: it ends soon after the most that an event may have."""
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            sent += 64 * 1024
            yield bytes(64 * 1024)

    async with aiohttp.ClientSession() as http:
        with suppress(aiohttp.ClientError):
            async with http.post(f"{clinic.ctx.settings.http.public_url}/stripe/webhook", data=flood()) as answer:
                assert answer.status == 413
    assert sent < 32 * 1024 * 1024
