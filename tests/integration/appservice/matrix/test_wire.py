"""Small requests over connections that stay open, as servers and proxies of all kinds answer them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from appservice.matrix.wire import Wire, WireError

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Gets a request's first line."""
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request as it is told to, and counts connections."""

    port = 0

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lengths = [line[16:] for line in head.split("\r\n") if line.startswith("Content-Length: ")]
                body = await reader.readexactly(int(lengths[0])) if lengths else b""
                self.heads.append(head)
                self.requests.append((head.partition(" HTTP/")[0], body))
                await self._answer(self.requests[-1][0], writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wired(answer: Answer) -> AsyncIterator[tuple[Server, Wire]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1")
    server.port = listening.sockets[0].getsockname()[1]
    wire = Wire(f"http://127.0.0.1:{server.port}")
    try:
        yield server, wire
    finally:
        await wire.close()
        listening.close()
        await listening.wait_closed()


def saying(*parts: bytes) -> Answer:
    """The same for each request, in parts that come one after the other."""

    async def answer(_request: str, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)

    return answer


async def test_requests_share_a_connection_and_arrive_as_they_were_asked() -> None:
    async with wired(saying(OK)) as (server, wire):
        assert await wire.ask("PUT", "/a?b=c", {"Authorization": "Bearer x"}, b'{"d": 1}', 5) == (200, b"{}")
        assert await wire.ask("GET", "/e", {}, None, 5) == (200, b"{}")
    assert server.requests == [("PUT /a?b=c", b'{"d": 1}'), ("GET /e", b"")]
    assert server.connections == 1
    assert "Host: 127.0.0.1:" in server.heads[0]
    assert "Authorization: Bearer x\r\n" in server.heads[0]


async def test_those_at_once_have_a_connection_each() -> None:
    async with wired(saying(OK)) as (server, wire):
        await asyncio.gather(*(wire.ask("GET", f"/{n}", {}, None, 5) for n in range(5)))
        await asyncio.gather(*(wire.ask("GET", f"/{n}", {}, None, 5) for n in range(5)))
    assert server.connections == 5


@pytest.mark.parametrize(
    ("parts", "status", "body", "connections"),
    [
        ((b"HTTP/1.1 200 OK\r\nconTENT-length:4\r\n", b"\r\n{", b"ab", b"}"), 200, b"{ab}", 1),
        ((CHUNKED, b"3;x=y\r\nab", b"c\r\n1\r\nd\r\n0\r\n\r\n"), 200, b"abcd", 1),
        ((CHUNKED, b"0\r\nTrailer: x\r\n\r\n"), 200, b"", 1),
        ((b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",), 404, b"{}", 1),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK), 200, b"{}", 1),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), 204, b"", 1),
        ((b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 4\r\n\r\n<h1>",), 502, b"<h1>", 2),
        ((b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",), 200, b"{}", 2),
    ],
)
async def test_answers_of_all_shapes_are_read(
    parts: tuple[bytes, ...], status: int, body: bytes, connections: int
) -> None:
    async with wired(saying(*parts)) as (server, wire):
        for _ in range(2):
            assert await wire.ask("GET", "/", {}, None, 5) == (status, body)
    assert server.connections == connections


async def test_a_body_may_end_with_its_connection() -> None:
    async def answer(_request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nabc")
        writer.close()

    async with wired(answer) as (_, wire):
        assert await wire.ask("GET", "/", {}, None, 5) == (200, b"abc")


@pytest.mark.parametrize(
    "parts",
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n",),
        (b"HTTP/1.1 two hundred\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",),
        (CHUNKED, b"many\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,),
    ],
)
async def test_what_is_no_http_is_an_error_and_its_connection_is_not_used_again(parts: tuple[bytes, ...]) -> None:
    async with wired(saying(*parts)) as (server, wire):
        for _ in range(2):
            with pytest.raises(WireError):
                await wire.ask("GET", "/", {}, None, 5)
    assert server.connections == 2


async def test_an_answer_that_breaks_off_is_an_error_and_is_not_asked_for_again() -> None:
    async def answer(_request: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{")
        writer.close()

    async with wired(answer) as (server, wire):
        with pytest.raises(WireError):
            await wire.ask("PUT", "/", {}, b"{}", 5)
    assert len(server.requests) == 1


async def test_what_met_a_closed_connection_is_asked_again_only_if_it_may_be() -> None:
    """A server closes what was idle for too long just as the next request is on its way."""

    async def answer(request: str, writer: asyncio.StreamWriter) -> None:
        if request.endswith("closes"):
            writer.close()
        else:
            writer.write(OK)

    async with wired(answer) as (server, wire):
        await wire.ask("GET", "/", {}, None, 5)
        with pytest.raises(WireError):
            await wire.ask("POST", "/closes", {}, b"{}", 5)
        await wire.ask("GET", "/", {}, None, 5)
        with pytest.raises(WireError):  # the second time on a connection of its own
            await wire.ask("PUT", "/closes", {}, b"{}", 5)
    closes = [request for request, _ in server.requests if request.endswith("closes")]
    assert closes == ["POST /closes", "PUT /closes", "PUT /closes"]


async def test_an_answer_that_came_too_late_is_not_the_next_ones() -> None:
    async def answer(request: str, writer: asyncio.StreamWriter) -> None:
        if request.endswith("late"):
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        else:
            writer.write(OK)

    async with wired(answer) as (server, wire):
        with pytest.raises(TimeoutError):
            await wire.ask("GET", "/late", {}, None, 0.05)
        assert await wire.ask("GET", "/", {}, None, 5) == (200, b"{}")
        asking = asyncio.create_task(wire.ask("GET", "/late", {}, None, 5))
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert await wire.ask("GET", "/", {}, None, 5) == (200, b"{}")
    assert server.connections == 3


async def test_nobody_there_is_an_error_of_the_system() -> None:
    async with wired(saying(OK)) as (_, wire):
        pass
    with pytest.raises(OSError, match="Connect call failed"):
        await wire.ask("GET", "/", {}, None, 5)
