"""Direct rooms: where the bot and one person talk alone."""

import json
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix.bots import Bots
from appservice.matrix.creation import ENCRYPTED, alias_for, create_once, invite, leave, remove_alias
from appservice.matrix.model import bot_message, device_key, direct_room, megolm_session
from appservice.outgoing import LEAVE, lane_of
from core.database import Tx
from core.lanes import Row
from core.outbox import enqueue
from core.settings import MatrixSettings

UNALIAS = "matrix.unalias"
_HISTORY = {
    "type": "m.room.history_visibility",
    "state_key": "",
    "content": {"history_visibility": "invited"},
}
"""Whoever is let in later has no part in what was said before, also where clients hand keys on to those they invite
(https://github.com/matrix-org/matrix-spec-proposals/pull/4268)."""


class DirectRooms:
    """Knows each person's room with the bot. Any replica may use it: no keys are needed for making rooms."""

    def __init__(self, bots: Bots, matrix: MatrixSettings) -> None:
        self.bots = bots
        self._matrix = matrix

    async def direct_room(self, tx: Tx, person_id: UUID, mxid: str) -> str:
        """Return the person's room with the bot; make one and invite them if there is none.

        It is the room in which they last talked to the bot. Raises AwayError, MatrixError.
        """
        own = select(direct_room).where(direct_room.c.person_id == person_id)
        known = (await tx.conn.execute(own)).one_or_none()
        if known and known.room_id:
            return str(known.room_id)
        # One at a time: whoever else has something to tell them waits here, and finds this one's room.
        await tx.conn.execute(insert(direct_room).values(person_id=person_id).on_conflict_do_nothing())
        row = (await tx.conn.execute(own.with_for_update())).one()
        if row.room_id:
            return str(row.room_id)
        # Each room that a person has left counts, so that the next one has another alias.
        alias = alias_for(self._matrix, f"direct:{person_id}:{row.generation}")
        body = {"preset": "private_chat", "is_direct": True, "initial_state": [ENCRYPTED, _HISTORY]}
        bot = self.bots.for_person(person_id)
        room_id = await create_once(bot, alias, body)
        await self.bots.comes(room_id, bot)
        await invite(bot, room_id, mxid, is_direct=True)
        await self.learn(tx, person_id, room_id)
        await enqueue(
            tx, kind=UNALIAS, lane=lane_of(room_id), key=f"unalias:{alias}", payload=_json(alias=alias, room=room_id)
        )
        return room_id

    async def learn(self, tx: Tx, person_id: UUID, room_id: str) -> None:
        """This is where the person and the bot talk from now on."""
        row = insert(direct_room).values(person_id=person_id, room_id=room_id)
        await tx.conn.execute(
            row.on_conflict_do_update(
                index_elements=[direct_room.c.person_id],
                set_={"room_id": room_id},
                where=direct_room.c.room_id.is_distinct_from(room_id),
            )
        )

    async def is_one(self, tx: Tx, room_id: str) -> bool:
        """Whether this is where a person and the bot talk."""
        found = await tx.conn.execute(select(direct_room.c.person_id).where(direct_room.c.room_id == room_id))
        return found.first() is not None

    async def forget(self, tx: Tx, room_id: str) -> None:
        """The person has left this room, or the bot was put out: the next message needs a new one."""
        await tx.conn.execute(
            update(direct_room)
            .where(direct_room.c.room_id == room_id)
            .values(room_id=None, generation=direct_room.c.generation + 1)
        )

    async def abandon(self, tx: Tx, room_id: str) -> None:
        """Forget the room and have the bot leave it."""
        await self.forget(tx, room_id)
        await enqueue(
            tx, kind=LEAVE, lane=lane_of(room_id), key=f"leave:{room_id}:{tx.now}", payload=_json(room=room_id)
        )

    async def unalias(self, tx: Tx, row: Row) -> None:
        """Outbox handler: the room's id is written down, so its alias can go."""
        what = json.loads(row.payload)
        await remove_alias(await self.bots.in_room(tx, what["room"]), what["alias"], what["room"])

    async def leave(self, tx: Tx, row: Row) -> None:
        """Outbox handler: leave a room in which nobody is left, or whose person (`owner`) is to be forgotten."""
        what = json.loads(row.payload)
        room_id = what["room"]
        await leave(await self.bots.in_room(tx, room_id), room_id)
        await self.bots.goes(tx, room_id)
        if owner := what.get("owner"):
            await tx.conn.execute(delete(device_key).where(device_key.c.owner_id == owner))
            for table in (megolm_session, bot_message):
                await tx.conn.execute(delete(table).where(table.c.room_id == room_id))


async def forget_rooms(tx: Tx, person_id: UUID) -> set[str]:
    """Forget where the bot talks with a person; return the rooms, which are still to be left (outgoing.leave)."""
    gone = await tx.conn.execute(
        delete(direct_room).where(direct_room.c.person_id == person_id).returning(direct_room.c.room_id)
    )
    return {room for room in gone.scalars() if room}


def _json(**fields: str) -> bytes:
    return json.dumps(fields).encode()
