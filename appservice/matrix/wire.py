"""Requests to one server over connections that stay open: many of them, small, whose answers fit into memory.

HTTP/1.1 as far as that needs it (https://www.rfc-editor.org/rfc/rfc9112). For everything else there is aiohttp, whose
client takes several times the processor time for each of these (docs/scaling.md): it follows redirects, keeps cookies,
asks proxies, unpacks, traces. None of that is of use between us and the homeserver.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping

from yarl import URL

_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
"""Methods that may be asked again without harm: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2."""
_KEPT = 15.0
"""Seconds for which a connection is kept that nobody uses: servers close them after some more."""
_AT_ONCE = 100
"""Connections. Further requests wait, within their time."""
_LARGEST_HEAD = 64 * 1024
_WITHOUT_BODY = frozenset({204, 304})

_Head = tuple[int, bool, dict[bytes, bytes]]


class WireError(OSError):
    """What came was no answer of HTTP, or it ended in the middle."""


class _ClosedError(WireError):
    """The server had closed the connection before it answered, or read, anything."""


class Wire:
    """The connections. Of one event loop; `close` it in the end."""

    def __init__(self, base_url: str) -> None:
        url = URL(base_url)
        self._host, self._port = url.raw_host or "", url.port
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._named = f"Host: {url.authority.rpartition('@')[2]}\r\n"
        self._free: list[_Line] = []
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> tuple[int, bytes]:
        """Ask; return the status and the body. `target`: path and query, quoted.

        What a connection was closed under that had been kept is asked once more, if it may be. Raises OSError, of which
        TimeoutError is one.
        """
        request = self._written(method, target, headers, body)
        async with asyncio.timeout(seconds), self._places:
            kept = self._kept()
            if kept:
                try:
                    return await self._exchange(kept, request)
                except _ClosedError:
                    if method not in _REPEATABLE:
                        raise
            return await self._exchange(await self._connected(), request)

    async def close(self) -> None:
        """Close what is kept open; what is under way ends by itself."""
        while self._free:
            self._free.pop().end()

    def _written(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        return f"{method} {target} HTTP/1.1\r\n{self._named}{lines}{length}\r\n".encode() + (body or b"")

    def _kept(self) -> "_Line | None":
        """The connection that was used last, if it is good; those that are not are let go of."""
        now = time.monotonic()
        while self._free:
            line = self._free.pop()
            if line.open and now - line.since < _KEPT:
                return line
            line.end()
        return None

    async def _connected(self) -> "_Line":
        return _Line(*await asyncio.open_connection(self._host, self._port, ssl=self._tls, limit=_LARGEST_HEAD))

    async def _exchange(self, line: "_Line", request: bytes) -> tuple[int, bytes]:
        try:
            status, stays, body = await line.exchange(request)
        except BaseException:  # an answer that nobody waits for any more must not be taken for the next one's
            line.end()
            raise
        if stays:
            line.since = time.monotonic()
            self._free.append(line)
        else:
            line.end()
        return status, body


class _Line:
    """One connection: one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.since = time.monotonic()
        """When it was used last."""

    @property
    def open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    def end(self) -> None:
        """Not awaited, so not cancelled."""
        self._writer.transport.abort()

    async def exchange(self, request: bytes) -> tuple[int, bool, bytes]:
        """Ask; return the status, whether the connection can be used again, and the body."""
        self._writer.write(request)
        try:
            status, stays, headers = await self._head()
            while status < 200:  # something before the answer itself
                status, stays, headers = await self._head()
            if status in _WITHOUT_BODY:
                return status, stays, b""
            if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
                return status, stays, await self._chunked()
            if (length := headers.get(b"content-length")) is not None:
                return status, stays, await self._reader.readexactly(int(length))
            return status, False, await self._reader.read()  # it ends with the connection
        except asyncio.IncompleteReadError as ended:
            raise WireError("ended in the middle") from ended
        except (asyncio.LimitOverrunError, ValueError, IndexError) as bad:
            raise WireError("no HTTP") from bad

    async def _head(self) -> _Head:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as ended:
            if isinstance(ended, asyncio.IncompleteReadError) and ended.partial:
                raise
            raise _ClosedError("closed") from ended
        first, *lines = head[:-4].split(b"\r\n")
        version, status = first.split(None, 2)[:2]
        if not version.startswith(b"HTTP/1."):
            raise ValueError(version)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        said = headers.get(b"connection", b"").lower()
        stays = b"close" not in said and (version != b"HTTP/1.0" or b"keep-alive" in said)
        return int(status), stays, headers

    async def _chunked(self) -> bytes:
        parts = []
        while size := int((await self._reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        while await self._reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers
        return b"".join(parts)
