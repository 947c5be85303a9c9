"""The doors of Scheduling Links: `$bulk-publish` and what it names, each made anew once a while at most."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import sha256

from aiohttp import web
from sqlalchemy.exc import DBAPIError

from booking.context import Context
from booking.scheduling_links.fhir import location, manifest, ndjson, schedule, slots
from booking.scheduling_links.reading import centres_of, published, published_at
from core.database import Database
from core.logs import log

_KEPT = timedelta(minutes=2)
_CENTRES_KEPT = 500
_log = log("booking.scheduling_links")


def routes(database: Database, ctx: Context) -> list[web.RouteDef]:
    """Return `/scheduling-links/$bulk-publish`, `/locations.ndjson`, `/schedules.ndjson`, `/slots/{centre}.ndjson`."""
    links = _Links(database, ctx.settings.http.public_url)
    return [
        web.get("/scheduling-links/$bulk-publish", links.manifest),
        web.get("/scheduling-links/locations.ndjson", links.locations),
        web.get("/scheduling-links/schedules.ndjson", links.schedules),
        web.get("/scheduling-links/slots/{centre}.ndjson", links.slots),
    ]


class _Links:
    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._site = site
        self._made: dict[str, tuple[datetime, bytes]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def manifest(self, request: web.Request) -> web.Response:
        async def make() -> bytes:
            async with self._database.transaction() as tx:
                return json.dumps(manifest(centres_of(await published(tx)), tx.now, self._site)).encode()

        return await self._answer(request, "manifest", "application/json", make)

    async def locations(self, request: web.Request) -> web.Response:
        async def make() -> bytes:
            async with self._database.transaction() as tx:
                return ndjson(location(each, self._site) for each in centres_of(await published(tx)))

        return await self._answer(request, "locations", "application/fhir+ndjson", make)

    async def schedules(self, request: web.Request) -> web.Response:
        async def make() -> bytes:
            async with self._database.transaction() as tx:
                return ndjson(schedule(each, self._site) for each in await published(tx))

        return await self._answer(request, "schedules", "application/fhir+ndjson", make)

    async def slots(self, request: web.Request) -> web.Response:
        slug = request.match_info["centre"]

        async def make() -> bytes:
            async with self._database.transaction() as tx:
                services = await published_at(tx, slug)
            if not services:
                raise web.HTTPNotFound
            return ndjson(slot for each in services for slot in slots(each, self._site))

        return await self._answer(request, f"slots {slug}", "application/fhir+ndjson", make)

    async def _answer(
        self, request: web.Request, key: str, content_type: str, make: Callable[[], Awaitable[bytes]]
    ) -> web.Response:
        try:
            body = await self._body(key, make)
        except (OSError, DBAPIError) as away:
            _log.warning("database away", error=type(away).__name__)
            return web.Response(status=503, headers={"Retry-After": "30"})
        headers = {
            "Cache-Control": f"public, max-age={_KEPT // timedelta(seconds=1)}",
            "ETag": f'"{sha256(body).hexdigest()[:40]}"',
            "Access-Control-Allow-Origin": "*",
            "Vary": "Accept-Encoding",
        }
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        answer = web.Response(body=body, content_type=content_type, headers=headers)
        if len(body) > 1024:
            headers["ETag"] = f"W/{headers['ETag']}"  # the same in either encoding
            answer.headers["ETag"] = headers["ETag"]
            answer.enable_compression()
        return answer

    async def _body(self, key: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What was made not long ago, or made now; one at a time, so that many who ask make no more work than one."""
        async with self._one_at_a_time:
            now = self._database.clock.now()
            known = self._made.get(key)
            if known is None or now - known[0] > _KEPT:
                known = (now, await make())
                self._made.pop(key, None)
                self._made[key] = known
                if len(self._made) > _CENTRES_KEPT:
                    self._made.pop(next(iter(self._made)))
            return known[1]
