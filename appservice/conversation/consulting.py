"""Where a visit's two sides talk: the address of its consultation room."""

from urllib.parse import quote

from sqlalchemy import select

from appservice.matrix.model import consultation_room
from booking.appointments.model import Appointment
from booking.context import Context
from booking.directory.model import Mode
from core.database import Tx


async def room_link(tx: Tx, ctx: Context, visit: Appointment) -> str:
    """Return a link to an online visit's room that every client understands; empty while there is none."""
    if visit.service.mode is Mode.IN_PERSON:
        return ""
    found = await tx.conn.execute(
        select(consultation_room.c.room_id).where(
            consultation_room.c.appointment_id == visit.id, consultation_room.c.closed_at.is_(None)
        )
    )
    room_id = found.scalar_one_or_none()
    if room_id is None:
        return ""
    address = f"https://matrix.to/#/{quote(room_id, safe='!:')}?via={quote(ctx.settings.matrix.server_name, safe=':')}"
    return f"[Visit {visit.code}]({address})"
