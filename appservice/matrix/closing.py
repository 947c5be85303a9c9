"""The end of consultation rooms: read-only once the centre's time for them is over, later gone with all files."""

import json
from uuid import UUID

from sqlalchemy import update

from appservice.matrix.api import Actor, AwayError, ForbiddenError, MatrixError, NotFoundError
from appservice.matrix.consultation import TEAM, power_levels
from appservice.matrix.creation import alias_for, leave, remove_alias
from appservice.matrix.keeping import RoomRow, come_back, room_of_visit
from appservice.matrix.model import consultation_room
from appservice.matrix.people import People
from core.database import Tx
from core.lanes import LaterError, Row
from core.settings import MatrixSettings

_ERASE = ("", "_synapse", "careconnect", "erase")
"""The policy module's endpoint (synapse/careconnect_policy/erasing.py)."""
_LOOKS = 4
"""Attempts, some 8 seconds in all, at what is refused because somebody goes at the same moment."""
_LOOK_AGAIN = 2.0
_HELD = 3600.0
"""Seconds until it is looked again whether a legal hold stands: one that came after this had been asked for."""


class Closing:
    """Handlers of room.close and room.erase."""

    def __init__(self, people: People, keeper: Actor, matrix: MatrixSettings) -> None:
        self._people = people
        self._keeper = keeper
        self._matrix = matrix

    async def close(self, tx: Tx, row: Row) -> str | None:
        """Let nobody talk there any more, and withdraw invitations that nobody has taken.

        The keeper comes back for that, which all who are there see; read-only then holds on each server. A room in
        which nobody of our homeserver is left cannot be come back to: it stays to those who are there.
        """
        room = await room_of_visit(tx, UUID(json.loads(row.payload)["appointment"]))
        if room is None or room.closed_at:
            return None
        result = "closed"
        try:
            if room.keeper_left_at:
                await come_back(self._keeper, room.room_id)
            await self._end(row, room)
        except MatrixError as refused:
            result = f"not closed: {refused.code}"
        await leave(self._keeper, room.room_id)
        await self._mark(tx, room.appointment_id, closed_at=tx.now, keeper_left_at=tx.now)
        return result

    async def _end(self, row: Row, room: RoomRow) -> None:
        try:
            if not room.keeper_left_at:
                alias = alias_for(self._matrix, f"visit:{room.appointment_id}")
                await remove_alias(self._keeper, alias, room.room_id)
            await self._silence(room.room_id)
        except MatrixError as refused:
            # Another step has just had the keeper leave, or somebody has gone whose invitation was to be withdrawn.
            if row.attempts < _LOOKS:
                raise LaterError("who is there has changed") from refused
            raise

    async def _silence(self, room_id: str) -> None:
        try:
            team = (await self._keeper.get("rooms", room_id, "state", TEAM, ""))["members"]
        except ForbiddenError:
            await come_back(self._keeper, room_id)  # killed between leaving and writing that down
            return await self._silence(room_id)
        levels = power_levels(self._keeper.user_id, team, closed=True)
        await self._keeper.put("rooms", room_id, "state", "m.room.power_levels", "", body=levels)
        invited = await self._keeper.get("rooms", room_id, "members", query={"membership": "invite"})
        for member in invited["chunk"]:
            await self._keeper.post("rooms", room_id, "kick", body={"user_id": member["state_key"]})
        return None

    async def erase(self, tx: Tx, row: Row) -> str | None:
        """Have the room and its files removed from our homeserver; done only once they are seen to be gone."""
        room = await room_of_visit(tx, UUID(json.loads(row.payload)["appointment"]))
        if room is None or room.erased_at:
            return None
        if not await self._people.may_be_erased(tx, room.appointment_id):
            raise LaterError("a legal hold stands", _HELD)
        try:
            answer = await self._keeper.post(*_ERASE, body={"room_id": room.room_id})
        except NotFoundError as missing:
            raise LaterError("the homeserver has no policy module") from missing
        if not answer["gone"]:
            raise LaterError("being erased", _LOOK_AGAIN)
        for media_id in answer["media"]:
            await self._see_gone(media_id)
        await self._mark(tx, room.appointment_id, erased_at=tx.now)
        return f"{len(answer['media'])} files"

    async def _see_gone(self, media_id: str) -> None:
        path = ("", "_matrix", "client", "v1", "media", "download", self._matrix.server_name, media_id)
        try:
            await self._keeper.get(*path)
        except NotFoundError:
            return
        except AwayError as there:  # an answer that is no JSON: the file
            raise LaterError("a file is still there", _LOOK_AGAIN) from there
        raise LaterError("a file is still there", _LOOK_AGAIN)

    async def _mark(self, tx: Tx, appointment_id: UUID, **values: object) -> None:
        of_visit = consultation_room.c.appointment_id == appointment_id
        await tx.conn.execute(update(consultation_room).where(of_visit).values(**values))
