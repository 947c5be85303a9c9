"""Dates as those who run a schedule write them: 1 Dec, 2026-12-01, 24.12., Friday; from one until another. Pure.

A date without a year is the next one of that name.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from core.errors import BadInputError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*+"  # gives nothing back: "satto" often took for ever
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NEAR = ("today", "tomorrow")
_UNTIL = re.compile(r"^(?P<before>.+?)\s+(?:until|till|through|to|-|–)\s+(?P<last>.+)$")


def parted(text: str, today: date) -> tuple[str, date | None, date | None]:
    """Part the hours from the dates: those behind "from" and "until", wherever they stand."""
    if text.startswith("from "):
        return _dates_first(text.removeprefix("from "), today)
    hours, found, dates = text.partition(" from ")
    if found:
        until = _UNTIL.match(dates)
        first = _date_or_sorry(until["before"] if until else dates, today, "from")
        return hours, first, _date_or_sorry(until["last"], today, "until", after=first) if until else None
    hours, found, last = text.rpartition(" until ")
    try:
        return (hours, None, _date(last, today)) if found else (text, None, None)
    except ValueError:
        return text, None, None


def _dates_first(text: str, today: date) -> tuple[str, date, date | None]:
    found = leading_date(text.split(), today)
    if found is None:
        raise _sorry("from")
    first, rest = found
    last = None
    if rest and rest[0] in {"until", "till", "through", "to", "-"}:
        found = leading_date(rest[1:], first)
        if found is None:
            raise _sorry("until")
        last, rest = found
    return " ".join(rest).strip(" :,"), first, last


def leading_date(words: Sequence[str], today: date) -> tuple[date, list[str]] | None:
    """Part the date that stands first from the words behind it: the longest that is one."""
    for count in range(min(3, len(words)), 0, -1):
        try:
            return _date(" ".join(words[:count]).rstrip(",:"), today), list(words[count:])
        except ValueError:
            continue
    return None


def _date_or_sorry(text: str, today: date, where: str, *, after: date | None = None) -> date:
    try:
        return _date(text.strip(), after or today)
    except ValueError as impossible:
        raise _sorry(where) from impossible


def _sorry(where: str) -> BadInputError:
    return BadInputError("I can't read the date behind '{word}'. Write it like 1 Dec or 2026-12-01.", word=where)


def _date(text: str, today: date) -> date:
    if text in _NEAR:
        return today + timedelta(days=_NEAR.index(text))
    if re.fullmatch(DAY, text):
        return today + timedelta(days=(DAYS.index(text[:3]) - today.weekday()) % 7)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4})?)?", text):
        return _coming(int(found[1]), int(found[2]), found[3], today)
    found = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|\.)? (?:of )?([a-z]{3})[a-z]*(?: (\d{4}))?", text)
    if found:
        return _coming(int(found[1]), _MONTHS.index(found[2]) + 1, found[3], today)
    found = re.fullmatch(r"([a-z]{3})[a-z]* (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?", text)
    if found:
        return _coming(int(found[2]), _MONTHS.index(found[1]) + 1, found[3], today)
    raise ValueError(text)


def _coming(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        return date(int(year), month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)
