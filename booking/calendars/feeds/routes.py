"""The doors for calendars: GET and HEAD of a feed's address, as real clients ask: no cookies, no Accept, no headers."""

import asyncio
import re
import time
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import hdrs, web
from multidict import CIMultiDict
from sqlalchemy.exc import DBAPIError

from booking.calendars.feeds.agents import family_of
from booking.calendars.feeds.bodies import Form, etag
from booking.calendars.feeds.limits import Limits
from booking.calendars.feeds.serving import VIEWS, BusyError, FeedServer, Found, TooLargeError
from booking.calendars.feeds.unchanged import SAME, unchanged
from booking.context import Context
from core.database import Database
from core.logs import log
from core.statements import FAULTS

_ADDRESS = re.compile(r"/feeds/(?P<secret>[A-Za-z0-9_-]{20,64})(?P<view>[./].+)")
_TYPES = {
    Form.ICS: "text/calendar; charset=utf-8",
    Form.JSON: "application/calendar+json; charset=utf-8",
    Form.XML: "application/calendar+xml; charset=utf-8",
}
_QUIET = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_KEPT = {**_QUIET, **SAME}
_BURST, _A_SECOND = 300, 4
"""Two thousand who share one address and look each quarter of an hour are two a second."""
_ASIDE_FROM = 64 * 1024
"""Octets from which on compressing is done in a thread."""
_LONGEST = 300
"""Seconds for sending a large feed to a slow reader."""
_log = log("booking.calendars")


def install(application: web.Application, database: Database, ctx: Context) -> FeedServer:
    """Serve `GET|HEAD /feeds/SECRET.ics` and its like, and write down what is left when the application ends."""
    server = FeedServer(database, ctx)
    addresses, answer = _Addresses("/feeds/{address:.+}"), _Door(server).answer
    for method in (hdrs.METH_GET, hdrs.METH_HEAD):  # aiohttp leaves the body of the second away
        addresses.add_route(method, answer)
    application.router.register_resource(addresses)

    async def close(_: web.Application) -> None:
        await server.close()

    application.on_cleanup.append(close)
    return server


class _Addresses(web.DynamicResource):
    """Takes an address apart while it looks for who answers it; what is no address of ours leads to nothing."""

    def _match(self, path: str) -> dict[str, str] | None:
        if (asked := _ADDRESS.fullmatch(path)) and asked["view"] in VIEWS:
            return asked.groupdict()
        return super()._match(path)


class _Door:
    def __init__(self, server: FeedServer) -> None:
        self._server = server
        self._limits = Limits(burst=_BURST, rate=_A_SECOND)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What is at an address, or that it is as it was."""
        asked = request.match_info
        if "secret" not in asked:
            return _nothing()
        now = self._server.now
        try:
            found = await self._server.find(asked["secret"], VIEWS[asked["view"]], now)
            if found is None:
                return _nothing()
            wait = self._limits.wait(found.feed_id, time.monotonic())
            if wait:
                headers = {**_QUIET, "Retry-After": str(int(wait) + 1)}
                return web.Response(status=429, text="This address is asked too often.\n", headers=headers)
            self._server.uses.note(found.feed_id, now, family_of(request.headers.get("User-Agent", "")))
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


def _nothing() -> web.Response:
    return web.Response(status=404, text="There is no calendar at this address.\n", headers=_QUIET)


def _headers(found: Found, modified: datetime) -> CIMultiDict[str]:
    form = found.shelf.form
    return CIMultiDict(
        {
            **_KEPT,
            "Content-Type": _TYPES[form],
            "Content-Disposition": f'inline; filename="careconnect.{form}"',
            "Last-Modified": format_datetime(modified.astimezone(UTC), usegmt=True),
        }
    )


def accepts_gzip(header: str) -> bool:
    """Whether somebody takes gzip (RFC 9110 section 12.5.3)."""
    for each in header.lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            quality = weight.strip().removeprefix("q=").strip()
            return quality.rstrip("0.") != "" if weight else True
    return False


def _unchanged(request: web.Request, tag: str, modified: datetime) -> str | bool:
    """RFC 9110 section 13.2.2: If-None-Match decides; If-Modified-Since only where it is missing.

    Returns the tag that matched, in whichever encoding it was had.
    """
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        if wanted.strip() == "*":
            return True
        if wanted == etag(tag, compressed=False):  # as it mostly is
            return wanted
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
