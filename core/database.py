"""The one place where a transaction begins and ends."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast
from uuid import uuid4
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Connection, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool
from sqlalchemy.util import greenlet_spawn

from core.clock import Clock, SystemClock
from core.connecting import connect
from core.statements import FAULTS, Record, Statement, is_to_repeat, translated

_CHANNEL = "careconnect"
_PREPARED = 250
"""Statements that a connection keeps prepared, of those that SQLAlchemy runs and of those that asyncpg does."""
ANY = ""
"""Stands for every lane."""


# A transaction may wait for the homeserver or Stripe, but a process that has hung or lost its machine must not keep
# rows locked for the next one: PostgreSQL ends its connections, and so its transactions, after this time.
_SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "330s",
    "jit": "off",  # compiling takes longer than any statement of ours
    "standard_conforming_strings": "on",  # as Statement.executing writes them
}

# Not waiting for the disk: who would miss what was told and not written down has lost its own memory, too.
_NOTIFY = Statement(
    text("""
        SELECT pg_notify(:channel, told)
        FROM unnest(:told) AS told, set_config('synchronous_commit', 'off', true)
    """).bindparams(bindparam("channel", type_=Text), bindparam("told", type_=ARRAY(Text)))
)
_AGAIN = 2
"""How often work is repeated that came up against other work at the same time."""
Result = TypeVar("Result")
_TELLING_PAUSE = 0.025
"""Seconds between two times that other replicas are woken: what commits meanwhile is told together."""


class Assumption(Protocol):
    """What a transaction takes to be so without having asked. It is asked with the commit, on the same way there."""

    @property
    def prepared(self) -> str:
        """What is to be prepared once on each connection (PREPARE ...), so that asking costs no planning."""

    def statement(self) -> str:
        """SQL that fails unless it is so (EXECUTE ...). Whole: no values are given to it."""

    def failed(self) -> None:
        """The commit did not come about; perhaps because it is not so."""


@dataclass(slots=True)
class Tx:
    """An open transaction and the instant at which it began. Services take one; they never commit."""

    now: datetime
    """Aware, UTC. The only `now` that a service knows."""
    driver: asyncpg.Connection = field(repr=False)
    """The connection, as asyncpg has it."""
    _lent: "_Lent" = field(repr=False)
    wakes: set[tuple[str, str]] = field(default_factory=set)
    """Whom to wake once this is committed: a worker, and the lane in which there is work."""
    kept: dict[Any, Any] = field(default_factory=dict)
    """What a floor above keeps for as long as this transaction lasts, under a key of its own."""
    assumptions: list[Assumption] = field(default_factory=list)
    """What has to be so for this to be committed."""
    _last: list[tuple[str, str]] = field(default_factory=list)

    @property
    def conn(self) -> AsyncConnection:
        """The same connection, as SQLAlchemy has it."""
        return self._lent.conn

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> list[Record]:
        """Run a statement that runs often."""
        return await statement.run(self.driver, values)

    def last(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """Run a statement with the commit, on the same way there: a change that nobody in it asks for any more.

        That saves the way there and back. The values are given as to `run`, but no lists.
        """
        self._last.append((statement.preparing, statement.executing(values)))

    @property
    def parting(self) -> list[tuple[str, str]]:
        """What goes with the commit: what is to be prepared for it once on a connection, and itself."""
        return [*((each.prepared, each.statement()) for each in self.assumptions), *self._last]

    def wake(self, worker: str, lane: str = ANY) -> None:
        """Have a worker look at a lane, or at all of them, once this is committed."""
        self.wakes.add((worker, lane))


async def _commit(tx: Tx) -> None:
    """Commit if all that was assumed is so; else the first statement that fails keeps the last from being read."""
    try:
        with translated():
            parting = tx.parting
            await _prepare(tx.driver, [prepared for prepared, _ in parting])
            done = await tx.driver.execute("; ".join([*(said for _, said in parting), "COMMIT"]))
            _require_committed(done)
    except BaseException:
        for each in tx.assumptions:
            each.failed()
        raise


_prepared: WeakKeyDictionary[asyncpg.Connection, set[str]] = WeakKeyDictionary()


async def _prepare(driver: asyncpg.Connection, statements: Iterable[str]) -> None:
    """What is prepared stays on its connection, whatever becomes of the transaction."""
    for each in statements:
        known = _prepared.setdefault(driver, set())
        if each not in known:
            await driver.execute(each)
            known.add(each)


def _require_committed(done: str) -> None:
    """PostgreSQL answers a COMMIT by "ROLLBACK" where a statement had failed and whoever ran it passed over that."""
    if done != "COMMIT":
        raise asyncpg.InFailedSQLTransactionError("rolled back: a statement in it had failed")


def libpq_url(url: str) -> str:
    """The address without SQLAlchemy's driver name: for libpq, asyncpg and psycopg."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class _Lent:
    """A connection of the pool for a while: asyncpg's, and SQLAlchemy's around it as soon as somebody needs that."""

    def __init__(self, engine: AsyncEngine, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._pooled = pooled
        self._conn: AsyncConnection | None = None
        self.driver: asyncpg.Connection = pooled.driver_connection
        self.settled = False
        """Whether it is known that no transaction is open on it."""

    @property
    def conn(self) -> AsyncConnection:
        if self._conn is None:
            engine = self._engine.sync_engine
            # We begin and end the transaction ourselves, for what SQLAlchemy and what asyncpg runs in it.
            engine.dialect.set_isolation_level(self._raw, "AUTOCOMMIT")
            self._conn = AsyncConnection(self._engine, Connection(engine, self._pooled))
        return self._conn

    @property
    def _raw(self) -> DBAPIConnection:
        raw = self._pooled.dbapi_connection
        assert raw is not None
        return raw

    @property
    def plain(self) -> bool:
        """Whether only asyncpg was used on it: it is then as it came."""
        return self._conn is None

    async def give_back(self) -> None:
        if self._conn is None:
            await greenlet_spawn(self._pooled.close)
            return
        if self._pooled.is_valid:
            self._engine.sync_engine.dialect.reset_isolation_level(self._raw)
        await self._conn.close()

    def throw_away(self) -> None:
        """Not awaited, so not cancelled."""
        if self._pooled.is_valid:  # SQLAlchemy may have seen before that it is lost
            self._pooled.invalidate()


class Database:
    """PostgreSQL, and the bells that wake workers after a commit here or in another replica."""

    def __init__(self, url: str, *, pool: int = 24, clock: Clock | None = None) -> None:
        self.url = libpq_url(url)
        self.clock: Clock = clock or SystemClock()
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool,
            max_overflow=0,
            pool_pre_ping=False,
            # The one that was used last: it has its statements prepared.
            pool_use_lifo=True,
            connect_args={
                "async_creator_fn": connect,
                "server_settings": _SERVER_SETTINGS,
                "statement_cache_size": _PREPARED,
                "prepared_statement_cache_size": _PREPARED,
            },
        )
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._rung: defaultdict[str, set[str]] = defaultdict(set)
        self._name = uuid4().hex
        self._alone: set[str] = set()
        self._at_hand: list[_Lent] = []
        """Connections that nobody uses now, and that the pool does not have back: that costs more than a statement."""
        self._waiting = 0
        self._to_tell: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    def bell(self, name: str) -> asyncio.Event:
        """The event that is set when a transaction that woke `name` has committed."""
        return self._bells[name]

    def ring(self, name: str, lane: str = ANY) -> None:
        """Wake a worker of this process; where several share the work (their names go on with #), all of them."""
        for bell in {name, *(other for other in self._bells if other.startswith(f"{name}#"))}:
            self._rung[bell].add(lane)
            self._bells[bell].set()

    def rung(self, name: str) -> set[str]:
        """Take the lanes for which the bell was rung since this was last asked; silences the bell."""
        self._bells[name].clear()
        lanes, self._rung[name] = self._rung[name], set()
        return lanes

    def _heard(self, payload: str) -> None:
        """Another replica committed something; what this one commits it knows already."""
        sender, _, name = payload.partition(" ")
        if sender != self._name:
            self.ring(name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Begin; commit when the block ends well, roll all of it back when it or a statement in it does not.

        Raises OperationalError, as for a database that is away, when no connection comes free in half a minute.
        """
        async with self._lend() as lent:
            with translated():
                await lent.driver.execute("BEGIN")
            try:
                tx = Tx(self.clock.now(), lent.driver, lent)
                yield tx
            except BaseException:
                # What went wrong inside is raised even if nothing can be rolled back any more.
                with suppress(*FAULTS, OSError):
                    await lent.driver.execute("ROLLBACK")
                    lent.settled = True
                raise
            await _commit(tx)
            lent.settled = True
        self._committed(tx.wakes)

    async def again(self, work: Callable[[Tx], Awaitable[Result]]) -> Result:
        """Do all of `work` in a transaction, and once more, twice at most, where PostgreSQL says that this may help.

        For what somebody waits for; work in lanes is repeated anyway. Raises as `work` and `transaction` do.
        """
        for _ in range(_AGAIN):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except DBAPIError as failed:
                if not is_to_repeat(failed):
                    raise
        async with self.transaction() as tx:
            return await work(tx)

    async def once(
        self, statement: Statement, values: Mapping[str, Any], wakes: Iterable[tuple[str, str]] = ()
    ) -> list[Record]:
        """Run one statement that is a transaction by itself; whoever is in `wakes` (see Tx) has work then."""
        async with self._lend() as lent:
            found = await statement.run(lent.driver, values)
            lent.settled = True
        self._committed(wakes)
        return found

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[_Lent]:
        lent = await self._checked_out()
        try:
            yield lent
        finally:
            # Cancelled at the wrong moment, nobody knows whether the server has begun or ended a transaction: the next
            # one on this connection could find itself inside it, and lose what it commits.
            if lent.settled and lent.plain and not self._waiting:
                self._at_hand.append(lent)
            else:
                if not lent.settled:
                    lent.throw_away()
                await lent.give_back()

    async def _checked_out(self) -> _Lent:
        try:
            while True:
                lent = self._at_hand.pop() if self._at_hand else await self._from_pool()
                if not lent.driver.is_closed():
                    lent.settled = False
                    return lent
                lent.throw_away()  # the server ended it while nobody used it: the pool makes another
        except PoolTimeoutError as busy:
            raise OperationalError(None, None, busy) from busy

    async def _from_pool(self) -> _Lent:
        self._waiting += 1
        try:
            with translated():
                return _Lent(self.engine, await self.engine.raw_connection())
        finally:
            self._waiting -= 1

    def _committed(self, wakes: Iterable[tuple[str, str]]) -> None:
        for name, lane in wakes:
            self.ring(name, lane)
            if name not in self._alone:
                self._to_tell.add(name)
        if self._to_tell and self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """For as long as the block lasts, this process alone does the work of `name`: nobody else has to be woken."""
        self._alone.add(name)
        try:
            yield
        finally:
            self._alone.discard(name)

    async def _tell(self) -> None:
        """Wake the other replicas, once for all that committed meanwhile.

        Not in the transactions themselves: PostgreSQL lets those that notify commit only one after the other, and so
        each would wait for the disk alone.
        """
        try:
            while self._to_tell:
                told = [f"{self._name} {name}" for name in sorted(self._to_tell)]
                self._to_tell.clear()
                await self.once(_NOTIFY, {"channel": _CHANNEL, "told": told})
                await asyncio.sleep(_TELLING_PAUSE)
        except (OSError, SQLAlchemyError):
            pass  # they look by themselves, too
        finally:
            self._telling = None

    async def listen(self) -> None:
        """Ring the bells for what other replicas commit, until cancelled. Workers also poll, so a gap costs seconds."""
        while True:
            try:
                await self._listen_once()
            except (OSError, *FAULTS):
                await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        connection = await connect(self.url)
        gone = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(_CHANNEL, lambda *heard: self._heard(str(heard[3])))
            await gone.wait()
        finally:
            await connection.close(timeout=1)

    def connections(self) -> int:
        """How many connections of the pool are in use now."""
        return int(cast("QueuePool", self.engine.pool).checkedout()) - len(self._at_hand)

    async def close(self) -> None:
        if self._telling:
            await self._telling
        while self._at_hand:
            await self._at_hand.pop().give_back()
        await self.engine.dispose()
