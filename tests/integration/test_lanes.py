"""Lanes: in order, once, never dropped silently."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text, update

from core import lanes, precedence
from core.database import ANY, Database, Tx
from core.errors import RefusedError
from core.ids import id_of
from core.inbox import inbox, receive
from core.lanes import (
    BlockedError,
    HopelessError,
    InsteadError,
    LaneWorker,
    LaterError,
    Row,
    counts,
    prune,
    wake_blocked,
)
from core.outbox import enqueue, outbox
from core.precedence import Precedence


@asynccontextmanager
async def working(worker: LaneWorker):
    task = asyncio.create_task(worker.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def states(database: Database, table) -> list[str]:
    async with database.transaction() as tx:
        return [row.state for row in await tx.conn.execute(select(table.c.state).order_by(table.c.seq))]


async def until(database: Database, table, wanted: list[str]) -> None:
    async with asyncio.timeout(60):
        while await states(database, table) != wanted:
            await asyncio.sleep(0.02)


async def test_a_repeated_event_is_kept_once(database: Database) -> None:
    async with database.transaction() as tx:
        assert await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
        assert not await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
    assert await states(database, inbox) == ["waiting"]


async def test_rows_of_a_lane_go_in_order_though_the_first_fails_for_a_while(database: Database) -> None:
    done: list[bytes] = []
    failures = 2

    async def handle(tx: Tx, row: Row) -> str | None:
        nonlocal failures
        if row.payload == b"1" and failures:
            failures -= 1
            raise LaterError("away", seconds=0.05)
        done.append(row.payload)
        return "result"

    async with database.transaction() as tx:
        for n in range(1, 4):
            await enqueue(tx, kind="k", lane="a", key=f"{n}", payload=str(n).encode())
    async with working(LaneWorker(database, outbox, {"k": handle})):
        await until(database, outbox, ["done"] * 3)
    assert done == [b"1", b"2", b"3"]


async def test_effects_of_a_failed_handler_are_rolled_back_and_its_row_tried_again(database: Database) -> None:
    tries = 0

    async def handle(tx: Tx, row: Row) -> str | None:
        nonlocal tries
        tries += 1
        await enqueue(tx, kind="k", lane="out", key=f"effect of try {tries}")
        if tries == 1:
            raise ValueError("a fault of ours")
        return None

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"x")
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["done"])
    assert await states(database, outbox) == ["waiting"]


async def test_a_blocked_row_lets_others_pass_and_goes_on_when_woken(database: Database) -> None:
    have_key = False
    done: list[bytes] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        if row.payload == b"1" and not have_key:
            raise BlockedError("session")
        done.append(row.payload)
        return None

    async with database.transaction() as tx:
        for n in (b"1", b"2"):
            await receive(tx, kind="k", event_id=n.decode(), lane="a", payload=n)
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["blocked", "done"])
        have_key = True
        async with database.transaction() as tx:
            assert await wake_blocked(tx, inbox, "session") == 1
        await until(database, inbox, ["done", "done"])
    assert done == [b"2", b"1"]


async def test_what_is_done_instead_stays_and_nothing_else_of_the_row(database: Database) -> None:
    done: list[bytes] = []

    async def refuse(tx: Tx) -> None:
        await enqueue(tx, kind="other", lane="out", key="a refusal")

    async def handle(tx: Tx, row: Row) -> str | None:
        if row.payload == b"1":
            await enqueue(tx, kind="other", lane="out", key="an effect")
            raise InsteadError(refuse)
        done.append(row.payload)
        return None

    async with database.transaction() as tx:
        for n in (b"1", b"2"):
            await receive(tx, kind="k", event_id=n.decode(), lane="a", payload=n)
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["done", "done"])
    async with database.transaction() as tx:
        assert [row.id for row in await tx.conn.execute(select(outbox.c.id))] == [id_of("a refusal")]
    assert done == [b"2"]


async def test_what_cannot_be_done_instead_is_tried_again(database: Database) -> None:
    tries = 0

    async def refuse(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LaterError("away", seconds=0.05)

    async def handle(tx: Tx, row: Row) -> str | None:
        raise InsteadError(refuse)

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["done"])
    assert tries == 2


async def test_a_hopeless_row_is_marked_failed_and_mourned(database: Database) -> None:
    async def handle(tx: Tx, row: Row) -> str | None:
        raise HopelessError("the room is gone")

    async def mourn(tx: Tx, row: Row) -> None:
        await enqueue(tx, kind="other", lane="b", key="mourning")

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
    async with working(LaneWorker(database, inbox, {"k": handle}, {"k": mourn})):
        await until(database, inbox, ["failed"])
    assert await states(database, outbox) == ["waiting"]


async def test_who_cannot_be_told_does_not_hold_the_lane_for_ever(database: Database) -> None:
    done: list[bytes] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        if row.payload == b"1":
            raise HopelessError("the person was erased")
        done.append(row.payload)
        return None

    async def mourn(tx: Tx, row: Row) -> None:
        raise RefusedError

    async with database.transaction() as tx:
        for n in (b"1", b"2"):
            await receive(tx, kind="k", event_id=n.decode(), lane="a", payload=n)
    async with working(LaneWorker(database, inbox, {"k": handle}, {"k": mourn})):
        await until(database, inbox, ["failed", "done"])
    assert done == [b"2"]


async def test_who_cannot_be_reached_just_now_is_told_later(database: Database) -> None:
    tries = 0

    async def handle(tx: Tx, row: Row) -> str | None:
        raise HopelessError("the room is gone")

    async def mourn(tx: Tx, row: Row) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LaterError("away", seconds=0.05)
        await enqueue(tx, kind="other", lane="b", key="mourning")

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
    async with working(LaneWorker(database, inbox, {"k": handle}, {"k": mourn})):
        await until(database, inbox, ["failed"])
    assert await states(database, outbox) == ["waiting"]


@pytest.mark.parametrize("fault", ["a sentence", "a value that no column takes"])
async def test_a_row_that_can_never_work_does_not_hold_its_lane_for_ever(
    database: Database, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is the row's own fault does not go away as a database comes back that was away."""
    monkeypatch.setattr(lanes, "_GIVE_UP_AFTER", 2)
    monkeypatch.setattr(lanes, "_GIVE_UP_WITH_A_SENTENCE_AFTER", 2)
    monkeypatch.setattr(lanes, "backoff", lambda _: 0.01)

    async def handle(tx: Tx, row: Row) -> str | None:
        if row.payload == b"bad" and fault == "a sentence":
            raise RefusedError
        if row.payload == b"bad":
            await tx.conn.execute(text("SELECT CAST(:value AS integer)"), {"value": "no number"})
        return None

    async with database.transaction() as tx:
        for payload in (b"bad", b"good"):
            await receive(tx, kind="k", event_id=payload.decode(), lane="a", payload=payload)
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["failed", "done"])


