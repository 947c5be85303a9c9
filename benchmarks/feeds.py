"""Calendar feeds: how quick they are, beside `icalendar`'s own writer and a bare handler of aiohttp.

    python -m benchmarks.feeds

In one run: answers without a body (304) a second, for 2,000 feeds of a centre with 10,000 visits; a feed of 1,000 and
of 10,000 visits written anew, from the request to the last octet; whether a change is in the next fetch; the memory
that a feed of 100,000 visits takes while it is sent. The server is one process; who asks is another.
"""

import asyncio
import multiprocessing
import statistics
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from aiohttp import web
from icalendar import Calendar, Event
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from benchmarks.filling import patients, visits
from benchmarks.ground import Ground, context, database_url
from booking.calendars.feeds.routes import install
from booking.calendars.feeds.service import issue_feed
from booking.calendars.feeds.versions import count_changes
from booking.calendars.model import FeedKind, Options
from booking.calendars.rules import DEFAULT_TELLS
from booking.context import Context
from core.database import Database
from core.ids import new_id, new_secret, secret_hash

SUBSCRIBERS, CONNECTIONS, SECONDS, ROUNDS = 2000, 100, 3.0, 5
_CHANGE = text("""
    UPDATE appointment SET sequence = sequence + 1 WHERE id = (
        SELECT id FROM appointment WHERE centre_id = (SELECT subject_id FROM calendar_feed LIMIT 1) LIMIT 1
    )
""")
_TAG = '"0123456789abcdef0123456789abcdef01234567"'


