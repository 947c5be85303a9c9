"""Days as people write them: tomorrow, Tue, next Tuesday, 24.11., Nov 24, next week, in 3 days, after Friday."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from appservice.conversation.understanding.dates import YEAR, Dates
from appservice.conversation.understanding.numbers import NUMBER, number_of
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.vocabulary import vocabulary
from core.errors import BadInputError

_FURTHEST = 730
"""Days ahead that anybody can mean."""
_TWO_MONTHS = 62
"""Days among which each number of a day is: after a short month comes a long one."""
_WORDS = re.compile(
    r"\b(?:(?P<after>(?:the )?day after tomorrow|übermorgen)"
    r"|(?P<today>today|tonight|this (?:morning|afternoon|evening)|heute|aujourd'hui|hoy|hari ini)"
    r"|(?P<tomorrow>tomorrow|tommorow|tomorow|tmrw|tmr|morgen|demain|mañana|esok)"
    r"|(?P<yesterday>yesterday|gestern))\b",
    re.IGNORECASE,
)
_WEEKS = re.compile(
    r"\b(?:(?P<later>(?:the )?week after next|übernächste woche)|(?P<next>next week|nächste woche)"
    r"|(?P<this>this week|diese woche)|(?P<nextend>next week-?end)|(?P<end>(?:this |the |on the |at the )?week-?ends?)"
    r"|(?P<nextmonth>next month|nächsten monat)|(?P<month>this month|diesen monat))\b",
    re.IGNORECASE,
)
_IN = re.compile(
    rf"\b(?P<how>in|within|(?:the |over the )?(?:next|coming)) (?:the next )?(?P<n>{NUMBER}) "
    r"(?P<unit>days?|tagen?|weeks?|wochen?|months?|monaten?)(?: time)?\b",
    re.IGNORECASE,
)
_FROM_NOW = re.compile(rf"\b(?P<n>{NUMBER}) (?P<unit>days?|weeks?|months?) from (?:now|today)\b", re.IGNORECASE)
_NTH = re.compile(
    r"\b(?:(?:on |for )?(?:the )?(?P<nth>\d{1,2})(?:st|nd|rd|th)|(?:on|am|le|el) (?:the )?(?P<day>\d{1,2})(?:\.(?=\s|$)|(?![\d.])))"
    r"(?=\.?$|\s*(?:$|[|,;!?]|(?:at|after|from|before|around|between|in the|or|um|ab|vor|nach|if|please|bitte)\b))",
    re.IGNORECASE,
)
"""A day of a month that is not named: "on the 3rd", "am 3.". Not the "1st visit"."""
OR = r"(?:or|oder|ou|o|u|atau|أو)"
_MONTH = re.compile(r"month|monat", re.IGNORECASE)
_WEEK = 7
HALF_A_YEAR = timedelta(days=183)
_TOGETHER = re.compile(rf"^\s*(?:-|to|till|until|through|and|bis|{OR})\s*(?:on )?$", re.IGNORECASE)
_BEFORE_IT = re.compile(
    r"\b(?P<how>after|from|since|starting|ab|nach|before|by|until|till|bis|vor)(?: the| on| dem)? ?$", re.IGNORECASE
)
_OF = re.compile(
    r"[\s,]*(?:(?:of|in|on|the|am|der|im|de|del|du|le|la|el|hari|days|pada|dari|من|في|يوم)\b\s*)*", re.IGNORECASE
)
"""What may stand between a weekday and the week that it is of."""
_ON = re.compile(r"\b(?:on|am|for|the)(?: the)? ?$", re.IGNORECASE)
_ONWARDS = re.compile(r"^\s*(?:onwards?|on|or later|and later)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both included; `last` is None where there is no end."""

    first: date
    last: date | None

    @property
    def single(self) -> date | None:
        """The day, where only one is meant."""
        return self.first if self.first == self.last else None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Where days are named, and which they are."""

    start: int
    end: int
    days: Days


def read_days(
    reading: Reading,
    today: date,
    language: str = "en",
    *,
    month_first: bool = False,
    past: bool = False,
    since: date | None = None,
) -> Days | None:
    """Take the days that a text names, seen from `today` (the person's own date); None when it names none.

    `month_first` reads 11/24 as November; with dots the day is always first. A date without a year is the next one,
    this year's with `past`, or the first from `since` on. Raises BadInputError for days that do not exist, and for past
    ones unless `past` allows them.
    """
    phrases = _phrases(reading.rest, today, language, month_first=month_first, past=past, since=since)
    if not phrases:
        return None
    start, end, days = phrases[0].start, phrases[0].end, phrases[0].days
    text = reading.rest
    if len(phrases) > 1 and _TOGETHER.match(text[end : phrases[1].start]):
        first, last = days.first, phrases[1].days.last
        if last and last < first:
            first, last = _in_order(first, last, (text[start:end], text[phrases[1].start : phrases[1].end]), today)
        end, days = phrases[1].end, Days(first, last)
        introduced = re.search(r"\b(?:from|between|von|zwischen) ?$", text[:start], re.IGNORECASE)
        start = introduced.start() if introduced else start
    elif limit := _BEFORE_IT.search(text[:start]):
        onwards = _ONWARDS.match(text[end:])
        start, end = limit.start(), end + (onwards.end() if onwards else 0)
        days = _limited(limit["how"].lower(), days, today)
    elif onwards := _ONWARDS.match(text[end:]):
        end, days = end + onwards.end(), Days(days.first, None)
    elif on := _ON.search(text[:start]):
        start = on.start()
    reading.cut(start, end)
    if not past and days.last and days.last < today:
        raise BadInputError("That day is past. Which day from today on would you like?")
    return days if past else Days(max(days.first, today), days.last)


def _in_order(first: date, last: date, said: tuple[str, str], today: date) -> tuple[date, date]:
    """Both ends, of which the second is read as the earlier one. Raises BadInputError if it is.

    Over New Year's Eve the two are of different years, of which nobody writes either: "28 Dec to 2 Jan" is of this
    winter, also on the 30th.
    """
    spans = []
    if _without_year(said[0]) and (earlier := _years_off(first, -1)):
        spans.append((earlier, last))
    if _without_year(said[1]) and (later := _years_off(last, 1)):
        spans.append((first, later))
    if near := [each for each in spans if timedelta() <= each[1] - each[0] <= HALF_A_YEAR]:
        return min(near, key=lambda each: max(each[0] - today, today - each[1], timedelta()))
    if not re.search(r"\d", said[1]):
        last += timedelta(weeks=1)  # from Friday to Tuesday
    if last < first:
        raise BadInputError("The second day comes before the first. Write them in order, please.")
    return first, last


def _without_year(said: str) -> bool:
    return re.search(r"\d", said) is not None and not YEAR.search(said)


def _years_off(day: date, years: int) -> date | None:
    """The same day of another year; None for 29 February, where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return None


def first_phrase(text: str, today: date, language: str = "en") -> Phrase | None:
    """Return the first words of a text that name days, or None. Raises BadInputError for days that do not exist."""
    return next(iter(_phrases(text, today, language, month_first=False, past=False)), None)


def _limited(how: str, days: Days, today: date) -> Days:
    end = days.last or days.first
    if how in {"after", "nach"}:
        return Days(end + timedelta(days=1), None)
    if how in {"before", "vor"}:
        return Days(min(today, days.first), days.first - timedelta(days=1))
    if how in {"by", "until", "till", "bis"}:
        return Days(min(today, days.first), end)
    return Days(days.first, None)


def _phrases(
    text: str, today: date, language: str, *, month_first: bool, past: bool, since: date | None = None
) -> list[Phrase]:
    names = vocabulary(language)
    dates = Dates(names, today, month_first=month_first, past=past, since=since)
    found = [Phrase(start, end, Days(*days)) for start, end, days in dates.read(text)]
    ahead = [*_in(text, today)]
    weeks = [*_weeks(text, today), *(each for each in ahead if each.days.first > today)]
    found += [*_words(text, today), *weeks, *ahead, *_nth(text, today, past=past)]
    found += _weekdays(text, today, names.weekday, names.weekday_of, past=past)
    if weeks:  # "the week after next" is not "next Monday"
        apart = text
        for week in weeks:
            apart = apart[: week.start] + " " * (week.end - week.start) + apart[week.end :]
        found += _of_week(text, weeks, [*_weekdays(apart, today, names.weekday, names.weekday_of, past=past)])
    kept: list[Phrase] = []
    for phrase in sorted(found, key=lambda phrase: (phrase.start, -phrase.end)):
        if not kept or phrase.start >= kept[-1].end:
            kept.append(phrase)
    return kept


def _words(text: str, today: date) -> Iterator[Phrase]:
    ahead = {"yesterday": -1, "today": 0, "tomorrow": 1, "after": 2}
    for match in _WORDS.finditer(text):
        day = today + timedelta(days=ahead[str(match.lastgroup)])
        yield Phrase(match.start(), match.end(), Days(day, day))


def _weeks(text: str, today: date) -> Iterator[Phrase]:
    monday = today - timedelta(days=today.weekday())
    month = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    after = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    week, day = timedelta(weeks=1), timedelta(days=1)
    spans = {
        "this": (today, monday + 6 * day),
        "next": (monday + week, monday + week + 6 * day),
        "later": (monday + 2 * week, monday + 2 * week + 6 * day),
        "end": (max(today, monday + 5 * day), monday + 6 * day),
        "nextend": (monday + week + 5 * day, monday + week + 6 * day),
        "month": (today, month - day),
        "nextmonth": (month, after - day),
    }
    for match in _WEEKS.finditer(text):
        yield Phrase(match.start(), match.end(), Days(*spans[str(match.lastgroup)]))


def _of_week(text: str, weeks: Sequence[Phrase], weekdays: Sequence[Phrase]) -> Iterator[Phrase]:
    """A weekday beside the week that it is of: "Tuesday next week", "in zwei Wochen am Dienstag"."""
    for week in weeks:
        length = (week.days.last - week.days.first).days if week.days.last else 0
        if not 0 < length < _WEEK or _MONTH.search(text[week.start : week.end]):
            continue
        monday = week.days.first - timedelta(days=week.days.first.weekday())
        for one in weekdays:
            first, second = sorted((week, one), key=lambda phrase: phrase.start)
            between = text[first.end : second.start]
            if _OF.fullmatch(between) or (first is one and between.strip() == "from"):  # من
                day = monday + timedelta(days=one.days.first.weekday())
                yield Phrase(first.start, second.end, Days(day, day))


def _in(text: str, today: date) -> Iterator[Phrase]:
    for match in (*_IN.finditer(text), *_FROM_NOW.finditer(text)):
        unit = match["unit"].lower()[0]
        days = number_of(match["n"]) * {"d": 1, "t": 1, "w": 7, "m": 30}[unit]
        if days > _FURTHEST:
            raise BadInputError("That is too far ahead. Choose a day within the next two years.")
        day = today + timedelta(days=days)
        if match.groupdict().get("how", "in").lower() != "in":
            yield Phrase(match.start(), match.end(), Days(today, day))
        else:
            yield Phrase(match.start(), match.end(), Days(day, day + timedelta(days=0 if unit in "dt" else 6)))


def _nth(text: str, today: date, *, past: bool) -> Iterator[Phrase]:
    """The next day of such a number; the last one, where only the past makes sense."""
    for match in _NTH.finditer(text):
        number = int(match["nth"] or match["day"])
        days = (today + timedelta(days=-n if past else n) for n in range(_TWO_MONTHS))
        if day := next((each for each in days if each.day == number), None):
            yield Phrase(match.start(), match.end(), Days(day, day))


def _weekdays(
    text: str, today: date, pattern: str, weekday_of: Callable[[str], int], *, past: bool
) -> Iterator[Phrase]:
    """A bare weekday is the coming one (never today, which people call so); "next" is that day of next week."""
    for match in re.finditer(
        rf"\b(?:(?P<which>this|next|coming|last|nächsten?|diesen?) )?(?P<name>{pattern})(?:s\b)?", text, re.IGNORECASE
    ):
        ahead = (weekday_of(match["name"]) - today.weekday()) % 7
        which = (match["which"] or "").lower()
        if which in {"next", "nächste", "nächsten"}:
            ahead = weekday_of(match["name"]) - today.weekday() + 7
        elif which == "last" and past:
            ahead = ahead - 7
        elif ahead == 0 and which not in {"this", "diese", "diesen"}:
            ahead = 7
        day = today + timedelta(days=ahead)
        yield Phrase(match.start(), match.end(), Days(day, day))
