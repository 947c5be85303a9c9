"""No time is ever sold twice, whoever asks at the same time, and nobody waits for another in a circle."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from booking.schedules import occupancy
from booking.schedules.rules import Span
from core.database import Database, Tx
from core.ids import new_id

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class SetClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = NOON - timedelta(days=1)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock(database: Database) -> SetClock:
    clock = SetClock()
    database.clock = clock
    return clock


def span(start: float, end: float) -> Span:
    """From and until so many minutes after noon."""
    return NOON + start * MINUTE, NOON + end * MINUTE


async def take(
    database: Database, wanted: Mapping[UUID, Span], visit: UUID | None = None, *, until: datetime | None = None
) -> frozenset[UUID]:
    async with database.transaction() as tx:
        return await occupancy.take(tx, visit or new_id(), wanted, expires_at=until)


async def taken(database: Database) -> list[tuple[UUID, datetime, datetime]]:
    async with database.transaction() as tx:
        found = await tx.conn.execute(
            text("SELECT resource_id, lower(busy) AS a, upper(busy) AS b FROM occupancy ORDER BY 1, 2")
        )
        return [(row.resource_id, row.a, row.b) for row in found]


async def deadlocks(database: Database) -> int:
    async with database.transaction() as tx:
        await tx.conn.execute(text("SELECT pg_stat_force_next_flush()"))
        found = await tx.conn.execute(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
        return int(found.scalar_one())


async def test_of_sixteen_who_want_one_time_at_once_just_one_gets_it(database_url: str) -> None:
    database = Database(database_url, pool=16)
    doctor = new_id()
    for n in range(10):
        answers = await asyncio.gather(
            *(
                take(database, {doctor: span(30 * n, 30 * n + 30), new_id(): span(30 * n, 30 * n + 30)})
                for _ in range(16)
            )
        )
        assert sum(not refused for refused in answers) == 1
        assert {refused for refused in answers if refused} == {frozenset({doctor})}
    assert len(await taken(database)) == 20, "a loser keeps nothing"
    assert await deadlocks(database) == 0
    await database.close()


async def test_many_who_want_overlapping_times_of_several_never_overlap_nor_deadlock(database_url: str) -> None:
    database = Database(database_url, pool=16)
    chance = Random(7)
    resources = [new_id() for _ in range(4)]

    async def one() -> None:
        for _ in range(15):
            start = chance.randrange(0, 300, 5)
            wanted = {
                each: span(start - chance.choice([0, 5]), start + chance.choice([10, 30, 60]))
                for each in chance.sample(resources, 2)
            }
            await take(database, wanted)

    await asyncio.gather(*(one() for _ in range(16)))
    rows = await taken(database)
    assert len(rows) > 8
    for (one_of, _, end), (other, start, _) in pairwise(rows):
        assert one_of != other or end <= start
    assert await deadlocks(database) == 0
    await database.close()


async def test_visits_that_change_places_with_each_other_do_not_wait_in_a_circle(database_url: str) -> None:
    database = Database(database_url, pool=16)
    doctor = new_id()
    chance = Random(7)
    visits = [(new_id(), new_id()) for _ in range(8)]
    for n, (visit, patient) in enumerate(visits):
        assert not await take(database, {doctor: span(30 * n, 30 * n + 30), patient: span(30 * n, 30 * n + 30)}, visit)

    async def one(visit: UUID, patient: UUID) -> None:
        for _ in range(12):
            start = chance.randrange(0, 270, 15)
            async with database.transaction() as tx:
                wanted = {doctor: span(start, start + 30), patient: span(start, start + 30)}
                await occupancy.take(tx, visit, wanted, expires_at=None)

    await asyncio.gather(*(one(*visit) for visit in visits))
    assert await deadlocks(database) == 0
    assert len(await taken(database)) == 16
    await database.close()


async def test_nobody_is_in_two_places_though_doctors_differ(database: Database) -> None:
    patient = new_id()
    assert not await take(database, {new_id(): span(0, 30), patient: span(0, 30)})
    assert await take(database, {new_id(): span(15, 45), patient: span(15, 45)}) == {patient}
    assert not await take(database, {new_id(): span(30, 45), patient: span(30, 45)})


async def test_a_loser_s_transaction_goes_on(database: Database) -> None:
    doctor, other = new_id(), new_id()
    await take(database, {doctor: span(0, 30)})
    async with database.transaction() as tx:
        assert await occupancy.take(tx, new_id(), {doctor: span(10, 20), other: span(10, 20)}, expires_at=None)
        assert not await occupancy.take(tx, new_id(), {doctor: span(30, 40), other: span(10, 20)}, expires_at=None)
    assert [each[0] for each in await taken(database)] == sorted([doctor, doctor, other])


async def test_a_hold_keeps_others_out_until_its_time_is_over_and_no_sweeper_is_needed(
    database: Database, clock: SetClock
) -> None:
    doctor, patient, held = new_id(), new_id(), new_id()
    until = clock.time + 31 * MINUTE
    assert not await take(database, {doctor: span(0, 30), patient: span(0, 30)}, held, until=until)
    clock.time = until - timedelta(microseconds=1)
    assert await take(database, {doctor: span(10, 20)}) == {doctor}
    clock.time = until
    assert not await take(database, {doctor: span(10, 20)})
    # What is left of a hold is always all of it: the patient is free as well, and nothing is there to be kept.
    assert [each[0] for each in await taken(database)] == [doctor]
    async with database.transaction() as tx:
        assert not await occupancy.keep(tx, held)


async def test_a_stale_hold_that_nobody_wants_can_still_be_kept(database: Database, clock: SetClock) -> None:
    doctor, held = new_id(), new_id()
    await take(database, {doctor: span(0, 30)}, held, until=clock.time + MINUTE)
    clock.time += timedelta(hours=1)
    await take(database, {doctor: span(30, 60)})
    async with database.transaction() as tx:
        assert await occupancy.keep(tx, held)
    clock.time += timedelta(hours=1)
    assert await take(database, {doctor: span(0, 10)}) == {doctor}


async def test_of_many_who_want_a_stale_hold_at_once_one_gets_it(database_url: str) -> None:
    database = Database(database_url, pool=16)
    doctor, patient = new_id(), new_id()
    await take(database, {doctor: span(0, 60), patient: span(0, 60)}, until=NOON - timedelta(days=400))
    wishes = [{doctor: span(n, 30 + n), (patient if n % 2 else new_id()): span(n, 30 + n)} for n in range(16)]
    answers = await asyncio.gather(*(take(database, wanted) for wanted in wishes))
    assert sum(not refused for refused in answers) == 1
    assert await deadlocks(database) == 0
    await database.close()


async def test_a_moved_visit_has_its_new_time_only_and_one_that_cannot_move_its_old_one(database: Database) -> None:
    doctor, visit = new_id(), new_id()
    await take(database, {doctor: span(0, 30)}, visit)
    await take(database, {doctor: span(60, 90)})
    assert await take(database, {doctor: span(70, 100)}, visit) == {doctor}
    assert await taken(database) == [(doctor, *span(0, 30)), (doctor, *span(60, 90))]
    assert not await take(database, {doctor: span(10, 40)}, visit), "its own time is not in its way"
    assert await taken(database) == [(doctor, *span(10, 40)), (doctor, *span(60, 90))]


async def test_what_is_released_is_free_again(database: Database) -> None:
    doctor, visit = new_id(), new_id()
    await take(database, {doctor: span(0, 30)}, visit)
    async with database.transaction() as tx:
        await occupancy.release(tx, visit)
    assert await taken(database) == []
    assert not await take(database, {doctor: span(0, 30)})


async def test_visits_may_follow_each_other_without_a_gap(database: Database) -> None:
    doctor = new_id()
    assert not await take(database, {doctor: span(0, 30)})
    assert not await take(database, {doctor: span(30, 60)})
    assert not await take(database, {doctor: span(-30, 0)})


async def busy_times(
    tx: Tx, resources: list[UUID], start: datetime, end: datetime, ignoring: UUID | None = None
) -> dict[UUID, list[Span]]:
    values = {"start": start, "end": end, "now": tx.now, "appointment": ignoring, "gap": timedelta()}
    found = await tx.run(_BUSY, {**values, "resources": resources})
    return {row.resource_id: list(zip(row.starts, row.ends, strict=True)) for row in found}


_BUSY = occupancy.query(f"{occupancy.IGNORED} {occupancy.BUSY}")


async def test_busy_times_leave_out_what_is_over_and_the_visit_to_be_moved(database: Database, clock: SetClock) -> None:
    doctor, other, visit = new_id(), new_id(), new_id()
    await take(database, {doctor: span(0, 30)}, visit)
    await take(database, {doctor: span(40, 50)}, until=clock.time + MINUTE)
    await take(database, {doctor: span(500, 510), other: span(500, 510)})
    start, end = span(10, 120)
    async with database.transaction() as tx:
        assert await busy_times(tx, [doctor, other], start, end) == {doctor: [span(0, 30), span(40, 50)]}
        assert await busy_times(tx, [doctor], start, end, ignoring=visit) == {doctor: [span(40, 50)]}
    clock.time += MINUTE
    async with database.transaction() as tx:
        assert await busy_times(tx, [doctor], start, end) == {doctor: [span(0, 30)]}


@pytest.mark.parametrize(
    "busy", ["empty", "[2026-12-01 12:00Z,2026-12-01 13:00Z]", "[2026-12-01 12:00Z,2026-12-03 12:00Z)"]
)
async def test_the_database_refuses_times_that_are_empty_not_half_open_or_too_long(
    database: Database, busy: str
) -> None:
    sql = text(f"INSERT INTO occupancy (resource_id, busy, appointment_id) VALUES (:id, '{busy}', :id)")
    async with database.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(sql, {"id": new_id()})
