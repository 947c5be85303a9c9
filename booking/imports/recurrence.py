"""Rules of recurrence (RFC 5545 section 3.3.10), followed within a window. Pure.

Everything is counted in whole days (`date.toordinal`) and minutes, and each step costs of a budget that the whole file
shares, so that no rule can run for ever: neither one without an end, nor one that never comes true.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from core.errors import BadInputError

_WEEKDAYS = {name: n for n, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_TOO_OFTEN = (
    "An event in that calendar repeats by the hour or more often. I can't read that; take it out of the calendar, or"
    " let it last all day."
)
_TOO_MUCH = "The rules of repetition in that calendar go on for too long. I don't read it."
_MOST_TIMES = 24
"""Times of day that one rule may name."""
_LAST_DAY = date.max.toordinal()


class UnreadableError(Exception):
    """This event says nothing that could be understood; the others may."""


@dataclass(slots=True)
class Budget:
    """Steps that are left for a file."""

    steps: int = 1_500_000

    def spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise BadInputError(_TOO_MUCH)


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE. Empty tuples: not said."""

    freq: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    """As it is written; what it means depends on the zone of the event."""
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """Weekday (0 is Monday), and the which of the month or the year (0: each)."""
    positions: tuple[int, ...] = ()
    week_start: int = 0
    times: tuple[int, ...] = field(default=())
    """Minutes after midnight, where the rule names times of day itself."""


@lru_cache(maxsize=512)
def read_rule(text: str, minute: int) -> Rule:
    """Read a rule of an event that begins at that minute of its day.

    Raises UnreadableError, and BadInputError for one that repeats within the day.
    """
    parts = dict(part.split("=", 1) for part in text.strip().upper().rstrip(";").split(";") if "=" in part)
    freq = parts.get("FREQ", "")
    if freq in ("SECONDLY", "MINUTELY", "HOURLY"):
        raise BadInputError(_TOO_OFTEN)
    if freq not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY") or "RSCALE" in parts:
        raise UnreadableError
    try:
        rule = Rule(
            freq=freq,
            interval=int(parts.get("INTERVAL", "1")),
            count=int(parts["COUNT"]) if "COUNT" in parts else None,
            until=parts.get("UNTIL", ""),
            months=_numbers(parts, "BYMONTH", 1, 12),
            month_days=_numbers(parts, "BYMONTHDAY", -31, 31),
            year_days=_numbers(parts, "BYYEARDAY", -366, 366),
            weeks=_numbers(parts, "BYWEEKNO", -53, 53),
            weekdays=tuple(_weekday(each) for each in parts["BYDAY"].split(",")) if parts.get("BYDAY") else (),
            positions=_numbers(parts, "BYSETPOS", -366, 366),
            week_start=_WEEKDAYS[parts.get("WKST", "MO")],
            times=_times(parts, minute),
        )
    except (ValueError, KeyError) as unreadable:
        raise UnreadableError from unreadable
    if not 1 <= rule.interval <= 100_000 or (rule.count is not None and rule.count < 1):
        raise UnreadableError
    return rule


def _numbers(parts: dict[str, str], name: str, least: int, most: int) -> tuple[int, ...]:
    found = tuple(sorted({int(each) for each in parts[name].split(",")})) if parts.get(name) else ()
    if any(not least <= each <= most for each in found) or (least < 0 and 0 in found):
        raise ValueError(name)
    return found


def _weekday(text: str) -> tuple[int, int]:
    text = text.strip()
    which = int(text[:-2]) if len(text) > 2 else 0
    if abs(which) > 53:
        raise ValueError(text)
    return _WEEKDAYS[text[-2:]], which


