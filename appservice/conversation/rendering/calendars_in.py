"""Calendars that are read in, in words: what one says, what would change, how those that are followed stand. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.schedules import days_line, drawn
from appservice.conversation.rendering.values import day, moment
from appservice.matrix.markdown import escape
from booking.imports.model import Source, SourceKind
from booking.imports.reading import Read
from booking.imports.rules import PROBLEMS
from booking.schedules.opening import Schedule
from booking.schedules.rules import Span
from core.languages import N_, _, commas, ngettext

_DAYS = 7
_DATES = 12
_LEFT_OUT = {
    "cancelled": N_("{count} cancelled"),
    "free": N_("{count} marked as free"),
    "ours": N_("{count} that come from here"),
    "over": N_("{count} that are over"),
    "empty": N_("{count} without a length"),
    "unreadable": N_("**{count} that I can't read**: their times stay free here"),
}


def under_way(done: int, of: int) -> str:
    """While a calendar is read."""
    if not of:
        return _("I am reading the calendar …")
    return _("I am reading the calendar … {done} of {of} events", done=done, of=of)


def counted(read: Read) -> str:
    """How much there was, and what of it counts for nothing, and why."""
    said = [ngettext("{count} event was read", "{count} events were read", read.events)]
    if read.recurring:
        said.append(ngettext("{count} of them repeats", "{count} of them repeat", read.recurring))
    lines = [_("{what}.", what=commas(said))]
    left = [_(sentence, count=read.left_out[why]) for why, sentence in _LEFT_OUT.items() if read.left_out.get(why)]
    if left:
        lines.append(_("Left out: {what}.", what=commas(left)))
    if read.zones:
        names = commas(f"“{escape(name[:60])}”" for name in read.zones)
        lines.append(_("I don't know these time zones, and took the centre's in their place: {names}.", names=names))
    return "\n".join(lines)


def busy_table(spans: Sequence[Span], now: datetime, place: ZoneInfo) -> str:
    """The seven days from today, with what is busy in them."""
    today = now.astimezone(place).date()
    rows = []
    for n in range(_DAYS):
        date = today + timedelta(days=n)
        first = datetime(date.year, date.month, date.day, tzinfo=place)
        next_one = date + timedelta(days=1)
        last = datetime(next_one.year, next_one.month, next_one.day, tzinfo=place)
        pieces = [(max(start, first), min(end, last)) for start, end in spans if start < last and end > first]
        shown = commas(_piece(piece, (first, last), place) for piece in pieces) or "–"
        rows.append(f"| {day(date)} | {shown} |")
    head = _("| day | busy |")
    return f"{head}\n|---|---|\n" + "\n".join(rows)


def _piece(piece: Span, whole: Span, place: ZoneInfo) -> str:
    if piece == whole:
        return _("all day")
    start, end = (each.astimezone(place) for each in piece)
    return f"{start:%H:%M}-{end:%H:%M}" if piece[1] != whole[1] else f"{start:%H:%M}-24:00"


def hours_table(schedule: Schedule, now: datetime) -> str:
    """Weekly hours as they would be, and the dates that differ, the first of them."""
    today = now.astimezone(schedule.zone).date()
    first = dict(sorted(each for each in schedule.dates.items() if each[0] >= today)[:_DATES])
    shown = drawn(Schedule(zone=schedule.zone, weeks=schedule.weeks, dates=first), today, {}, [])
    more = len([each for each in schedule.dates if each >= today]) - len(first)
    return shown + (f"\n- {ngettext('and {count} more', 'and {count} more', more)}" if more > 0 else "")


def days_listed(spans: Sequence[Span], place: ZoneInfo) -> str:
    """Days in a row, a line each."""
    lines = []
    for start, end in spans[:_DATES]:
        first, last = start.astimezone(place).date(), end.astimezone(place).date() - timedelta(days=1)
        lines.append(f"- {days_line(first, last)}")
    if len(spans) > _DATES:
        lines.append(f"- {ngettext('and {count} more', 'and {count} more', len(spans) - _DATES)}")
    return "\n".join(lines)


def source_line(source: Source, name: str, host: str, now: datetime, place: ZoneInfo) -> str:
    """One calendar that is followed, and how it stands. `name`: whose it is."""
    whose = f"**{escape(name)}**"
    if source.kind is SourceKind.FILE:
        return _("{whose}: a file, sent {when}", whose=whose, when=moment(source.created_at, place))
    what = _("CalDAV at {host}", host=escape(host)) if source.kind is SourceKind.CALDAV else escape(host)
    if source.failing_since is None:
        return _("{whose}: {what}, read {ago}", whose=whose, what=what, ago=_ago(source.read_at, now, place))
    why = _(PROBLEMS.get(source.problem, PROBLEMS["unreachable"]))
    since = moment(source.failing_since, place)
    if source.told_at is None:
        return _("{whose}: {what}, not read since {since}: {why}", whose=whose, what=what, since=since, why=why)
    if source.resource_id:
        return _(
            "{whose}: {what}, **not read since {since}: {why}. Nothing that needs it is offered meanwhile.**",
            whose=whose,
            what=what,
            since=since,
            why=why,
        )
    return _(
        "{whose}: {what}, **not read since {since}: {why}. No times of this doctor are offered meanwhile.**",
        whose=whose,
        what=what,
        since=since,
        why=why,
    )


def news(what: Mapping[str, Any], whose: str, visits: str) -> str:
    """What somebody is told of a calendar that is followed. `whose`: the name of the doctor, or of the room."""
    name = escape(whose)
    match what["news"]:
        case "fails" if "room" in what:
            return _(
                "**The calendar of {room} can't be read: {why}.** It can't be known any more when it is taken, so"
                " nothing that needs it is offered until it works; what is booked stays. “calendars followed” shows how"
                " it stands, and lets go of it.",
                room=name,
                why=_(PROBLEMS.get(what["problem"], PROBLEMS["unreachable"])),
            )
        case "works" if "room" in what:
            return _("The calendar of {room} can be read again, and what needs it is offered.", room=name)
        case "fails":
            return _(
                "**The calendar of {doctor} can't be read: {why}.** It can't be known any more when they are busy, so"
                " no times of theirs are offered until it works; what is booked stays. “calendars followed” shows how"
                " it stands, and lets go of it.",
                doctor=name,
                why=_(PROBLEMS.get(what["problem"], PROBLEMS["unreachable"])),
            )
        case "not written":
            why = _(PROBLEMS.get(what["problem"], PROBLEMS["unreachable"]))
            return _(
                "Visits can't be written into the calendar of {doctor}: {why}. What is busy in it is followed all the"
                " same.",
                doctor=name,
                why=why,
            )
        case "not read":
            why = _(PROBLEMS.get(what["problem"], PROBLEMS["unreachable"]))
            return _("The calendar of {doctor} can't be read: {why}.", doctor=name, why=why)
        case "works":
            return _("The calendar of {doctor} can be read again, and their times are offered.", doctor=name)
        case "collides":
            head = _("The calendar of {doctor} has something else at the time of what is booked:", doctor=name)
            return f"{head}\n\n{visits}\n\n" + _("They stay booked until somebody moves or cancels them.")
        case "odd":
            return ngettext(
                "{count} event in the calendar of {doctor} says a time that I can't read, so it does not block any.",
                "{count} events in the calendar of {doctor} say times that I can't read, so they do not block any.",
                what["count"],
                doctor=name,
            )
        case _:
            return _("The calendar of {doctor} was read.", doctor=name)


def _ago(when: datetime | None, now: datetime, place: ZoneInfo) -> str:
    if when is None:
        return _("not yet")
    minutes = int((now - when).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("{count} minute ago", "{count} minutes ago", minutes)
    return (
        moment(when, place) if minutes >= 24 * 60 else ngettext("{count} hour ago", "{count} hours ago", minutes // 60)
    )
