"""Who comes and goes: the bot goes where it is invited, rooms are forgotten when people leave, the keeper looks up."""

import itertools
import json
import time
from contextlib import nullcontext
from datetime import timedelta
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import select

from appservice.matrix import filtering
from appservice.matrix.api import AwayError, ForbiddenError, Json, MatrixError, NotFoundError
from appservice.matrix.device import Device
from appservice.matrix.inbound import Inbound
from appservice.matrix.keeper import Keeper
from appservice.matrix.model import consultation_room
from appservice.matrix.rooms import DirectRooms
from appservice.matrix.staff_rooms import StaffRooms, centre_of
from appservice.matrix.strangers import Strangers
from appservice.matrix.turns import Turns
from core.database import Tx
from core.inbox import receive
from core.lanes import LaterError, Row, backoff

_RECENT = 30
_GIVE_UP_AFTER, _TRIES = timedelta(hours=1), 12
"""For so long, and so often, it is tried at least to come to where the bot is invited to, and to see who is there. Not
for so long alone: everything may have been away meanwhile."""
_SETTLED_AFTER, _SELDOM = timedelta(minutes=5), 20.0
"""For so long a refusal is no answer: another homeserver may write an invitation down after ours has told us of it, the
later the busier it is. Seconds between two attempts at most: who invites anew waits behind this."""
_AT_ONCE = 10_000
"""Invitations of which it is remembered how often they were tried."""


class Members:
    """Handler of the inbox kind filtering.MEMBER, for the process that leads."""

    def __init__(
        self,
        device: Device,
        inbound: Inbound,
        rooms: DirectRooms,
        keeper: Keeper,
        staff: StaffRooms,
        strangers: Strangers,
    ) -> None:
        self._device = device
        self._inbound = inbound
        self._rooms = rooms
        self._keeper = keeper
        self._staff = staff
        self._strangers = strangers
        self._turns = Turns()
        self._tries: LRUCache[UUID, int] = LRUCache(_AT_ONCE)
        """How often it was tried in vain to follow an invitation; that it waited for its turn does not count."""

    async def changed(self, tx: Tx, row: Row) -> None:
        """Somebody was invited, came or went."""
        event: Json = json.loads(row.payload)
        room_id, membership = event["room_id"], event["content"]["membership"]
        found = await tx.conn.execute(select(consultation_room).where(consultation_room.c.room_id == room_id))
        consultation = found.one_or_none()
        if consultation:
            if membership == "join":
                await self._keeper.joined(tx, consultation, event["event_id"])
        elif event["state_key"] == self._device.bot.user_id:
            await self._ours(tx, row, event)
        else:
            self._device.views.forget(room_id)
            if await centre_of(tx, room_id):
                await self._staff.member(tx, room_id, event["state_key"], membership)
            elif membership in ("leave", "ban"):
                await self._left(tx, room_id)
            else:
                await self._came(tx, room_id)

    async def _ours(self, tx: Tx, row: Row, event: Json) -> None:
        """The bot was invited, or put out."""
        membership = event["content"]["membership"]
        invited = membership == "invite"
        if invited and not row.attempts and not self._strangers.may_invite(event["sender"], time.monotonic()):
            return  # too many from there: this one stays open
        if invited and await self._is_followed(tx, event["room_id"]):
            return
        if invited:
            server = event["sender"].partition(":")[2]
            with nullcontext() if self._is_ours(server) else self._turns.of(server, row.attempts):
                await self._follow(tx, row, event)
        elif membership in ("leave", "ban"):
            self._device.views.forget(event["room_id"])
            await self._rooms.forget(tx, event["room_id"])
            await self._rooms.bots.goes(tx, event["room_id"])

    async def _follow(self, tx: Tx, row: Row, event: Json) -> None:
        """Go there, and hear what was said; a room that does not let itself be entered or seen is left in the end."""
        try:
            if await self._join(tx, row, event):
                await self._inbound.joined(tx, event)
                await self._catch_up(tx, row, event)
        except AwayError:
            self._tries[row.id] = self._tries.get(row.id, 0) + 1
            if tx.now - row.created_at < _GIVE_UP_AFTER or self._tries[row.id] < _TRIES:
                raise
            await self._rooms.abandon(tx, event["room_id"])

    async def _join(self, tx: Tx, row: Row, event: Json) -> bool:
        """Go there; False if the invitation is not good any more."""
        inviter = event["sender"].partition(":")[2]
        try:
            await self._device.bot.post("join", event["room_id"], query={"server_name": inviter})
        except MatrixError as refused:
            if not self._is_ours(inviter) and tx.now - row.created_at < _SETTLED_AFTER:
                soon = min(backoff(row.attempts), _SELDOM)
                raise LaterError("the invitation may not be there yet", soon) from refused
            return False
        return True

    def _is_ours(self, server: str) -> bool:
        return server == self._device.bot.user_id.partition(":")[2]

    async def _is_followed(self, tx: Tx, room_id: str) -> bool:
        """Whether the bot talks with somebody there already: an invitation may come by a transaction and by /sync."""
        if not await self._rooms.is_one(tx, room_id):
            return False
        self._device.views.forget(room_id)
        try:
            await self._device.views.of(room_id)
        except ForbiddenError:
            return False
        return True

    async def _catch_up(self, tx: Tx, row: Row, invitation: Json) -> None:
        """Take in what was said between the invitation and our coming: no transaction brings that."""
        try:
            recent = await self._device.bot.get(
                *("rooms", invitation["room_id"], "messages"), query={"dir": "b", "limit": _RECENT}
            )
        except (ForbiddenError, NotFoundError):
            return  # put out again meanwhile
        bot = self._device.bot.user_id
        missed = itertools.takewhile(lambda event: not filtering.is_invitation(event, bot), recent["chunk"])
        for event in reversed([*missed]):
            use = filtering.kept(event, (bot,))
            if use and use[0] == filtering.EVENT:
                payload = json.dumps(use[1]).encode()
                await receive(tx, kind=filtering.EVENT, event_id=event["event_id"], lane=row.lane, payload=payload)

    async def _left(self, tx: Tx, room_id: str) -> None:
        """Somebody has left: a room in which the bot is alone is of no use to anybody."""
        try:
            view = await self._device.views.of(room_id)
        except ForbiddenError:
            return
        if not view.members.keys() - {self._device.bot.user_id}:
            await self._rooms.abandon(tx, room_id)

    async def _came(self, tx: Tx, room_id: str) -> None:
        """Somebody was let in: a room in which there are more than two is nobody's private one any more."""
        try:
            view = await self._device.views.of(room_id)
        except ForbiddenError:
            return
        if view.direct(self._device.bot.user_id) is None:
            await self._rooms.forget(tx, room_id)
