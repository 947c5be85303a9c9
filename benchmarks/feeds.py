"""Calendar feeds: how quick they are, beside `icalendar`'s own writer and a bare handler of aiohttp.

    python -m benchmarks.feeds [unchanged]

In one run: answers without a body (304) a second, for 2,000 feeds of a centre with 10,000 visits, over a hundred
connections at once, in turn with those of the bare handler (`unchanged.py`); how long one takes that is asked alone,
which has the question to the database in it; a feed of 1,000 and of 10,000 visits written anew, from the request to
the last octet; whether a change is in the next fetch; the memory that a feed of 100,000 visits takes while it is sent.
The server is one process; who asks is another.
"""

import asyncio
import gc
import multiprocessing
import signal
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import uvloop
from aiohttp import web
from icalendar import Calendar, Event
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from benchmarks.filling import patients, visits
from benchmarks.ground import Ground, context, database_url
from benchmarks.unchanged import TAG, Rounds, compare
from booking.calendars.feeds.routes import install
from booking.calendars.feeds.service import issue_feed
from booking.calendars.feeds.versions import count_changes
from booking.calendars.model import FeedKind, Options
from booking.calendars.rules import DEFAULT_TELLS
from booking.context import Context
from core.connecting import connect
from core.database import Database
from core.ids import new_id, new_secret, secret_hash


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    subscribers: int = 2000
    unchanged: Rounds = field(default_factory=Rounds)
    rounds: int = 5
    """Of those that write something."""
    visits: tuple[int, int, int] = (10_000, 1000, 100_000)
    """Of the feeds that are asked for, written anew, and streamed."""
    unchanged_alone: bool = False
    """Nothing but answers without a body."""


_CHANGE = text("""
    UPDATE appointment SET sequence = sequence + 1 WHERE id = (
        SELECT id FROM appointment WHERE centre_id = (SELECT subject_id FROM calendar_feed LIMIT 1) LIMIT 1
    )
""")


class _Stopped:
    """The server's clock: as the day turns, feeds are others, and who asks would have to ask anew."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def serve(url: str, ctx: Context, now: datetime, port: Any) -> None:
    """The server's process: feeds, and the bare handler beside them."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who began it has an ending of its own (ending.py)

    async def bare(_: web.Request) -> web.Response:
        return web.Response(status=304, headers={"ETag": TAG})

    async def run() -> None:
        application = web.Application()
        database = Database(url, clock=_Stopped(now))
        install(application, database, ctx)
        application.add_routes([web.get("/bare", bare), web.get("/bare/{address}", bare)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server
        gc.collect()
        gc.freeze()  # as the service does (appservice.process)
        gc.set_threshold(10_000, 20, 20)
        port.send(site._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    uvloop.run(run())  # as the service does


class Connection:
    """Asks over one connection, with as little of its own as can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    def close(self) -> None:
        self._writer.close()

    async def get(self, path: str, tag: str = "", *, gzip: bool = False) -> tuple[int, dict[str, str], int]:
        """Return status, headers and the octets of the body, which is thrown away."""
        condition = f"If-None-Match: {tag}\r\n" if tag else ""
        condition += "Accept-Encoding: gzip\r\n" if gzip else ""
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


async def alone(connection: Connection, asked: list[tuple[str, str]], count: int) -> float:
    """Return the microseconds that an answer takes in the middle when one is asked after the other."""
    took = []
    for n in range(count):
        began = time.perf_counter()
        await connection.get(*asked[n % len(asked)])
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6


async def change(database: Database) -> None:
    """Change a visit of the centre whose feeds are asked for."""
    async with database.transaction() as tx:
        await tx.conn.execute(_CHANGE)


async def cold(connection: Connection, database: Database, path: str, tag: str) -> float:
    """Return the milliseconds from a request to its last octet, after a change."""
    await change(database)
    began = time.perf_counter()
    status, _, _ = await connection.get(path, tag)
    assert status == 200, status
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


async def many(ground: Ground, path: str, count: int) -> list[str]:
    """So many addresses like one, which is the first of them, as rows."""
    hashed = "decode(:hash, 'hex')"
    made = [new_secret() for _ in range(count - 1)]
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


async def settled(database: Database) -> None:
    """Leave behind so many visits at once what the clock and autovacuum leave where they come one by one."""
    left = True
    while left:
        async with database.transaction() as tx:
            await count_changes(tx)
            left = (await tx.conn.execute(text("SELECT EXISTS (SELECT FROM calendar_change)"))).scalar_one()
    connection = await connect(database.url)
    await connection.execute("VACUUM (ANALYZE) appointment, calendar_change, calendar_feed, calendar_version")
    await connection.close()


async def measure(url: str, port: int, server: int, ctx: Context, sizes: Size) -> None:
    database, process = Database(url), psutil.Process(server)
    ground = Ground(database, ctx)
    visits_of_large, visits_of_small, visits_of_huge = sizes.visits
    _, large = await filled(ground, "Ten", visits_of_large)
    paths = await many(ground, large, sizes.subscribers)
    await settled(database)
    one = await Connection.open(port)
    _, headers, size = await one.get(large)
    tag = headers["etag"]
    asked = [(path, tag) for path in paths]
    for path, known in asked:
        assert (await one.get(path, known))[0] == 304

    await compare(port, process, asked, sizes.unchanged)
    first = await alone(one, [("/bare", TAG)], sizes.subscribers), await alone(one, asked, sizes.subscribers)
    print(f"asked alone, with a question to the database each: {first[1]:.0f} µs; bare handler: {first[0]:.0f}")
    if sizes.unchanged_alone:
        await database.close()
        return
    times = [await cold(one, database, large, tag) for _ in range(sizes.rounds)]
    print(
        f"{visits_of_large:,} visits ({size / 1e6:.1f} MB) anew: {min(times):.0f} ms"
        f" ({statistics.median(times):.0f} in the middle)"
    )
    print(f"icalendar's writer alone, for as many: {by_icalendar(visits_of_large):.0f} ms")
    print("a change was in the next fetch, each time")

    async with database.transaction() as tx:
        await tx.conn.execute(text("DELETE FROM calendar_feed"))
    _, small = await filled(ground, "One", visits_of_small)
    await settled(database)
    _, headers, _ = await one.get(small)
    times = [await cold(one, database, small, headers["etag"]) for _ in range(sizes.rounds * 2)]
    print(f"{visits_of_small:,} visits anew: {min(times):.1f} ms ({statistics.median(times):.1f} in the middle)")
    print(f"icalendar's writer alone, for as many: {by_icalendar(visits_of_small):.0f} ms")

    _, huge = await filled(ground, "Hundred", visits_of_huge)
    await settled(database)
    await one.get(huge)  # once, so that what is asked for at the first time is there
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
    print(
        f"{visits_of_huge:,} visits ({size / 1e6:.0f} MB) sent in {took:.1f} s;"
        f" memory grew by {(peak - before) / 1e6:.1f} MB"
    )
    await database.close()


def run(url: str, sizes: Size) -> None:
    """Measure all of it, with a server of its own over an empty, migrated database."""
    ctx = context()
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=serve, args=(url, ctx, datetime.now(UTC), there), daemon=True
    )
    process.start()
    assert process.pid
    try:
        uvloop.run(measure(url, here.recv(), process.pid, ctx, sizes))
    finally:
        process.terminate()
        process.join()


def main() -> None:
    with database_url() as url:
        run(url, Size(unchanged_alone="unchanged" in sys.argv))


if __name__ == "__main__":
    main()
