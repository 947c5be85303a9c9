"""Hours as people write them, weekly ones and those of a date, and as they are drawn back. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from booking.schedules.dates import DAY, DAYS, leading_date, parted
from booking.schedules.rules import Minutes, WeeklySpan
from core.errors import BadInputError
from core.languages import _, commas, language, locale_of

_MANY = {"daily": (0, 6), "every day": (0, 6), "weekdays": (0, 4), "weekend": (5, 6), "weekends": (5, 6)}
_EXAMPLE = "Write hours like: mon-fri 9-12:30, 14-18; sat 10-14 from 1 Dec until 31 Dec"
_UNREAD = "I can't read “{part}” there. {example}"
_DATE_EXAMPLE = "Write a date that differs like: on 24 Dec 9-12, or: on 24 Dec closed"
_LONGEST = 500
_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?"
_SPAN = re.compile(rf"^{_CLOCK}\s*(?:-|–|to|until)\s*{_CLOCK}$")
_DAYS_OF = rf"(?:{'|'.join(_MANY)}|{DAY}(?:\s*(?:-|–|to|,|and|\s)\s*{DAY})*)"
_PART = re.compile(rf"^(?P<days>{_DAYS_OF})\s*:?\s+(?P<times>.+)$")
_NO_BREAK = re.compile(
    r",?\s*\b(?:without|with no|no|except) (?:an? )?(?:lunch[ -]?break|breaks?|lunch|pause)\b(?!:? (?:from |at )?\d)"
)
_BREAK = re.compile(
    r"(?P<mark>[,;]?)\s*\b(?:(?:with|and)\s+)?(?:an?\s+)?"
    r"(?:(?:(?:except(?: for)?|without)\s+(?:an?\s+)?)?(?:lunch[ -]?break|breaks?|lunch|pause)"
    r"|except(?: for)?|without|but not|not)\b\s*:?\s*(?:(?:from|at|on)\b)?\s*"
)
_BREAK_ALONE = re.compile(rf"^(?P<days>{_DAYS_OF}), break ")
_ONLY_DAYS = re.compile(_DAYS_OF)
_CLOSED = {"closed", "none", "off"}
_FROM_TIME = re.compile(
    r"\bfrom (\d{1,2}(?::\d{2})?\s*(?:am|pm)?)\s*(?:-|–|to|until)\s*(?=\d{1,2}(?::\d{2})?\s*(?:am|pm)?(?:$|[\s,;]))"
)
_EACH = re.compile(rf"\b(?:every|each) (?={DAY}\b)")
_BETWEEN_DAYS = re.compile(rf"(?<=[a-z])/(?={DAY})")
_NEXT = re.compile(
    rf"(?:(?<=\d)|(?<=[ap]m)|(?<=closed)|(?<=off))(?:\s*,|\s+and\b)?\s+(?={_DAYS_OF}\s*:?\s+(?:\d|closed\b|off\b))"
)
"""Between one part and the next, where no semicolon stands: "mon, wed 9-12 and fri 14-17"."""
Break = tuple[int, int, frozenset[int]]
"""From, until, as in Minutes, and on which weekdays; none: on all of the part that it stands in."""
_SHOWN = 60
"""Letters of what could not be read, in the sentence that says so."""
USUAL = {"as usual", "usual", "as always", "normal"}
"""Takes back what differs."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A week, the first date on which it holds (None: at once), and the last one (None: for good)."""

    spans: tuple[WeeklySpan, ...]
    valid_from: date | None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class DateHours:
    """The hours of one date; none: closed; None: as usual."""

    day: date
    hours: tuple[Minutes, ...] | None


