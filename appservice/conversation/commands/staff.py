"""The staff room of a centre: having it made, and what is told there."""

import re
from urllib.parse import quote

from appservice.conversation.commands.team import centre_of
from appservice.conversation.registry import command
from appservice.conversation.session import Session
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from appservice.matrix.staff_rooms import room_of
from booking.directory.model import StaffNotices
from booking.directory.service import edit_centre
from booking.staff.service import open_staff_room
from core.errors import BadInputError
from core.languages import N_, _

_WHERE = {
    StaffNotices.PRIVATE: N_("New bookings, cancellations, payments and no-shows are told to each of you in private."),
    StaffNotices.ROOM: N_("New bookings, cancellations, payments and no-shows are told in the staff room alone."),
    StaffNotices.BOTH: N_(
        "New bookings, cancellations, payments and no-shows are told in the staff room and in private."
    ),
}
_RULE = re.compile(r"\bnotices?(?: in| to)?(?: the)? ?(?P<rule>private|room|both|staff room)?\b", re.IGNORECASE)


@command(
    "staff room|staffroom|team room",
    "[notices room|private|both]",
    help="an encrypted room for your centre's staff, and whether you are told of bookings there",
    who=lambda person: bool(person.administers),
    group="Centre",
)
async def staff_room(session: Session, text: str) -> None:
    """Have it made, be invited anew, or set the rule."""
    words = Reading(text)
    rule = words.take(_RULE)
    at = await centre_of(session, words)
    there = await room_of(session.tx, at.id)
    if rule:
        if not rule["rule"]:
            raise BadInputError("Where? Write it like: staff room notices room, or private, or both")
        wanted = StaffNotices("room" if "room" in rule["rule"].lower() else rule["rule"].lower())
        if wanted is not StaffNotices.PRIVATE and there is None:
            raise BadInputError("Your centre has no staff room yet. Write: staff room")
        at = await edit_centre(session.tx, session.ctx, session.person, at.id, staff_notices=wanted)
        await session.say(_("Changed.") + " " + _(_WHERE[at.staff_notices]))
        return
    await open_staff_room(session.tx, session.ctx, session.person, at.id)
    if there:
        link = f"https://matrix.to/#/{quote(there, safe='!:')}?via={session.ctx.settings.matrix.server_name}"
        said = _("Here it is: {link}. Whoever works there is invited.", link=f"[{escape(at.name)}]({link})")
    else:
        said = _(
            "I make an encrypted room for the staff of **{centre}** and invite all who work there; who comes or leaves"
            " later is let in or put out by itself. Commands work in it with “!”; what concerns patients is answered"
            " in private.",
            centre=escape(at.name),
        )
    where = _(_WHERE[StaffNotices.ROOM]) + " " + _("“staff room notices private” or “both” changes that.")
    await session.say(f"{said}\n\n{where}")
