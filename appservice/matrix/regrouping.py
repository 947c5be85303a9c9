"""Who belongs to a consultation has changed while its room is open: whose visit it is no more goes, who takes it comes.

Who goes keeps what was said while they were there, and reads no word of what is said from then on: people's clients
make new keys once somebody has left.
"""

import json
from uuid import UUID

from appservice.matrix.api import Actor, MatrixError
from appservice.matrix.consultation import TEAM, may_leave, power_levels
from appservice.matrix.keeping import DOCTOR, INVITE, LEAVE, LOOK, come_back, is_away, room_of_visit, stays, step
from appservice.matrix.people import People, Visit
from core.database import Tx
from core.lanes import HopelessError, LaterError, Row
from core.settings import MatrixSettings

_LOOKS = 4
"""Attempts, some 8 seconds in all, at what is refused because somebody goes at the same moment."""


class Regrouping:
    """Handler of room.team."""

    def __init__(self, people: People, keeper: Actor, matrix: MatrixSettings) -> None:
        self._people = people
        self._keeper = keeper
        self._matrix = matrix

    async def regroup(self, tx: Tx, row: Row) -> str | None:
        """Put out whoever is not of the care team any more, and have the new doctor let in, or who now is the patient.

        The keeper comes back for it and stays until each side is there: the one who goes may have been the last of
        our homeserver, by whom alone it can come back.
        """
        room = await room_of_visit(tx, UUID(json.loads(row.payload)["appointment"]))
        if room is None or room.closed_at:
            return None  # not made yet: it is made with those who belong there then
        visit = await self._people.visit(tx, room.appointment_id)
        if room.keeper_left_at:
            try:
                await come_back(self._keeper, room.room_id)
            except MatrixError as refused:
                raise HopelessError(refused.code) from refused
        try:
            there = await self._only(visit, room.room_id)
        except MatrixError as refused:
            # Another step has just had the keeper leave, or somebody has gone who was to be put out.
            if row.attempts < _LOOKS or await is_away(self._keeper, room.room_id):
                raise LaterError("who is there has changed") from refused
            raise HopelessError(refused.code) from refused
        joined = {mxid for mxid in visit.team if there.get(mxid) == "join"}
        what = {"appointment": str(room.appointment_id), "room": room.room_id}
        for mxid in sorted({*visit.doctor_side.values()} - joined):
            await step(tx, INVITE, what | {"person": DOCTOR}, f"{DOCTOR}:{mxid}:{row.id}")
        for person, mxid in sorted(visit.patient_side.items()):
            if mxid not in there:  # who has left, or was asked already, is left in peace
                await step(tx, INVITE, what | {"person": str(person)}, f"{person}:{row.id}")
        sides = [set(visit.patient_side.values()), set(visit.doctor_side.values())]
        if may_leave(sides, joined, self._matrix.server_name):
            await step(tx, LEAVE, what, f"keeper:{row.id}")
        else:
            await stays(tx, room)
            # Who has come since they were counted was passed over: the keeper was thought to have left.
            await step(tx, LOOK, what, f"{row.id}")
        return None

    async def _only(self, visit: Visit, room_id: str) -> dict[str, str]:
        """Leave in the room those of the care team alone; return memberships, of those who have left, too."""
        team = visit.team
        levels = power_levels(self._keeper.user_id, team)
        for kind, content in ((TEAM, {"members": team}), ("m.room.power_levels", levels)):
            await self._keeper.put("rooms", room_id, "state", kind, "", body=content)
        found = await self._keeper.get("rooms", room_id, "members")
        there: dict[str, str] = {each["state_key"]: each["content"]["membership"] for each in found["chunk"]}
        for mxid, membership in there.items():
            if membership in ("join", "invite") and mxid not in team and mxid != self._keeper.user_id:
                await self._keeper.post("rooms", room_id, "kick", body={"user_id": mxid})
        return there
