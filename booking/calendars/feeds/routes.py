"""The doors for calendars: GET and HEAD of a feed's address, as real clients ask: no cookie and no header is needed."""

import asyncio
import re
import time
import zlib
from collections import OrderedDict
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import hdrs, web
from multidict import CIMultiDict
from sqlalchemy.exc import DBAPIError

from booking.calendars.feeds.agents import family_of
from booking.calendars.feeds.bodies import Form, etag
from booking.calendars.feeds.limits import Limits
from booking.calendars.feeds.negotiating import TYPES, accepts_gzip, form_for
from booking.calendars.feeds.serving import VIEWS, BusyError, FeedServer, Found, TooLargeError, View
from booking.calendars.feeds.unchanged import SAME, unchanged
from booking.context import Context
from core.database import Database
from core.ids import secret_hash
from core.logs import log
from core.statements import FAULTS
from core.visitors import visitor

_ADDRESS = re.compile(r"/feeds/(?P<secret>[A-Za-z0-9_-]{20,64})(?P<view>[./].+)")
_QUIET = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_KEPT = {**_QUIET, **SAME}
_BURST, _A_SECOND = 300, 4
"""Two thousand who share one address and look each quarter of an hour are two a second."""
_WRONG_BURST, _WRONG_A_SECOND = 120, 2
"""Of addresses that lead nowhere, for each visitor: some programs go on asking for what was ended long ago."""
_ADDRESSES_KEPT = 20_000
_ASIDE_FROM = 64 * 1024
"""Octets from which on compressing is done in a thread."""
_LONGEST = 300
"""Seconds for sending a large feed to a slow reader."""
_log = log("booking.calendars")


def install(application: web.Application, database: Database, ctx: Context) -> FeedServer:
    """Serve `GET|HEAD /feeds/SECRET.ics` and its like, and write down what is left when the application ends."""
    server = FeedServer(database, ctx)
    addresses = _Addresses("/feeds/{address:.+}")
    answer = _Door(server, addresses).answer
    for method in (hdrs.METH_GET, hdrs.METH_HEAD):  # aiohttp leaves the body of the second away
        addresses.add_route(method, answer)
    application.router.register_resource(addresses)

    async def close(_: web.Application) -> None:
        await server.close()

    application.on_cleanup.append(close)
    return server


class _Addresses(web.DynamicResource):
    """Takes an address apart while it looks for who answers it; one that led somewhere lately needs that no more."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._lately: OrderedDict[str, _Asked] = OrderedDict()

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Return what is asked for; what is no address of ours leads to nothing."""
        path = request.rel_url.path_safe
        asked = self._lately.get(path)
        if asked is not None and request.method == hdrs.METH_GET:
            return asked, self._allowed_methods
        plain, methods = await super().resolve(request)
        if plain is not None and (found := _ADDRESS.fullmatch(path)) and found["view"] in VIEWS:
            return _Asked(plain.route, secret_hash(found["secret"]), VIEWS[found["view"]]), methods
        return plain, methods

    def keep(self, path: str, asked: "_Asked") -> None:
        """It led somewhere."""
        asked.kept = True
        if asked.route.method == hdrs.METH_GET:
            self._lately[path] = asked
            if len(self._lately) > _ADDRESSES_KEPT:
                self._lately.popitem(last=False)


class _Asked(web.UrlMappingMatchInfo):
    """What an address of ours asks for: the same for all who ask."""

    __slots__ = ("hashed", "kept", "view")

    def __init__(self, route: web.AbstractRoute, hashed: bytes, view: View) -> None:
        super().__init__({}, route)
        self.hashed = hashed
        self.view = view
        self.kept = False

    def add_app(self, app: web.Application) -> None:
        if not self._apps:
            super().add_app(app)


