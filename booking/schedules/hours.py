"""Weekly hours as people write them, and as they are drawn back. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from booking.schedules.rules import WeeklySpan
from core.errors import BadInputError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MANY = {"daily": (0, 6), "every day": (0, 6), "weekdays": (0, 4), "weekend": (5, 6), "weekends": (5, 6)}
_NEAR = ("today", "tomorrow")
_EXAMPLE = "Write hours like: mon-fri 9-12:30, 14-18; sat 10-14 from 1 Dec"
_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?"
_SPAN = re.compile(rf"^{_CLOCK}\s*(?:-|–|to|until)\s*{_CLOCK}$")
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_PART = re.compile(rf"^(?P<days>{'|'.join(_MANY)}|{_DAY}(?:\s*(?:-|–|to|,|and|\s)\s*{_DAY})*)\s*:?\s+(?P<times>.+)$")


@dataclass(frozen=True, slots=True)
class Hours:
    """A week, and the first date on which it holds (None: at once)."""

    spans: tuple[WeeklySpan, ...]
    valid_from: date | None


def parse_hours(text: str, today: date) -> Hours:
    """Read "mon-fri 9-12:30, 14-18; sat 10-14 from 1 Dec". `today` decides the year of a date without one.

    Raises BadInputError with an example for anything else, for spans that overlap or end before they begin.
    """
    text = " ".join(text.casefold().split())
    if len(text) > 500:
        raise BadInputError(_EXAMPLE)
    text, valid_from = _parted(text, today)
    if text in {"closed", "none"}:
        return Hours((), valid_from)
    spans = sorted(span for part in text.split(";") for span in _part(part.strip()))
    for one, other in pairwise(spans):
        if one.weekday == other.weekday and other.starts < one.ends:
            raise BadInputError("Two of those hours overlap on {day}. " + _EXAMPLE, day=_DAYS[one.weekday].title())
    return Hours(tuple(spans), valid_from)


def _part(text: str) -> list[WeeklySpan]:
    found = _PART.match(text)
    if not found:
        raise BadInputError(_EXAMPLE)
    times = [_span(each.strip()) for each in re.split(r",| and ", found["times"])]
    return [WeeklySpan(day, start, end) for day in sorted(_days(found["days"])) for start, end in times]


def _days(text: str) -> set[int]:
    if text in _MANY:
        first, last = _MANY[text]
        return set(range(first, last + 1))
    days: set[int] = set()
    for run in re.split(
        r"\s*(?:,|\band\b)\s*|\s+(?=[a-z]{3})(?<!to )(?!to\b)", re.sub(r"\s*(?:-|–|\bto\b)\s*", "-", text)
    ):
        ends = [_DAYS.index(name[:3]) for name in run.split("-") if name]
        if not ends:
            continue
        first, last = ends[0], ends[-1]
        days |= {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    return days


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.match(text)
    if not found:
        raise BadInputError(_EXAMPLE)
    half = found[3]
    if found[6] and not half:
        # 2-5pm is the afternoon, 9-5pm begins in the morning.
        half = found[6] if found[6] == "am" or int(found[1]) % 12 < int(found[4]) % 12 else None
    start, end = _minute(found[1], found[2], half), _minute(found[4], found[5], found[6])
    if start >= end:
        raise BadInputError("Hours end after they begin, by midnight (24:00) at the latest. " + _EXAMPLE)
    return start, end


def _minute(hour: str, minute: str | None, half: str | None) -> int:
    hours, minutes = int(hour), int(minute or 0)
    if half:
        if not 1 <= hours <= 12:
            raise BadInputError(_EXAMPLE)
        hours = hours % 12 + (12 if half == "pm" else 0)
    if minutes > 59 or hours * 60 + minutes > 1440:
        raise BadInputError("There is no such time of day. " + _EXAMPLE)
    return hours * 60 + minutes


def _parted(text: str, today: date) -> tuple[str, date | None]:
    """Part the hours from the date behind "from"."""
    hours, found, day = text.partition(" from ")
    if not found:
        return text, None
    try:
        return hours, _date(day.strip(), today)
    except ValueError as impossible:
        raise BadInputError("I can't read the date behind 'from'. Write it like 1 Dec or 2026-12-01.") from impossible


def _date(text: str, today: date) -> date:
    if text in _NEAR:
        return today + timedelta(days=_NEAR.index(text))
    if re.fullmatch(_DAY, text):
        return today + timedelta(days=(_DAYS.index(text[:3]) - today.weekday()) % 7)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", text):
        return _coming(int(found[1]), int(found[2]), found[3], today)
    found = re.fullmatch(r"(\d{1,2})\.? ([a-z]{3})[a-z]*(?: (\d{4}))?", text)
    if found:
        return _coming(int(found[1]), _MONTHS.index(found[2]) + 1, found[3], today)
    found = re.fullmatch(r"([a-z]{3})[a-z]* (\d{1,2})(?:,? (\d{4}))?", text)
    if found:
        return _coming(int(found[2]), _MONTHS.index(found[1]) + 1, found[3], today)
    raise ValueError(text)


def _coming(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        return date(int(year), month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def show_week(spans: Iterable[WeeklySpan]) -> list[tuple[str, str]]:
    """Draw a week back, a line for each run of days alike: ("Mon-Fri", "09:00-12:30, 14:00-18:00")."""
    by_day = {day: ", ".join(f"{_clock(s.starts)}-{_clock(s.ends)}" for s in sorted(spans_of)) or "closed"
              for day in range(7) for spans_of in [[s for s in spans if s.weekday == day]]}  # fmt: skip
    lines: list[tuple[int, int, str]] = []
    for day in range(7):
        if lines and lines[-1][2] == by_day[day]:
            lines[-1] = (lines[-1][0], day, by_day[day])
        else:
            lines.append((day, day, by_day[day]))
    return [
        (_DAYS[first].title() if first == last else f"{_DAYS[first].title()}-{_DAYS[last].title()}", hours)
        for first, last, hours in lines
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
