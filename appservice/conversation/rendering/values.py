"""Moments, prices, places, languages in words. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from appservice.conversation.understanding.languages import language_name
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.directory.model import Mode, Service
from core.timezones import zone


def day(when: date) -> str:
    """Tue 24 Nov"""
    return f"{when:%a} {when.day} {when:%b}"


def moment(when: datetime, place: ZoneInfo) -> str:
    """Tue 24 Nov, 09:30"""
    local = when.astimezone(place)
    return f"{day(local.date())}, {local:%H:%M}"


def clock(when: datetime, place: ZoneInfo) -> str:
    """09:30"""
    return f"{when.astimezone(place):%H:%M}"


def moment_of(visit: Appointment, place: ZoneInfo) -> str:
    """The start in the reader's zone; for a visit in person elsewhere also on the centre's clock."""
    there = zone(visit.centre.timezone)
    shown = moment(visit.start, place)
    if visit.start.astimezone(there).utcoffset() == visit.start.astimezone(place).utcoffset():
        return shown
    return f"{shown} ({place.key}; {moment(visit.start, there)} at the centre)"


def times(found: list[datetime] | tuple[datetime, ...], place: ZoneInfo) -> str:
    """Tue 24 Nov 09:30, 10:00 · Wed 25 Nov 08:00"""
    by_day: dict[date, list[str]] = {}
    for each in found:
        by_day.setdefault(each.astimezone(place).date(), []).append(clock(each, place))
    return " · ".join(f"{day(when)} {', '.join(clocks)}" for when, clocks in by_day.items())


def mode(service: Service) -> str:
    """online, or in person"""
    return "online" if service.mode is Mode.ONLINE else "in person"


def languages(codes: tuple[str, ...]) -> str:
    """English, German"""
    return ", ".join(language_name(code) for code in codes)


def where(visit: Appointment) -> str:
    """Where the visit takes place."""
    if visit.service.mode is Mode.ONLINE:
        return f"online, {escape(visit.centre.name)}"
    return f"{escape(visit.centre.name)}, {escape(visit.centre.street)}, {escape(visit.centre.city)}"
