"""The keeper: makes consultation rooms, lets people in, and leaves. It owns no device, so no key ever reaches it.

Every step is an outbox row of its own, written together with what it follows from; each can be repeated.
"""

import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from appservice.matrix.admitting import Admitting, whom
from appservice.matrix.api import Actor, ForbiddenError
from appservice.matrix.calls import Calls
from appservice.matrix.closing import Closing
from appservice.matrix.consultation import creation, may_leave
from appservice.matrix.creation import alias_for, create_once, leave, remove_alias
from appservice.matrix.keeping import (
    ADMIT,
    CLOSE,
    DOCTOR,
    ERASE,
    INVITE,
    LEAVE,
    LOOK,
    OPEN,
    REGROUP,
    SETTLE,
    RoomRow,
    is_away,
    notice,
    room_of_visit,
    stays,
    step,
)
from appservice.matrix.lobby import LIST, Lobby
from appservice.matrix.model import consultation_room
from appservice.matrix.people import People
from appservice.matrix.regrouping import Regrouping
from appservice.matrix.sealing import unguessable
from appservice.matrix.sent_files import FORGET_FILES, SentFiles
from core.database import Tx
from core.lanes import Handler, Mourner, Row
from core.settings import MatrixSettings

_A_WHILE = timedelta(minutes=2)
_AT_ONCE = 100


class Keeper:
    """Handlers of the outbox kinds room.*, and of who comes and goes in consultation rooms."""

    def __init__(self, people: People, keeper: Actor, matrix: MatrixSettings) -> None:
        self._people = people
        self._keeper = keeper
        self._matrix = matrix
        self.lobby = Lobby(people, keeper, matrix)

    def handlers(self) -> dict[str, Handler]:
        """What to do for each kind of outbox row."""
        admitting, closing = Admitting(self._people, self._keeper), Closing(self._people, self._keeper, self._matrix)
        return {
            OPEN: self._open,
            SETTLE: self._settle,
            INVITE: admitting.invite,
            ADMIT: admitting.admit,
            LEAVE: self._leave,
            LOOK: self._look,
            REGROUP: Regrouping(self._people, self._keeper, self._matrix).regroup,
            CLOSE: closing.close,
            ERASE: closing.erase,
            LIST: self.lobby.write,
            FORGET_FILES: SentFiles(self._keeper).remove,
        }

    def mourners(self) -> dict[str, Mourner]:
        """What to do about each kind of outbox row that was given up."""
        return {INVITE: self._not_let_in, REGROUP: self._given_up}

    async def _not_let_in(self, tx: Tx, row: Row) -> None:
        """Somebody's homeserver refuses the invitation for good, say: the clinic is told."""
        what = json.loads(row.payload)
        visit = await self._people.visit(tx, UUID(what["appointment"]))
        if visit.stands and (found := whom(visit, what)):
            await notice(tx, "uninvited", what["appointment"], found[0], visit.clinic)
        await self._given_up(tx, row)

    async def _given_up(self, tx: Tx, row: Row) -> None:
        """The keeper may have come back for it: have it leave, as if it had stayed for the one who is to come."""
        room = await room_of_visit(tx, UUID(json.loads(row.payload)["appointment"]))
        if room and room.keeper_left_at and not room.closed_at and not await is_away(self._keeper, room.room_id):
            await stays(tx, room)
            await step(tx, LOOK, {"appointment": str(room.appointment_id), "room": room.room_id}, row.id.hex)

    async def _open(self, tx: Tx, row: Row) -> str | None:
        """Make the visit's room, once, and write down whom to let in."""
        appointment_id = UUID(json.loads(row.payload)["appointment"])
        if await room_of_visit(tx, appointment_id):
            return None
        visit = await self._people.visit(tx, appointment_id)
        if not visit.stands:
            return None
        alias = alias_for(self._matrix, f"visit:{appointment_id}")
        body = creation(
            self._keeper.user_id,
            visit.code,
            lobby=await self.lobby.room_id(),
            team=visit.team,
            calls=self._calls(appointment_id),
        )
        room_id = await create_once(self._keeper, alias, body)
        room = {"appointment_id": appointment_id, "room_id": room_id, "opened_at": tx.now}
        await tx.conn.execute(insert(consultation_room).values(**room))
        what = {"appointment": str(appointment_id), "room": room_id}
        await step(tx, SETTLE, what | {"alias": alias}, "keeper")
        for person in [*visit.patient_side, *visit.guests]:
            await step(tx, INVITE, what | {"person": str(person)}, str(person))
        await step(tx, INVITE, what | {"person": DOCTOR}, DOCTOR)
        return room_id

    def _calls(self, appointment_id: UUID) -> Calls | None:
        if self._matrix.video == "none":
            return None
        conference = f"careconnect-{unguessable(self._matrix, f'call:{appointment_id}')}"
        return Calls(self._matrix.video, self._matrix.video_address, conference)

    async def _settle(self, _tx: Tx, row: Row) -> None:
        """The room's id is written down: nobody needs its alias any more."""
        what = json.loads(row.payload)
        await remove_alias(self._keeper, what["alias"], what["room"])

    async def joined(self, tx: Tx, room: RoomRow, event_id: str) -> None:
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
            await step(tx, LEAVE, {"appointment": str(room.appointment_id), "room": room.room_id}, f"keeper:{event_id}")

    async def look(self, tx: Tx) -> int:
        """Have rooms looked at in which the keeper still is; returns how many. Run it every few minutes.

        Who has joined while nobody heard of it (the homeserver died before it could tell us) is met with there. A room
        is looked at once an hour, some of them at a time.
        """
        still = consultation_room.c.keeper_left_at.is_(None) & consultation_room.c.closed_at.is_(None)
        a_while = consultation_room.c.opened_at < tx.now - _A_WHILE
        rooms = select(consultation_room.c.appointment_id, consultation_room.c.room_id).where(still, a_while)
        found = (await tx.conn.execute(rooms.order_by(func.random()).limit(_AT_ONCE))).all()
        for room in found:
            what = {"appointment": str(room.appointment_id), "room": room.room_id}
            await step(tx, LOOK, what, f"{tx.now:%Y%m%d%H}")
        return len(found)

    async def _look(self, tx: Tx, row: Row) -> None:
        room = await room_of_visit(tx, UUID(json.loads(row.payload)["appointment"]))
        if room and not room.closed_at:
            await self.joined(tx, room, row.id.hex)

    async def _leave(self, tx: Tx, row: Row) -> None:
        """Leave them alone."""
        what = json.loads(row.payload)
        await leave(self._keeper, what["room"])
        of_visit = consultation_room.c.appointment_id == UUID(what["appointment"])
        await tx.conn.execute(update(consultation_room).where(of_visit).values(keeper_left_at=tx.now))