def parse_hours(text: str, today: date) -> Hours:
    """Read "mon-fri 9-18, break 12:30-13:30; sat 10-14 from 1 Dec until 31 Dec". `today` decides years left out.

    Raises BadInputError with an example for anything else, for spans that overlap or end before they begin, and for a
    break outside of them.
    """
    text, first, last = parted(_plain(text, _EXAMPLE), today)
    if text in _CLOSED:
        return Hours((), first, last)
    week: dict[int, list[Minutes]] = {}
    closed: set[int] = set()
    left_out = False
    for part in (each for piece in text.split(";") for each in _NEXT.split(piece)):
        days, opened, breaks, off = _part(part.strip())
        left_out = left_out or bool(off)
        if not opened:
            closed |= off
            days = days or set(week)
            _taken_out(week, days, breaks)
            continue
        here = {day: list(opened) for day in days - off}
        _check_apart(here)
        _taken_out(here, days, breaks)
        for day, spans in here.items():
            week.setdefault(day, []).extend(spans)
    week = {day: spans for day, spans in week.items() if day not in closed}
    if left_out and not week:
        raise BadInputError(_EXAMPLE)  # “wed closed” says nothing of the others; all of them are closed by “closed”
    _check_apart(week)
    return Hours(tuple(sorted(WeeklySpan(day, *span) for day, spans in week.items() for span in spans)), first, last)


def parse_date(text: str, today: date) -> DateHours:
    """Read "24 Dec 9-12", "24 Dec closed", "24 Dec as usual". Raises BadInputError with an example."""
    words = _plain(text, _DATE_EXAMPLE).split()
    found = leading_date(words, today)
    if found is None or not found[1]:
        raise BadInputError(_DATE_EXAMPLE)
    day, rest = found
    times = " ".join(rest).strip(" :,")
    if times in USUAL:
        return DateHours(day, None)
    if times in _CLOSED:
        return DateHours(day, ())
    opened, breaks, _off = _times(times, _DATE_EXAMPLE)
    here = {0: opened}
    if not opened:
        raise BadInputError(_DATE_EXAMPLE)
    _check_apart(here, _DATE_EXAMPLE)
    _taken_out(here, {0}, breaks, _DATE_EXAMPLE)
    return DateHours(day, tuple(sorted(here[0])))


def parse_times(text: str) -> list[Minutes]:
    """Read "9-12, 14-18". Raises BadInputError with an example."""
    opened, breaks, _off = _times(_plain(text, _DATE_EXAMPLE), _DATE_EXAMPLE)
    if breaks:
        raise BadInputError(_DATE_EXAMPLE)
    return opened


def is_date(text: str, today: date) -> bool:
    """Whether a text is about one date: "on 24 Dec closed", "24 Dec 9-12"; not "on mondays 9-12", not "mon 9-12"."""
    words = text[:_LONGEST].casefold().split()
    if words[:1] != ["on"]:
        return leading_date(words, today) is not None and not re.match(DAY, words[0])
    named = words[1] if len(words) > 1 else ""
    return named[:1].isdigit() or (
        leading_date(words[1:], today) is not None and not named.strip(":,").endswith("days")
    )


def _plain(text: str, example: str) -> str:
    if len(text) > _LONGEST:
        raise BadInputError(example)
    text = " ".join(text.casefold().split()).removeprefix("on ").replace(" & ", " and ").replace(", and ", ", ")
    text = _BETWEEN_DAYS.sub(", ", _EACH.sub("", _FROM_TIME.sub(r"\1-", text)))
    text = _NO_BREAK.sub("", text)
    return _BREAK.sub(lambda found: f"{found['mark'] or ','} break ", text).strip()


def _check_apart(week: dict[int, list[Minutes]], example: str = _EXAMPLE) -> None:
    for day, spans in week.items():
        if any(other[0] < one[1] for one, other in pairwise(sorted(spans))):
            name = locale_of(language()).days["format"]["abbreviated"][day]
            where = "" if example == _DATE_EXAMPLE else _(" on {day}", day=name)
            raise BadInputError("Two of those hours overlap{where}. {example}", where=where, example=_(example))


def _taken_out(
    week: dict[int, list[Minutes]], days: set[int], breaks: Sequence[Break], example: str = _EXAMPLE
) -> None:
    """Take breaks out of the hours of some days; each must lie within those of one of them."""
    for start, end, named in breaks:
        met = [day for day in named or days if any(first < end and start < last for first, last in week.get(day, ()))]
        if not met:
            raise BadInputError("That break is outside the hours. {example}", example=_(example))
        for day in met:
            pieces = [
                piece for first, last in week[day] for piece in ((first, min(last, start)), (max(first, end), last))
            ]
            week[day] = [(first, last) for first, last in pieces if first < last]


