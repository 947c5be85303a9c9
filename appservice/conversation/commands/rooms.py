"""A visit's consultation room: how it stands, who is brought in, one's place in line; and the centre's rules of it."""

import re

from appservice.conversation.commands.rules import changed
from appservice.conversation.commands.team import centre_of
from appservice.conversation.consulting import room_link
from appservice.conversation.registry import command, runs_centres
from appservice.conversation.rendering import rooms
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import split_code
from appservice.conversation.understanding.durations import read_lengths
from appservice.conversation.understanding.terms import ROLES
from appservice.conversation.understanding.text import Reading
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.consultations.line import place_in_line
from booking.consultations.model import Role
from booking.consultations.service import bring_in, consultation
from booking.directory.service import CentreChanges
from core.errors import BadInputError
from core.languages import _

_MXID = re.compile(r"(?<!\S)@[^\s:]+:\S+", re.IGNORECASE)
_ROLES = {
    Role.INTERPRETER: re.compile(r"\b(?:interpreter|translator|dolmetscher(?:in)?)\b", re.IGNORECASE),
    Role.DOCTOR: re.compile(r"\b(?:doctor|colleague|second opinion|specialist)\b", re.IGNORECASE),
    Role.FAMILY: re.compile(r"\b(?:family|relative|mother|father|parent|partner|wife|husband|friend)\b", re.IGNORECASE),
}
_OPEN = re.compile(r"\bopen(?:s|ed)?\b(?P<how>[^,;|]*)", re.IGNORECASE)
_CLOSE = re.compile(r"\bclose[sd]?\b(?P<how>[^,;|]*)", re.IGNORECASE)
_KEPT = re.compile(r"\b(?:kept|keep|erased?)\b(?P<how>[^,;|]*)", re.IGNORECASE)
_ANSWERS = re.compile(r"\b(?:answers?|replies|reply)\b(?P<how>[^,;|]*)", re.IGNORECASE)
_DAYS = re.compile(
    r"\b(?P<n>\d{1,4}) ?(?P<unit>d(?:ays?)?|t(?:agen?|age?)?|w(?:eeks?|ochen?)?|months?|y(?:ears?)?)\b", re.IGNORECASE
)
_UNITS = {"d": 1, "t": 1, "w": 7, "m": 30, "y": 365}
_AT_ONCE = re.compile(r"\bat once\b|\bwhen booked\b|\bimmediately\b", re.IGNORECASE)
_EXAMPLE = "consultation rooms open 1 day before, close after 7 days, kept 26 weeks, answers within 24 hours"


@command(
    "consultation|room of", "CODE", help="a visit's room: who is in it, who answers by when", group="Visits", heard=True
)
async def room(session: Session, text: str) -> None:
    """How the room stands."""
    visit = await _visit(session, text)
    found = await consultation(session.tx, session.ctx, session.person, visit.id)
    link = await room_link(session.tx, session.ctx, visit)
    await session.say(rooms.shown(found, session.place, session.tx.now, link))


@command(
    "bring in",
    "CODE @name:server as interpreter | family | doctor",
    help="let somebody into a visit's room; both sides see it",
    group="Visits",
    heard=True,
    terms=ROLES,
)
async def bring(session: Session, text: str) -> None:
    """Let somebody in."""
    code, said = split_code(text)
    words = Reading(said)
    mxid = words.take(_MXID)
    role = next((role for role, pattern in _ROLES.items() if words.take(pattern)), None)
    if code is None or mxid is None or role is None:
        raise BadInputError(
            "Write the visit's code, whom, and as what: bring in K7QM3F @ines:server.example as interpreter (or family,"
            " or doctor)"
        )
    visit = await appointments.by_code(session.tx, session.ctx, session.person, code)
    guest = await bring_in(session.tx, session.ctx, session.person, visit.id, mxid[0], role)
    await session.say(
        _(
            "{who} is invited to the room of visit {code} as {role}. They read what is said there from now on, not what"
            " was said before; the other side is told, and everybody in the room sees them.",
            who=guest.mxid,
            code=f"**{visit.code}**",
            role=_(rooms.ROLES[guest.role]),
        )
    )


@command(
    "waiting room|how long",
    "[CODE]",
    help="how many are before you, and when the doctor sees you",
    group="Visits",
    heard=True,
)
async def waiting_room(session: Session, text: str) -> None:
    """One's place in line."""
    visit = await _visit(session, text)
    where = await place_in_line(session.tx, session.ctx, session.person, visit.id)
    await session.say(rooms.in_line(where, session.place))


@command(
    "consultation rooms",
    "open 1 day before, close after 7 days, kept 26 weeks, answers within 24 hours",
    help="when a visit's room opens (“at once”: for questions before), closes and is erased; by when you answer there",
    who=runs_centres,
    group="Centre",
)
async def rules(session: Session, text: str) -> None:
    """The rules of the life of rooms."""
    words = Reading(text)
    at = await centre_of(session, words)
    changes = CentreChanges()
    if opens := words.take(_OPEN):
        changes["room_opens_minutes"] = None if _AT_ONCE.search(opens["how"]) else _length(opens["how"])
    if closes := words.take(_CLOSE):
        changes["room_closes_days"] = _days(closes["how"])
    if kept := words.take(_KEPT):
        changes["room_kept_days"] = _days(kept["how"])
    if answers := words.take(_ANSWERS):
        hours = read_lengths(answers["how"])
        changes["reply_hours"] = max(1, hours[0] // 60) if hours else None
    await changed(session, words, _EXAMPLE, at=at, **changes)


def _length(words: str) -> int:
    """The one length that is named, in minutes."""
    try:
        found = read_lengths(words)
    except BadInputError:
        found = []
    if len(found) != 1:
        raise BadInputError("Write it like: {example}", example=_EXAMPLE)
    return found[0]


def _days(words: str) -> int:
    found = _DAYS.search(words)
    if found is None:
        raise BadInputError("Write it like: {example}", example=_EXAMPLE)
    return int(found["n"]) * _UNITS[found["unit"][0].lower()]


async def _visit(session: Session, text: str) -> Appointment:
    """The visit that is named, or the next one."""
    code, _rest = split_code(text)
    if code:
        return await appointments.by_code(session.tx, session.ctx, session.person, code)
    coming = await appointments.upcoming(session.tx, session.ctx, session.person)
    if not coming:
        raise BadInputError("You have no visit to come. Write the visit's code behind the word.")
    return coming[0]
