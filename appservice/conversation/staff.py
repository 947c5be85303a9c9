"""What the staff of a centre is told in its room. Written there from what is true when it is sent."""

import json
from uuid import UUID

from appservice.conversation.rendering.staff import staff_notice, waiting
from appservice.matrix.staff_rooms import room_of
from appservice.outgoing import Reply, post
from booking.appointments.reading import appointment
from booking.context import Context
from booking.directory.reading import centre, practitioner
from booking.questions.waiting import still_waits
from core.database import Tx
from core.lanes import Row
from core.languages import speaking
from core.timezones import zone


class StaffNotices:
    """Handler of the outbox kind booking.staff.room.NOTICE."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Say it in the room of the centre; sealed with a key of the centre's own while it waits."""
        what = json.loads(row.payload)
        if what["notice"] == "waiting":
            return await self._waiting(tx, row, what)
        visit = await appointment(tx, UUID(what["appointment"]))
        room = await room_of(tx, visit.centre.id)
        if room is None:
            return "no room"
        language = self._ctx.settings.booking.language
        with speaking(language):
            said = staff_notice(what, visit, zone(visit.centre.timezone), language)
        reply = Reply(said, notice=True, shared=True)
        await post(tx, self._ctx.vault, subject=visit.centre.id, room_id=room, key=f"staff:{row.id}", reply=reply)
        return None

    async def _waiting(self, tx: Tx, row: Row, what: dict[str, str]) -> str | None:
        """A question that nobody has answered for long."""
        at = await centre(tx, UUID(what["centre"]))
        room = await room_of(tx, at.id)
        if room is None or not await still_waits(tx, UUID(what["id"])):
            return "not true any more"
        doctor = await practitioner(tx, UUID(what["practitioner"]))
        with speaking(self._ctx.settings.booking.language):
            said = waiting(what["what"], doctor.name, what["code"], at.question_hours)
        reply = Reply(said, shared=True)
        await post(tx, self._ctx.vault, subject=at.id, room_id=room, key=f"staff:{row.id}", reply=reply)
        return None
