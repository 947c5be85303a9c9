"""Dates with a day and a month: 24.11., 24/11, 11/24, Nov 24, 24th of November 2026, 2026-11-24, in December."""

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache

from appservice.conversation.understanding.vocabulary import Vocabulary, vocabulary
from core.errors import BadInputError
from core.languages import language, locale_of

_EARLIEST, _LATEST = 1850, 2500
"""What is counted on from a date is one that there is, too."""
Span = tuple[int, int, tuple[date, date]]
"""Where a phrase starts and ends, and the days that it means, both included."""

_ISO = re.compile(r"(?<![\d-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?![\d-])")
_DOTS = re.compile(
    r"(?<![\d.,:])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})(?P<end>\.(?:\s(?=\d{4}))?(?P<y>\d{4}|\d{2})?)?(?!\d|[:.,]\d|\s?(?:am|pm|uhr)\b)"
)
_SLASHES = re.compile(r"(?<![\d/])(?P<d>\d{1,2})/(?P<m>\d{1,2})(?:/(?P<y>\d{4}|\d{2}))?(?![\d/])")
_DOT_SPAN = re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.?\s?-\s?(?P<to>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})?(?!\d)")

YEAR = re.compile(r"\d{4}|\d[./]\s?\d{1,2}[./]\s?\d{2}")
"""A date that is found in a text says its year."""


@lru_cache(maxsize=64)
def _named(month: str) -> tuple[re.Pattern[str], ...]:
    year = r"(?:,? (?:del? )?(?P<y>\d{4})\b)?"
    nth = r"(?:st|nd|rd|th)?"
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\b(?P<d>\d{{1,2}}){nth}\.?\s?(?:-|to|bis)\s?(?P<to>\d{{1,2}}){nth}\.? (?P<name>{month}){year}",
            rf"\b(?P<d>\d{{1,2}}){nth}\.? ?(?:of |de )?(?P<name>{month}){year}",
            rf"\b(?P<name>{month}) ?(?:the )?(?P<d>\d{{1,2}}){nth}\s?(?:-|to)\s?(?P<to>\d{{1,2}}){nth}\b(?![:.]\d){year}",
            rf"\b(?P<name>{month}) ?(?:the )?(?P<d>\d{{1,2}}){nth}\b(?![:.]\d|\s?[ap]\.?m\b){year}",
            rf"\b(?:in|im|for|für|during|next|this) (?P<name>{month}){year}",
        )
    )


class Dates:
    """Finds dates in a text, seen from `today`.

    A date without a year is the first one from `since` on: the next one if nothing is said, this year's with `past`.
    """

    def __init__(
        self,
        names: Vocabulary,
        today: date,
        *,
        month_first: bool = False,
        past: bool = False,
        since: date | None = None,
    ) -> None:
        self._names = names
        self._today = today
        self._month_first = month_first
        self._since = since or (date(today.year, 1, 1) if past else today)

    def read(self, text: str) -> Iterator[Span]:
        """Each date with its place, in no order; overlapping ones are the caller's to choose from."""
        for pattern, meaning in self._readers():
            for match in pattern.finditer(text):
                meant = meaning(match)
                if meant:
                    yield match.start(), match.end(), meant

    def _readers(self) -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[date, date] | None]]]:
        yield _ISO, self._numbers
        yield _DOT_SPAN, self._numbers
        yield _DOTS, self._dotted
        yield _SLASHES, self._slashed
        for pattern in _named(self._names.month):
            yield pattern, self._month

    def _numbers(self, match: re.Match[str]) -> tuple[date, date]:
        return self._span(match, int(match["m"]))

    def _dotted(self, match: re.Match[str]) -> tuple[date, date] | None:
        """9.30 without a dot at its end is a time of day, as there is no 30th month; 39.5 is a fever."""
        if (int(match["m"]) > 12 or int(match["d"]) > 31) and not match["end"]:
            return None
        return self._numbers(match)

    def _slashed(self, match: re.Match[str]) -> tuple[date, date]:
        day, month = int(match["d"]), int(match["m"])
        if (self._month_first and day <= 12) or (month > 12 and day <= 12):
            day, month = month, day
        found = self._date(day, month, match["y"])
        return found, found

    def _month(self, match: re.Match[str]) -> tuple[date, date]:
        month, fields = self._names.month_of(match["name"]), match.groupdict()
        if "d" in fields:
            return self._span(match, month)
        year = int(match["y"]) if match["y"] else self._today.year + (month < self._today.month)
        first = make_date(year, month, 1)
        return first, first.replace(day=monthrange(year, month)[1])

    def _span(self, match: re.Match[str], month: int) -> tuple[date, date]:
        """A day of a month, or from one until another: without a year these are the next that are not over."""
        day, to = int(match["d"]), match.groupdict().get("to")
        last = self._date(int(to) if to else day, month, match["y"])
        return (make_date(last.year, month, day) if to else last), last

    def _date(self, day: int, month: int, year: str | None) -> date:
        if year:
            return make_date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        years = range(self._since.year, self._since.year + 9)  # 29 February is in one of them at least
        found = (make_date(each, month, day) for each in years if (month, day) != (2, 29) or isleap(each))
        return next(each for each in found if each >= self._since)


def make_date(year: int, month: int, day: int) -> date:
    """Return the date. Raises BadInputError with a sentence if there is none, or none within anybody's life."""
    if not _EARLIEST <= year <= _LATEST:
        raise BadInputError("I can't read that year. Write a date like 24.11.2026.")
    try:
        return date(year, month, day)
    except ValueError:
        pass
    if not 1 <= month <= 12:
        raise BadInputError("There is no month {month}. Write a date like 24.11. or Nov 24.", month=month)
    name = locale_of(language()).months["format"]["wide"][month]
    where = f"{name} {year}" if (month, day) == (2, 29) else name
    raise BadInputError("There is no {day} {month}. Which day do you mean?", day=day, month=where)


def read_birthday(text: str, today: date, language: str = "en", *, month_first: bool = False) -> date | None:
    """Return a date of birth (year included) that a text names, or None. Raises BadInputError for an impossible one."""
    for start, end, (born, _) in Dates(vocabulary(language), today, month_first=month_first, past=True).read(text):
        if born > today or born.year < today.year - 130 or not YEAR.search(text[start:end]):
            raise BadInputError("That can't be a date of birth. Write it like 2018-05-04.")
        return born
    return None
