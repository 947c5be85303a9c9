"""The doors for Stripe's events and for browsers that come back from paying."""

import json

from aiohttp import web

from booking.appointments.reading import appointment
from booking.appointments.rules import STANDING, Status
from booking.context import Context
from booking.payments import page
from booking.payments.events import hear
from booking.payments.gateway import Gateway, RejectedError
from booking.payments.service import fulfil, payment_by_session
from core.database import Database
from core.lanes import LaterError
from core.logs import log

_LARGEST_EVENT = 1024 * 1024
_log = log("booking.payments")


def routes(database: Database, ctx: Context, gateway: Gateway) -> list[web.RouteDef]:  # noqa: ARG001  (doors have one head)
    """Return `POST /stripe/webhook` and `GET /pay/return`."""
    doors = _Doors(database, gateway)
    return [web.post("/stripe/webhook", doors.webhook), web.get("/pay/return", doors.came_back)]


class _Doors:
    def __init__(self, database: Database, gateway: Gateway) -> None:
        self._database = database
        self._gateway = gateway

    async def webhook(self, request: web.Request) -> web.Response:
        """Keep what Stripe signed, and say so at once; what follows from it is done by the inbox."""
        try:  # no more is taken in of what nobody has vouched for yet
            body = await request.clone(client_max_size=_LARGEST_EVENT).read()
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        if not self._gateway.verify(body, request.headers.get("Stripe-Signature", "")):
            return web.Response(status=400, text="The signature does not fit.")
        try:
            event = json.loads(body)
            async with self._database.transaction() as tx:
                await hear(tx, event)
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.Response(status=400, text="That is no event.")
        return web.Response(status=204)

    async def came_back(self, request: web.Request) -> web.Response:
        """Show how it stands with the payment, and bring the news in if the webhook has not."""
        words, status = await self._standing(request.query.get("session_id"))
        return page.response(words, accepted=request.headers.get("Accept-Language", ""), status=status)

    async def _standing(self, session_id: str | None) -> tuple[page.Words, int]:
        if not session_id:
            return page.NOT_PAID, 200
        async with self._database.transaction() as tx:
            known = None if "\0" in session_id else await payment_by_session(tx, session_id)
        if known is None:
            return page.UNKNOWN, 404
        try:
            async with self._database.transaction() as tx:
                await fulfil(tx, self._gateway, session_id)
        except (LaterError, RejectedError) as away:
            _log.warning("not known yet whether it is paid", error=type(away).__name__)
            return page.NOT_KNOWN_YET, 200
        async with self._database.transaction() as tx:
            visit = await appointment(tx, known.appointment_id)
        if visit.status in STANDING or visit.status is Status.FULFILLED:
            return page.PAID, 200
        if visit.payment == "refunded":
            return page.TOO_LATE, 200
        return page.OVER if visit.status is Status.CANCELLED else page.NOT_PAID, 200
