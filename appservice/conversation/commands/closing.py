"""Days on which a centre is closed: read in from a calendar, or said here; and opening on them again."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from appservice.conversation.commands.changing import change
from appservice.conversation.commands.shutting import close_each_week
from appservice.conversation.commands.team import own_centre
from appservice.conversation.registry import action, command, runs_centres
from appservice.conversation.rendering.lists import numbered
from appservice.conversation.rendering.schedules import days_in_a_row, days_line
from appservice.conversation.session import Session
from appservice.conversation.understanding.days import Days, read_days
from appservice.conversation.understanding.listed_days import read_listed
from appservice.conversation.understanding.terms import CLOSING
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.weekly import every_week
from appservice.matrix.markdown import escape
from booking.directory import reading
from booking.directory.model import Centre
from booking.schedules.changes import ClosedDays
from booking.schedules.closings import closings_of, open_again
from core.errors import BadInputError
from core.languages import _, commas
from core.timezones import zone

_AGAIN = re.compile(r"^[ |]*(?:again |re)?(?:open|remove|undo|back|cancel)(?: again)?\b", re.IGNORECASE)
_LONGEST = 366
_DAY = timedelta(days=1)
_HOW = "Write it like: closed days 24.12. - 26.12., or closed days open 24.12."


@command(
    "closed days|closing days|days closed|closed on",
    "[DAYS] | open DAYS",
    help="close your centre on days, list those on which it is closed, or open it again: closed days 24.12. - 26.12.;"
    " closed days open 24.12.",
    who=runs_centres,
    group="Centre",
    heard=True,
    terms=CLOSING,
    dated=True,
)
async def closed_days(session: Session, text: str) -> None:
    """Close on days, asking first when bookings lie in them; open again; without days, list them."""
    words = Reading(text)
    again = words.take(_AGAIN)
    each_week = every_week(words.rest.partition(" at ")[0].strip(" |"), session.person.language)
    if each_week:
        place = Reading(f" at {words.rest.partition(' at ')[2]}" if " at " in words.rest else "")
        await close_each_week(session, await own_centre(session, place), each_week, again=bool(again))
        return
    several = read_listed(words, session.today, session.person.language)
    days = None if several else read_days(words, session.today, session.person.language)
    at_centre = await own_centre(session, words)
    if several and not words.words():
        await _on_days(session, at_centre, several, again=bool(again))
        return
    if words.words() or (again and days is None):
        raise BadInputError(_HOW)
    if days is None:
        await _list(session, at_centre)
        return
    await _on_days(session, at_centre, [days], again=bool(again))


async def _on_days(session: Session, at_centre: Centre, named: Sequence[Days], *, again: bool) -> None:
    """Close on all days that were named, or open again on them."""
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    wanted: set[date] = set()
    for days in named:
        last = days.last or days.first
        if days.first < today or (last - days.first).days >= _LONGEST:
            raise BadInputError("Choose days from today on, a year of them at the most.")
        wanted |= {days.first + n * _DAY for n in range((last - days.first).days + 1)}
    in_order = tuple(sorted(wanted))
    if again:
        await _open(session, at_centre.id, in_order)
        return
    listed = commas(days_line(first, last) for first, last in days_in_a_row(in_order))
    done = _("**{name}** is closed: {days}.", name=escape(at_centre.name), days=listed)
    await change(session, ClosedDays(at_centre.id, in_order), done)


async def _list(session: Session, at_centre: Centre) -> None:
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    runs = days_in_a_row(await closings_of(session.tx, session.ctx, session.person, at_centre.id, today))
    if not runs:
        await session.say(
            _("**{name}** has no closed days. “closed days 24.12. - 26.12.” closes it.", name=escape(at_centre.name))
        )
        return
    await session.say(
        _(
            "**{name}** is closed, for all who work there:\n\n{list}\n\nAnswer with a number to open again then.",
            name=escape(at_centre.name),
            list=numbered([days_line(first, last) for first, last in runs]),
        ),
        choices=[
            {"do": "open again", "centre": str(at_centre.id), "first": first.isoformat(), "last": last.isoformat()}
            for first, last in runs
        ],
    )


@action("open again")
async def open_again_(session: Session, choice: dict[str, Any]) -> None:
    """On the days of one line of the list."""
    first, last = date.fromisoformat(choice["first"]), date.fromisoformat(choice["last"])
    await _open(session, UUID(choice["centre"]), [first + n * _DAY for n in range((last - first).days + 1)])


async def _open(session: Session, centre_id: UUID, days: Sequence[date]) -> None:
    opened = await open_again(session.tx, session.ctx, session.person, centre_id, days)
    if not opened:
        raise BadInputError("It is not closed then. “closed days” lists the days on which it is.")
    at_centre = await reading.centre(session.tx, centre_id)
    listed = commas(days_line(first, last) for first, last in days_in_a_row(opened))
    await session.say(
        _(
            "**{name}** is open again: {days}. All who work there have the hours of before on them.",
            name=escape(at_centre.name),
            days=listed,
        )
    )
