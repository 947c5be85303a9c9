"""A transaction that is cancelled, whenever that happens, leaves nothing behind for those that follow it."""

import asyncio
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.database import Database


async def _begins(database: Database, over: list[bool]) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("SELECT 1"))
    over.append(True)


async def test_what_is_committed_after_one_was_cancelled_is_there(database: Database) -> None:
    """At whatever step it was cancelled: before, while and after the server began, answered, and committed."""
    one = Database(database.url, pool=1)
    try:
        async with database.transaction() as tx:
            await tx.conn.execute(text("CREATE TABLE tried (n integer)"))
        over: list[bool] = []
        for step in count():
            task = asyncio.create_task(_begins(one, over))
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
