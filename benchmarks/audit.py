"""How fast the audit is: entries appended and placed, verified, proved; and what a booking waits for it.

    python -m benchmarks.audit [--entries 100000]

Appending is measured in three parts: the work of this program alone (an entry's hash, and its place in the tree), with
the database (in batches of 1,000, first one after the other and then by four at once while the tree grows beside them,
as it does in the service), and one by one as a booking has it. The database is the embedded PostgreSQL, whose commits
wait for the disk.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable

from sqlalchemy import text

from benchmarks.ground import database_url
from core.database import Database
from core.ids import new_id
from records.access import Reader
from records.audit.checkpoint import HeadKey
from records.audit.heads import sign_head
from records.audit.proving import prove
from records.audit.published import heads_in, line_of
from records.audit.rules import Action, Entry, Why, leaf_hash
from records.audit.sequencing import place_all, place_waiting
from records.audit.service import note_all
from records.audit.tree import Frontier
from records.audit.verifying import verify

_BATCH = 1000
_AT_ONCE = 20
_WRITERS = 4
ANNA = new_id()
HERSELF = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
KEY = HeadKey("bench/audit", bytes(32))


def entries(count: int, database: Database) -> list[Entry]:
    """Of a thousand patients, one of them Anna."""
    patients = [ANNA, *(new_id() for _ in range(999))]
    now = database.clock.now()
    return [
        Entry(new_id(), now, new_id(), Action.READ, patients[n % 1000], "prescription", new_id(), Why.CARE)
        for n in range(count)
    ]


class Clock:
    """Time on the wall, and of it what this process itself computed: on a busy machine the two are far apart."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def said(self, what: str, count: int) -> None:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        print(f"{what:<58}{count / wall:>10,.0f}/s {wall:8.3f} s{cpu:8.3f} s of this process", flush=True)


async def _timed(what: str, count: int, work: Awaitable[object]) -> None:
    clock = Clock()
    await work
    clock.said(what, count)


async def _append(database: Database, made: list[Entry]) -> None:
    for start in range(0, len(made), _BATCH):
        async with database.transaction() as tx:
            await note_all(tx, made[start : start + _BATCH])


async def _place(database: Database) -> None:
    while True:
        async with database.transaction() as tx:
            if not await place_waiting(tx):
                return


async def _single(database: Database, made: list[Entry], *, placing: bool) -> None:
    """Transactions of one entry each, many at once; with `placing` while the tree grows beside them."""
    await _at_once(database, made, writers=_AT_ONCE, batch=1, placing=placing)


async def _at_once(database: Database, made: list[Entry], *, writers: int, batch: int, placing: bool) -> None:
    waiting = iter([made[start : start + batch] for start in range(0, len(made), batch)])

    async def work() -> None:
        for each in waiting:
            async with database.transaction() as tx:
                await note_all(tx, each)

    async def place() -> None:
        while True:
            async with database.transaction() as tx:
                await place_waiting(tx)
            await asyncio.sleep(0.2)

    beside = asyncio.create_task(place()) if placing else None
    await asyncio.gather(*(work() for _ in range(writers)))
    if beside:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


async def _all_placed(database: Database, made: list[Entry]) -> None:
    await _at_once(database, made, writers=_WRITERS, batch=_BATCH, placing=True)
    await _place(database)


async def run(count: int, single: int, given: str | None = None) -> None:
    """Print a line for each figure."""
    with database_url(given) as url:
        database = Database(url, pool=_AT_ONCE + 4)
        made = entries(count, database)
        clock = Clock()
        frontier = Frontier()
        for each in made:
            frontier.append(leaf_hash(each))
        clock.said("hash and append to the tree, in memory", count)
        half = count // 2
        clock = Clock()
        await _timed("note in batches of 1,000, durable", half, _append(database, made[:half]))
        await _timed("place in the tree", half, _place(database))
        clock.said("append, one after the other", half)
        what = f"append, {_WRITERS} at once, tree growing, until all is placed"
        await _timed(what, count - half, _all_placed(database, made[half:]))
        for what, placing in (("nothing placed", False), ("tree growing", True)):
            few = entries(single, database)
            await _timed(f"one by one, {_AT_ONCE} at once, {what}", single, _single(database, few, placing=placing))
        async with database.transaction() as tx:
            await place_all(tx)
        async with database.transaction() as tx:
            size, clock = count + 2 * single, Clock()
            head = await sign_head(tx, KEY)
            clock.said("sign a head", 1)
        async with database.transaction() as tx:
            await tx.conn.execute(text("ANALYZE"))
            clock = Clock()
            found = await verify(tx, keys=[KEY.public], published=heads_in(line_of(head)))
            clock.said(f"verify {found.entries:,} entries, {found.heads} heads", found.entries)
            assert (found.fault, found.entries) == (None, size)
        async with database.transaction() as tx:
            clock = Clock()
            proof = await prove(tx, HERSELF, [ANNA], signed=head.signed, size=size)
            clock.said(f"prove {len(proof.entries)} entries of one's own", len(proof.entries))
        clock = Clock()
        proof.check([KEY.public])
        clock.said("check that proof", len(proof.entries))
        depth = max(len(each.path) for each in proof.entries)
        print(f"{depth} hashes a path, {len(proof.written()) // 1024:,} kB for all of them")
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--single", type=int, default=2000, help="entries that are noted one by one, twice")
    parser.add_argument("--database", help="the address of an empty, migrated one, in the place of an embedded one")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.entries, arguments.single, arguments.database))
