"""When a centre shuts, for all who work there: on days of each week, and earlier or later than usual on one day."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from appservice.conversation.commands.changing import change
from appservice.conversation.commands.team import own_centre
from appservice.conversation.registry import command, runs_centres
from appservice.conversation.rendering.schedules import days_line
from appservice.conversation.session import Session
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory.model import Centre
from booking.directory.reading import practitioners_at, services_of
from booking.schedules.changes import DateChange, HoursChange, Together
from booking.schedules.hours import show_hours
from booking.schedules.reading import schedule_of
from booking.schedules.rules import Minutes
from core.errors import BadInputError, ConflictError
from core.languages import _, enumerated, language, locale_of
from core.timezones import zone

_DAY = timedelta(days=1)
_TIME = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?: ?(?P<half>[ap])\.?m\b\.?| ?(?:uhr|h)\b|(?<=:\d\d)\b)", re.IGNORECASE
)
_NOON = 12
_HOW = "Write the time and the day: closing time 15:00 tomorrow"


async def close_each_week(session: Session, at_centre: Centre, weekdays: Sequence[int], *, again: bool) -> None:
    """Take these weekdays out of the weekly hours of all who work at a centre, from today on."""
    if again:
        raise BadInputError("Hours of each week are written anew for each doctor: hours dr.osei mon-fri 9-17")
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    parts: list[HoursChange] = []
    for who in await practitioners_at(session.tx, at_centre.id):
        schedule = await schedule_of(session.tx, who.id, at_centre.id, today)
        for service_id in (None, *schedule.services):
            for week in schedule.weeks_from(today, service_id):
                kept = tuple(span for span in week.spans if span.weekday not in weekdays)
                if kept == week.spans:
                    continue
                if service_id and not kept:  # without hours of its own it would have the doctor's
                    names = {each.id: each.name for each in await services_of(session.tx, who.id, at_centre.id)}
                    raise ConflictError(
                        "“{service}” of {doctor} is offered on these days alone. Give it other hours first, or remove"
                        " it.",
                        service=names.get(service_id, ""),
                        doctor=who.name,
                    )
                last = week.ends and week.ends - _DAY
                parts.append(HoursChange(who.id, at_centre.id, kept, week.begins, last, service_id))
    if not parts:
        raise ConflictError("Nobody has hours there on these days.")
    names_of_days = locale_of(language()).days["format"]["wide"]
    done = _(
        "**{name}** is closed each week on {days}, from today on: nobody who works there has hours then. Single dates"
        " that differ stay.",
        name=escape(at_centre.name),
        days=enumerated(names_of_days[each] for each in weekdays),
    )
    await change(session, Together(at_centre.id, tuple(parts)), done)


@command(
    "closing time|close early|open until",
    "TIME DAY",
    help="close your centre earlier or later on one day, for all who work there then: closing time 15:00 tomorrow",
    who=runs_centres,
    group="Centre",
    heard=True,
    dated=True,
)
async def closing_time(session: Session, text: str) -> None:
    """End the hours of that day; whoever is there until the usual end stays longer, where it is later."""
    words = Reading(text)
    found = words.take(_TIME)
    if not found:
        raise BadInputError(_HOW)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        hour = hour % _NOON + (_NOON if found["half"].lower() == "p" else 0)
    ends = hour * 60 + minute
    days = read_days(words, session.today, session.person.language)
    at_centre = await own_centre(session, words)
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    day = days.single if days else today
    if words.words() or day is None or not 0 < ends <= 1440 or minute > 59:
        raise BadInputError(_HOW)
    if day < today:
        raise BadInputError("Choose a date from today on, within the next five years.")
    changed, lines = await _until(session, at_centre, day, ends)
    if not changed:
        raise ConflictError("Nobody has hours there then that this would change. “hours DOCTOR” shows a doctor's.")
    done = _(
        "**{name}** on {day}:\n\n{list}",
        name=escape(at_centre.name),
        day=days_line(day, day),
        list="\n".join(lines),
    )
    await change(session, Together(at_centre.id, tuple(changed)), done)


async def _until(session: Session, at_centre: Centre, day: date, ends: int) -> tuple[list[DateChange], list[str]]:
    """The hours of that day of each whose hours change, and a line for each."""
    there = []
    for who in await practitioners_at(session.tx, at_centre.id):
        schedule = await schedule_of(session.tx, who.id, at_centre.id, day, day)
        if hours := sorted(schedule.hours_on(day)):
            there.append((who, hours))
    usual = max((hours[-1][1] for _who, hours in there), default=0)
    changed, lines = [], []
    for who, hours in there:
        new: list[Minutes] = [(start, min(end, ends)) for start, end in hours if start < ends]
        if usual < ends and hours[-1][1] == usual:
            new[-1] = (new[-1][0], ends)
        if new != hours:
            changed.append(DateChange(who.id, at_centre.id, day, tuple(new)))
            lines.append(f"- {escape(who.name)}: {show_hours(new)}")
    return changed, lines
