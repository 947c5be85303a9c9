"""Running a centre: the day's bookings."""

from appservice.conversation.commands.doctors import day_list, day_of
from appservice.conversation.registry import command
from appservice.conversation.rendering.values import day
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.directory import reading
from core.languages import _


@command(
    "bookings",
    "[DAY]",
    help="your centre's visits of a day",
    who=lambda p: bool(p.administers),
    group="Centre",
    heard=True,
    dated=True,
)
async def bookings(session: Session, text: str) -> None:
    """The centre's list."""
    when = day_of(session, text)
    parts = []
    for centre_id in sorted(session.person.administers):
        found = await appointments.centre_day(session.tx, session.ctx, session.person, centre_id, when)
        name = (await reading.centre(session.tx, centre_id)).name
        rows = [f"**{escape(name)}**, {day(when)}", await day_list(session, found) or _("No visits.")]
        parts.append("\n\n".join(rows))
    await session.say("\n\n".join(parts))
