"""Leadership: the one process that has the bot's device, by a lock in PostgreSQL.

The lock lives and dies with a connection, and the keys are written over that same connection: who has lost the lock
cannot write keys any more. Everybody else waits, and takes over within a second or two; from a leader that is still
connected but does not stir (its machine has lost power or froze, its process hangs) the database takes the lock.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

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
    "application_name": "careconnect leader",
}
_log = log("appservice.matrix")

Work = Callable[[psycopg.Connection], Awaitable[None]]


def lock_key(user_id: str) -> str:
    """The name of the lock on a bot's device."""
    return f"careconnect device {user_id}"


async def lead(url: str, name: str, work: Work) -> None:
    """Do `work` while this process holds the lock of that name, again and again, until cancelled.

    `url` is libpq's. The work gets the connection that holds the lock, in autocommit mode, and is cancelled as soon
    as that is lost; when it ends by an error, the lock is given up for a moment, and somebody takes it up again.
    """
    while True:
        try:
            await _lead_once(url, name, work)
        except Exception as lost:  # noqa: BLE001  whatever ended the work, somebody has to take it up again
            causes = lost.exceptions if isinstance(lost, ExceptionGroup) else (lost,)
            _log.warning("not leading", error=" ".join(type(cause).__name__ for cause in causes))
        await asyncio.sleep(_POLL)


async def _lead_once(url: str, name: str, work: Work) -> None:
    with contextlib.closing(await asyncio.to_thread(_connect, url)) as connection:
        while not _locked(connection, name):  # noqa: ASYNC110  another process holds it: there is no event to wait for
            await asyncio.sleep(_POLL)
        _log.info("leading")
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
            task.result()
        finally:
            loop.remove_reader(socket)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, **_CONNECTION)


def _locked(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return bool(row and row[0])
