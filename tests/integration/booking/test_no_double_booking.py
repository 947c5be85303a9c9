"""The storm of benchmarks.no_double_booking, in small: no time is sold twice, and nobody waits in a circle."""

from sqlalchemy import text

from benchmarks.ground import Ground, context
from benchmarks.no_double_booking import double_bookings, prepared, rage
from core.database import Database

_COPY = """
    INSERT INTO appointment
    SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'code', 'COPIED'))).*
    FROM appointment a WHERE a.status = 'booked' LIMIT 1
"""


async def test_of_hundreds_who_want_the_same_times_at_once_nobody_gets_what_another_has(database_url: str) -> None:
    database = Database(database_url, pool=18)
    outcome = await rage(await prepared(Ground(database, context()), doctors=2, people=24), 400, clients=16)
    assert (outcome.double, outcome.deadlocks) == (0, 0)
    # Who wins is a matter of who comes first; that some win, some lose and all are answered is not.
    assert sum(outcome.won.values()) + sum(outcome.lost.values()) == outcome.attempts == 400
    assert {"same slot", "overlap"} <= outcome.won.keys()
    assert {"same slot", "overlap"} <= outcome.lost.keys()
    # The query that found none does find one where there is one.
    async with database.transaction() as tx:
        await tx.conn.execute(text(_COPY))
    assert await double_bookings(database) > 0
    await database.close()
