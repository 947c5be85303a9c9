"""A web server that has a calendar, as a clinic's or Google's does; what it answers is the test's."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class CalendarServer:
    """At `address`. With `status` other than 200 there is no calendar."""

    def __init__(self) -> None:
        self.body = b""
        self.etag = ""
        self.status = 200
        self.location = ""
        self.packed = False
        self.asked: list[dict[str, str]] = []
        self.address = ""
        self.host = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.headers))
        if self.location:
            return web.Response(status=302, headers={"Location": self.location})
        if self.status != 200:
            return web.Response(status=self.status)
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        headers = {"ETag": self.etag} if self.etag else {}
        body = self.body
        if self.packed:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return web.Response(body=body, content_type="text/calendar", headers=headers)


@asynccontextmanager
async def calendar_server() -> AsyncIterator[CalendarServer]:
    served = CalendarServer()
    application = web.Application()
    application.router.add_get("/private-3f8a/basic.ics", served.answer)
    async with TestServer(application) as server:
        served.address = str(server.make_url("/private-3f8a/basic.ics"))
        served.host = f"{server.host}:{server.port}"
        yield served
