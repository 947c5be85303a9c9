"""Moments, prices, places, languages in words. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from appservice.conversation.understanding.languages import language_name
from appservice.matrix.markdown import escape
from booking.appointments.model import Appointment
from booking.directory.model import Mode, Service
from core.languages import DEFAULT, _, commas, enumerated, language, locale_of, ngettext
from core.timezones import zone


def day(when: date) -> str:
    """Tue 24 Nov, in the language that is spoken: Di. 24. Nov."""
    return _written("day", when, language())


def dated_day(when: date) -> str:
    """24 Nov 2026"""
    return _written("dated", when, language())


def dated(when: datetime, place: ZoneInfo) -> str:
    """24 Nov 2026"""
    return dated_day(when.astimezone(place).date())


_ENGLISH = {"day": "EEE d MMM", "dated": "d MMM y"}
_SKELETONS = {"day": "MMMEd", "dated": "yMMMd"}


@lru_cache(4096)
def _written(how: str, when: date, tag: str) -> str:
    """By CLDR's pattern for the language; English as it is written in most of the world, day first."""
    locale = locale_of(tag)
    if locale.language == DEFAULT:
        return format_date(when, _ENGLISH[how], DEFAULT)
    return format_date(when, locale.datetime_skeletons[_SKELETONS[how]].pattern, locale)


def moment(when: datetime, place: ZoneInfo) -> str:
    """Tue 24 Nov, 09:30"""
    local = when.astimezone(place)
    return f"{day(local.date())}, {local:%H:%M}"


def clock(when: datetime, place: ZoneInfo) -> str:
    """09:30"""
    return f"{when.astimezone(place):%H:%M}"


def moment_of(visit: Appointment, place: ZoneInfo) -> str:
    """The start in the reader's zone; for a visit in person elsewhere also on the centre's clock."""
    here, there = visit.start.astimezone(place), visit.start.astimezone(zone(visit.centre.timezone))
    shown = moment(visit.start, place)
    if here.utcoffset() == there.utcoffset() or visit.service.mode is Mode.ONLINE:
        return shown
    on_its_clock = f"{there:%H:%M}" if here.date() == there.date() else f"{day(there.date())}, {there:%H:%M}"
    return _("{shown} your time ({on_its_clock} at the centre)", shown=shown, on_its_clock=on_its_clock)


def span(start: datetime, end: datetime, place: ZoneInfo) -> str:
    """Thu 24 Dec to Thu 31 Dec, where it begins and ends at midnight; else with the hours."""
    first, last = start.astimezone(place), end.astimezone(place)
    if first.time() == last.time() == time() and first < last:
        until = last.date() - timedelta(days=1)
        return (
            day(first.date()) if until == first.date() else _("{day} to {day2}", day=day(first.date()), day2=day(until))
        )
    return _("{moment} to {moment2}", moment=moment(start, place), moment2=moment(end, place))


def minutes(count: int) -> str:
    """30 minutes"""
    return ngettext("{count} minute", "{count} minutes", count)


def days(count: int) -> str:
    """7 days"""
    return ngettext("{count} day", "{count} days", count)


def spoken(words: Sequence[str], *, either: bool = True) -> str:
    """“more”, “another day” or “earlier”"""
    return enumerated([_("“{word}”", word=word) for word in words], either=either)


def times(found: list[datetime] | tuple[datetime, ...], place: ZoneInfo) -> str:
    """Tue 24 Nov 09:30, 10:00 · Wed 25 Nov 08:00"""
    by_day: dict[date, list[str]] = {}
    for each in found:
        by_day.setdefault(each.astimezone(place).date(), []).append(clock(each, place))
    return " · ".join(f"{day(when)} {commas(clocks)}" for when, clocks in by_day.items())


def mode(service: Service) -> str:
    """online, or in person"""
    return _("online") if service.mode is Mode.ONLINE else _("in person")


def languages(codes: tuple[str, ...]) -> str:
    """English, German"""
    return _named(codes, language())


@lru_cache(1024)
def _named(codes: tuple[str, ...], tag: str) -> str:
    names = locale_of(tag).languages
    return commas(names.get(code) or language_name(code) for code in codes)


def where(visit: Appointment) -> str:
    """Where the visit takes place."""
    if visit.service.mode is Mode.ONLINE:
        return _("online, {name}", name=escape(visit.centre.name))
    return f"{escape(visit.centre.name)}, {escape(visit.centre.street)}, {escape(visit.centre.city)}"
