"""Running a centre: the day's bookings, rules of cancelling."""

import re

from appservice.conversation.commands.doctors import day_list, day_of
from appservice.conversation.commands.team import centre_of
from appservice.conversation.registry import command, runs_centres
from appservice.conversation.rendering.values import day
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.appointments import service as appointments
from booking.directory import reading
from booking.directory.service import edit_centre


@command("bookings", "[DAY]", help="your centre's visits of a day", who=lambda p: bool(p.administers), group="Centre")
async def bookings(session: Session, text: str) -> None:
    """The centre's list."""
    when = day_of(session, text)
    parts = []
    for centre_id in sorted(session.person.administers):
        found = await appointments.centre_day(session.tx, session.ctx, session.person, centre_id, when)
        name = (await reading.centre(session.tx, centre_id)).name
        rows = [f"**{escape(name)}**, {day(when)}", await day_list(session, found) or "No visits."]
        parts.append("\n\n".join(rows))
    await session.say("\n\n".join(parts))


@command(
    "cancellation",
    "free until 24 h, later refund 50%",
    help="until when a visit is cancelled free of charge, and what is refunded later",
    who=runs_centres,
    group="Centre",
)
async def cancellation(session: Session, text: str) -> None:
    """The centre's rule."""
    words = Reading(text)
    at_hours = words.take(re.compile(r"\b(?P<n>\d{1,3}) ?(?:h|hours?)\b", re.IGNORECASE))
    percent = words.take(re.compile(r"\b(?P<n>\d{1,3}) ?(?:%|percent)", re.IGNORECASE))
    at_centre = await centre_of(session, words)
    edited = await edit_centre(
        session.tx,
        session.ctx,
        session.person,
        at_centre.id,
        cancel_hours=int(at_hours["n"]) if at_hours else None,
        late_refund_percent=int(percent["n"]) if percent else None,
    )
    await session.say(
        f"At {escape(edited.name)} a visit is cancelled free of charge until {edited.cancel_hours} hours before;"
        f" later {edited.late_refund_percent} % of the price is refunded."
    )
