"""The doors of /v1: who calls, injected faults, idempotency, one transaction a request, errors in Stripe's shape."""

import asyncio
import hmac
from dataclasses import dataclass

from aiohttp import web

from demo.stripe import endpoints
from demo.stripe.errors import ApiError
from demo.stripe.events import API_VERSION
from demo.stripe.idempotency import Answer, Keys, fingerprint
from demo.stripe.objects import random_id, shown
from demo.stripe.params import Params, parse
from demo.stripe.reading import expand
from demo.stripe.shop import Shop
from demo.stripe.webhooks import Sender


@dataclass(slots=True)
class Faults:
    """How the API itself misbehaves (POST /_control)."""

    fail_next: int = 0
    """This many of the next calls fail."""
    fail_how: str = "error"
    """`error`: HTTP 500 and nothing done; `reset`: connection cut, nothing done; `lost`: done, then connection cut."""
    slow: float = 0.0
    """Seconds that each call takes."""

    def take(self) -> str | None:
        """How this call fails, if it does."""
        if self.fail_next <= 0:
            return None
        self.fail_next -= 1
        return self.fail_how


class Api:
    """Serves the SDK."""

    def __init__(self, shop: Shop, key: str, faults: Faults, sender: Sender) -> None:
        self._shop = shop
        self._key = key
        self._faults = faults
        self._sender = sender
        self._keys = Keys(shop.store)

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/v1/{path:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        self._record(request, body, key)
        fault = self._faults.take()
        if fault == "reset":
            return _cut(request)
        if self._faults.slow and key is None:
            await asyncio.sleep(self._faults.slow)
        request_id = random_id("req_", 14)
        headers = {"Request-Id": request_id, "Stripe-Version": request.headers.get("Stripe-Version", API_VERSION)}
        if key is not None:
            headers["Idempotency-Key"] = key
        if fault == "error":
            refusal = ApiError("An unknown error occurred.", status=500, kind="api_error")
            return web.json_response(refusal.body, status=500, headers=headers)
        try:
            self._authenticate(request)
            answer = await self._answer(request, body, key, request_id)
        except ApiError as refusal:
            answer = Answer(refusal.status, refusal.body, request_id)
        self._sender.wake.set()
        if fault == "lost":
            return _cut(request)
        if answer.request != request_id:
            headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.request}
        return web.json_response(answer.body, status=answer.status, headers=headers)

    def _record(self, request: web.Request, body: str, key: str | None) -> None:
        """Keep what came, word by word: a test searches it for what must never come here."""
        self._shop.store.db.execute(
            "INSERT INTO request (at, method, path, query, key, body) VALUES (?, ?, ?, ?, ?, ?)",
            (self._shop.store.precise_now(), request.method, request.path, request.query_string, key, body),
        )

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not given:
            raise ApiError("You did not provide an API key.", status=401)
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise ApiError(f"Invalid API Key provided: {given[:8]}***{given[-4:]}", status=401)

    async def _answer(self, request: web.Request, body: str, key: str | None, request_id: str) -> Answer:
        values = parse(request.query_string if request.method == "GET" else body)
        if key is None:
            return self._work(request, values, request_id)
        mark = fingerprint(request.path, values)
        earlier = self._keys.begin(key, mark)
        if earlier is not None:
            return earlier
        try:
            if self._faults.slow:
                await asyncio.sleep(self._faults.slow)
            return self._work(request, values, request_id, key=key, mark=mark)
        finally:
            self._keys.end(key)

    def _work(
        self,
        request: web.Request,
        values: dict[str, object],
        request_id: str,
        *,
        key: str | None = None,
        mark: str = "",
    ) -> Answer:
        wanted = Params(values)
        paths = wanted.texts("expand")
        values.pop("expand", None)
        self._shop.events.request = request_id
        try:
            with self._shop.store.transaction():
                done = endpoints.call(self._shop, request.method, request.path, wanted)
                answer = Answer(200, expand(self._shop, shown(done), paths), request_id)
                if key is not None:
                    self._keys.keep(key, mark, answer)
        except ApiError as refusal:
            if key is not None and refusal.kept:
                self._keys.keep(key, mark, Answer(refusal.status, refusal.body, request_id))
            raise
        finally:
            self._shop.events.request = None
        return answer


def _cut(request: web.Request) -> web.Response:
    """Close the connection without a word, as a network does that breaks."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
