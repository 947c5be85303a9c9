"""Leadership: the one process that has the bot's device, by a lock in PostgreSQL.

The lock lives and dies with a connection, and the keys are written over that same connection: who has lost the lock
cannot write keys any more. Everybody else waits, and takes over within a second or two; from a leader that is still
connected but does not stir (its machine has lost power or froze, its process hangs) the database takes the lock.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg

from core.logs import log

_POLL = 0.5
_HEARTBEAT = 1.0
_SILENCE = 5
"""Seconds without a heartbeat after which PostgreSQL ends the leader's connection, and with it its leadership."""
# A database that has vanished without a word is noticed in seconds, not in the two hours of TCP's own keepalive.
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "options": f"-c statement_timeout=10000 -c lock_timeout=5000 -c idle_session_timeout={_SILENCE}s"
    f" -c idle_in_transaction_session_timeout={_SILENCE}s",
}
APPLICATION = "careconnect leader"
"""How the connections begin their names in pg_stat_activity."""
_log = log("appservice.matrix")

Work = Callable[[psycopg.Connection], Awaitable[None]]


def lock_key(user_id: str) -> str:
    """The name of the lock on a bot's device."""
    return f"careconnect device {user_id}"


class Fairness:
    """How many locks this process should hold, where several processes share out several.

    Each process is counted by its connections to the database, so that one that dies is not counted any more at once.
    """

    def __init__(self, locks: int) -> None:
        self._locks = locks
        self._held = 0
        self._given_up = 0
        self.name = f"{APPLICATION} {uuid4().hex[:12]}"

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        self._held += 1
        try:
            yield
        finally:
            if self._given_up:  # it does not count any more
                self._given_up -= 1
            else:
                self._held -= 1

    def may_take(self, connection: psycopg.Connection) -> bool:
        """Whether one more would not be too many."""
        return self._locks == 1 or self._held < self._part(connection)

    def gives_up(self, connection: psycopg.Connection) -> bool:
        """Whether one too many is held, because another process has come; it is to be given up then."""
        if self._locks == 1 or self._held <= self._part(connection):
            return False
        self._held -= 1
        self._given_up += 1
        return True

    def _part(self, connection: psycopg.Connection) -> int:
        row = connection.execute(
            "SELECT count(DISTINCT application_name) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            (f"{APPLICATION} %",),
        ).fetchone()
        return math.ceil(self._locks / max(int(row[0]) if row else 1, 1))


async def lead(url: str, name: str, work: Work, fairness: Fairness | None = None) -> None:
    """Do `work` while this process holds the lock of that name, again and again, until cancelled.

    `url` is libpq's. The work gets the connection that holds the lock, in autocommit mode, and is cancelled as soon
    as that is lost; when it ends by an error, the lock is given up for a moment, and somebody takes it up again.
    """
    while True:
        try:
            await _lead_once(url, name, work, fairness or Fairness(1))
        except Exception as lost:  # noqa: BLE001  whatever ended the work, somebody has to take it up again
            causes = lost.exceptions if isinstance(lost, ExceptionGroup) else (lost,)
            _log.warning("not leading", error=" ".join(type(cause).__name__ for cause in causes))
        await asyncio.sleep(_POLL)


async def _lead_once(url: str, name: str, work: Work, fairness: Fairness) -> None:
    with contextlib.closing(await asyncio.to_thread(_connect, url, fairness.name)) as connection:
        # Another process holds it, or should: there is no event to wait for.
        while not (fairness.may_take(connection) and _locked(connection, name)):  # noqa: ASYNC110
            await asyncio.sleep(_POLL)
        _log.info("leading")
        with fairness.holding():
            await _work(connection, work, fairness)


async def _work(connection: psycopg.Connection, work: Work, fairness: Fairness) -> None:
    """Do the work until it ends, the connection is lost, or the lock is another process's by right."""
    task = asyncio.ensure_future(work(connection))
    stirred, loop = asyncio.Event(), asyncio.get_running_loop()
    task.add_done_callback(lambda _: stirred.set())
    socket = connection.fileno()
    loop.add_reader(socket, stirred.set)  # the server says something unasked only when it ends
    try:
        while not task.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await stirred.wait()
            connection.execute("SELECT 1")
            stirred.clear()
            if fairness.gives_up(connection):
                _log.info("hands over")
                return
        task.result()
    finally:
        loop.remove_reader(socket)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _connect(url: str, application: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, application_name=application, **_CONNECTION)


def _locked(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return bool(row and row[0])