class _Door:
    def __init__(self, server: FeedServer, addresses: _Addresses) -> None:
        self._server = server
        self._addresses = addresses
        self._limits = Limits(burst=_BURST, rate=_A_SECOND)
        self._wrong = Limits(burst=_WRONG_BURST, rate=_WRONG_A_SECOND)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What is at an address, or that it is as it was."""
        asked = request.match_info
        if not isinstance(asked, _Asked):
            return _nothing()
        now, hashed = self._server.now, asked.hashed
        try:
            if not self._server.remembers(hashed) and (wait := self._wrong.lacking(visitor(request), time.monotonic())):
                return _too_often(wait)
            found = await self._server.find(hashed, _view(asked.view, request), now)
            if found is None:
                self._wrong.wait(visitor(request), time.monotonic())
                return _nothing()
            if not asked.kept:
                self._addresses.keep(request.rel_url.path_safe, asked)
            wait = self._limits.wait(found.feed, time.monotonic())
            if wait:
                return _too_often(wait)
            self._server.uses.note(found.feed, now, family_of(request.headers.get("User-Agent", "")))
            wanted = request.headers.get("If-None-Match")
            if wanted is not None and self._server.is_had(found, wanted):  # as it mostly is
                return unchanged(request, wanted)
            return await self._current(request, found)
        except (OSError, DBAPIError, *FAULTS) as away:
            _log.warning("database away", error=type(away).__name__)
        except BusyError:
            pass
        return web.Response(status=503, text="Please try again later.\n", headers={**_QUIET, "Retry-After": "30"})

    async def _current(self, request: web.Request, found: Found) -> web.StreamResponse:
        tag, modified = await self._server.tag(found), found.shelf.modified
        known = _unchanged(request, tag, modified)
        if known and known is not True:
            return unchanged(request, known)
        squeezed = accepts_gzip(request.headers.get("Accept-Encoding", ""))
        if known:
            return unchanged(request, etag(tag, compressed=squeezed))
        headers = _headers(found, modified)
        try:
            body = await self._server.body(found)
        except TooLargeError:
            return await self._stream(request, found, headers, squeezed=squeezed)
        headers["ETag"] = etag(body.tag, compressed=squeezed)
        content = body.content
        if squeezed:
            headers["Content-Encoding"] = "gzip"
            large = body.compressed is None and len(content) > _ASIDE_FROM
            content = await asyncio.to_thread(body.squeeze) if large else body.squeeze()
        return web.Response(body=content, headers=headers)

    async def _stream(
        self, request: web.Request, found: Found, headers: CIMultiDict[str], *, squeezed: bool
    ) -> web.StreamResponse:
        async with asyncio.timeout(_LONGEST), self._server.stream(found) as (tag, pieces):
            headers["ETag"] = etag(tag, compressed=squeezed)
            if squeezed:
                headers["Content-Encoding"] = "gzip"
            answer = web.StreamResponse(headers=headers)
            await answer.prepare(request)
            if request.method == "HEAD":
                return answer
            squeezer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            async for piece in pieces:
                await answer.write(squeezer.compress(piece) if squeezed else piece)
            if squeezed:
                await answer.write(squeezer.flush())
            await answer.write_eof()
            return answer


def _view(view: View, request: web.Request) -> View:
    """What is meant. Where an address ends in .ics it may be asked for in other words; the other ends say in which."""
    accept = request.headers.get("Accept")
    return view.in_form(form_for(accept)) if accept and view.form is Form.ICS else view


def _too_often(wait: float) -> web.Response:
    headers = {**_QUIET, "Retry-After": str(int(wait) + 1)}
    return web.Response(status=429, text="This address is asked too often.\n", headers=headers)


def _nothing() -> web.Response:
    return web.Response(status=404, text="There is no calendar at this address.\n", headers=_QUIET)


def _headers(found: Found, modified: datetime) -> CIMultiDict[str]:
    form = found.shelf.form
    return CIMultiDict(
        {
            **_KEPT,
            "Content-Type": f"{TYPES[form]}; charset=utf-8",
            "Content-Disposition": f'inline; filename="careconnect.{form}"',
            "Last-Modified": format_datetime(modified.astimezone(UTC), usegmt=True),
        }
    )


def _unchanged(request: web.Request, tag: str, modified: datetime) -> str | bool:
    """RFC 9110 section 13.2.2: If-None-Match decides; If-Modified-Since only where it is missing.

    Returns the tag that matched, in whichever encoding it was had.
    """
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        if wanted.strip() == "*":
            return True
        ours = {etag(tag, compressed=False), etag(tag, compressed=True)}
        return next((each for part in wanted.split(",") if (each := part.strip().removeprefix("W/")) in ours), False)
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return moment.tzinfo is not None and modified <= moment