def _part(text: str) -> tuple[set[int], list[Minutes], list[Break], set[int]]:
    """The days, hours and breaks of one part, and the days that are none of them; a break alone may name no days."""
    if (text := text.removeprefix(", ")).startswith("break "):
        return (set(), *_times(text, _EXAMPLE))
    found = _PART.match(_BREAK_ALONE.sub(r"\g<days> break ", text))
    if not found:
        raise _unread(text, _EXAMPLE)
    if found["times"] in _CLOSED:
        return set(), [], [], _days(found["days"])
    return (_days(found["days"]), *_times(found["times"], _EXAMPLE))


def _times(text: str, example: str) -> tuple[list[Minutes], list[Break], set[int]]:
    """Hours, and the breaks and the days behind "except" that are named behind them: "except wed 12-13" is a break."""
    opened: list[Minutes] = []
    breaks: list[Break] = []
    off: set[int] = set()
    behind = False
    for each in re.split(r",| and ", text):
        item = each.strip()
        if item.startswith("break"):
            behind, item = True, item.removeprefix("break").strip()
        weekly = behind and example == _EXAMPLE
        if weekly and _ONLY_DAYS.fullmatch(item):
            off |= _days(item)
        elif weekly and (found := _PART.match(item)):
            breaks.append((*_span(found["times"], example), frozenset(_days(found["days"]))))
        elif behind:
            breaks.append((*_span(item, example), frozenset()))
        else:
            opened.append(_span(item, example))
    return opened, breaks, off


def _unread(text: str, example: str) -> BadInputError:
    part = text.strip(" ,;:")[:_SHOWN]
    return BadInputError(_UNREAD, part=part, example=_(example)) if part else BadInputError(example)


def _days(text: str) -> set[int]:
    if text in _MANY:
        first, last = _MANY[text]
        return set(range(first, last + 1))
    days: set[int] = set()
    for run in re.split(
        r"\s*(?:,|\band\b)\s*|\s+(?=[a-z]{3})(?<!to )(?!to\b)", re.sub(r"\s*(?:-|–|\bto\b)\s*", "-", text)
    ):
        ends = [DAYS.index(name[:3]) for name in run.split("-") if name]
        if not ends:
            continue
        first, last = ends[0], ends[-1]
        days |= {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    return days


def _span(text: str, example: str) -> Minutes:
    found = _SPAN.match(text)
    if not found:
        raise _unread(text, example)
    half = found[3]
    if found[6] and not half:
        # 2-5pm is the afternoon, 9-5pm begins in the morning.
        half = found[6] if found[6] == "am" or int(found[1]) % 12 < int(found[4]) % 12 else None
    start, end = _minute(found[1], found[2], half, example), _minute(found[4], found[5], found[6], example)
    if start >= end:
        raise BadInputError(
            "Hours end after they begin, by midnight (24:00) at the latest. {example}", example=_(example)
        )
    return start, end


def _minute(hour: str, minute: str | None, half: str | None, example: str) -> int:
    hours, minutes = int(hour), int(minute or 0)
    if half:
        if not 1 <= hours <= 12:
            raise BadInputError(example)
        hours = hours % 12 + (12 if half == "pm" else 0)
    if minutes > 59 or hours * 60 + minutes > 1440:
        raise BadInputError("There is no such time of day. {example}", example=_(example))
    return hours * 60 + minutes


def show_hours(hours: Iterable[Minutes]) -> str:
    """09:00-12:30, 14:00-18:00"""
    return commas(f"{_clock(start)}-{_clock(end)}" for start, end in sorted(hours)) or _("closed")


def show_week(spans: Collection[WeeklySpan]) -> list[tuple[str, str]]:
    """Draw a week back, a line for each run of days alike: ("Mon-Fri", "09:00-12:30, 14:00-18:00")."""
    by_day = [show_hours((span.starts, span.ends) for span in spans if span.weekday == day) for day in range(7)]
    lines: list[tuple[int, int, str]] = []
    for day in range(7):
        if lines and lines[-1][2] == by_day[day]:
            lines[-1] = (lines[-1][0], day, by_day[day])
        else:
            lines.append((day, day, by_day[day]))
    names = locale_of(language()).days["format"]["abbreviated"]
    return [(names[first] if first == last else f"{names[first]}-{names[last]}", hours) for first, last, hours in lines]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
