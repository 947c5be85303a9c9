"""Times of day as people write them: 9:30, 5pm, half past 9, after 5, before noon, morning, between 9 and 12."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.understanding.numbers import NUMBER, number_of
from appservice.conversation.understanding.text import Reading
from booking.people.quiet import Quiet, checked_quiet
from core.errors import BadInputError
from core.timezones import exists

_AFTERNOON_UNTIL = 6
"""A bare hour up to six is meant of the afternoon: nobody sees a doctor at "5" in the morning."""


def _clock(n: str) -> str:
    """A time whose groups are numbered `n`, so that two fit into one pattern."""
    return (
        rf"(?:(?P<past{n}>half past|quarter past|quarter to|half|halb|viertel nach|viertel vor) (?P<word{n}>{NUMBER})\b"
        rf"|(?P<hour{n}>\d{{1,2}})(?:(?P<mark{n}>[:.h]) ?(?P<minute{n}>\d{{2}}))?(?![\d.]\d)"
        rf" ?(?P<part{n}>[ap]\.?m\b\.?|uhr\b|o'?clock\b|h\b)?"
        rf"|(?P<name{n}>noon|midday|mittag|midnight)\b)"
    )


_TO = r" ?(?:-|to|till|until|and|bis|und) ?"
_BETWEEN = re.compile(rf"\b(?:between|from|von|zwischen) {_clock('1')}{_TO}{_clock('2')}(?!\w)", re.IGNORECASE)
_SPAN = re.compile(rf"(?<![\w.:/-]){_clock('1')}{_TO}{_clock('2')}(?![\w/])", re.IGNORECASE)
_QUIET = re.compile(
    r"^(?:hours )?(?:from |between )?(?P<hour1>\d{1,2})(?:[:.](?P<minute1>\d{2}))? ?(?P<half1>[ap]m)?"
    r" ?(?:-|–|to|till|until|and) ?(?P<hour2>\d{1,2})(?:[:.](?P<minute2>\d{2}))? ?(?P<half2>[ap]m)?$",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    rf"\b(?P<how>after|from|(?<!half )(?<!quarter )past|later than|not before|ab|nach|before|until|till|by|earlier than|vor|bis)"
    rf" (?:about )?{_clock('1')}(?![\w/])(?: on(?:wards?)?(?= *$| *[,;]))?",
    re.IGNORECASE,
)
_AT = re.compile(rf"(?:\b(?:at|about|around|um|gegen|@) ?|(?<![\w.:/-])){_clock('1')}(?![\w/])", re.IGNORECASE)
PARTS = {
    "morning": (time(6), time(12)),
    "vormittag": (time(6), time(12)),
    "lunchtime": (time(11, 30), time(14)),
    "lunch": (time(11, 30), time(14)),
    "afternoon": (time(12), time(18)),
    "nachmittag": (time(12), time(18)),
    "evening": (time(17), time(22)),
    "abend": (time(17), time(22)),
    "tonight": (time(17), time(22)),
    "night": (time(17), time(22)),
}
_PART = re.compile(
    rf"\b(?:(?:in|on|at|during|im|am) (?:the )?)?(?:(?P<edge>early|late) )?(?P<part>{'|'.join(PARTS)})s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Wall times of a day: not before `after`, not at or after `before`; or `exact`ly one."""

    after: time | None = None
    before: time | None = None
    exact: time | None = None


def read_hours(reading: Reading) -> Hours | None:
    """Take the times of day that a text names; None when it names none. Raises BadInputError for 25:00 and the like."""
    for pattern in (_BETWEEN, _SPAN):
        match = _first(reading.rest, pattern, certain=pattern is _BETWEEN)
        if match:
            reading.cut(match.start(), match.end())
            return _span(match)
    if match := reading.take(_LIMIT):
        moment = _time(match, "1")
        late = match["how"].lower() in {"after", "from", "past", "later than", "not before", "ab", "nach"}
        part = _part(reading)
        if late:
            return Hours(after=moment, before=part.before if part else None)
        return Hours(after=part.after if part else None, before=moment)
    if match := _first(reading.rest, _AT):
        reading.cut(match.start(), match.end())
        part = _part(reading)
        evening = part is not None and part.after is not None and part.after >= time(12)
        return Hours(exact=_time(match, "1", afternoon=evening))
    return _part(reading)


def read_time(text: str) -> time | None:
    """Return the one time that a text names, or None."""
    hours = read_hours(Reading(text))
    return hours.exact if hours else None


