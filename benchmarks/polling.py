"""A quarter of an hour of a centre's subscribers, pressed together: what it costs the one process that serves them.

    python -m benchmarks.polling

A centre with 10,000 visits and 2,000 subscribers, each with an address of their own, who look once in a quarter of an
hour, over a connection of their own each, and take gzip, as calendars do. Meanwhile visits change: in the first third
nothing, then one each half a minute, so that whoever looks later gets the whole anew. All of it takes a minute and a
half here instead of fifteen: ten times as often. Printed: how they were answered and how quickly, the processor time
and the memory of the server, and whether each was given what there was when they asked.
"""

import asyncio
import multiprocessing
import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil

from benchmarks.feeds import Connection, change, filled, many, serve, settled
from benchmarks.ground import Ground, context, database_url
from booking.context import Context
from core.database import Database

_QUARTER = 15 * 60


@dataclass(frozen=True)
class Day:
    """How much of everything."""

    subscribers: int = 2000
    visits: int = 10_000
    seconds: float = 90.0
    """In which a quarter of an hour takes place."""
    changes: int = 20


@dataclass(frozen=True)
class Look:
    """How one was answered."""

    status: int
    took: float
    """Seconds."""
    octets: int


async def measure(url: str, port: int, server: int, ctx: Context, day: Day) -> list[Look]:
    """Fill the database, let all subscribers look once, and say what that took."""
    database, process = Database(url), psutil.Process(server)
    ground = Ground(database, ctx)
    _, first = await filled(ground, "Ten", day.visits)
    paths = await many(ground, first, day.subscribers)
    await settled(database)
    one = await Connection.open(port)
    tag = (await one.get(first, gzip=True))[1]["etag"]
    for path in paths:  # they have looked a quarter of an hour ago
        await one.get(path, tag, gzip=True)
    dice = random.Random(1)
    before, memory = sum(process.cpu_times()[:2]), process.memory_info().rss
    peak, began = memory, time.perf_counter()

    async def look(path: str, at: float) -> Look:
        await asyncio.sleep(at)
        asked = time.perf_counter()
        connection = await Connection.open(port)
        status, _, size = await connection.get(path, tag, gzip=True)
        connection.close()
        return Look(status, time.perf_counter() - asked, size)

    async def disturb() -> None:
        """Change a visit now and then; who asks right after it must not be told what was before."""
        before_it = tag
        await asyncio.sleep(day.seconds / 3)
        for _ in range(day.changes):
            await change(database)
            status, headers, _ = await one.get(first, tag, gzip=True)
            assert status == 200
            assert headers["etag"] != before_it, "what was before the change"
            before_it = headers["etag"]
            await asyncio.sleep(day.seconds * 2 / 3 / day.changes)

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    moments = [dice.random() * day.seconds for _ in paths]
    looks, _ = await asyncio.gather(asyncio.gather(*map(look, paths, moments)), disturb())
    watching.cancel()
    took, used = time.perf_counter() - began, sum(process.cpu_times()[:2]) - before
    _say(looks, day, took, used, (peak - memory) / 1e6)
    await database.close()
    return looks


def _say(looks: list[Look], day: Day, took: float, used: float, grown: float) -> None:
    print(
        f"{day.subscribers:,} subscribers of {day.visits:,} visits, {day.changes} changes, in {took:.0f} s"
        f" instead of {_QUARTER}"
    )
    for status, said in ((304, "that nothing is new"), (200, "with the whole, packed")):
        times = sorted(each.took * 1000 for each in looks if each.status == status)
        if times:
            last = times[min(len(times) - 1, len(times) * 95 // 100)]
            print(
                f"  {len(times):,} answered {said}: {statistics.median(times):.1f} ms in the middle, {last:.1f} ms for"
                f" the 95th of a hundred, {sum(each.octets for each in looks if each.status == status) / 1e6:.0f} MB"
            )
    print(
        f"  {used:.1f} s of a processor, which is {used / _QUARTER:.2%} of one in a quarter of an hour; memory grew by"
        f" {grown:.0f} MB"
    )


def run(url: str, day: Day) -> list[Look]:
    """All of it, with a server of its own over an empty, migrated database."""
    ctx = context()
    here, there = multiprocessing.get_context("fork").Pipe()
    args = (url, ctx, datetime.now(UTC), there)
    process = multiprocessing.get_context("fork").Process(target=serve, args=args, daemon=True)
    process.start()
    assert process.pid
    try:
        port: Any = here.recv()
        return asyncio.run(measure(url, port, process.pid, ctx, day))
    finally:
        process.terminate()
        process.join()


def main() -> None:
    with database_url() as url:
        run(url, Day())


if __name__ == "__main__":
    main()
