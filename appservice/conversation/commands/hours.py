"""When a doctor can be visited: hours, dates that differ, time off; and the holidays of a centre."""

import re
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.commands.changing import change, drawn_schedule
from appservice.conversation.commands.services import service_named, shared_centre, shared_centres
from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import command, runs_centres, runs_or_treats
from appservice.conversation.rendering.values import day, span
from appservice.conversation.session import Session
from appservice.conversation.understanding.arguments import take_quoted
from appservice.conversation.understanding.clock import moment as at
from appservice.conversation.understanding.days import Days, read_days
from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.listed_days import read_listed
from appservice.conversation.understanding.schedules import hours_in_english, read_in_any
from appservice.conversation.understanding.terms import HOLIDAYS, HOURS, REMOVING
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from booking.directory.model import Service
from booking.schedules.changes import DateChange, HolidaysChange, HoursChange, TimeOff
from booking.schedules.hours import USUAL, is_date, parse_date, parse_hours, parse_times
from booking.schedules.public_holidays import checked_region, next_holidays
from booking.schedules.service import remove_time_off, time_off_of
from core.errors import BadInputError
from core.languages import _
from core.timezones import zone

_SWITCH = re.compile(r"^[ |]*(?P<word>on|off|closed|open)\b", re.IGNORECASE)
_REGION = re.compile(r"\bregion:? (?P<region>\"[^\"]+\"|[\w-]+(?: (?!at\b)[\w-]+){0,4})", re.IGNORECASE)


@command(
    "hours",
    "DOCTOR mon-fri 9-18, break 12:30-13:30 from 1 Dec",
    help="set or show a doctor's hours. Of a while: from 1 Dec until 31 Dec. Of a date: hours dr.osei on 24 Dec 9-12,"
    ' on 24 Dec closed, on 24 Dec as usual. Of one service: hours dr.osei "First visit" mon 9-12',
    who=runs_or_treats,
    group="Centre",
    heard=True,
)
async def hours(session: Session, text: str) -> None:
    """Set the hours, asking first when bookings would be left outside; without hours, show all that is set."""
    words = Reading(text)
    who, name = await doctor_of(session, words), take_quoted(words)
    if not name and not _left(words):
        drawn = [await drawn_schedule(session, who.id, each.id) for each in await shared_centres(session, who)]
        await session.say("\n\n".join(drawn))
        return
    at_centre = await shared_centre(session, who, words)
    service = await service_named(session, who, name, at_centre) if name else None
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    rest = read_in_any(_left(words), session.person.language, today)
    if not rest:
        await session.say(await drawn_schedule(session, who.id, at_centre.id))
        return
    if is_date(rest, today):
        if service:
            raise BadInputError("A date that differs is for all of the doctor's services: leave the service out.")
        wanted = parse_date(rest, today)
        await change(session, DateChange(who.id, at_centre.id, wanted.day, wanted.hours), _("Done."))
        return
    await change(session, _weekly(rest, today, service, who.id, at_centre.id), _("Done."))


def _left(words: Reading) -> str:
    """What nobody has understood yet, without the marks of what was taken away."""
    return words.rest.replace(Reading.GAP, " ").strip(" :,|")


def _weekly(rest: str, today: date, service: Service | None, doctor: UUID, centre: UUID) -> HoursChange:
    """A week, of the doctor or of one service; "as usual" gives a service the doctor's hours."""
    usual = next((word for word in USUAL if rest.casefold().startswith(word)), None)
    if service and usual:
        rest = "closed" + rest[len(usual) :]
    week = parse_hours(rest, today)
    if service and not week.spans and not usual:
        raise BadInputError(
            "Write “as usual” to give “{service}” the doctor's hours, or offer it no more: remove service DOCTOR"
            " “{service}”.",
            service=service.name,
        )
    first = week.valid_from or today
    return HoursChange(doctor, centre, week.spans, first, week.valid_until, service.id if service else None)


