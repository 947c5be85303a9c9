"""What runs past SQLAlchemy keeps its promises: values by name, its errors, one transaction."""

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.database import Database
from core.inbox import receive
from core.outbox import enqueue
from core.statements import Statement, is_away
from core.tables import Moment
from tests.integration.plans import planned_often

_COUNT = Statement(text("SELECT count(*) AS n FROM tried"))
_ADD = Statement(text("INSERT INTO tried VALUES (:n, :at) RETURNING n, at").bindparams(bindparam("at", type_=Moment())))


async def _table(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text("CREATE TABLE tried (n integer PRIMARY KEY, at timestamptz)"))


async def test_columns_are_attributes_and_times_are_utc(database: Database) -> None:
    await _table(database)
    async with database.transaction() as tx:
        (row,) = await tx.run(_ADD, {"n": 1, "at": tx.now})
        assert (row.n, row.at) == (1, tx.now)
        with pytest.raises(AttributeError):
            _ = row.nothing


async def test_a_value_that_is_missing_is_a_fault_of_ours(database: Database) -> None:
    await _table(database)
    async with database.transaction() as tx:
        with pytest.raises(KeyError):
            await tx.run(_ADD, {"n": 1})


async def test_both_ways_share_a_transaction_and_all_of_it_is_undone(database: Database) -> None:
    await _table(database)

    async def fails() -> None:
        async with database.transaction() as tx:
            await tx.conn.execute(text("INSERT INTO tried VALUES (1)"))
            await tx.run(_ADD, {"n": 2, "at": tx.now})
            assert (await tx.run(_COUNT, {}))[0].n == 2
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with database.transaction() as tx:
        assert (await tx.run(_COUNT, {}))[0].n == 0


async def test_a_part_can_be_undone(database: Database) -> None:
    await _table(database)
    async with database.transaction() as tx:
        await tx.run(_ADD, {"n": 1, "at": tx.now})
        async with tx.conn.begin_nested() as part:
            await tx.run(_ADD, {"n": 2, "at": tx.now})
            await part.rollback()
    async with database.transaction() as tx:
        assert (await tx.run(_COUNT, {}))[0].n == 1


async def test_errors_are_those_that_sqlalchemy_raises(database: Database) -> None:
    await _table(database)

    async def twice() -> None:
        async with database.transaction() as tx:
            await tx.run(_ADD, {"n": 1, "at": tx.now})
            await tx.run(_ADD, {"n": 1, "at": tx.now})

    with pytest.raises(IntegrityError):
        await twice()


async def test_a_connection_that_is_gone_is_not_used_again(database: Database) -> None:
    await _table(database)

    async def loses_it() -> None:
        async with database.transaction() as tx:
            await tx.run(_ADD, {"n": 1, "at": tx.now})
            pid = await tx.driver.fetchval("SELECT pg_backend_pid()")
            async with database.transaction() as other:
                await other.driver.execute("SELECT pg_terminate_backend($1)", pid)
            await tx.run(_COUNT, {})

    with pytest.raises(DBAPIError):
        await loses_it()
    for _ in range(3):
        async with database.transaction() as tx:
            assert (await tx.run(_COUNT, {}))[0].n == 0


@pytest.mark.parametrize(
    ("sql", "values", "away"),
    [
        ("INSERT INTO tried VALUES (:n)", {"n": 3_000_000_000}, False),
        ("SELECT CAST(:n AS text)", {"n": "\0"}, False),
        ("INSERT INTO tried SELECT 1 FROM generate_series(1, 2)", {}, False),
        ("SELECT nothing FROM tried", {}, False),
        ("SELECT pg_terminate_backend(pg_backend_pid())", {}, True),
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)", {}, True),
    ],
)
async def test_what_was_asked_wrongly_is_told_from_a_database_that_is_away(
    database: Database, sql: str, values: dict[str, object], *, away: bool
) -> None:
    """SQLAlchemy raises a bare DBAPIError for values that no column takes, as for a connection that is lost."""
    await _table(database)

    async def run(*, through_sqlalchemy: bool) -> None:
        async with database.transaction() as tx:
            for each in sql.split(";"):
                if through_sqlalchemy:
                    await tx.conn.execute(text(each), values)
                else:
                    await tx.run(Statement(text(each)), values)

    for through_sqlalchemy in (True, False):
        with pytest.raises(DBAPIError) as raised:
            await run(through_sqlalchemy=through_sqlalchemy)
        assert is_away(raised.value) is away, through_sqlalchemy


async def test_what_comes_in_and_goes_out_is_not_planned_anew_each_time(database: Database) -> None:
    async with database.transaction() as tx:
        for n in range(10):
            assert await receive(tx, kind="tried", event_id=f"{n}", lane="one", payload=b"")
            await enqueue(tx, kind="tried", lane="one", key=f"{n}")
        assert await planned_often(tx) == []
