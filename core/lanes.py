"""Durable work in lanes: rows that wait, are done in order within their lane, and are never dropped silently.

The inbox and the outbox are two such tables. A row's effects, its mark and the rows that follow from it commit
together; a process killed at any line leaves either nothing or all of it.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.exc import DBAPIError

from core import figures
from core.database import ANY, Database, Tx
from core.errors import UnavailableError, UserError
from core.languages import DEFAULT, speaking
from core.logs import log
from core.precedence import MOMENT, Precedence
from core.shards import Share
from core.statements import Statement, is_away
from core.tables import Moment, metadata

_LANES_AT_ONCE = 10
"""Each holds a connection of the pool while it works; inbox and outbox together leave some for the doors."""
_LOOK_EVERY = 1.0
"""Seconds between two looks at the whole table."""
_WAITING: ColumnElement[str] = literal_column("'waiting'")
"""Not a value: with one, PostgreSQL would plan each time anew, to see that the index of what waits will do."""
_GIVE_UP_AFTER = 40
"""Faults of a row whose handler fails in a way that nobody foresaw: about two and a half hours."""
_GIVE_UP_WITH_A_SENTENCE_AFTER = 5
"""Faults, some 8 seconds in all, of a row whose handler says that a thing cannot be done: its record was erased, it
is refused. Nobody is there to read the sentence, and others wait behind it."""

_ENDS = 5
"""How often work may begin that nobody heard the end of, before it is taken to end the process that does it."""
_BEGUN = "begun "


_OPEN = ("waiting", "blocked", "failed")
"""States of a row that is not done."""


def lane_table(name: str) -> Table:
    """Columns of a table of work. `state` is waiting, blocked (until `waits_for` comes), done or failed."""
    return Table(
        name,
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False),
        Column("lane", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("due_at", Moment, nullable=False),
        Column("state", Text, nullable=False, server_default="waiting"),
        Column("waits_for", Text),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("error", Text),
        Column("result", Text),
        Column("done_at", Moment),
        Column("shard", Integer, nullable=False, server_default="0"),
        # Of the attempts, those that were not only put off.
        Column("faults", Integer, nullable=False, server_default="0"),
        Index(f"ix_{name}_waiting", "lane", "seq", postgresql_where="state = 'waiting'"),
        Index(f"ix_{name}_blocked", "waits_for", postgresql_where="state = 'blocked'"),
        Index(f"ix_{name}_done", "done_at", postgresql_where="state = 'done'"),
        Index(f"ix_{name}_failed", "seq", postgresql_where="state = 'failed'"),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of work."""

    id: UUID
    lane: str
    kind: str
    payload: bytes
    created_at: datetime
    attempts: int
    faults: int = 0
    """Of the attempts, those that count towards giving it up."""