@command(
    "time off|away|holiday",
    "DOCTOR DAYS",
    help="a doctor is away: time off dr.osei 24.12. - 31.12., or tomorrow 14-18; time off dr.osei remove 24.12.",
    who=runs_or_treats,
    group="Centre",
    heard=True,
)
async def time_off(session: Session, text: str) -> None:
    """Take days off, or show which are off; "time off dr.osei remove 24.12." takes them back."""
    words = Reading(text)
    who = await doctor_of(session, words)
    here = zone((await shared_centres(session, who))[0].timezone)
    words.rest = in_english(
        in_english(words.rest, session.person.language, (*REMOVING, *HOURS)), session.person.language
    )
    remove = words.take(re.compile(r"\b(?:remove|back|cancel)\b", re.IGNORECASE))
    today = session.tx.now.astimezone(here).date()
    days = _in_a_row(words, today, session.person.language) or read_days(words, today, session.person.language)
    if days is None:
        off = await time_off_of(session.tx, who.id)
        rows = [f"- {span(start, end, here)}" for start, end in off]
        away = _("**{name}** is away:\n\n", name=escape(who.name)) + "\n".join(rows)
        await session.say(away if rows else _("{name} takes no time off.", name=escape(who.name)))
        return
    start = at(days.first, time(), here)
    end = at((days.last or days.first) + timedelta(days=1), time(), here)
    if (left := _left(words)) and any(letter.isdigit() for letter in left):
        start, end = _part_of_day(hours_in_english(left, session.person.language), days, here)
    if remove:
        count = await remove_time_off(session.tx, session.ctx, session.person, who.id, start, end)
        await session.say(_("Taken back.") if count else _("There was none on that day."))
        return
    known = next((off for off in await time_off_of(session.tx, who.id) if off[0] <= start and end <= off[1]), None)
    if known:
        noted = span(*known, here)
        await session.say(_("{name} is away then already: {span}.", name=escape(who.name), span=noted))
        return
    await change(
        session,
        TimeOff(who.id, start, end),
        _("{name} is away: {span}.", name=escape(who.name), span=span(start, end, here)),
    )


def _in_a_row(words: Reading, today: date, language: str) -> Days | None:
    """The days of a list, which are one time off; None where there is no list. Raises BadInputError for gaps."""
    listed = read_listed(words, today, language)
    for one, other in pairwise(listed):
        if (one.last or one.first) + timedelta(days=1) < other.first:
            raise BadInputError(
                "Those days are not in a row. Write them one after the other: time off dr.osei 24.12., then time off"
                " dr.osei 27.12."
            )
    return Days(listed[0].first, listed[-1].last) if listed else None


def _part_of_day(text: str, days: Days, here: ZoneInfo) -> tuple[datetime, datetime]:
    """From one time of a day until another."""
    sorry = BadInputError("Write days, or some hours of one day: time off dr.osei 24.12. 14-18")
    try:
        hours = parse_times(text)
    except BadInputError as unreadable:
        raise sorry from unreadable
    if len(hours) != 1 or days.single is None:
        raise sorry
    start, end = hours[0]
    day_after = days.first + timedelta(days=1)
    until = at(day_after, time(), here) if end == 1440 else at(days.first, time(*divmod(end, 60)), here)
    return at(days.first, time(*divmod(start, 60)), here), until


@command(
    "holidays|public holidays",
    "[on|off] [region BE]",
    help="close your centre on public holidays, or show the next ones: holidays on region BE",
    who=runs_centres,
    group="Centre",
    heard=True,
    terms=HOLIDAYS,
)
async def holidays(session: Session, text: str) -> None:
    """Close on public holidays, or open on them; without a word, the next ones. A doctor's dates that differ stay."""
    words = Reading(text)
    region = words.take(_REGION)
    switch = words.take(_SWITCH)
    at_centre = await centre_of(session, words)
    if words.words() or (region and not switch):
        raise BadInputError("Write it like: holidays on, holidays on region BE, or holidays off")
    if switch:
        code = region["region"].strip(' "') if region else at_centre.region
        closed = switch["word"].lower() in {"on", "closed"}
        wanted = HolidaysChange(at_centre.id, closed, code)
        opens = _("is closed on public holidays") if closed else _("is open on public holidays")
        await change(session, wanted, f"**{escape(at_centre.name)}** {opens}.")
        return
    today = session.tx.now.astimezone(zone(at_centre.timezone)).date()
    where = "-".join(each for each in (at_centre.country, checked_region(at_centre.country, at_centre.region)) if each)
    rows = [
        f"- {day(when)} {when.year}, {escape(name)}"
        for when, name in next_holidays(at_centre.country, at_centre.region, today, 8)
    ]
    state = _("closed on public holidays") if at_centre.closed_on_holidays else _("open on public holidays")
    await session.say(
        _("**{name}** is {state} ({where}). The next ones:\n\n", name=escape(at_centre.name), state=state, where=where)
        + "\n".join(rows)
    )
