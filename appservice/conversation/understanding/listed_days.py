"""Days in a list: "24. and 25. December", "24.12., 26.12. and 31.12.". Pure."""

import re
from collections.abc import Sequence
from datetime import date

from appservice.conversation.understanding.days import Days, read_days
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.vocabulary import vocabulary

_AT_MOST = 30
_LONGEST = 200
_BETWEEN = re.compile(r"\bbetween\b", re.IGNORECASE)
_AND_IN_ARABIC = re.compile(r"(?<!\w)و ?(?=\d)")
_APART = re.compile(r" ?[,;&+] ?(?:and )?| and ", re.IGNORECASE)
_BARE = re.compile(
    r"(?:(?:on|the|am|den|les?|el|los|pada|hari|يوم) )*(?P<day>\d{1,2})(?:st|nd|rd|th|\.|º)?", re.IGNORECASE
)
_MONTH_NUMBER = re.compile(r"\d{1,2}(?P<month>\. ?\d{1,2}(?:\.(?: ?\d{4})?)?)(?!\d)")
_PLACE = re.compile(r" at (?!\d)")
_MARKS = " |,;"


def read_listed(reading: Reading, today: date, language: str) -> Sequence[Days]:
    """Take the days that a text names one by one, put into English but for months; nothing where it is no such list.

    A day without a month is of the next month that is named, or of the last. Raises BadInputError as `read_days` does.
    """
    place = _PLACE.search(reading.rest)
    text = reading.rest[: place.start()] if place else reading.rest
    text = _AND_IN_ARABIC.sub("and ", text.strip(_MARKS))
    if len(text) > _LONGEST or _BETWEEN.search(text):
        return ()
    names = vocabulary(language)
    text = re.sub(rf"\b{names.weekday},? (?=\d)", "", text, flags=re.IGNORECASE)  # “Thursday 24 and Friday 25 December”
    pieces = [each.strip() for each in _APART.split(text) if each.strip()]
    if not 1 < len(pieces) <= _AT_MOST:
        return ()
    found: list[Days] = []
    for piece in _with_months(pieces, names.month):
        words = Reading(piece)
        days = read_days(words, today, language)
        if (
            days is None
            or days.last is None
            or [each for each in words.words() if each.casefold() not in {"on", "the", "les", "los"}]
        ):
            return ()
        found.append(days)
    reading.rest = reading.rest[place.start() :] if place else ""
    return sorted(found, key=lambda days: days.first)


def _with_months(pieces: Sequence[str], month: str) -> list[str]:
    """The pieces, each bare number of a day with the month behind it that a neighbour names."""
    named = [_month_of(each, month) for each in pieces]
    whole = []
    for n, piece in enumerate(pieces):
        bare = _BARE.fullmatch(piece)
        near = next((each for each in (*named[n:], *reversed(named[:n])) if each), "")
        whole.append(f"{bare['day']}{near}" if bare else piece)
    return whole


def _month_of(piece: str, month: str) -> str:
    if number := _MONTH_NUMBER.search(piece):
        return number["month"]
    name = re.search(rf"{month}(?: \d{{4}}\b)?", piece, re.IGNORECASE)
    return f" {name[0]}" if name else ""
