"""The door for calendars: GET and HEAD of a feed's address. Who knows the address may read; nothing else is asked."""

from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime

from aiohttp import web

from booking.calendars.service import Body, feed_behind
from booking.context import Context
from core.database import Database

_SECRET = "{secret:[A-Za-z0-9_-]{20,64}}"  # noqa: S105  (a pattern)


def routes(database: Database, ctx: Context) -> list[web.RouteDef]:
    """Return `GET|HEAD /feeds/SECRET.ics`."""

    async def feed(request: web.Request) -> web.Response:
        async with database.transaction() as tx:
            body = await feed_behind(tx, ctx, request.match_info["secret"])
        if body is None:
            return web.Response(status=404, text="There is no calendar at this address.", headers=_QUIET)
        headers = {
            **_QUIET,
            "ETag": body.etag,
            "Last-Modified": format_datetime(body.changed.astimezone(UTC), usegmt=True),
            "Cache-Control": "private, max-age=0, must-revalidate",
            "Vary": "Accept-Encoding",
            "Content-Disposition": 'inline; filename="careconnect.ics"',
        }
        if _unchanged(request, body):
            return web.Response(status=304, headers=headers)
        answer = web.Response(body=body.content, headers=headers, content_type="text/calendar", charset="utf-8")
        answer.enable_compression()
        return answer

    return [web.get(f"/feeds/{_SECRET}.ics", feed)]  # aiohttp answers HEAD by GET, without the body


_QUIET = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


def _unchanged(request: web.Request, body: Body) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match decides; If-Modified-Since only where it is missing."""
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return "*" in tags or body.etag in tags
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return moment.tzinfo is not None and body.changed.replace(microsecond=0) <= moment
