"""Staff rooms: where those who work at a centre talk among themselves and with the bot, which keeps the door.

Made by the bot, encrypted from the first event; nobody else can invite, put out or change anything. Who comes later
does not read what was said before.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix.api import Json, MatrixError
from appservice.matrix.bots import Bots
from appservice.matrix.creation import ENCRYPTED, alias_for, create_once, invite, remove_alias
from appservice.matrix.model import staff_room, staff_room_member
from appservice.matrix.people import People
from core.database import Tx
from core.lanes import Handler, Row
from core.logs import log
from core.settings import MatrixSettings

OPEN, SYNC = "staff.open", "staff.sync"
_log = log("appservice.matrix")
_BOT_ALONE = 100


class StaffRooms:
    """Handlers of the outbox kinds staff.open and staff.sync, and of who comes and goes there."""

    def __init__(self, people: People, bots: Bots, matrix: MatrixSettings) -> None:
        self._people = people
        self._bots = bots
        self._matrix = matrix

    def handlers(self) -> dict[str, Handler]:
        """What to do for each kind of outbox row."""
        return {OPEN: self._open, SYNC: self._sync}

    async def _open(self, tx: Tx, row: Row) -> str | None:
        """Make the room, once."""
        centre_id = UUID(json.loads(row.payload)["centre"])
        if await room_of(tx, centre_id):
            return None
        alias = alias_for(self._matrix, f"staff:{centre_id}")
        staff = await self._people.staff(tx, centre_id)
        bot = await self._bots.of_centre(tx, centre_id)
        room_id = await create_once(bot, alias, creation(bot.user_id, staff.centre))
        await self._bots.comes(room_id, bot)
        await tx.conn.execute(insert(staff_room).values(centre_id=centre_id, room_id=room_id, opened_at=tx.now))
        # What cannot be repeated comes last: killed before the commit, the alias leads back to the room.
        return room_id

    async def _sync(self, tx: Tx, row: Row) -> str | None:
        """Invite who works there and is not in the room, put out who does not work there any more.

        Who has left of their own will is invited anew only when they ask (`again`).
        """
        what = json.loads(row.payload)
        centre_id = UUID(what["centre"])
        room_id = await room_of(tx, centre_id)
        if room_id is None:
            return "no room"
        bot = await self._bots.in_room(tx, room_id)
        await remove_alias(bot, alias_for(self._matrix, f"staff:{centre_id}"), room_id)
        wanted = (await self._people.staff(tx, centre_id)).accounts
        again = wanted.get(UUID(what["again"])) if what.get("again") else None
        members = {event["state_key"]: event for event in (await bot.get("rooms", room_id, "members"))["chunk"]}
        for mxid in sorted(wanted.values()):
            if mxid == again or not _left_themselves(members.get(mxid)):
                await self._try(invite(bot, room_id, mxid))
        there = {who for who, event in members.items() if event["content"].get("membership") in ("join", "invite")}
        for mxid in sorted(there - {*wanted.values(), bot.user_id}):
            await self._try(bot.post("rooms", room_id, "kick", body={"user_id": mxid}))
            await self.member(tx, room_id, mxid, "leave")  # what we do ourselves is not told to us
        return None

    async def _try(self, step: Any) -> None:
        """One person who cannot be reached keeps nobody else out. Raises AwayError, and the whole is done again."""
        try:
            await step
        except MatrixError as refused:
            _log.warning("a member of a staff room was not reached", reason=refused.code)

    async def member(self, tx: Tx, room_id: str, mxid: str, membership: str) -> None:
        """Somebody came into a staff room, or is gone. Who has come may have been put out before this is heard."""
        table, room = staff_room_member, staff_room
        locked = select(room.c.centre_id).where(room.c.room_id == room_id).with_for_update()
        centre_id = (await tx.conn.execute(locked)).scalar_one()
        if membership == "join":
            if mxid in (await self._people.staff(tx, centre_id)).accounts.values():
                await tx.conn.execute(insert(table).values(room_id=room_id, mxid=mxid).on_conflict_do_nothing())
        elif membership in ("leave", "ban"):
            await tx.conn.execute(delete(table).where(table.c.room_id == room_id, table.c.mxid == mxid))


async def room_of(tx: Tx, centre_id: UUID) -> str | None:
    """Return the id of a centre's staff room, or None while there is none."""
    found = await tx.conn.execute(select(staff_room.c.room_id).where(staff_room.c.centre_id == centre_id))
    return found.scalar_one_or_none()


async def centre_of(tx: Tx, room_id: str) -> UUID | None:
    """Return whose staff room it is, or None for any other room."""
    found = await tx.conn.execute(select(staff_room.c.centre_id).where(staff_room.c.room_id == room_id))
    return found.scalar_one_or_none()


async def is_there(tx: Tx, centre_id: UUID, mxid: str) -> bool:
    """Whether somebody has joined a centre's staff room."""
    found = await tx.conn.execute(
        select(staff_room_member.c.mxid)
        .join(staff_room, staff_room.c.room_id == staff_room_member.c.room_id)
        .where(staff_room.c.centre_id == centre_id, staff_room_member.c.mxid == mxid)
    )
    return found.first() is not None


def _left_themselves(event: Mapping[str, Any] | None) -> bool:
    return (
        event is not None
        and event["content"].get("membership") in ("leave", "ban")
        and event["sender"] == event["state_key"]
    )


def creation(bot: str, name: str) -> Json:
    """Return the createRoom request for the staff room of the centre of that name. Nobody is invited yet."""
    state = {
        "m.room.history_visibility": {"history_visibility": "joined"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.join_rules": {"join_rule": "invite"},
    }
    return {
        "room_version": "11",
        "preset": "private_chat",
        "visibility": "private",
        "name": f"{name}: staff",
        "initial_state": [
            ENCRYPTED,
            *({"type": kind, "state_key": "", "content": content} for kind, content in state.items()),
        ],
        "power_level_content_override": {
            "users": {bot: _BOT_ALONE},
            "users_default": 0,
            "events_default": 0,
            "state_default": _BOT_ALONE,
            "invite": _BOT_ALONE,
            "kick": _BOT_ALONE,
            "ban": _BOT_ALONE,
            "redact": _BOT_ALONE,
            "events": {},
        },
    }