def _times(parts: dict[str, str], minute: int) -> tuple[int, ...]:
    if "BYHOUR" not in parts and "BYMINUTE" not in parts:
        return ()
    hours = _numbers(parts, "BYHOUR", 0, 23) or (minute // 60,)
    minutes = _numbers(parts, "BYMINUTE", 0, 59) or (minute % 60,)
    if len(hours) * len(minutes) > _MOST_TIMES:
        raise BadInputError(_TOO_OFTEN)
    return tuple(hour * 60 + each for hour in hours for each in minutes)


def days_of(rule: Rule, first: int, low: int, high: int, budget: Budget) -> Iterator[int]:
    """Yield, in order, the days of a rule that begins on `first`, those from `low` until before `high`.

    With COUNT it counts from its beginning, as it must; otherwise what lies before `low` costs nothing.
    """
    low = max(low, first)
    begin = first if rule.count is not None else low
    left = rule.count
    times = len(rule.times) or 1
    for days in _periods(rule, first, begin, high, budget):
        for day in days:
            if day < first or (left is None and day < low):
                continue
            if day >= high or (left is not None and left <= 0):
                return
            if left is not None:
                left -= times
            if day >= low:
                yield day


def _periods(rule: Rule, first: int, begin: int, high: int, budget: Budget) -> Iterator[list[int]]:
    """Yield the days of each period of the rule, from the one in which `begin` lies."""
    high = min(high, _LAST_DAY - 800)
    step = rule.interval
    start = date.fromordinal(first)
    if rule.freq == "DAILY":
        day = first + max(0, (begin - first) // step) * step
        plain = not (rule.months or rule.month_days or rule.weekdays or rule.year_days)
        while day < high:
            budget.spend(1 if plain else 3)
            if plain or _fits(rule, day):
                yield [day]
            day += step
    elif rule.freq == "WEEKLY":
        week = first - (start.weekday() - rule.week_start) % 7
        week += max(0, (begin - week) // (7 * step)) * 7 * step
        wanted = sorted(
            {(day - rule.week_start) % 7 for day, _ in rule.weekdays} or {(start.weekday() - rule.week_start) % 7}
        )
        while week < high:
            budget.spend(len(wanted))
            days = [week + each for each in wanted]
            if rule.months:
                days = [day for day in days if date.fromordinal(day).month in rule.months]
            yield _chosen(rule, days)
            week += 7 * step
    elif rule.freq == "MONTHLY":
        n = start.year * 12 + start.month - 1
        beginning = date.fromordinal(begin)
        n += max(0, (beginning.year * 12 + beginning.month - 1 - n) // step) * step
        while (month := date(n // 12, n % 12 + 1, 1)).toordinal() < high:
            budget.spend(4)
            if not rule.months or month.month in rule.months:
                yield _chosen(rule, _days_of_month(rule, month.year, month.month, start.day))
            n += step
    else:
        year = start.year + max(0, (date.fromordinal(begin).year - start.year) // step) * step
        while date(year, 1, 1).toordinal() < high + 7:
            budget.spend(24)
            yield _chosen(rule, _days_of_year(rule, year, start))
            year += step


def _chosen(rule: Rule, days: list[int]) -> list[int]:
    """What BYSETPOS leaves of the days of a period."""
    if not rule.positions or rule.times:
        return days
    found = {days[n - 1 if n > 0 else n] for n in rule.positions if abs(n) <= len(days)}
    return sorted(found)


def _fits(rule: Rule, day: int) -> bool:
    """Whether a day is one of those that a rule leaves."""
    if rule.weekdays and all(weekday != (day - 1) % 7 for weekday, _ in rule.weekdays):  # ordinal 1 is a Monday
        return False
    at = date.fromordinal(day)
    if rule.months and at.month not in rule.months:
        return False
    if rule.month_days and at.day not in rule.month_days:
        last = calendar.monthrange(at.year, at.month)[1]
        if at.day - last - 1 not in rule.month_days:
            return False
    return not rule.year_days or _is_year_day(rule, at)


def _is_year_day(rule: Rule, at: date) -> bool:
    n, length = at.timetuple().tm_yday, 366 if calendar.isleap(at.year) else 365
    return n in rule.year_days or n - length - 1 in rule.year_days


def _days_of_month(rule: Rule, year: int, month: int, usual: int) -> list[int]:
    length = calendar.monthrange(year, month)[1]
    before = date(year, month, 1).toordinal() - 1
    if rule.month_days:
        days = {n if n > 0 else length + n + 1 for n in rule.month_days}
        days = {n for n in days if 1 <= n <= length}
        if rule.weekdays:
            days &= {day - before for day in _by_weekday(rule, before + 1, length)}
    elif rule.weekdays:
        return sorted(_by_weekday(rule, before + 1, length))
    else:
        days = {usual} if usual <= length else set()
    return sorted(before + n for n in days)


def _by_weekday(rule: Rule, first: int, length: int) -> set[int]:
    """The days of the rule's weekdays in a month or a year that begins on `first`."""
    found: set[int] = set()
    for weekday, which in rule.weekdays:
        one = first + (weekday - (first - 1) % 7) % 7  # ordinal 1 is a Monday
        days = range(one, first + length, 7)
        if which == 0:
            found.update(days)
        elif abs(which) <= len(days):
            found.add(days[which - 1 if which > 0 else which])
    return found


def _days_of_year(rule: Rule, year: int, start: date) -> list[int]:
    first, length = date(year, 1, 1).toordinal(), 366 if calendar.isleap(year) else 365
    months = rule.months or range(1, 13)
    if rule.year_days:
        days = {first + (n - 1 if n > 0 else length + n) for n in rule.year_days}
        return sorted(day for day in days if first <= day < first + length and _others_fit(rule, day))
    if rule.weeks:
        return _days_of_weeks(rule, year, start)
    if rule.month_days:
        return sorted(day for month in months for day in _days_of_month(rule, year, month, 0) if _others_fit(rule, day))
    if rule.weekdays and not rule.months:
        return sorted(_by_weekday(rule, first, length))
    if not rule.months:
        months = (start.month,)
    return sorted(day for month in months for day in _days_of_month(rule, year, month, start.day))


def _others_fit(rule: Rule, day: int) -> bool:
    """BYMONTH and BYDAY as limits."""
    at = date.fromordinal(day)
    return (not rule.months or at.month in rule.months) and (
        not rule.weekdays or any(weekday == at.weekday() for weekday, _ in rule.weekdays)
    )


def _days_of_weeks(rule: Rule, year: int, start: date) -> list[int]:
    """Week 1 is the first with four days or more in the year."""
    first = date(year, 1, 1)
    one = first.toordinal() - (first.weekday() - rule.week_start) % 7
    if first.toordinal() - one > 3:
        one += 7
    after = date(year + 1, 1, 1)
    next_one = after.toordinal() - (after.weekday() - rule.week_start) % 7
    if after.toordinal() - next_one > 3:
        next_one += 7
    count = (next_one - one) // 7
    wanted = {n if n > 0 else count + n + 1 for n in rule.weeks}
    weekdays = {weekday for weekday, _ in rule.weekdays} or {start.weekday()}
    days = [one + 7 * (n - 1) + each for n in wanted if 1 <= n <= count for each in range(7)]
    kept = (day for day in days if (day - 1) % 7 in weekdays)
    return sorted(day for day in kept if not rule.months or date.fromordinal(day).month in rule.months)
