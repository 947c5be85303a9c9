"""How often what a feed shows has changed: asked of the database each time, by one question for all who ask at once.

Nothing is remembered between questions, so a change that is committed is in the next fetch, whichever replica made it.
Who asks while a question is under way waits for the next one, which begins after they asked. While many ask, questions
are kept a little apart: each costs as much as a few answers, of the database as well as of this process.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from booking.calendars.model import calendar_change, calendar_version
from core.connecting import connect
from core.database import Tx
from core.statements import FAULTS

DIRECTORY = UUID(int=0)
"""Stands for the names and places of all centres and practitioners."""

# One statement, one snapshot: a row is seen either by itself or counted, never both or neither.
_VERSIONS = f"""
    SELECT subject.id,
        coalesce((SELECT version FROM {calendar_version.name} WHERE subject_id = subject.id), 0)
        + (SELECT count(*) FROM {calendar_change.name} WHERE subject_id = subject.id) AS version
    FROM unnest($1::uuid[]) AS subject (id)
"""  # noqa: S608  (names of tables)
_AT_ONCE = 1000
_MANY = 4
"""So many who were answered together will be followed by others, for whom it is worth waiting."""
_APART = 0.002
"""Seconds from the beginning of one question to that of the next, while many ask."""
_COUNT = f"""
    WITH counted AS (
        DELETE FROM {calendar_change.name}
        WHERE id IN (SELECT id FROM {calendar_change.name} ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED)
        RETURNING subject_id
    )
    INSERT INTO {calendar_version.name} AS known (subject_id, version)
    SELECT subject_id, count(*) FROM counted GROUP BY subject_id ORDER BY subject_id
    ON CONFLICT (subject_id) DO UPDATE SET version = known.version + excluded.version
"""  # noqa: S608

Known = Mapping[str, int]
"""By the subject's id in words, which is compared in a tenth of the time that a UUID takes."""


async def count_changes(tx: Tx) -> None:
    """Add the changes there are to their versions, so that they need not be counted at each fetch. For the clock."""
    await tx.conn.exec_driver_sql(_COUNT)


async def versions_in(tx: Tx, subjects: Sequence[UUID]) -> Mapping[UUID, int]:
    """Return the versions of subjects as a transaction sees them."""
    found = await tx.conn.exec_driver_sql(_VERSIONS, (list(subjects),))
    return {row.id: row.version for row in found}


class Versions:
    """Asks over a connection of its own, which it makes when it is first asked, and again when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._question: PreparedStatement | None = None
        self._wanted: set[str] = set()
        self._waiting: list[asyncio.Future[Known]] = []
        self._asking: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def of(self, subjects: Iterable[str]) -> Known:
        """Return the versions of subjects, those of others perhaps among them. Raises OSError, PostgresError."""
        self._wanted.update(subjects)
        answer: asyncio.Future[Known] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                if (wait := self._next_at - loop.time()) > 0:
                    await asyncio.sleep(wait)
                waiting, self._waiting = self._waiting, []
                wanted, self._wanted = list(self._wanted), set()
                self._next_at = loop.time() + _APART if len(waiting) >= _MANY else 0.0
                try:
                    known = await self._known(wanted)
                except (OSError, *FAULTS) as away:
                    for each in waiting:
                        if not each.done():  # whoever asked may have gone
                            each.set_exception(away)
                else:
                    for each in waiting:
                        if not each.done():
                            each.set_result(known)
        finally:
            self._asking = None

    async def _known(self, wanted: list[str]) -> Known:
        if self._connection is None or self._connection.is_closed() or self._question is None:
            self._question = None
            self._connection = await connect(self._url)
            self._question = await self._connection.prepare(_VERSIONS)
        known: dict[str, int] = {}
        for first in range(0, len(wanted), _AT_ONCE):
            found = await self._question.fetch(wanted[first : first + _AT_ONCE])
            known.update([(str(subject), version) for subject, version in found])
        return known

    async def close(self) -> None:
        """Give the connection back."""
        if self._asking:
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._connection:
            await self._connection.close(timeout=1)
