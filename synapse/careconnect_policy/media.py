"""Which files belong to a consultation room. The homeserver cannot read that from encrypted events: it is noted here.

A client uploads a file (and its thumbnail) and then sends the event that has its key. So what somebody uploaded
shortly before an encrypted event of theirs, and had not sent by an earlier one, belongs to that event's room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synapse.module_api import ModuleApi
    from synapse.storage.database import LoggingTransaction

_BEFORE = 10 * 60 * 1000
"""Milliseconds between an upload and the event that tells of it, at most."""


class RoomMedia:
    """A table of this module's own in Synapse's database."""

    def __init__(self, api: ModuleApi) -> None:
        self._api = api

    async def set_up(self) -> None:
        """Make the table, if it is not there."""

        def create(txn: LoggingTransaction) -> None:
            txn.execute("CREATE TABLE IF NOT EXISTS careconnect_media (media_id TEXT PRIMARY KEY, room_id TEXT)")
            txn.execute("CREATE INDEX IF NOT EXISTS careconnect_media_room ON careconnect_media (room_id)")

        await self._api.run_db_interaction("careconnect_media_table", create)

    async def claim(self, sender: str, room_id: str | None, now: int) -> None:
        """Note that what `sender` has just uploaded is of this room; None: of one that is not ours. `now` in ms."""

        def note(txn: LoggingTransaction) -> None:
            txn.execute(
                # NOT IN would read all that was ever noted, for each message within these minutes of an upload.
                "SELECT l.media_id FROM local_media_repository l WHERE l.user_id = ? AND l.created_ts >= ?"
                " AND NOT EXISTS (SELECT 1 FROM careconnect_media m WHERE m.media_id = l.media_id)",
                (sender, now - _BEFORE),
            )
            for (media_id,) in txn.fetchall():
                txn.execute(
                    "INSERT INTO careconnect_media (media_id, room_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    (media_id, room_id),
                )

        await self._api.run_db_interaction("careconnect_media_claim", note)

    async def of(self, room_id: str) -> list[str]:
        """Return the ids of a room's files that are still here."""

        def find(txn: LoggingTransaction) -> list[str]:
            txn.execute(
                "SELECT m.media_id FROM careconnect_media m JOIN local_media_repository l ON l.media_id = m.media_id"
                " WHERE m.room_id = ?",
                (room_id,),
            )
            return [row[0] for row in txn.fetchall()]

        found: list[str] = await self._api.run_db_interaction("careconnect_media_of", find)
        return found

    async def all_of(self, room_id: str) -> list[str]:
        """Return the ids of all files that a room ever had here: whoever erases it checks that they are gone."""

        def find(txn: LoggingTransaction) -> list[str]:
            txn.execute("SELECT media_id FROM careconnect_media WHERE room_id = ?", (room_id,))
            return [row[0] for row in txn.fetchall()]

        found: list[str] = await self._api.run_db_interaction("careconnect_media_all_of", find)
        return found

    async def in_rooms(self, media_ids: Sequence[str]) -> set[str]:
        """Return those of these files that belong to a consultation room."""

        def find(txn: LoggingTransaction) -> set[str]:
            found = set()
            for media_id in media_ids:
                txn.execute(
                    "SELECT media_id FROM careconnect_media WHERE media_id = ? AND room_id IS NOT NULL", (media_id,)
                )
                found |= {row[0] for row in txn.fetchall()}
            return found

        found: set[str] = await self._api.run_db_interaction("careconnect_media_in_rooms", find)
        return found
