"""When each feed was read last, and by what kind of program: noted now and then, many at once, and no address kept."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.logs import log
from core.tables import Moment

_NOTED_EVERY = timedelta(minutes=5)
_TOGETHER = 0.5
"""Seconds to wait for others that are noted with it."""
_WRITE = text("""
    UPDATE calendar_feed AS feed SET last_used_at = used.at, last_used_by = used.agent
    FROM unnest(:feeds, :times, :agents) AS used (id, at, agent)
    WHERE feed.id = used.id
""").bindparams(
    bindparam("feeds", type_=ARRAY(Uuid)),
    bindparam("times", type_=ARRAY(Moment)),
    bindparam("agents", type_=ARRAY(Text)),
)
_log = log("booking.calendars")


class Uses:
    """What was read since it was written down last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, tuple[datetime, str]] = {}
        self._waiting: dict[str, tuple[datetime, str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, feed: str, now: datetime, agent: str) -> None:
        """A feed was read. `feed`: its id in words."""
        last = self._noted.get(feed)
        if last and last[1] == agent and now - last[0] < _NOTED_EVERY:
            return
        self._noted[feed] = self._waiting[feed] = (now, agent)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            await asyncio.sleep(_TOGETHER)
            await self.flush()
        finally:
            self._writing = None

    async def flush(self) -> None:
        """Write down what was noted."""
        noted, self._waiting = self._waiting, {}
        if not noted:
            return
        feeds = sorted(noted)  # in one order, so that two who write do not wait for each other in a circle
        values = {
            "feeds": [UUID(each) for each in feeds],
            "times": [noted[each][0] for each in feeds],
            "agents": [noted[each][1] for each in feeds],
        }
        try:
            async with self._database.transaction() as tx:
                await tx.conn.execute(_WRITE, values)
        except (OSError, DBAPIError) as away:
            _log.warning("the reading of feeds was not noted", error=type(away).__name__)

    async def close(self) -> None:
        """Write down what is left."""
        if self._writing:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self.flush()
