"""Fetching from a real server: what has not changed, what leads on, what is packed, what is too much."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from booking.imports.fetching import FetchError, fetch
from tests.integration.booking.imports.calendar_server import CalendarServer, calendar_server

BODY = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@pytest.fixture
async def server() -> AsyncIterator[CalendarServer]:
    async with calendar_server() as served:
        served.body = BODY
        yield served


async def test_a_calendar_is_fetched_and_what_has_not_changed_is_not_sent_again(server: CalendarServer) -> None:
    server.etag = '"one"'
    first = await fetch(server.address, [server.host])
    assert (first.body, first.etag) == (BODY, '"one"')
    assert (await fetch(server.address, [server.host], etag=first.etag)).body is None
    server.etag = '"two"'
    assert (await fetch(server.address, [server.host], etag=first.etag)).body == BODY
    assert "Authorization" not in server.asked[0]
    assert "Cookie" not in server.asked[0]


async def test_packed_ones_are_unpacked_and_a_bomb_is_not(server: CalendarServer) -> None:
    server.packed = True
    assert (await fetch(server.address, [server.host])).body == BODY
    server.body = b"\0" * 200_000_000
    with pytest.raises(FetchError, match="large"):
        await fetch(server.address, [server.host])


@pytest.mark.parametrize(
    ("status", "problem"),
    [(401, "refused"), (403, "refused"), (404, "gone"), (410, "gone"), (500, "unreachable"), (206, "unreachable")],
)
async def test_why_it_does_not_come_is_known(server: CalendarServer, status: int, problem: str) -> None:
    server.status = status
    with pytest.raises(FetchError, match=problem):
        await fetch(server.address, [server.host])


async def test_redirects_are_followed_a_few_times_each_checked_anew(server: CalendarServer) -> None:
    async with calendar_server() as other:
        other.body = BODY
        server.location = other.address
        with pytest.raises(FetchError, match="private"):
            await fetch(server.address, [server.host])
        assert other.asked == []
        assert (await fetch(server.address, [server.host, other.host])).body == BODY
        other.location = server.address
        with pytest.raises(FetchError, match="redirects"):
            await fetch(server.address, [server.host, other.host])
    for place in ("file:///etc/passwd", "gopher://example.org/"):
        server.location = place
        with pytest.raises(FetchError, match="redirects"):
            await fetch(server.address, [server.host])


async def test_a_name_that_leads_into_the_private_network_is_not_asked(
    server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when only one of its addresses does; and a name is looked up once, so that it can't change in between."""
    loop = asyncio.get_running_loop()
    port = int(server.host.rpartition(":")[2])
    looked: list[str] = []
    answers = [["127.0.0.1"]]

    async def names(host: str, at: int, **_: Any) -> list[Any]:
        looked.append(host)
        found = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, at)) for address in found]

    monkeypatch.setattr(loop, "getaddrinfo", names)
    address = f"http://calendar.example:{port}/private-3f8a/basic.ics"
    for found in (["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["169.254.169.254"]):
        answers[:] = [found]
        with pytest.raises(FetchError, match="private"):
            await fetch(address.replace(f":{port}", ":8080"), [])
    assert server.asked == []
    looked.clear()
    answers[:] = [["127.0.0.1"], ["93.184.216.34"]]
    assert (await fetch(address, [f"calendar.example:{port}"])).body == BODY
    assert looked == ["calendar.example"]


async def test_who_answers_too_slowly_is_given_up() -> None:
    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nBEGIN")
        await asyncio.sleep(5)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(FetchError, match="unreachable"):
        await fetch(f"http://127.0.0.1:{port}/", [f"127.0.0.1:{port}"], seconds=0.5)
    server.close()


async def test_half_a_calendar_is_not_taken_for_a_whole_one() -> None:
    async def half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nBEGIN:VCALENDAR")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(FetchError, match="unreachable"):
        await fetch(f"http://127.0.0.1:{port}/", [f"127.0.0.1:{port}"])
    server.close()
