"""What a wish leaves out: "not monday", "no video", "except in the morning", "not a man", "weekdays". Pure.

Read before the readers of what is wished for: they would take the day, and lose the "not" before it.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from appservice.conversation.understanding.clock import PARTS, Hours
from appservice.conversation.understanding.days import OR, Days, Phrase, first_phrase
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.vocabulary import Vocabulary, vocabulary
from booking.directory.model import Mode

Gender = Literal["female", "male"]

_WEEK = frozenset(range(7))
_WEEKEND = frozenset({5, 6})
_NO_SOONER = re.compile(r"\b(?:not?|never) (?:before|earlier than|until)\b", re.IGNORECASE)
_NO_LATER = re.compile(r"\b(?:not?|never) (?:after|later than)\b", re.IGNORECASE)
_NO_TONGUE = re.compile(r"\b(?:do not|don'?t|can'?t|cannot|no) (?:speak|understand|talk) \w+", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:(?:any ?(?:day|time|one|body|thing) )?(?:but not|except(?: for)?|but(?= on| in| at| mon| tue| wed| thu| fri| sat"
    r"| sun))|not|no|never|excluding|without|other than|apart from|(?:do|does|ca|wo)n'?t|cannot"
    r"|nicht|keine?[nmr]?|ohne|außer|pas|sauf)\b",
    re.IGNORECASE,
)
_SMALL = re.compile(
    r"(?:\s|\b(?:do|come|make|have|want|be|see|like|it|on|in|at|the|a|an|any|with|by|via|over|for|to|during|am|im)\b)*",
    re.IGNORECASE,
)
_MORE = re.compile(rf"\s*(?:,\s*)?(?:{OR}|and|nor|,|/)\s*(?:not )?", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s+(?:(?:is|are|am|does|do|will|would) not|(?:is|are|does|do|wo|would)n'?t|not?)"
    r"(?:(?: (?:work|possible|good|suit|fit|ok|okay|available)\w*)(?: for me| me)?|(?= *$| *[,.;!?|]))",
    re.IGNORECASE,
)
_WEEKDAYS = re.compile(
    r"\b(?:on )?(?:a )?(?:weekdays?|(?<!next )(?<!this )week days?|work(?:ing)? ?days?)\b", re.IGNORECASE
)
_ENDS = re.compile(r"(?:the )?week-?ends?\b", re.IGNORECASE)
_EITHER = rf"(?:\s*[,/]\s*(?:{OR}\s+)?|\s+{OR}\s+)"
_MODES = (
    (
        Mode.IN_PERSON,
        re.compile(
            r"(?:online|vid[eé]o\w*(?: ?(?:call|chat|consultation))?|remote(?:ly)?|tele\w+|virtual(?:ly)?)\b", re.I
        ),
    ),
    (Mode.ONLINE, re.compile(r"(?:in[- ]person|on[- ]?site|face[- ]to[- ]face)\b", re.I)),
)
"""What is left if this is not wanted."""
_GENDERS: tuple[tuple[Gender, re.Pattern[str]], ...] = (
    ("female", re.compile(r"(?:male|m[ae]n|gentlem[ae]n|mann|homme|hombre|lelaki|رجل)\b(?: doctors?\b)?", re.I)),
    ("male", re.compile(r"(?:female|wom[ae]n|lady|ladies|frau|femme|mujer|perempuan|امرأة)\b(?: doctors?\b)?", re.I)),
)
_WHATEVER = re.compile(r"(?:urgent(?:ly)?|asap|matter|rush|hurry)\b", re.IGNORECASE)
_PART = re.compile(rf"(?:(?:early|late) )?(?P<part>{'|'.join(PARTS)})s?\b", re.IGNORECASE)
_NOON = 12
_WHOLE = 5
"""Letters of a name at least that an s makes many of."""
_MOST = 12
"""How often something is left out in a sentence: each "not" costs time, which everybody else waits for."""
_LONGEST = 60
"""Letters of a day's name, and of what tells that it ends there."""
_TO = re.compile(r"\s*(?:-|to|till|until|bis)\s*", re.IGNORECASE)
_SOMEBODY = re.compile(
    r" *(?:with |by |see |to )?(?:(?:dr|prof|doctor)\b\.? ?[^\W\d]\S*|(?:in|near) (?!person\b)[^\W\d]\S*)",
    re.IGNORECASE,
)
"""A doctor, or a place: searches find these, and leave none out."""


