"""A doctor's week, time off, and what is booked then."""

import re
from datetime import datetime, time, timedelta

from appservice.conversation.commands.doctors import day_list
from appservice.conversation.commands.services import shared_centre
from appservice.conversation.commands.team import doctor_of
from appservice.conversation.registry import command, runs_or_treats
from appservice.conversation.rendering.values import day, span
from appservice.conversation.session import Session
from appservice.conversation.understanding.clock import moment as at
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.appointments.reading import visits_between
from booking.appointments.rules import STANDING
from booking.directory import reading
from booking.directory.model import Practitioner
from booking.schedules.hours import parse_hours, show_week
from booking.schedules.service import add_time_off, hours_of, remove_time_off, set_hours, time_off_of
from core.timezones import zone


@command(
    "hours",
    "DOCTOR mon-fri 9-12:30, 14-18 from 1 Dec",
    help="set or show a doctor's weekly hours",
    who=runs_or_treats,
    group="Centre",
)
async def hours(session: Session, text: str) -> None:
    """Set the hours and draw the week back; without hours, show it."""
    words = Reading(text)
    who = await doctor_of(session, words)
    at_centre = await shared_centre(session, who, words)
    here = zone(at_centre.timezone)
    today = session.tx.now.astimezone(here).date()
    rest = words.rest.replace(Reading.GAP, " ").strip(" :,|")
    begins = today
    if rest:
        wanted = parse_hours(rest, today)
        begins = wanted.valid_from or today
        week = await set_hours(
            session.tx, session.ctx, session.person, who.id, at_centre.id, wanted.spans, wanted.valid_from
        )
    else:
        week = await hours_of(session.tx, who.id, at_centre.id, today)
    drawn = "\n".join(f"| {days} | {spans} |" for days, spans in show_week(week))
    since = f" from {day(begins)}" if begins > today else ""
    await session.say(
        f"**{escape(who.name)}** at {escape(at_centre.name)}{since} ({at_centre.timezone}):\n\n"
        f"| days | hours |\n|---|---|\n{drawn}"
    )


@command(
    "time off|away|holiday",
    "DOCTOR DAYS",
    help="a doctor is away: time off dr.osei 24.12. - 31.12.",
    who=runs_or_treats,
    group="Centre",
)
async def time_off(session: Session, text: str) -> None:
    """Take days off, or show which are off; "time off dr.osei remove 24.12." takes them back."""
    words = Reading(text)
    who = await doctor_of(session, words)
    here = zone((await reading.centres_of(session.tx, who.id))[0].timezone)
    remove = words.take(re.compile(r"\b(?:remove|back|cancel)\b", re.IGNORECASE))
    days = read_days(words, session.tx.now.astimezone(here).date(), session.person.language)
    if days is None:
        off = await time_off_of(session.tx, who.id)
        rows = [f"- {span(start, end, here)}" for start, end in off]
        away = f"**{escape(who.name)}** is away:\n\n" + "\n".join(rows)
        await session.say(away if rows else f"{escape(who.name)} takes no time off.")
        return
    start = at(days.first, time(), here)
    end = at((days.last or days.first) + timedelta(days=1), time(), here)
    if remove:
        count = await remove_time_off(session.tx, session.ctx, session.person, who.id, start)
        await session.say("Taken back." if count else "There was none on that day.")
        return
    await add_time_off(session.tx, session.ctx, session.person, who.id, start, end)
    await session.say(
        f"{escape(who.name)} is away: {span(start, end, here)}." + await _in_the_way(session, who, start, end)
    )


async def _in_the_way(session: Session, who: Practitioner, start: datetime, end: datetime) -> str:
    """Which visits are booked in that time: they stay, until somebody moves them."""
    booked = await visits_between(session.tx, start, end, practitioner_id=who.id, statuses=STANDING)
    if not booked:
        return ""
    return f"\n\nStill booked then, to be moved or cancelled:\n\n{await day_list(session, booked, dated=True)}"
