"""The stand-in as a process of its own, the official SDK, and an endpoint that takes its webhooks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import stripe
from aiohttp import web
from aiohttp.test_utils import TestServer

from demo.stripe.process import StripeProcess


class Endpoint:
    """Verifies and keeps what comes, as the SDK does it. While `answer` is not 200, refuses it after keeping."""

    def __init__(self) -> None:
        self.answer = 200
        self.secret = "whsec_test"
        self.heard: list[stripe.Event] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        event = stripe.Webhook.construct_event(  # type: ignore[no-untyped-call]
            await request.read(), request.headers.get("Stripe-Signature"), self.secret
        )
        self.heard.append(event)
        return web.Response(status=self.answer)

    def kinds(self) -> list[str]:
        return [event.type for event in self.heard]

    async def until(self, fits: Callable[[], bool], seconds: float = 60) -> None:
        """Wait till `fits` is true; fail if it does not become so."""
        end = time.monotonic() + seconds
        while not fits():
            assert time.monotonic() < end, f"heard only {self.kinds()}"
            await asyncio.sleep(0.02)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    kept = Endpoint()
    app = web.Application()
    app.add_routes([web.post("/stripe/webhook", kept.take)])
    async with TestServer(app) as server:
        kept.url = str(server.make_url("/stripe/webhook"))
        yield kept


@pytest.fixture
def process(tmp_path: Path, endpoint: Endpoint) -> Iterator[StripeProcess]:
    started = StripeProcess(tmp_path, webhook_url=endpoint.url, webhook_secret=endpoint.secret)
    started.start()
    yield started
    started.stop()


@pytest.fixture
async def sdk(process: StripeProcess) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.AIOHTTPClient(timeout=10)
    yield stripe.StripeClient(
        process.api_key, base_addresses={"api": process.url}, http_client=http, max_network_retries=0
    )
    await http.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
def wish() -> Callable[..., dict[str, object]]:
    """Parameters of a Checkout Session, as careConnect sends them."""

    def make(amount: int = 5000, currency: str = "eur", **more: object) -> dict[str, object]:
        line = {"price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": "Visit A1B2C3"}}}
        return {
            "mode": "payment",
            "line_items": [{**line, "quantity": 1}],
            "success_url": "http://127.0.0.1:9/pay/return?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:9/pay/back",
            "client_reference_id": "0190-booking",
            "expires_at": int(time.time()) + 31 * 60,
            "metadata": {"appointment": "0190"},
            "payment_intent_data": {"metadata": {"appointment": "0190"}},
            **more,
        }

    return make