@dataclass(frozen=True, slots=True)
class Without:
    """Days that are not wanted: these weekdays (0 is Monday), and these days, both ends included."""

    weekdays: frozenset[int] = frozenset()
    spans: tuple[tuple[date, date], ...] = ()

    def __contains__(self, day: date) -> bool:
        return day.weekday() in self.weekdays or any(first <= day <= last for first, last in self.spans)

    def __or__(self, other: "Without") -> "Without":
        weekdays = self.weekdays | other.weekdays
        return Without(other.weekdays if weekdays == _WEEK else weekdays, (*self.spans, *other.spans))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a sentence leaves out; where there are but two of something, what remains."""

    without: Without | None = None
    among: Days | None = None
    """Where a few weekdays alone are wanted ("monday or wednesday"): from the first that comes to the last."""
    hours: Hours | None = None
    mode: Mode | None = None
    gender: Gender | None = None
    vain: str = ""
    """What cannot be left out, as it was said: "not dr osei"."""


def read_left_out(reading: Reading, today: date, language: str = "en") -> LeftOut:
    """Take away what is not wanted, with the words that say so. Raises BadInputError for days that do not exist."""
    reading.rest = _NO_LATER.sub("by", _NO_SOONER.sub("from", reading.rest))
    reading.take(_NO_TONGUE)
    found = _Found(reading, today, language)
    found.negations()
    found.behind()
    among = found.either()
    if reading.take(_WEEKDAYS):
        found.weekdays |= _WEEKEND
    weekdays = frozenset(found.weekdays)
    without = Without(frozenset() if weekdays == _WEEK else weekdays, tuple(found.spans))
    return LeftOut(None if without == Without() else without, among, found.hours, found.mode, found.gender, found.vain)


@lru_cache(maxsize=64)
def _weekday(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:on )?(?P<name>(?:{_whole(names)})(?=s\b)|{names})s?", re.IGNORECASE)


@lru_cache(maxsize=64)
def _either(names: str) -> re.Pattern[str]:
    many = rf"(?:{_whole(names)})s\b"
    one = rf"(?:on )?(?:{many}|{names})"
    several = rf"(?<!\w)(?<!between )(?<!from ){one}(?:{_EITHER}{one})+"
    return re.compile(rf"{several}|(?<!\w)(?:on |only )?{many}", re.IGNORECASE)


def _whole(names: str) -> str:
    """The names that may have an s behind them for each such day: no short ones, as "mars" is a month in French."""
    each = names.removeprefix("(?:").removesuffix(r")\b\.?").split("|")
    return "|".join(name for name in each if len(name) >= _WHOLE)


class _Found:
    """What has been found so far."""

    def __init__(self, reading: Reading, today: date, language: str) -> None:
        self._reading = reading
        self._today = today
        self._language = language
        self._names: Vocabulary = vocabulary(language)
        self._weekday = _weekday(self._names.weekday)
        self.weekdays: set[int] = set()
        self.spans: list[tuple[date, date]] = []
        self.hours: Hours | None = None
        self.mode: Mode | None = None
        self.gender: Gender | None = None
        self.vain = ""

    def negations(self) -> None:
        """Each "not" with the things behind it: one, or several with an "or" between."""
        at = 0
        for _ in range(_MOST):
            match = _NOT.search(self._reading.rest, at)
            if not match:
                return
            end = self._things(match.end())
            if not end and (somebody := _SOMEBODY.match(self._reading.rest, match.end())):
                end = somebody.end()
                self.vain = self.vain or self._reading.rest[match.start() : end].strip(" .,")
            at = match.start() if end else match.end()
            if end:
                self._reading.cut(match.start(), end)

    def behind(self) -> None:
        """A weekday with its "not" behind it: "monday doesn't work", "lunes no"."""
        for match in [*self._weekday.finditer(self._reading.rest)][::-1]:
            if refused := _BEHIND.match(self._reading.rest, match.end()):
                self.weekdays.add(self._names.weekday_of(match["name"]))
                self._reading.cut(match.start(), refused.end())

    def either(self) -> Days | None:
        """Weekdays with "or" between them, or each of a name ("fridays"): these alone."""
        match = self._reading.take(_either(self._names.weekday))
        if not match:
            return None
        wanted = {self._names.weekday_of(each["name"]) for each in self._weekday.finditer(match[0])}
        self.weekdays |= _WEEK - wanted
        if len(wanted) == 1:
            return None
        ahead = sorted((weekday - self._today.weekday() - 1) % 7 + 1 for weekday in wanted)
        return Days(self._today + timedelta(days=ahead[0]), self._today + timedelta(days=ahead[-1]))

    def _things(self, start: int) -> int:
        """Where the last of the things ends that stand there; 0 if there is none."""
        end = self._thing(start)
        while end and (more := _MORE.match(self._reading.rest, end)) and (further := self._thing(more.end())):
            end = further
        return end

    def _thing(self, start: int) -> int:
        """Take down what stands there, perhaps behind small words, and return where it ends; 0 if it is nothing known."""
        small, blank = _SMALL.match(self._reading.rest, start), self._reading.rest[start : start + 1] == " "
        return (self._known(small.end()) if small else 0) or self._known(start + blank)

    def _known(self, at: int) -> int:
        text = self._reading.rest
        if match := self._weekday.match(text, at):
            self.weekdays.add(self._names.weekday_of(match["name"]))
            return match.end()
        if match := _ENDS.match(text, at):
            self.weekdays |= _WEEKEND
            return match.end()
        if match := _PART.match(text, at):
            after, before = PARTS[match["part"].lower()]
            self.hours = Hours(after=before) if before.hour <= _NOON else Hours(before=after)
            return match.end()
        for remaining, pattern in _MODES:
            if match := pattern.match(text, at):
                self.mode = remaining
                return match.end()
        for other, pattern in _GENDERS:
            if match := pattern.match(text, at):
                self.gender = other
                return match.end()
        if match := _WHATEVER.match(text, at):
            return match.end()
        return self._days(at)

    def _days(self, at: int) -> int:
        """A day, or from one to another."""
        first = self._phrase(at)
        if not first:
            return 0
        end, days = at + first.end, first.days
        if (until := _TO.match(self._reading.rest, end)) and (last := self._phrase(until.end())):
            end, days = until.end() + last.end, Days(days.first, max(days.first, last.days.last or last.days.first))
        self.spans.append((days.first, days.last or days.first))
        return end

    def _phrase(self, at: int) -> Phrase | None:
        found = first_phrase(self._reading.rest[at : at + _LONGEST], self._today, self._language)
        return found if found and found.start == 0 else None
