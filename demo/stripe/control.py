"""The switches: how the stand-in misbehaves, and what it saw. Stripe has no such addresses."""

import json
from dataclasses import asdict, fields

from aiohttp import web

from demo.stripe import disputes
from demo.stripe.api import Faults
from demo.stripe.deliveries import Deliveries
from demo.stripe.events import Switches
from demo.stripe.objects import shown
from demo.stripe.shop import Shop
from demo.stripe.webhooks import Sender


class Control:
    """POST /_control {"duplicate": 1, ...}; GET /_control; POST /_control/deliver; GET /_control/requests; ..."""

    def __init__(self, shop: Shop, switches: Switches, faults: Faults, sender: Sender) -> None:
        self._shop = shop
        self._switches = switches
        self._faults = faults
        self._sender = sender

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_control", self._show),
            web.post("/_control", self._set),
            web.post("/_control/deliver", self._deliver),
            web.post("/_control/expire", self._expire),
            web.post("/_control/forget", self._forget),
            web.post("/_control/dispute", self._dispute),
            web.get("/_control/requests", self._requests),
            web.get("/_control/deliveries", self._attempts),
        ]

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response({**asdict(self._switches), **asdict(self._faults)})

    async def _set(self, request: web.Request) -> web.Response:
        """Set what is named, leave the rest. A true stands for 1 where a number is meant."""
        try:
            wishes = dict(json.loads(await request.text()))
            for name, value in wishes.items():
                self._set_one(name, value)
        except (ValueError, TypeError) as wrong:
            return web.json_response({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)
        if not self._switches.hold:
            Deliveries(self._shop.store).release_all()
        self._sender.wake.set()
        return await self._show(request)

    def _set_one(self, name: str, value: object) -> None:
        for group in (self._switches, self._faults):
            for known in fields(group):
                if known.name == name:
                    setattr(group, name, type(getattr(group, name))(value))
                    return
        raise ValueError(f"there is no switch {name}")

    async def _deliver(self, request: web.Request) -> web.Response:
        """Send the events named, in this order and as often as they are named (for `hold`)."""
        events = json.loads(await request.text())["events"]
        for event in events:
            if self._shop.store.get("event", event) is None:
                return web.json_response({"error": f"there is no event {event}"}, status=404)
            Deliveries(self._shop.store).release(event)
        self._sender.wake.set()
        return web.json_response({"delivering": len(events)})

    async def _expire(self, request: web.Request) -> web.Response:
        """Let the time of an open session be over now, as the clock would."""
        session = self._shop.store.get("checkout.session", json.loads(await request.text())["session"])
        if session is None:
            return web.json_response({"error": "there is no such session"}, status=404)
        session["expires_at"] = self._shop.store.now()
        self._shop.store.put(session)
        return web.json_response({"expires_at": session["expires_at"]})

    async def _forget(self, _: web.Request) -> web.Response:
        """Forget all that was made, and what is still to be told of it: what comes next begins anew."""
        await self._sender.drop()
        with self._shop.store.transaction():
            self._shop.store.db.execute("DELETE FROM delivery")
            self._shop.store.db.execute("DELETE FROM object")
        return web.json_response({})

    async def _dispute(self, request: web.Request) -> web.Response:
        """What the payer's bank does: {"intent": ..., "amount": ..., "inquiry": ...} opens a dispute, {"dispute": ...,
        "then": "won" | "lost" | "escalated"} goes on with it."""
        said = json.loads(await request.text())
        with self._shop.store.transaction():
            if "intent" in said:
                inquiry = bool(said.get("inquiry"))
                done = disputes.open_dispute(self._shop, said["intent"], said.get("amount"), inquiry=inquiry)
            elif said["then"] == "escalated":
                done = disputes.escalate(self._shop, said["dispute"])
            else:
                done = disputes.close(self._shop, said["dispute"], won=said["then"] == "won")
        self._sender.wake.set()
        return web.json_response(shown(done))

    async def _requests(self, _: web.Request) -> web.Response:
        """All requests to /v1, as they came."""
        rows = self._shop.store.db.execute("SELECT at, method, path, query, key, body FROM request ORDER BY id")
        return web.json_response({"requests": [dict(row) for row in rows]})

    async def _attempts(self, _: web.Request) -> web.Response:
        """All webhook deliveries, and how each stands."""
        rows = self._shop.store.db.execute(
            "SELECT delivery.event, delivery.state, delivery.attempts, json_extract(object.body, '$.type') AS type"
            " FROM delivery JOIN object ON object.id = delivery.event ORDER BY delivery.id"
        )
        return web.json_response({"deliveries": [dict(row) for row in rows]})
