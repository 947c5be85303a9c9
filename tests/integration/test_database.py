"""Transactions: what one that is cancelled leaves behind, what goes with a commit, and connections for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import BigInteger, Boolean, LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from core.database import Database
from core.ids import new_id
from core.inbox import Came, inbox, receive_at_once
from core.statements import Statement
from core.tables import Moment


async def _begins(database: Database, over: list[bool]) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("SELECT 1"))
    over.append(True)


async def _asks_once(database: Database, over: list[bool]) -> None:
    await database.once(Statement(text("SELECT 1")), {})
    over.append(True)


@pytest.mark.parametrize("cancelled", [_begins, _asks_once])
async def test_what_is_committed_after_one_was_cancelled_is_there(
    database: Database, cancelled: Callable[[Database, list[bool]], Coroutine[None, None, None]]
) -> None:
    """At whatever step it was cancelled: before, while and after the server began, answered, and committed."""
    one = Database(database.url, pool=1)
    try:
        async with database.transaction() as tx:
            await tx.conn.execute(text("CREATE TABLE tried (n integer)"))
        over: list[bool] = []
        for step in count():
            task = asyncio.create_task(cancelled(one, over))
            for turn in range(step):
                await asyncio.sleep(0 if turn % 2 else 0.0001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with one.transaction() as tx:
                await tx.conn.execute(text("INSERT INTO tried VALUES (:n)"), {"n": step})
            async with database.transaction() as tx:  # seen by another connection
                assert (await tx.conn.execute(text("SELECT max(n) FROM tried"))).scalar_one() == step, step
            if over:  # so every moment of it has been tried
                break
        assert step > 1
    finally:
        await one.close()


async def test_an_error_that_a_block_raises_costs_no_connection(database: Database) -> None:
    one = Database(database.url, pool=1)
    me = text("SELECT pg_backend_pid()")

    async def backend() -> int:
        async with one.transaction() as tx:
            return int((await tx.conn.execute(me)).scalar_one())

    async def fails() -> None:
        async with one.transaction():
            raise RuntimeError

    try:
        before = await backend()
        with pytest.raises(RuntimeError):
            await fails()
        assert await backend() == before
    finally:
        await one.close()


async def test_connections_that_the_server_ended_meanwhile_are_not_handed_out(database: Database) -> None:
    several = Database(database.url, pool=3)
    everybody = asyncio.Barrier(3)

    async def backend() -> int:
        async with several.transaction() as tx:
            found = (await tx.conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await everybody.wait()
            return int(found)

    try:
        before = await asyncio.gather(*(backend() for _ in range(3)))
        async with database.transaction() as tx:
            for pid in before:
                await tx.conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        await asyncio.sleep(0.1)
        after = await asyncio.gather(*(backend() for _ in range(3)))
        assert not {*before} & {*after}
    finally:
        await several.close()


async def test_a_pool_that_is_used_up_is_a_database_that_is_away(database: Database) -> None:
    """For all who catch that: a worker that dies of it would take the bot's device along."""
    one = Database(database.url, pool=1)
    one.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    try:
        async with one.transaction():
            with pytest.raises(OperationalError):
                async with one.transaction():
                    raise AssertionError
        async with one.transaction() as tx:
            assert (await tx.conn.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await one.close()


async def test_what_commits_by_itself_rings_for_who_works_there_and_tells_others_only_where_they_work_too(
    database: Database,
) -> None:
    other = Database(database.url, pool=1)
    listening = asyncio.create_task(other.listen())
    try:
        await _all_is_told(database, other)
        for number, alone in enumerate((False, True)):
            with database.alone(inbox.name) if alone else nullcontext():
                await receive_at_once(database, [Came("k", f"${number}", "lane", b"")])
                assert database.rung(inbox.name) == {"lane"}
                await _all_is_told(database, other)
                assert bool(other.rung(inbox.name)) is not alone
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await other.close()


async def _all_is_told(database: Database, other: Database) -> None:
    """Until the other one listens, and has heard of all that was committed before: it is told in that order."""
    mark = new_id().hex
    async with asyncio.timeout(120):
        while not other.rung(mark):
            async with database.transaction() as tx:
                tx.wake(mark)
            await asyncio.sleep(0.05)


class _Assumed:
    """That there is a row in `tried`."""

    told = 0
    prepared = "PREPARE seven AS SELECT 1 / (SELECT count(*) FROM tried WHERE n = 7)"

    def statement(self) -> str:
        return "EXECUTE seven"

    def failed(self) -> None:
        self.told += 1


async def test_nothing_is_committed_unless_all_is_so_that_was_assumed(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("CREATE TABLE tried (n integer)"))
    it = _Assumed()

    async def insert_one(n: int) -> None:
        async with database.transaction() as tx:
            tx.assumptions.append(it)
            await tx.conn.execute(text("INSERT INTO tried VALUES (:n)"), {"n": n})

    with pytest.raises(DBAPIError):
        await insert_one(1)
    assert it.told == 1
    await insert_one(7)
    await insert_one(2)
    assert it.told == 1
    async with database.transaction() as tx:
        assert (await tx.conn.execute(text("SELECT sum(n) FROM tried"))).scalar_one() == 9


async def test_a_transaction_in_which_an_error_was_passed_over_is_not_taken_for_done(database: Database) -> None:
    async def passes_over() -> None:
        async with database.transaction() as tx:
            await tx.conn.execute(text("CREATE TABLE tried (n integer)"))
            with suppress(DBAPIError):
                await tx.conn.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError, match="a statement in it had failed"):
        await passes_over()
    async with database.transaction() as tx:
        assert (await tx.conn.execute(text("SELECT to_regclass('tried')"))).scalar_one() is None


