"""Letting people into consultation rooms: each by an invitation that all who are there see, and nobody else."""

import json
from datetime import timedelta
from uuid import UUID

from appservice.matrix.api import Actor, AwayError, Json, MatrixError
from appservice.matrix.consultation import TEAM, power_levels
from appservice.matrix.creation import invite, leave
from appservice.matrix.keeping import DOCTOR, INVITE, LEAVE, RoomRow, come_back, is_away, notice, room_of_visit, step
from appservice.matrix.people import People, Visit
from core.database import Tx
from core.lanes import HopelessError, LaterError, Row
from core.outbox import enqueue

_NO_ACCOUNT_YET = 300.0
"""Seconds until it is looked again whether a doctor has an account by now."""
_TOLD_AFTER = 4
"""Attempts at an invitation, some 8 seconds in all, before the clinic is told that a homeserver does not answer."""
_AGAIN = timedelta(minutes=1)


def whom(visit: Visit, what: Json) -> tuple[UUID, str] | None:
    """Return the person, and their account, whom a row of INVITE is about; None if they are not of the visit now."""
    if what["person"] == DOCTOR:
        return next(iter(visit.doctor_side.items()), None)
    person, side = UUID(what["person"]), visit.patient_side | visit.guests
    return (person, side[person]) if person in side else None


class Admitting:
    """Handlers of room.invite and room.admit."""

    def __init__(self, people: People, keeper: Actor) -> None:
        self._people = people
        self._keeper = keeper

    async def invite(self, tx: Tx, row: Row) -> str | None:
        """Let one person in, and have them told. When their homeserver is away for long, the clinic is told, once."""
        what = json.loads(row.payload)
        room = await room_of_visit(tx, UUID(what["appointment"]))
        if room is None or room.closed_at:
            return None
        visit = await self._people.visit(tx, UUID(what["appointment"]))
        if what["person"] == DOCTOR and not visit.doctor_side:
            raise LaterError("the doctor has no account yet", _NO_ACCOUNT_YET)
        found = whom(visit, what)
        if found is None:
            return None
        person, mxid = found
        try:
            await self._let_in(tx, room, visit, mxid)
        except AwayError:
            if row.attempts < _TOLD_AFTER or what.get("told"):
                raise
            await self._outage(tx, row, what, room)
            await notice(tx, "unreachable", what["appointment"], person, visit.clinic)
            return "their homeserver is away"
        except MatrixError as refused:
            if await is_away(self._keeper, room.room_id):  # what had it leave is written down in a moment
                raise LaterError("the keeper has just left") from refused
            raise HopelessError(refused.code) from refused
        await notice(tx, "room", what["appointment"], person, [person])
        return None

    async def admit(self, tx: Tx, row: Row) -> None:
        """Somebody was brought in after the room had been made."""
        what = json.loads(row.payload)
        room = await room_of_visit(tx, UUID(what["appointment"]))
        if room:  # else they are invited with the others
            await step(tx, INVITE, what | {"room": room.room_id}, what["person"])

    async def _let_in(self, tx: Tx, room: RoomRow, visit: Visit, mxid: str) -> None:
        """Invite one of the team. Who was not of it when the room was made is written into the room first."""
        if room.keeper_left_at:
            await self._come_back(room.room_id)
        known = (await self._keeper.get("rooms", room.room_id, "state", TEAM, ""))["members"]
        if mxid not in known:
            members = known | visit.team
            levels = power_levels(self._keeper.user_id, members)
            for kind, content in ((TEAM, {"members": members}), ("m.room.power_levels", levels)):
                await self._keeper.put("rooms", room.room_id, "state", kind, "", body=content)
        await invite(self._keeper, room.room_id, mxid)
        if room.keeper_left_at:
            what = {"appointment": str(room.appointment_id), "room": room.room_id}
            await step(tx, LEAVE, what, f"keeper:{mxid}")

    async def _come_back(self, room_id: str) -> None:
        try:
            await come_back(self._keeper, room_id)
        except MatrixError as refused:
            raise HopelessError(refused.code) from refused

    async def _outage(self, tx: Tx, row: Row, what: Json, room: RoomRow) -> None:
        """Go on trying in a row of its own: a failed attempt leaves nothing behind, so it could tell nobody."""
        again = json.dumps(what | {"told": True}).encode()
        await enqueue(tx, kind=INVITE, lane=row.lane, key=f"{row.id}:again", payload=again, due_at=tx.now + _AGAIN)
        if room.keeper_left_at:
            await leave(self._keeper, room.room_id)
