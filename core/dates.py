"""Dates in full, as the language that is spoken writes them; English with the day first."""

import re
from datetime import date, datetime

from babel.dates import format_date

from core.languages import DEFAULT, language, locale_of

_YEAR = re.compile(r"[ ,،]*(?:'de' )?\by+\b")
"""The year in CLDR's pattern of a whole date, and what ties it to the rest; no pattern without it has the weekday."""


def full_day(when: date) -> str:
    """Tuesday, 24 November"""
    return _written(when, _YEAR.sub("", _whole()))


def full_dated_day(when: date) -> str:
    """Tuesday, 24 November 2026"""
    return _written(when, _whole())


def full_date(when: date) -> str:
    """24 November 2026"""
    locale = locale_of(language())
    return _written(when, "d MMMM y" if locale.language == DEFAULT else locale.date_formats["long"].pattern)


def full_moment(when: datetime) -> str:
    """24 November 2026, 09:30, on the clock that `when` is on."""
    return f"{full_date(when.date())}, {when:%H:%M}"


def _whole() -> str:
    locale = locale_of(language())
    return "EEEE, d MMMM y" if locale.language == DEFAULT else str(locale.date_formats["full"].pattern)


def _written(when: date, pattern: str) -> str:
    return format_date(when, pattern, locale_of(language()))
