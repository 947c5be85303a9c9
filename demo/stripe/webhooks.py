"""Sends events to the webhook's address, signed as stripe.WebhookSignature verifies them, till they are taken."""

import asyncio
import contextlib
import hashlib
import hmac
import json

import aiohttp

from demo.stripe.deliveries import Deliveries, Delivery
from demo.stripe.objects import shown
from demo.stripe.store import Store

_AT_ONCE = 8
_TIMEOUT = aiohttp.ClientTimeout(total=20)


def signature(payload: str, secret: str, at: int) -> str:
    """Return the header `Stripe-Signature` (docs.stripe.com/webhooks#verify-manually)."""
    mac = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Sender:
    """One loop; any 2xx answer takes an event, all else is tried again later."""

    def __init__(self, store: Store, url: str, secret: str) -> None:
        self._store = store
        self._deliveries = Deliveries(store)
        self._url = url
        self._secret = secret
        self._under_way: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
            while True:
                self.wake.clear()
                for delivery in self._deliveries.due(besides=self._under_way)[: _AT_ONCE - len(self._under_way)]:
                    self._begin(http, delivery)
                seconds = self._deliveries.seconds_to_next(besides=self._under_way)
                if len(self._under_way) >= _AT_ONCE:
                    seconds = None
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), seconds)

    async def drop(self) -> None:
        """Let go of what is under way."""
        dropped = [*self._tasks]
        for task in dropped:
            task.cancel()
        await asyncio.gather(*dropped, return_exceptions=True)
        self._under_way.clear()

    def _begin(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        self._under_way.add(delivery.id)
        task = asyncio.create_task(self._send(http, delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        event = self._store.get("event", delivery.event)
        assert event is not None, "a delivery's event is written before it"
        payload = json.dumps(shown(event), indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(payload, self._secret, self._store.now()),
        }
        try:
            async with http.post(self._url, data=payload, headers=headers, allow_redirects=False) as answer:
                taken = 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            taken = False
        if taken:
            self._deliveries.delivered(delivery)
        else:
            self._deliveries.failed(delivery)
        self._under_way.discard(delivery.id)
        self.wake.set()
