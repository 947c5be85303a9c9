"""A question to the database that many ask at once: asked for all of them together, over a connection of its own.

Nothing is remembered between questions: who asks while one is under way waits for the next one, which begins after
they asked. While many ask, questions are kept a little apart, as each costs as much as a few answers, of the database
as well as of this process; but once enough have come there is nothing more to wait for.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from core.connecting import connect

_AT_ONCE = 1000
"""Keys in one statement."""
_MANY = 4
"""So many who were answered together will be followed by others, for whom it is worth waiting."""
_ENOUGH = 32
"""So many who wait are worth a question by themselves: it costs each of them little."""
_APART = 0.002
"""Seconds from the beginning of one question to that of the next, while many ask, but not enough."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Together(Generic[Key, Value]):
    """One question. Its connection is made when it is first asked, and again when it was lost."""

    def __init__(
        self,
        url: str,
        sql: str,
        read: Callable[[Any], tuple[Key, Value]],
        *,
        more: Callable[[], Sequence[Any]] = tuple,
    ) -> None:
        """`sql`: has the keys as its first parameter, an array, and as others what `more` gives when it is asked.

        `read`: a row as a key and what is known of it.
        """
        self._url = url
        self._sql = sql
        self._read = read
        self._more = more
        self._connection: asyncpg.Connection | None = None
        self._question: PreparedStatement | None = None
        self._wanted: set[Key] = set()
        self._waiting: list[asyncio.Future[Mapping[Key, Value]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def of(self, keys: Iterable[Key]) -> asyncio.Future[Mapping[Key, Value]]:
        """Return what is known of keys, and perhaps of others; awaiting it raises OSError, PostgresError."""
        self._wanted.update(keys)
        answer: asyncio.Future[Mapping[Key, Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if self._asking is None:
            self._begin()
        return answer

    def _begin(self) -> None:
        """Ask, or see to it that it is asked when it is time."""
        loop = asyncio.get_running_loop()
        wait = self._next_at - loop.time()
        if wait <= 0 or len(self._waiting) >= _ENOUGH:
            if self._timer:
                self._timer.cancel()
                self._timer = None
            self._asking = asyncio.create_task(self._ask())
        elif self._timer is None:
            self._timer = loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._timer, self._next_at = None, 0.0
        if self._asking is None:
            self._begin()

    async def _ask(self) -> None:
        waiting, self._waiting = self._waiting, []
        wanted, self._wanted = list(self._wanted), set()
        self._next_at = asyncio.get_running_loop().time() + _APART if len(waiting) >= _MANY else 0.0
        try:
            known = await self._known(wanted)
        except Exception as away:  # noqa: BLE001  whatever it is, it is theirs who asked
            for each in waiting:
                if not each.done():  # whoever asked may have gone
                    each.set_exception(away)
        else:
            for each in waiting:
                if not each.done():
                    each.set_result(known)
        finally:
            self._asking = None
            if self._waiting:
                self._begin()

    async def _known(self, wanted: list[Key]) -> Mapping[Key, Value]:
        if self._connection is None or self._connection.is_closed() or self._question is None:
            self._question = None
            self._connection = await connect(self._url)
            self._question = await self._connection.prepare(self._sql)
        known: dict[Key, Value] = {}
        more = self._more()
        for first in range(0, len(wanted), _AT_ONCE):
            found = await self._question.fetch(wanted[first : first + _AT_ONCE], *more)
            known.update(map(self._read, found))
        return known

    async def close(self) -> None:
        """Give the connection back."""
        if self._timer:
            self._timer.cancel()
        if self._asking:
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._connection:
            await self._connection.close(timeout=1)