def read_quiet(text: str) -> Quiet:
    """Read "22-7", "10pm to 7:30am" or "from 22:00 until 7": a bare 7 is the morning here. Raises BadInputError."""
    match = _QUIET.match(text.strip())
    if not match:
        raise BadInputError("Write quiet hours like: quiet 22:00-7:00, or “quiet off”.")
    starts, ends = (_on_24_hours(match, n) for n in "12")
    return checked_quiet(starts.hour * 60 + starts.minute, ends.hour * 60 + ends.minute)


def _on_24_hours(match: re.Match[str], n: str) -> time:
    """A time as it is written: only am and pm say otherwise."""
    hour, minute = int(match[f"hour{n}"]), int(match[f"minute{n}"] or 0)
    at = time(0) if (hour, minute) == (24, 0) else _checked(hour, minute, match[0])
    half = (match[f"half{n}"] or "").lower()
    if half == "pm" and at.hour < 12:
        return at.replace(hour=at.hour + 12)
    return at.replace(hour=0) if half == "am" and at.hour == 12 else at


def _first(text: str, pattern: re.Pattern[str], *, certain: bool = False) -> re.Match[str] | None:
    """The first match that is surely a time: a bare number is one only after a word that says so."""
    for match in pattern.finditer(text):
        fields = match.groupdict()
        sure = any(fields.get(f"{sign}{n}") for n in "12" for sign in ("past", "mark", "part", "name"))
        if certain or sure or re.match(r"(?:at|about|around|um|gegen|@)", match[0], re.IGNORECASE):
            return match
    return None


def _span(match: re.Match[str]) -> Hours:
    first, last = _time(match, "1"), _time(match, "2")
    if last <= first and first.hour >= 12 and not match["part1"] and not match["mark1"]:
        first = first.replace(hour=first.hour - 12)
    if last <= first and last.hour < 12:
        last = last.replace(hour=last.hour + 12)
    if last <= first:
        raise BadInputError("Those times end before they start. Write them like 9:00-12:30.")
    return Hours(after=first, before=last)


def _part(reading: Reading) -> Hours | None:
    match = reading.take(_PART)
    if not match:
        return None
    after, before = PARTS[match["part"].lower()]
    middle = time((after.hour + before.hour) // 2)
    edge = (match["edge"] or "").lower()
    return Hours(after=middle if edge == "late" else after, before=middle if edge == "early" else before)


def _time(match: re.Match[str], n: str, *, afternoon: bool = False) -> time:
    """Make a time of the groups numbered `n`."""
    if name := match[f"name{n}"]:
        return time(0) if name.lower() == "midnight" else time(12)
    if past := match[f"past{n}"]:
        hour = number_of(match[f"word{n}"])
        hour = _checked(hour, 0, hour).hour
        if hour <= _AFTERNOON_UNTIL or (afternoon and hour < 12):
            hour += 12
        past = past.lower()
        if past.startswith(("quarter to", "viertel vor", "halb")):
            return time((hour - 1) % 24, 30 if past == "halb" else 45)
        return time(hour, 15 if past.startswith(("quarter", "viertel")) else 30)
    hour, minute = int(match[f"hour{n}"]), int(match[f"minute{n}"] or 0)
    part = (match[f"part{n}"] or "").lower().replace(".", "")
    checked = _checked(hour, minute, match[0])
    if part == "pm" and hour < 12:
        return checked.replace(hour=hour + 12)
    if part == "am":
        return checked.replace(hour=0) if hour == 12 else checked
    bare = not part and not match[f"mark{n}"]
    if (bare and 0 < hour <= _AFTERNOON_UNTIL) or (afternoon and hour < 12):
        return checked.replace(hour=hour + 12)
    return checked


def _checked(hour: int, minute: int, written: object) -> time:
    if hour == 24 and minute == 0:
        return time(23, 59)
    try:
        return time(hour, minute)
    except ValueError as impossible:
        raise BadInputError(
            "There is no such time as {written}. Write it like 9:30 or 5pm.", written=str(written).strip()
        ) from impossible


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a wall time. Where clocks go back, the first of the two.

    Raises BadInputError for a time in the gap when clocks go forward, which never comes.
    """
    local = datetime.combine(day, at, zone)
    if exists(local):
        return local.astimezone(UTC)  # two instants in the hour that comes twice compare as such in UTC alone
    after = local
    while not exists(after):
        after += timedelta(minutes=1)
    raise BadInputError(
        "Clocks go forward on {day}, so {time} doesn't happen in {zone}. Choose a time from {after} on.",
        day=f"{day:%a} {day.day} {day:%b}",
        time=f"{at:%H:%M}",
        zone=zone.key,
        after=f"{after:%H:%M}",
    )
