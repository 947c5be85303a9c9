"""The one place where a transaction begins and ends."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.clock import Clock, SystemClock

_CHANNEL = "careconnect"


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction and the instant at which it began. Services take one; they never commit."""

    conn: AsyncConnection
    now: datetime
    """Aware, UTC. The only `now` that a service knows."""
    wakes: set[str] = field(default_factory=set)
    """Names of workers to wake once this is committed."""


def libpq_url(url: str) -> str:
    """The address without SQLAlchemy's driver name: for libpq, asyncpg and psycopg."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """PostgreSQL, and the bells that wake workers after a commit here or in another replica."""

    def __init__(self, url: str, *, pool: int = 24, clock: Clock | None = None) -> None:
        self.url = libpq_url(url)
        self.clock: Clock = clock or SystemClock()
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"), pool_size=pool, max_overflow=0, pool_pre_ping=False
        )
        self._bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def bell(self, name: str) -> asyncio.Event:
        """The event that is set when a transaction that woke `name` has committed."""
        return self._bells[name]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Begin; commit when the block ends well, roll all of it back when it does not."""
        async with self.engine.begin() as conn:
            tx = Tx(conn, self.clock.now())
            yield tx
            for name in sorted(tx.wakes):
                await conn.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": _CHANNEL, "name": name})
        for name in tx.wakes:
            self._bells[name].set()

    async def listen(self) -> None:
        """Ring the bells for what other replicas commit, until cancelled. Workers also poll, so a gap costs seconds."""
        while True:
            try:
                await self._listen_once()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(self.url)
        gone = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(_CHANNEL, lambda *heard: self._bells[str(heard[3])].set())
            await gone.wait()
        finally:
            await connection.close(timeout=1)

    async def close(self) -> None:
        await self.engine.dispose()
