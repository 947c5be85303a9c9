"""Whether and when a doctor answers, in words. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from appservice.conversation.rendering.values import moment
from appservice.matrix.markdown import escape
from booking.reach.service import Absence, Reach
from booking.schedules.hours import show_week
from booking.schedules.rules import WeeklySpan
from core.languages import _


def answered_when(reach: Reach, place: ZoneInfo, now: datetime) -> str:
    """Say when a doctor answers who cannot be reached now, and who does instead; nothing of one who can."""
    doctor = escape(reach.doctor.name)
    if reach.absence:
        return absent(reach.absence, doctor, place)
    if reach.answers_from > now:
        return _(
            "{doctor} answers questions {hours}; next from {when} on.",
            doctor=doctor,
            hours=spoken_hours(reach.hours),
            when=moment(reach.answers_from, place),
        )
    return ""


def absent(away: Absence, doctor: str, place: ZoneInfo) -> str:
    """The automatic answer of somebody who is away."""
    said = _("{doctor} is away until {when}.", doctor=doctor, when=moment(away.end, place))
    if away.stand_in:
        said += " " + _(
            "Meanwhile **{colleague}** is there for you; to book, write “{slug}”.",
            colleague=escape(away.stand_in.name),
            slug=away.stand_in.slug,
        )
    if away.message:
        said += f"\n\n> {escape(away.message)}"
    return said


def spoken_hours(hours: tuple[WeeklySpan, ...]) -> str:
    """Mon-Fri 12:00-13:00, Sat 9:00-10:00"""
    open_ = [(days, times) for days, times in show_week(hours) if times != "closed"]
    return "; ".join(f"{days} {times}" for days, times in open_)
