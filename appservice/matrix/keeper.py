"""The keeper: makes consultation rooms, lets the two in, and leaves. It owns no device, so no key ever reaches it.

Every step is an outbox row of its own, written together with what it follows from; each can be repeated.
"""

import json
from uuid import UUID

from sqlalchemy import Row as Found
from sqlalchemy import insert, select, update

from appservice.matrix.api import Actor, ForbiddenError, Json, MatrixError
from appservice.matrix.consultation import creation, may_leave, power_levels
from appservice.matrix.creation import alias_for, create_once, invite, leave, remove_alias
from appservice.matrix.model import consultation_room
from appservice.matrix.people import People
from appservice.outgoing import lane_of
from core.database import Tx
from core.lanes import Handler, HopelessError, LaterError, Row
from core.outbox import enqueue
from core.settings import MatrixSettings

OPEN, CLOSE, SETTLE, INVITE, LEAVE = "room.open", "room.close", "room.settle", "room.invite", "room.leave"
_NO_ACCOUNT_YET = 300.0
"""Seconds until it is looked again whether a doctor has an account by now."""


class Keeper:
    """Handlers of the outbox kinds room.*, and of who comes and goes in consultation rooms."""

    def __init__(self, people: People, keeper: Actor, matrix: MatrixSettings) -> None:
        self._people = people
        self._keeper = keeper
        self._matrix = matrix

    def handlers(self) -> dict[str, Handler]:
        """What to do for each kind of outbox row."""
        return {
            OPEN: self._open,
            CLOSE: self._close,
            SETTLE: self._settle,
            INVITE: self._invite,
            LEAVE: self._leave,
        }

    async def _open(self, tx: Tx, row: Row) -> str | None:
        """Make the visit's room, once, and write down whom to let in."""
        appointment_id = UUID(json.loads(row.payload)["appointment"])
        if await self._room(tx, appointment_id):
            return None
        visit = await self._people.visit(tx, appointment_id)
        if not visit.stands:
            return None
        alias = alias_for(self._matrix, f"visit:{appointment_id}")
        room_id = await create_once(self._keeper, alias, creation(self._keeper.user_id, visit.code))
        room = {"appointment_id": appointment_id, "room_id": room_id, "opened_at": tx.now}
        await tx.conn.execute(insert(consultation_room).values(**room))
        what = {"appointment": str(appointment_id), "room": room_id}
        await self._next(tx, SETTLE, what | {"alias": alias}, "keeper")
        for person in visit.patient_side:
            await self._next(tx, INVITE, what | {"person": str(person)}, str(person))
        await self._next(tx, INVITE, what | {"person": "doctor"}, "doctor")
        return room_id

    async def _settle(self, _tx: Tx, row: Row) -> None:
        """The room's id is written down: nobody needs its alias any more."""
        what = json.loads(row.payload)
        await remove_alias(self._keeper, what["alias"], what["room"])

    async def _invite(self, tx: Tx, row: Row) -> None:
        """Let one person in, and have them told."""
        what = json.loads(row.payload)
        room = await self._room(tx, UUID(what["appointment"]))
        if room is None or room.closed_at:
            return
        visit = await self._people.visit(tx, UUID(what["appointment"]))
        side = visit.doctor_side if what["person"] == "doctor" else visit.patient_side
        if not side:
            raise LaterError("the doctor has no account yet", _NO_ACCOUNT_YET)
        person = next(iter(side)) if what["person"] == "doctor" else UUID(what["person"])
        if person not in side:
            return
        try:
            await invite(self._keeper, room.room_id, side[person])
        except MatrixError as refused:
            raise HopelessError(refused.code) from refused
        notice = {"notice": "room", "appointment": what["appointment"], "person": str(person), "room": room.room_id}
        await enqueue(
            tx,
            kind="notice",
            lane=f"person:{person}",
            key=f"notice:room:{what['appointment']}:{person}",
            payload=json.dumps(notice).encode(),
        )

    async def joined(self, tx: Tx, room: Found[tuple[object, ...]]) -> None:
        """Somebody has come into a consultation room: if that makes it complete, the keeper's work is done."""
        if room.keeper_left_at:
            return
        visit = await self._people.visit(tx, room.appointment_id)
        try:
            members = await self._keeper.get("rooms", room.room_id, "joined_members")
        except ForbiddenError:
            return  # left already
        sides = [set(visit.patient_side.values()), set(visit.doctor_side.values())]
        if may_leave(sides, members["joined"], self._matrix.server_name):
            await self._next(tx, LEAVE, {"appointment": str(room.appointment_id), "room": room.room_id}, "keeper")

    async def _leave(self, tx: Tx, row: Row) -> None:
        """Leave the two alone."""
        what = json.loads(row.payload)
        await leave(self._keeper, what["room"])
        of_visit = consultation_room.c.appointment_id == UUID(what["appointment"])
        await tx.conn.execute(update(consultation_room).where(of_visit).values(keeper_left_at=tx.now))

    async def _close(self, tx: Tx, row: Row) -> None:
        """The visit is off. A room in which the keeper still is falls silent; one that it has left is the two's own."""
        room = await self._room(tx, UUID(json.loads(row.payload)["appointment"]))
        if room is None or room.closed_at:
            return
        if not room.keeper_left_at:
            alias = alias_for(self._matrix, f"visit:{room.appointment_id}")
            await remove_alias(self._keeper, alias, room.room_id)
            await self._silence(room.room_id)
            await leave(self._keeper, room.room_id)
        closed = {"closed_at": tx.now, "keeper_left_at": room.keeper_left_at or tx.now}
        of_visit = consultation_room.c.appointment_id == room.appointment_id
        await tx.conn.execute(update(consultation_room).where(of_visit).values(**closed))

    async def _silence(self, room_id: str) -> None:
        """Withdraw invitations that nobody has taken, and let nobody talk."""
        levels = power_levels(self._keeper.user_id, closed=True)
        try:
            await self._keeper.put("rooms", room_id, "state", "m.room.power_levels", "", body=levels)
            invited = await self._keeper.get("rooms", room_id, "members", query={"membership": "invite"})
            for member in invited["chunk"]:
                await self._keeper.post("rooms", room_id, "kick", body={"user_id": member["state_key"]})
        except ForbiddenError:
            return  # killed between leaving and writing that down

    async def _room(self, tx: Tx, appointment_id: UUID) -> Found[tuple[object, ...]] | None:
        found = await tx.conn.execute(
            select(consultation_room).where(consultation_room.c.appointment_id == appointment_id)
        )
        return found.one_or_none()

    async def _next(self, tx: Tx, kind: str, what: Json, name: str) -> None:
        # A lane for each step: a person whose homeserver is away keeps nobody else waiting.
        lane, key = f"{lane_of(what['room'])}:{name}", f"{kind}:{what['appointment']}:{name}"
        await enqueue(tx, kind=kind, lane=lane, key=key, payload=json.dumps(what).encode())
