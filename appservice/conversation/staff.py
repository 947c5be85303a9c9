"""What the staff of a centre is told in its room. Written there from what is true when it is sent."""

import json
from uuid import UUID

from appservice.conversation.rendering.staff import staff_notice
from appservice.matrix.staff_rooms import room_of
from appservice.outgoing import Reply, post
from booking.appointments.reading import appointment
from booking.context import Context
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
        visit = await appointment(tx, UUID(what["appointment"]))
        room = await room_of(tx, visit.centre.id)
        if room is None:
            return "no room"
        language = self._ctx.settings.booking.language
        with speaking(language):
            said = staff_notice(what, visit, zone(visit.centre.timezone), language)
        reply = Reply(said, notice=True)
        await post(tx, self._ctx.vault, subject=visit.centre.id, room_id=room, key=f"staff:{row.id}", reply=reply)
        return None