_KEPT = Statement(
    text("INSERT INTO tried VALUES (:id, :words, :bytes, :at, :count, :so, :none)").bindparams(
        bindparam("id", type_=Uuid),
        bindparam("words", type_=Text),
        bindparam("bytes", type_=LargeBinary),
        bindparam("at", type_=Moment()),
        bindparam("count", type_=BigInteger),
        bindparam("so", type_=Boolean),
        bindparam("none", type_=Text),
    )
)
_TABLE = "CREATE TABLE tried (id uuid, words text, bytes bytea, at timestamptz, count bigint, so boolean, nothing text)"


async def test_a_day_has_24_hours_whatever_zone_the_server_keeps(database: Database) -> None:
    """By which what is busy for so long is found, also on the day on which clocks go forward."""
    async with database.transaction() as tx:
        name = (await tx.conn.execute(text("SELECT current_database()"))).scalar_one()
        await tx.conn.execute(text(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'"))
    opened = Database(database.url, pool=1)
    try:
        for _ in range(2):  # anew, and as the pool hands it out again
            async with opened.transaction() as tx:
                noon = text("SELECT '2027-03-28 12:00Z'::timestamptz - interval '1 day', current_setting('timezone')")
                before, zone = (await tx.conn.execute(noon)).one()
            assert (before, zone) == (datetime(2027, 3, 27, 12, tzinfo=UTC), "UTC")
    finally:
        await opened.close()


async def test_what_goes_with_the_commit_is_written_just_as_it_is_given(database: Database) -> None:
    at = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    hostile = "'); DROP TABLE tried; -- \\' \" $1 $$ %s \n é 🩺"
    given = {"id": new_id(), "words": hostile, "bytes": bytes(range(256)), "at": at, "count": -(2**40), "so": True}
    async with database.transaction() as tx:
        await tx.conn.execute(text(_TABLE))
    for before in range(2):
        async with database.transaction() as tx:
            tx.last(_KEPT, {**given, "none": None})
            assert (await tx.conn.execute(text("SELECT count(*) FROM tried"))).scalar_one() == before
    async with database.transaction() as tx:
        rows = [tuple(row) for row in await tx.conn.execute(text("SELECT * FROM tried"))]
    assert rows == [(*given.values(), None)] * 2


async def test_what_goes_with_the_commit_is_not_done_without_the_rest_nor_the_rest_without_it(
    database: Database,
) -> None:
    seven = Statement(text("INSERT INTO tried VALUES (1 / (:n - 7))").bindparams(bindparam("n", type_=BigInteger)))
    async with database.transaction() as tx:
        await tx.conn.execute(text("CREATE TABLE tried (n integer)"))

    async def tries(n: int) -> None:
        async with database.transaction() as tx:
            await tx.conn.execute(text("INSERT INTO tried VALUES (5)"))
            tx.last(seven, {"n": n})
            if n == 9:
                raise KeyError

    with pytest.raises(DBAPIError):
        await tries(7)
    with pytest.raises(KeyError):
        await tries(9)
    await tries(8)
    async with database.transaction() as tx:
        assert [row.n for row in await tx.conn.execute(text("SELECT n FROM tried"))] == [5, 1]


async def test_text_that_would_end_what_is_sent_is_refused_before_anything_is(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text(_TABLE))
        with pytest.raises(DataError):
            tx.last(_KEPT, dict.fromkeys(("id", "bytes", "at", "count", "so", "none")) | {"words": "a\0b"})


async def test_a_connection_that_waits_at_hand_is_there_for_who_needs_one(database: Database) -> None:
    """Those at hand count as free, and are given to others, also where all of the pool's are among them."""
    two = Database(database.url, pool=2)
    one = Statement(text("SELECT 1 AS n"))
    try:
        for _ in range(3):
            found = await asyncio.gather(*(two.once(one, {}) for _ in range(6)))
            assert [rows[0].n for rows in found] == [1] * 6
            assert two.connections() == 0
        async with two.transaction() as tx, two.transaction() as other:
            assert two.connections() == 2
            assert (await tx.conn.execute(text("SELECT 1"))).scalar_one() == 1
            assert (await other.run(one, {}))[0].n == 1
        assert two.connections() == 0
    finally:
        await two.close()