class LaterError(Exception):
    """Not now: try again, at the usual growing interval or after `seconds`. For a peer that is away; never given up."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class BlockedError(Exception):
    """Cannot be done before `waits_for` comes (`wake_blocked`); the rows behind it in the lane go on."""

    def __init__(self, waits_for: str) -> None:
        super().__init__("blocked")
        self.waits_for = waits_for


class InsteadError(Exception):
    """Nothing of what the handler did stays: `work` is done in its place, in another transaction, and the row is done.

    So that who mostly succeeds needs no savepoint for the case that they do not.
    """

    def __init__(self, work: "Callable[[Tx], Awaitable[None]]") -> None:
        super().__init__()
        self.work = work


class HopelessError(Exception):
    """Will never work (the room is gone): marked failed, counted and logged, and the lane goes on."""


Handler = Callable[[Tx, Row], Awaitable[str | None]]
"""Does the row's work within the transaction; what it returns is kept as the row's `result`."""

Mourner = Callable[[Tx, Row], Awaitable[None]]
"""Called in the transaction that marks a row failed, to tell those concerned."""


def backoff(attempts: int) -> float:
    """Seconds until the next try: 0.5, 1, 2 ... 300, spread by a fifth so that many do not come back at once."""
    return min(300.0, 0.5 * 2.0 ** min(attempts, 10)) * random.uniform(0.9, 1.1)


def _most_attempts(problem: Exception) -> int | None:
    """How often a row is tried that fails like this; None: until it works, as what is away comes back."""
    if isinstance(problem, UserError) and not isinstance(problem, UnavailableError):
        return _GIVE_UP_WITH_A_SENTENCE_AFTER
    if isinstance(problem, DBAPIError) and not is_away(problem):
        return _GIVE_UP_AFTER
    return None if isinstance(problem, LaterError | UnavailableError | OSError | DBAPIError) else _GIVE_UP_AFTER


async def wake_blocked(tx: Tx, table: Table, waits_for: str) -> int:
    """Let the rows go on that wait for this. Returns how many."""
    woken = await tx.conn.execute(
        update(table)
        .where(table.c.state == "blocked", table.c.waits_for == waits_for)
        .values(state="waiting", waits_for=None, due_at=tx.now)
    )
    tx.wake(table.name)
    return woken.rowcount


class LaneWorker:
    """Does the rows of one table, or its share of them: many lanes at a time, one row of a lane at a time."""

    def __init__(
        self,
        database: Database,
        table: Table,
        handlers: dict[str, Handler],
        mourners: dict[str, Mourner] | None = None,
        share: Share | None = None,
        heavy: Collection[str] = (),
        precedence: Precedence | None = None,
    ) -> None:
        """`heavy`: kinds that take so much memory or computing that one of them could end the process, or have the lead
        taken from it; begun anew by each that leads next, it would end them all. That one is begun is committed first.

        `precedence`: shared with the other workers that what can wait is to give way to.
        """
        share = share or Share()
        self._alone = share.shards == 1
        self._take_head = _take_head(table, share)
        self._due = _due(table, share)
        self._done = _done(table)
        self._bell = f"{table.name}{share.suffix}"
        self._at_once = max(2, _LANES_AT_ONCE // share.shards)
        self._database = database
        self._table = table
        self._handlers = handlers
        self._mourners = mourners or {}
        self._heavy = frozenset(heavy)
        self._precedence = precedence or Precedence()
        self._log = log(f"core.{table.name}")
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._overflow = False

    async def run(self) -> None:
        """Work until cancelled; what is under way when that happens is rolled back and done at the next start.

        A commit names the lane in which there is work, which is taken up at once; a look at the whole table, once a
        second, finds what came due and what other replicas wrote.
        """
        # Whoever has the only bot's device does all the work.
        with self._database.alone(self._table.name) if self._alone else contextlib.nullcontext():
            await self._run()

    async def _run(self) -> None:
        bell = self._database.bell(self._bell)
        look = 0.0
        try:
            while True:
                lanes = self._database.rung(self._bell)
                if ANY in lanes:  # a lane that is looked at already may have got its next row just after the look
                    self._again |= self._busy.keys()
                due: list[str] = []
                try:
                    crowded = 0 < self._at_once - len(self._busy) < len(lanes)
                    if ANY in lanes or crowded or time.monotonic() >= look:
                        look = time.monotonic() + _LOOK_EVERY
                        due = await self._due_lanes()
                        self._precedence.look(time.monotonic())
                except (OSError, DBAPIError) as away:
                    self._log.warning("database away", error=type(away).__name__)
                    await asyncio.sleep(1)
                    continue
                for lane in (*due, *(lanes - {ANY, *due})):  # who asks again does not pass those who wait for longer
                    self._start(lane)
                # Not wait_for: Python 3.11's loses a cancellation that comes together with the bell.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, look - time.monotonic())):
                        await bell.wait()
        finally:
            tasks = [*self._busy.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, lane: str) -> None:
        """Give a lane a task; one that has one looks once more, and one too many is looked for when a place is free."""
        if lane in self._busy:
            self._again.add(lane)
        elif len(self._busy) >= self._at_once:
            self._overflow = True
        elif self._precedence.may_begin(lane, time.monotonic(), partial(self._database.ring, self._bell, lane)):
            self._busy[lane] = asyncio.create_task(self._lane(lane))
        else:
            self._look_after_a_moment()

    def _look_after_a_moment(self) -> None:
        """Let those begin for whom it is quiet enough by then."""
        if self._precedence.waiting:
            later = 1.1 * MOMENT  # timers come a little early at times
            asyncio.get_running_loop().call_later(later, lambda: self._precedence.look(time.monotonic()))

    async def _due_lanes(self) -> list[str]:
        """Return lanes whose first row is due, those that have waited longest first, as many as there are places."""
        free = self._at_once - len(self._busy)
        busy = [*self._busy, *self._precedence.waiting]
        values = {"now": self._database.clock.now(), "busy": busy, "most": free + 1}
        return [row.lane for row in await self._database.once(self._due, values)]

    async def _lane(self, lane: str) -> None:
        try:
            while True:
                self._again.discard(lane)
                while await self._next(lane):
                    pass
                if lane not in self._again:
                    break
        except (OSError, DBAPIError) as away:
            self._log.warning("database away", error=type(away).__name__)
            await asyncio.sleep(1)
        finally:
            del self._busy[lane]
            self._precedence.ended(lane, time.monotonic())
            self._look_after_a_moment()
            if self._overflow:
                self._overflow = False
                self._database.ring(self._bell)

    async def _next(self, lane: str) -> bool:
        """Do the first waiting row of the lane; say whether to go on with it."""
        table = self._table
        row: Row | None = None
        try:
            async with self._database.transaction() as tx:
                row, more = await self._take(tx, lane)
                if row is None:
                    return False
                if row.kind in self._heavy:
                    await self._begin(tx, row)
                else:
                    await self._do(tx, row)
            if row.kind in self._heavy:
                async with self._database.transaction() as tx:
                    again, more = await self._take(tx, lane, row.id)
                    if again is None:
                        return False  # another's meanwhile
                    await self._do(tx, row)
        except InsteadError as instead:
            assert row is not None
            try:
                async with self._database.transaction() as tx:
                    again, more = await self._take(tx, lane, row.id)
                    if again is None:
                        return False  # another's meanwhile
                    await instead.work(tx)
                    self._mark_done(tx, row, None)
            except Exception as problem:  # noqa: BLE001  as below
                await self._retry(row, problem)
                return False
        except BlockedError as blocked:
            assert row is not None
            async with self._database.transaction() as tx:
                await self._mark(tx, row, state="blocked", waits_for=blocked.waits_for)
            return True
        except HopelessError as hopeless:
            assert row is not None
            await self._fail(row, str(hopeless))
            return True
        except Exception as problem:  # whatever a handler raises, the row stays and the others go on
            if row is None:
                raise
            await self._retry(row, problem)
            return False
        done, seconds = figures.of_done(table.name, row.kind)
        done.inc()
        seconds.observe(max((self._database.clock.now() - row.created_at).total_seconds(), 0.0))
        return more

    async def _do(self, tx: Tx, row: Row) -> None:
        with speaking(DEFAULT):  # what a handler speaks is forgotten with its row
            result = await self._handlers[row.kind](tx, row)
        self._mark_done(tx, row, result)

    def _mark_done(self, tx: Tx, row: Row, result: str | None) -> None:
        tx.last(self._done, {"row": row.id, "result": result, "now": tx.now})

    async def _begin(self, tx: Tx, row: Row) -> None:
        """Write down that heavy work is begun. Should its end not be, it waits longer each time, so that others' work
        is done meanwhile. Raises HopelessError for what ends whoever does it."""
        found = await tx.conn.execute(select(self._table.c.error).where(self._table.c.id == row.id))
        said = found.scalar_one() or ""
        count = 1 + (int(said.removeprefix(_BEGUN)) if said.startswith(_BEGUN) else 0)
        if count > _ENDS:
            raise HopelessError("it ends whoever does it")
        await self._mark(tx, row, error=f"{_BEGUN}{count}", due_at=tx.now + timedelta(seconds=2.0**count))

    async def _take(self, tx: Tx, lane: str, begun: UUID | None = None) -> tuple[Row | None, bool]:
        """The lane's first row if it is due, or `begun`; and whether another waits behind it.

        For what comes from now on the bell is rung.
        """
        found = await tx.run(self._take_head, {"lane": lane, "now": tx.now, "begun": begun})
        if not found:
            return None, False
        *row, more = found[0]
        return Row(*row), more

    async def _retry(self, row: Row, problem: Exception) -> None:
        most = _most_attempts(problem)
        if most is not None and row.faults + 1 >= most:
            await self._fail(row, type(problem).__name__)
        else:
            await self._put_off(row, problem)

    async def _put_off(self, row: Row, problem: Exception) -> None:
        fault = _most_attempts(problem) is not None
        pause = backoff(row.faults if fault else row.attempts)
        seconds = problem.seconds if isinstance(problem, LaterError) and problem.seconds else pause
        self._log.warning(
            "to be tried again", kind=row.kind, row=str(row.id), attempts=row.attempts + 1, error=type(problem).__name__
        )
        async with self._database.transaction() as tx:
            await self._mark(
                tx,
                row,
                attempts=row.attempts + 1,
                faults=row.faults + fault,
                due_at=tx.now + timedelta(seconds=seconds),
                error=type(problem).__name__,
            )
        figures.rows.labels(self._table.name, row.kind, "retried").inc()

    async def _fail(self, row: Row, reason: str) -> None:
        self._log.error("given up", kind=row.kind, row=str(row.id), attempts=row.attempts + 1, reason=reason)
        mourner = self._mourners.get(row.kind)
        try:
            await self._mark_failed(row, reason, mourner)
        except Exception as problem:
            if mourner is None:
                raise
            if _most_attempts(problem) is None:  # who is to be told cannot be reached now
                await self._put_off(row, problem)
                return
            # Who cannot be told must not keep the row, and with it the lane, for ever.
            self._log.error("nobody was told", kind=row.kind, row=str(row.id), error=type(problem).__name__)
            await self._mark_failed(row, reason, None)
        figures.rows.labels(self._table.name, row.kind, "failed").inc()

    async def _mark_failed(self, row: Row, reason: str, mourner: Mourner | None) -> None:
        async with self._database.transaction() as tx:
            marked = await self._mark(tx, row, state="failed", error=reason, attempts=row.attempts + 1)
            if marked and mourner:
                with speaking(DEFAULT):  # as in _do
                    await mourner(tx, row)

    async def _mark(self, tx: Tx, row: Row, **values: Any) -> bool:
        """Write down what became of a row; not of one that another process has done since we let go of it."""
        table = self._table
        marked = await tx.conn.execute(
            update(table).where(table.c.id == row.id, table.c.state == "waiting").values(**values)
        )
        return marked.rowcount == 1


def _take_head(table: Table, share: Share) -> Statement:
    """The first waiting row of a lane, locked, if it is due (or `begun`) and the worker's; and if there is more."""
    other = table.alias()
    more = select(other.c.id).where(other.c.lane == table.c.lane, other.c.state == _WAITING, other.c.seq > table.c.seq)
    head = (
        select(table.c.id)
        .where(table.c.lane == bindparam("lane", type_=Text), table.c.state == _WAITING)
        .order_by(table.c.seq)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    # SKIP LOCKED: should two processes ever both think that they lead, one of them finds nothing to do.
    return Statement(
        select(
            *(table.c[name] for name in ("id", "lane", "kind", "payload", "created_at", "attempts", "faults")),
            more.exists().label("more"),
        )
        .where(
            table.c.id == head,
            table.c.state == _WAITING,
            or_(table.c.due_at <= bindparam("now", type_=Moment()), table.c.id == bindparam("begun", type_=Uuid)),
            share.holds(table.c.lane, table.c.kind, table.c.shard),
        )
        .with_for_update(skip_locked=True, of=table)
    )


def _due(table: Table, share: Share) -> Statement:
    """The lanes whose first row is due and the worker's, but for those that it is at."""
    busy = bindparam("busy", type_=ARRAY(Text))
    heads = (
        select(table.c.lane, table.c.due_at, table.c.kind, table.c.shard)
        .ext(distinct_on(table.c.lane))
        .where(table.c.state == _WAITING, table.c.lane != func.all(busy))
        .order_by(table.c.lane, table.c.seq)
        .subquery()
    )
    now = bindparam("now", type_=Moment())
    return Statement(
        select(heads.c.lane)
        .where(heads.c.due_at <= now, share.holds(heads.c.lane, heads.c.kind, heads.c.shard))
        .order_by(heads.c.due_at)
        .limit(bindparam("most", type_=Integer))
    )


def _done(table: Table) -> Statement:
    """The row is done."""
    return Statement(
        update(table)
        .where(table.c.id == bindparam("row", type_=Uuid))
        .values(
            state="done",
            result=bindparam("result", type_=Text),
            done_at=bindparam("now", type_=Moment()),
            payload=b"",
            error=None,
        )
    )


async def prune(tx: Tx, table: Table, older_than: timedelta) -> int:
    """Remove rows that were done so long ago that nobody repeats or refers to them. Returns how many."""
    gone = await tx.conn.execute(delete(table).where(table.c.state == "done", table.c.done_at < tx.now - older_than))
    return gone.rowcount


async def longest_due(tx: Tx, table: Table) -> float:
    """For how many seconds the row that waits longest has been due: 0 when nothing is late. For metrics."""
    first = select(func.min(table.c.due_at)).where(table.c.state == "waiting")
    due = (await tx.conn.execute(first)).scalar_one()
    return 0.0 if due is None else max((tx.now - due).total_seconds(), 0.0)


async def counts(tx: Tx, table: Table) -> dict[str, int]:
    """How many rows are in each state but done: for metrics and `careconnect check`."""
    # State by state: each has an index, what is not done has none, and there is a month of what is done.
    states: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in _OPEN]
    found = await tx.conn.execute(
        union_all(
            *(select(each.label("state"), func.count().label("n")).where(table.c.state == each) for each in states)
        )
    )
    return {row.state: row.n for row in found}
