"""Reports for those who run a centre: as a table and a plot, and as CSV on demand."""

import re
from datetime import date, timedelta

from appservice.conversation.commands.team import centre_of, doctor_of
from appservice.conversation.registry import clinic_admin, command
from appservice.conversation.rendering.values import dated_day
from appservice.conversation.session import Session
from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.terms import PAST
from appservice.conversation.understanding.text import Reading
from appservice.matrix.markdown import escape
from appservice.outgoing import File
from booking.reports.model import Figures, Report
from booking.reports.service import make_report
from core.languages import _, commas, ngettext

_CSV = re.compile(r"\bcsv\b|\bspreadsheet\b|\bexcel\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:the )?(?:last|past) (?P<n>\d{1,3})? ?(?P<unit>day|week|month|year)s?\b", re.IGNORECASE)
_THIS = re.compile(r"\b(?:this|the) (?P<unit>week|month)\b", re.IGNORECASE)
_DOCTOR = re.compile(r"\b(?:dr|prof)\b|(?<!\S)dr\.", re.IGNORECASE)
_A_DAY = timedelta(days=1)


@command(
    "report|reports|statistics|numbers",
    "[last 30 days | November] [DOCTOR] [csv]",
    help="bookings, utilisation, missed visits, revenue; with a plot, or as csv",
    who=clinic_admin,
    group="Centre",
    heard=True,
    terms=PAST,
    dated=True,
)
async def report(session: Session, text: str) -> None:
    """A table and a plot of a span of days; the last 30 if none is named."""
    words = Reading(text)
    wants_csv = words.take(_CSV)
    first, last = _span(words, session)
    doctor = (await doctor_of(session, words)).id if _DOCTOR.search(words.rest) else None
    at = await centre_of(session, words)
    made = await make_report(session.tx, session.ctx, session.person, at.id, first, last, doctor)
    name = _("Report {first} to {last}", first=first, last=last)
    if wants_csv:
        await session.send(File("report table", made.id, f"{name}.csv", "text/csv"))
        return
    await session.say(_drawn(made, session.person.language))
    await session.send(File("report plot", made.id, f"{name}.png", "image/png"))


def _span(words: Reading, session: Session) -> tuple[date, date]:
    today = session.today
    if match := words.take(_LAST):
        return span_before(today, int(match["n"]) if match["n"] else None, match["unit"].lower())
    if match := words.take(_THIS):
        begun = today.day - 1 if match["unit"].lower() == "month" else today.weekday()
        return today - begun * _A_DAY, today
    words.rest = f"in {words.rest.strip()}"  # a month alone, which elsewhere might be a name
    days = read_days(words, today, session.person.language, past=True)
    words.rest = words.rest.removeprefix("in ")
    if days is None:
        return today - 29 * _A_DAY, today
    first, last = days.first, days.last or today
    return a_year_before(first, last) if first > today else (first, last)  # in November, December is the one that was


def a_year_before(first: date, last: date) -> tuple[date, date]:
    """Return the same days of the year before; of whole months the whole, with 29 February where there is one. Pure."""
    whole = first.day == 1 and (last + _A_DAY).day == 1
    return _earlier(first), (_earlier(last + _A_DAY) - _A_DAY) if whole else _earlier(last)


def _earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def span_before(today: date, count: int | None, unit: str) -> tuple[date, date]:
    """Return the days of "last month" (the whole month before this one) or of "last 3 months" (until today). Pure."""
    if count is not None:
        return today - (count * {"day": 1, "week": 7, "month": 30, "year": 365}[unit] - 1) * _A_DAY, today
    match unit:
        case "month":
            last = today.replace(day=1) - _A_DAY
            return last.replace(day=1), last
        case "year":
            return date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)
        case "week":
            monday = today - (today.weekday() + 7) * _A_DAY
            return monday, monday + 6 * _A_DAY
        case _:
            return today - _A_DAY, today - _A_DAY


def _drawn(made: Report, language: str) -> str:
    rows = [_row(escape(name), figures) for name, figures in made.doctors.items()]
    if len(rows) > 1:
        rows.append(_row("**all**", made.total))
    money = [each.show(language) for each in made.earned] or [_("nothing")]
    desk = [each.show(language) for each in made.at_the_desk]
    paid = _("Paid by card: **{listed}**", listed=commas(money)) + (
        _("; at the desk: **{listed}**", listed=commas(desk)) if desk else ""
    )
    return (
        _(
            "**{centre_name}**, {dated_day} to {dated_day2}\n\n| doctor | booked | done | cancelled |"
            " missed | utilisation |\n|---|---|---|---|---|---|\n",
            centre_name=escape(made.centre_name),
            dated_day=dated_day(made.first),
            dated_day2=dated_day(made.last),
        )
        + "\n".join(rows)
        + _("\n\n{paid}.\n\nFirst free time: {how_soon}.", paid=paid, how_soon=_how_soon(made.first_free))
    )


def _row(name: str, figures: Figures) -> str:
    missed = f"{figures.missed}" + ("" if figures.missed_part is None else f" ({figures.missed_part:.0%})")
    part = _("no open hours") if figures.utilisation is None else f"{figures.utilisation:.0%}"
    return f"| {name} | {figures.booked} | {figures.done} | {figures.cancelled} | {missed} | {part} |"


def _how_soon(wait: timedelta | None) -> str:
    if wait is None:
        return _("none in the next 60 days")
    hours = wait // timedelta(hours=1)
    if hours < 48:
        return ngettext("in {count} hour", "in {count} hours", hours)
    return ngettext("in {count} day", "in {count} days", hours // 24)
