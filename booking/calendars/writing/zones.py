"""VTIMEZONE from the zone data of the machine, as rules: Outlook goes wrong with lists of dates.

The data (RFC 9636) is asked for offsets only, so that it does not matter where it comes from. A zone whose clock
follows a yearly rule gets an RRULE for each change; one that does not (Morocco, by the moon) gets its changes one by
one, for the years that are asked for; one that never changes gets a single line.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from booking.calendars.writing.lines import local_stamp, offset_stamp

_FIRST, _LAST = 2015, 2050
"""Years looked at. Before the first nothing was booked; until the last a rule shows on which days it can fall."""
_RULE_HOLDS = 7
"""Years for which a rule must hold to be one."""
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """The clock is put from one offset to another. `wall`: what it shows just before, naive."""

    wall: datetime
    before: int
    """Seconds east of UTC."""
    after: int
    name: str

    @property
    def key(self) -> tuple[int, int, object, int, int]:
        """What a yearly rule has in common in all years."""
        return self.wall.month, self.wall.weekday(), self.wall.time(), self.before, self.after


def timezone_lines(zone: ZoneInfo, first: int, last: int) -> list[str]:
    """Return the content lines of the VTIMEZONE that is right from the year `first` to `last`."""
    changes = _changes(zone)
    ruled_from, rules = _rules(zone)
    single = [
        each for each in changes if first - 1 <= each.wall.year < ruled_from and (rules or each.wall.year <= last + 1)
    ]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone.key}"]
    if not rules or first - 1 < ruled_from:
        lines += _steady(zone, max(first - 1, 1970))
    for change in single:
        lines += _observance(change, None)
    for change, rule in rules:
        lines += _observance(change, rule)
    return [*lines, "END:VTIMEZONE"]


def _steady(zone: ZoneInfo, year: int) -> list[str]:
    """The offset with which the first year begins."""
    moment = datetime(year, 1, 1, tzinfo=UTC).astimezone(zone)
    seconds = _seconds(moment)
    return _observance(Change(datetime(1970, 1, 1), seconds, seconds, moment.tzname() or ""), None)  # noqa: DTZ001


def _observance(change: Change, rule: str | None) -> list[str]:
    kind = "DAYLIGHT" if change.after > change.before else "STANDARD"
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{local_stamp(change.wall)}",
        f"TZOFFSETFROM:{offset_stamp(change.before)}",
        f"TZOFFSETTO:{offset_stamp(change.after)}",
        *([f"TZNAME:{change.name}"] if change.name else []),
        *([f"RRULE:{rule}"] if rule else []),
        f"END:{kind}",
    ]


@lru_cache(maxsize=256)
def _changes(zone: ZoneInfo) -> tuple[Change, ...]:
    """All changes of a zone's clock in the years looked at, by bisection of the days on which its offset changes."""
    found = []
    at, end = datetime(_FIRST, 1, 1, tzinfo=UTC), datetime(_LAST + 1, 1, 1, tzinfo=UTC)
    before = _seconds(at.astimezone(zone))
    while at < end:
        after = _seconds((at + _DAY).astimezone(zone))
        if after != before:
            low, high = 0, 86_400
            while high - low > 1:
                middle = (low + high) // 2
                same = _seconds((at + timedelta(seconds=middle)).astimezone(zone)) == before
                low, high = (middle, high) if same else (low, middle)
            moment = at + timedelta(seconds=high)
            wall = (moment + timedelta(seconds=before)).replace(tzinfo=None)
            found.append(Change(wall, before, after, moment.astimezone(zone).tzname() or ""))
            before = after
        at += _DAY
    return tuple(found)


@lru_cache(maxsize=256)
def _rules(zone: ZoneInfo) -> tuple[int, tuple[tuple[Change, str], ...]]:
    """Return the first year of the yearly rules that hold from then on, and those rules, each with its first change."""
    years = {year: list(each) for year, each in groupby(_changes(zone), key=lambda change: change.wall.year)}
    last = [change.key for change in years.get(_LAST, [])]
    ruled_from = _LAST + 1
    while ruled_from > _FIRST and [change.key for change in years.get(ruled_from - 1, [])] == last:
        ruled_from -= 1
    if not last or _LAST - ruled_from < _RULE_HOLDS:
        return (ruled_from if not last else _LAST + 1), ()
    rules = []
    for n, first in enumerate(years[ruled_from]):
        days = sorted({years[year][n].wall.day for year in range(ruled_from, _LAST + 1)})
        rules.append((first, _rule(first.wall, days)))
    return ruled_from, tuple(rules)


def _rule(first: datetime, days: list[int]) -> str:
    """The rule of a change that falls on one weekday between certain days of its month."""
    weekday, month = _WEEKDAYS[first.weekday()], first.month
    length = (datetime(2023, month % 12 + 1, 1) - _DAY).day  # noqa: DTZ001
    if days[0] == length - 6:
        return f"FREQ=YEARLY;BYMONTH={month};BYDAY=-1{weekday}"
    if days[0] % 7 == 1 and days[0] < 28:
        return f"FREQ=YEARLY;BYMONTH={month};BYDAY={days[0] // 7 + 1}{weekday}"
    within = ",".join(str(day) for day in range(days[0], days[0] + 7))
    return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={within};BYDAY={weekday}"


def _seconds(moment: datetime) -> int:
    return int((moment.utcoffset() or timedelta()).total_seconds())