def serve(url: str, ctx: Context, port: Any) -> None:
    """The server's process: feeds, and the bare handler beside them."""

    async def bare(_: web.Request) -> web.Response:
        return web.Response(status=304, headers={"ETag": _TAG})

    async def run() -> None:
        application = web.Application()
        database = Database(url)
        install(application, database, ctx)
        application.add_routes([web.get("/bare", bare)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server
        port.send(site._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    asyncio.run(run())


class Connection:
    """Asks over one connection, with as little of its own as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def get(self, path: str, tag: str = "") -> tuple[int, dict[str, str], int]:
        """Return status, headers and the octets of the body, which is thrown away."""
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: Thunderbird/153\r\n{condition}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        status, size = int(head[0].split()[1]), 0
        if headers.get("transfer-encoding") == "chunked":
            while length := int(await self._reader.readline(), 16):
                await self._reader.readexactly(length + 2)
                size += length
            await self._reader.readline()
        elif status != 304:
            left = size = int(headers["content-length"])
            while left:
                left -= len(await self._reader.read(min(left, 1 << 18)))
        return status, headers, size


async def rate(port: int, asked: list[tuple[str, str]], seconds: float) -> float:
    """Return answers a second to the same questions in turn, over several connections."""
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    turn, count, end = iter(range(10**9)), 0, time.perf_counter() + seconds

    async def ask(connection: Connection) -> int:
        done = 0
        while time.perf_counter() < end:
            path, tag = asked[next(turn) % len(asked)]
            status, _, _ = await connection.get(path, tag)
            assert status == 304, status
            done += 1
        return done

    began = time.perf_counter()
    count = sum(await asyncio.gather(*map(ask, connections)))
    return count / (time.perf_counter() - began)


async def cold(connection: Connection, database: Database, path: str, tag: str) -> float:
    """Return the milliseconds from a request to its last octet, after a change."""
    async with database.transaction() as tx:
        await tx.conn.execute(_CHANGE)
    began = time.perf_counter()
    status, _, _ = await connection.get(path, tag)
    assert status == 200
    return (time.perf_counter() - began) * 1000


def by_icalendar(count: int) -> float:
    """Return the milliseconds that `icalendar` takes to write as many events, from nothing but values."""
    began = time.perf_counter()
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "x")
    now = datetime.now(UTC)
    for n in range(count):
        event = Event()
        event.add("uid", f"{n}@x")
        for name in ("dtstamp", "last-modified", "dtstart", "dtend"):
            event.add(name, now)
        event.add("sequence", 0)
        event.add("summary", f"Visit {n}, Dr Ama Osei")
        event.add("location", "Berlin Heart Centre, Street 1, Berlin")
        event.add("description", "To move or cancel it, write to the bot: https://matrix.to/#/@careconnect:localhost")
        event.add("url", "http://127.0.0.1:8100/visits/K7QM3F")
        event.add("status", "CONFIRMED")
        event.add("transp", "OPAQUE")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    calendar.to_ical()
    return (time.perf_counter() - began) * 1000


async def feed(ground: Ground, mxid: str, kind: FeedKind, subject: Any) -> str:
    person = await ground.person(mxid)
    async with ground.database.transaction() as tx:
        tells = DEFAULT_TELLS.get(kind, frozenset())
        _, secret = await issue_feed(tx, ground.ctx, person, kind, subject, Options(tells))
    return f"/feeds/{secret}.ics"


async def many(ground: Ground, path: str) -> list[str]:
    """Two thousand more addresses like one, as rows."""
    hashed = "decode(:hash, 'hex')"
    made = [new_secret() for _ in range(SUBSCRIBERS - 1)]
    async with ground.database.transaction() as tx:
        for secret in made:
            await tx.conn.execute(
                text(
                    "INSERT INTO calendar_feed (id, kind, subject_id, members, owner, secret_hash, tells, language,"
                    " timezone, days_back, days_ahead, alarms, created_at) SELECT :id, kind, subject_id, members,"
                    f" owner, {hashed}, tells, language, timezone, days_back, days_ahead, alarms, created_at"
                    " FROM calendar_feed LIMIT 1"
                ),
                {"id": new_id(), "hash": secret_hash(secret).hex()},
            )
    return [path, *(f"/feeds/{secret}.ics" for secret in made)]


async def filled(ground: Ground, name: str, count: int) -> tuple[str, str]:
    """A centre with so many visits; returns its admin and the address of its feed."""
    centre = await ground.centre(name)
    doctor = await ground.doctor(centre, f"Dr {name}")
    service = await ground.service(doctor, centre)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=30)
    starts = [start + timedelta(minutes=n * (500 * 1440 // count)) for n in range(count)]
    async with ground.database.transaction() as tx:
        whose = await patients(tx, 500, name)
    while True:  # of so many random codes two may be the same
        with suppress(IntegrityError):
            async with ground.database.transaction() as tx:
                await visits(tx, service, starts, whose, tx.now, taking=False)
            break
    admin = f"@admin.{centre.slug}:localhost"
    return admin, await feed(ground, admin, FeedKind.CENTRE, centre.id)


async def measure(url: str, port: int, server: int, ctx: Context) -> None:
    database = Database(url)
    ground = Ground(database, ctx)
    _, large = await filled(ground, "Ten", 10_000)
    paths = await many(ground, large)
    async with database.transaction() as tx:
        await tx.conn.execute(text("ANALYZE"))
        await count_changes(tx)
    one = await Connection.open(port)
    _, headers, size = await one.get(large)
    tag = headers["etag"]
    asked = [(path, tag) for path in paths]
    for path, known in asked:
        assert (await one.get(path, known))[0] == 304

    bare, ours = [], []
    for _ in range(ROUNDS):  # in turn, so that whatever else the machine does meets both
        bare.append(await rate(port, [("/bare", _TAG)], SECONDS))
        ours.append(await rate(port, asked, SECONDS))
    slower = statistics.median(each / other for each, other in zip(bare, ours, strict=True))
    print(f"304: {max(ours):,.0f} a second ({statistics.median(ours):,.0f} in the middle), for {SUBSCRIBERS:,} feeds")
    print(f"bare handler: {max(bare):,.0f} a second; ours takes {slower:.2f} times as long")

    times = [await cold(one, database, large, tag) for _ in range(ROUNDS)]
    print(
        f"10,000 visits ({size / 1e6:.1f} MB) anew: {min(times):.0f} ms ({statistics.median(times):.0f} in the middle)"
    )
    print(f"icalendar's writer alone, for 10,000: {by_icalendar(10_000):.0f} ms")
    print("a change was in the next fetch, each time")

    async with database.transaction() as tx:
        await tx.conn.execute(text("DELETE FROM calendar_feed"))
    _, small = await filled(ground, "One", 1000)
    _, headers, _ = await one.get(small)
    times = [await cold(one, database, small, headers["etag"]) for _ in range(ROUNDS * 2)]
    print(f"1,000 visits anew: {min(times):.1f} ms ({statistics.median(times):.1f} in the middle)")
    print(f"icalendar's writer alone, for 1,000: {by_icalendar(1000):.0f} ms")

    _, huge = await filled(ground, "Hundred", 100_000)
    await one.get(huge)  # once, so that what is asked for at the first time is there
    process = psutil.Process(server)
    before = process.memory_info().rss
    peak, done = before, asyncio.Event()

    async def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    _, _, size = await one.get(huge)
    took = time.perf_counter() - began
    done.set()
    await watching
    print(f"100,000 visits ({size / 1e6:.0f} MB) sent in {took:.1f} s; memory grew by {(peak - before) / 1e6:.1f} MB")
    await database.close()


def main() -> None:
    ctx = context()
    with database_url() as url:
        here, there = multiprocessing.get_context("fork").Pipe()
        process = multiprocessing.get_context("fork").Process(target=serve, args=(url, ctx, there), daemon=True)
        process.start()
        assert process.pid
        try:
            asyncio.run(measure(url, here.recv(), process.pid, ctx))
        finally:
            process.terminate()
            process.join()


if __name__ == "__main__":
    main()