async def test_a_row_that_was_only_put_off_comes_no_nearer_to_being_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_GIVE_UP_AFTER", 3)
    monkeypatch.setattr(lanes, "_LOOK_EVERY", 0.05)
    monkeypatch.setattr(lanes, "backoff", lambda _: 0.01)
    tries: list[tuple[int, int]] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        tries.append((row.attempts, row.faults))
        raise ValueError if len(tries) in (3, 5, 6) else LaterError("away", seconds=0.01)

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"")
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["failed"])
    assert tries == [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2)]


async def test_a_row_that_another_has_done_meanwhile_stays_done(database: Database) -> None:
    """A process that lost the lead lets go of a row, and comes to write down why only after its successor did it."""

    async def handle(tx: Tx, row: Row) -> str | None:
        raise BlockedError("session")

    class Late(LaneWorker):
        async def _mark(self, tx: Tx, row: Row, **values: object) -> bool:
            async with database.transaction() as successor:
                await successor.conn.execute(update(inbox).values(state="done", payload=b""))
            return await super()._mark(tx, row, **values)

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"x")
    async with working(Late(database, inbox, {"k": handle})):
        await until(database, inbox, ["done"])
        await asyncio.sleep(0.1)
    assert await states(database, inbox) == ["done"]


async def test_work_that_ends_whoever_does_it_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never heard of again: the process was out of memory, or lost the lead as it computed for too long."""
    monkeypatch.setattr(lanes, "_ENDS", 2)
    moment = database.clock.now()
    database.clock = SimpleNamespace(now=lambda: moment)  # so that the others' turn is not over when it is looked for
    begun = asyncio.Event()
    began: list[bytes] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        began.append(row.payload)
        if row.payload == b"1":
            begun.set()
            await asyncio.Event().wait()
        return None

    async def mourn(tx: Tx, row: Row) -> None:
        await enqueue(tx, kind="other", lane="b", key="mourning")

    def worker() -> LaneWorker:
        return LaneWorker(database, inbox, {"k": handle}, {"k": mourn}, heavy=["k"])

    async with database.transaction() as tx:
        for n in (b"1", b"2"):
            await receive(tx, kind="k", event_id=n.decode(), lane="a", payload=n)
    for _ in range(2):
        async with working(worker()):
            await asyncio.wait_for(begun.wait(), 60)
        begun.clear()
        assert await states(database, inbox) == ["waiting", "waiting"]
        async with database.transaction() as tx:
            assert (await tx.conn.execute(select(inbox.c.id).where(inbox.c.due_at > tx.now))).first(), "others' turn"
            await tx.conn.execute(update(inbox).values(due_at=tx.now))
    async with working(worker()):
        await until(database, inbox, ["failed", "done"])
    assert began == [b"1", b"1", b"2"]
    assert await states(database, outbox) == ["waiting"]


async def test_heavy_work_that_fails_is_tried_again_as_any_other(database: Database) -> None:
    tries: list[int] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        tries.append(row.attempts)
        if len(tries) < 9:
            raise LaterError("away", seconds=0.01)
        return None

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="a", payload=b"1")
    async with working(LaneWorker(database, inbox, {"k": handle}, heavy=["k"])):
        await until(database, inbox, ["done"])
    assert tries == [*range(9)]


async def test_what_another_replica_commits_wakes_this_one(database: Database, database_url: str) -> None:
    other = Database(database_url, pool=4)
    listening = asyncio.create_task(database.listen())
    async with asyncio.timeout(60):
        for number in count():  # until it listens
            async with other.transaction() as tx:
                await enqueue(tx, kind="k", lane="a", key=f"{number}")
            with suppress(TimeoutError):
                await asyncio.wait_for(database.bell("outbox").wait(), 0.2)
                break
    assert database.rung("outbox") == {ANY}
    listening.cancel()
    await other.close()


async def test_old_rows_are_removed_once_they_are_done_and_never_before(database: Database) -> None:
    async def handle(tx: Tx, row: Row) -> str | None:
        if row.payload == b"bad":
            raise HopelessError("no")
        return None

    async with database.transaction() as tx:
        for payload in (b"good", b"bad"):
            await receive(tx, kind="k", event_id=payload.decode(), lane=payload.decode(), payload=payload)
    async with working(LaneWorker(database, inbox, {"k": handle})):
        await until(database, inbox, ["done", "failed"])
    async with database.transaction() as tx:
        assert await prune(tx, inbox, timedelta(days=1)) == 0
        assert await prune(tx, inbox, timedelta(days=-1)) == 1
        assert await counts(tx, inbox) == {"waiting": 0, "blocked": 0, "failed": 1}


async def test_more_lanes_than_places_are_all_done(database: Database) -> None:
    async def handle(tx: Tx, row: Row) -> str | None:
        await asyncio.sleep(0.01)
        return None

    async with working(LaneWorker(database, outbox, {"k": handle})):
        async with database.transaction() as tx:
            for n in range(60):
                await enqueue(tx, kind="k", lane=f"{n % 40}", key=f"{n}")
        await until(database, outbox, ["done"] * 60)


async def test_work_for_a_lane_that_is_busy_is_done_after_it(database: Database) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def handle(tx: Tx, row: Row) -> str | None:
        began.set()
        await go_on.wait()
        return None

    async with working(LaneWorker(database, outbox, {"k": handle})):
        for n in range(2):
            async with database.transaction() as tx:
                await enqueue(tx, kind="k", lane="a", key=f"{n}")
            await asyncio.wait_for(began.wait(), 60)
        go_on.set()
        await until(database, outbox, ["done"] * 2)


async def test_what_adorns_is_done_after_what_people_wait_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also across the two tables, and though it came first: there are places free for it all the time."""
    monkeypatch.setattr(precedence, "_LONGEST", 600.0)  # however long the machine stands still meanwhile
    done: list[str] = []
    said = asyncio.Event()

    async def handle(tx: Tx, row: Row) -> str | None:
        if row.lane == "room":
            await said.wait()
        done.append(row.lane)
        return None

    async with database.transaction() as tx:
        await receive(tx, kind="k", event_id="$1", lane="room", payload=b"")
    order = Precedence(lambda lane: lane.startswith("reactions:"))
    ears = LaneWorker(database, inbox, {"k": handle}, precedence=order)
    hands = LaneWorker(database, outbox, {"k": handle}, precedence=order)
    async with working(ears), working(hands):
        while not ears._busy:
            await asyncio.sleep(0.01)
        async with database.transaction() as tx:
            await enqueue(tx, kind="k", lane="reactions:room", key="1")
            await enqueue(tx, kind="k", lane="elsewhere", key="2")
        async with asyncio.timeout(60):
            while done != ["elsewhere"]:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert done == ["elsewhere"]
        said.set()
        await until(database, outbox, ["done", "done"])
    assert done == ["elsewhere", "room", "reactions:room"]


async def test_who_has_waited_longest_is_next_however_many_ring_at_once(database: Database) -> None:
    done: list[str] = []

    async def handle(tx: Tx, row: Row) -> str | None:
        done.append(row.lane)
        return None

    came = [f"lane {number}" for number in range(12)]
    for lane in came:
        async with database.transaction() as tx:
            await enqueue(tx, kind="k", lane=lane, key=lane)
    worker = LaneWorker(database, outbox, {"k": handle})
    worker._at_once = 1
    async with working(worker):
        await until(database, outbox, ["done"] * 12)
    assert done == came
