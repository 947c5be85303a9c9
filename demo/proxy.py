"""A small reverse proxy on loopback, as stands before replicas and workers in a deployment; tests make it faulty, too.

It lives in a thread of its own, so that it goes on whatever its user waits for.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

_LARGEST = 128 * 1024 * 1024
_TRIES_FOR = 5.0
"""Seconds in which a request finds nobody and is tried again, as Caddy's lb_try_duration."""
_HOP_BY_HOP = frozenset(("connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-encoding"))

Choose = Callable[[web.Request], Sequence[str]]
"""The base addresses that may serve a request, the first choice first."""
Forward = Callable[[], Awaitable[web.StreamResponse]]
Meddle = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]
"""Answers a request in place of the proxy, which may be done before, after, or not at all."""


class Proxy:
    """Use it as `with Proxy(port, choose) as proxy`; it serves until the block ends."""

    def __init__(
        self, port: int, choose: Choose, meddle: Meddle | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = port
        self._tls = tls
        self.url = f"http://127.0.0.1:{port}"
        self._choose = choose
        self._meddle = meddle
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(60):
            raise OSError(f"the proxy does not listen on port {self.port}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.ident is not None:  # it was started
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        # Answers go through as they are: nothing is unpacked, nothing is pooled beyond what one upstream closes.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as http:
            application = web.Application(client_max_size=_LARGEST)
            application.router.add_route("*", "/{rest:.*}", partial(self._handle, http))
            runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _handle(self, http: aiohttp.ClientSession, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        async def forward() -> web.StreamResponse:
            return await self._forward(http, request, body)

        return await (self._meddle(request, forward) if self._meddle else forward())

    async def _forward(self, http: aiohttp.ClientSession, request: web.Request, body: bytes) -> web.StreamResponse:
        """Ask one upstream after the other; only who cannot be connected to has surely not done it."""
        until = self._loop.time() + _TRIES_FOR
        while True:
            for base in self._choose(request):
                try:
                    return await self._ask(http, base, request, body)
                except aiohttp.ClientConnectorError:
                    continue
                except (aiohttp.ClientError, TimeoutError):
                    return web.Response(status=502, text="bad gateway")
            if self._loop.time() > until:
                return web.Response(status=502, text="nobody is there")
            await asyncio.sleep(0.1)

    async def _ask(
        self, http: aiohttp.ClientSession, base: str, request: web.Request, body: bytes
    ) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["X-Forwarded-For"] = request.remote or ""
        url = f"{base}{request.raw_path}"
        timeout = aiohttp.ClientTimeout(total=120, sock_connect=5)
        async with http.request(
            request.method,
            URL(url, encoded=True),
            headers=headers,
            data=body,
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
            kept = [(n, v) for n, v in answer.headers.items() if n.lower() not in _HOP_BY_HOP | {"content-length"}]
            response = web.Response(status=answer.status, body=content)
            response.headers.clear()
            for name, value in kept:
                response.headers.add(name, value)
            if "Content-Encoding" in answer.headers:
                response.headers["Content-Encoding"] = answer.headers["Content-Encoding"]
            return response
