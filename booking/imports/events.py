"""Events of a calendar that is read in: when each of their occurrences is. Pure.

What an event is called, where it is and who comes is never looked at.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from booking.imports.content import Component, Property
from booking.imports.recurrence import Budget, Rule, UnreadableError, days_of, read_rule
from booking.imports.zones import DAY, Window, Zone, Zones

_DURATION = re.compile(r"^([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$")
_LONGEST = 400 * DAY
"""Of what lasts longer, its first occurrences before the window are not looked for."""


@dataclass(frozen=True, slots=True)
class When:
    """A minute on the wall clock of a zone."""

    wall: int
    zone: Zone
    whole_day: bool = False

    @property
    def utc(self) -> int:
        return self.zone.utc(self.wall)


@dataclass(slots=True)
class Event:
    """One VEVENT or AVAILABLE, as far as time goes."""

    uid: str
    start: When
    days: int
    """How long it lasts: whole days on the wall clock, and minutes."""
    minutes: int
    rules: list[Rule] = field(default_factory=list)
    less: list[Rule] = field(default_factory=list)
    more: list[tuple[When, int | None]] = field(default_factory=list)
    """RDATEs; with a length in minutes of their own where they are periods."""
    left_out: set[int] = field(default_factory=set)
    """Starts that do not happen: EXDATEs and what another event of the same UID replaces. UTC."""
    left_out_days: set[int] = field(default_factory=set)
    replaces: When | None = None
    """RECURRENCE-ID."""
    and_later: bool = False
    """Whether it replaces the later ones, too."""
    first: int | None = None
    before: int | None = None
    """UTC: of the starts by the rules, only those from the one until before the other are this event's."""
    shift: int = 0
    """By how many minutes an occurrence is later than the rules say: where a change moved all that follow."""
    cancelled: bool = False
    free: bool = False
    """Whether its owner is free meanwhile: TRANSP."""

    @property
    def recurs(self) -> bool:
        return bool(self.rules or self.more)

    @property
    def length(self) -> int:
        return self.days * DAY + self.minutes


def read_event(component: Component, zones: Zones) -> Event:
    """Read a VEVENT or AVAILABLE. Raises UnreadableError, BadInputError."""
    begins = component.first("DTSTART")
    if begins is None:
        raise UnreadableError
    start = read_when(begins, zones)
    recurs = "RRULE" in component.properties or "RDATE" in component.properties
    if recurs and begins.value.strip().upper().endswith("Z") and zones.of_calendar:
        start = When(zones.of_calendar.wall(start.utc), zones.of_calendar)
    days, minutes = _length(component, start, zones)
    minute = start.wall % DAY
    rid = component.first("RECURRENCE-ID")
    uid = component.first("UID")
    gone = [when for each in component.all("EXDATE") for when, _ in _dates(each, zones)]
    return Event(
        uid=uid.value.strip() if uid else "",
        start=start,
        days=days,
        minutes=minutes,
        rules=[read_rule(each.value, minute) for each in component.all("RRULE")],
        less=[read_rule(each.value, minute) for each in component.all("EXRULE")],
        more=[one for each in component.all("RDATE") for one in _dates(each, zones)],
        left_out={when.utc for when in gone if not when.whole_day},
        # One that is a date alone means whatever begins on it, also of an event with times: so it is meant.
        left_out_days={when.wall // DAY for when in gone if when.whole_day},
        replaces=read_when(rid, zones) if rid else None,
        and_later=bool(rid and rid.marks == "THISANDFUTURE"),
        cancelled=component.text("STATUS") == "CANCELLED",
        free=component.text("TRANSP") == "TRANSPARENT",
    )


def read_when(prop: Property, zones: Zones) -> When:
    """Read a date or a date with a time. A second that has begun counts for the minute that it is in."""
    wall, kind = _read_wall(prop.value.strip())
    if kind == "day":
        return When(wall, zones.at_home, whole_day=True)
    if kind == "utc":
        return When(wall, _UTC)
    return When(wall, zones.of(prop.tzid) if prop.tzid else zones.floating)


def _read_wall(value: str) -> tuple[int, Literal["day", "utc", "wall"]]:
    try:
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8])).toordinal()
        if len(value) == 8:
            return day * DAY, "day"
        hour, minute = int(value[9:11]), int(value[11:13])
    except ValueError as unreadable:
        raise UnreadableError from unreadable
    if value[8] not in "Tt" or not (0 <= hour < 24 and 0 <= minute < 60) or len(value) > 16:
        raise UnreadableError
    return day * DAY + hour * 60 + minute, "utc" if value[-1] in "Zz" else "wall"


_UTC = Zone((0,))


def read_period(text: str, tzid: str, zones: Zones) -> tuple[When, int]:
    """Read a period: its start, and how many minutes it lasts."""
    first, _, last = text.partition("/")
    start = read_when(Property(first, tzid), zones)
    if last.strip().upper().lstrip("+-").startswith("P"):
        days, minutes = read_duration(last)
        length = days * DAY + minutes
    else:
        length = _up(last, tzid, zones) - start.utc
    if length <= 0:
        raise UnreadableError
    return start, length


def read_duration(text: str) -> tuple[int, int]:
    """Read a DURATION: days, and minutes, a begun one as a whole one."""
    found = _DURATION.match(text.strip().upper())
    if not found or found[1] == "-":
        raise UnreadableError
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[1:])
    return min(weeks * 7 + days, 100_000), min(hours * 60 + minutes + -(-seconds // 60), 10**8)


def _up(value: str, tzid: str, zones: Zones) -> int:
    """An end in UTC: a second that has begun counts as the whole minute."""
    value = value.strip()
    end = read_when(Property(value, tzid), zones).utc
    return end + (len(value) >= 15 and value[13:15] != "00")


def _length(component: Component, start: When, zones: Zones) -> tuple[int, int]:
    ends = component.first("DTEND")
    if ends:
        end = read_when(ends, zones)
        if start.whole_day and end.whole_day:
            days = (end.wall - start.wall) // DAY
            if days < 0:
                raise UnreadableError
            return max(days, 1), 0  # some write the same day twice
        seconds = len(ends.value.strip()) >= 15 and ends.value.strip()[13:15] != "00"
        minutes = (end.wall - start.wall if end.zone is start.zone else end.utc - start.utc) + seconds
        if minutes < 0:
            raise UnreadableError
        return 0, minutes
    lasts = component.first("DURATION")
    if lasts:
        return read_duration(lasts.value)
    return (1, 0) if start.whole_day else (0, 0)


def _dates(prop: Property, zones: Zones) -> Iterator[tuple[When, int | None]]:
    for value in prop.value.split(","):
        zones.budget.spend(8)
        if prop.kind == "PERIOD" or "/" in value:
            yield read_period(value, prop.tzid, zones)
        elif value.strip():
            yield read_when(Property(value, prop.tzid), zones), None


def settled(events: Iterable[Event], budget: Budget) -> list[Event]:
    """Give each changed occurrence its place: its series leaves it out, whether it is at another time or not at all."""
    events = list(events)
    series: dict[str, list[Event]] = {}
    for event in events:
        if event.replaces is None and event.uid:
            series.setdefault(event.uid, []).append(event)
    later: list[Event] = []
    for event in events:
        if event.replaces is None:
            continue
        for one in series.get(event.uid, ()):
            budget.spend(4)
            if event.and_later:
                later += _from_then_on(one, event, event.replaces.utc)
            elif event.replaces.whole_day:
                one.left_out_days.add(event.replaces.wall // DAY)
            else:
                one.left_out.add(event.replaces.utc)
    return events + later


def _from_then_on(series: Event, change: Event, at: int) -> list[Event]:
    """The rest of a series as it is from a change on; the series ends there."""
    before = series.before
    if before is not None and before <= at:
        return []
    series.before = at
    if change.cancelled or change.recurs or not series.rules:
        return []
    shift = change.start.utc - at
    rest = replace(series, days=change.days, minutes=change.minutes, first=at, before=before, shift=shift)
    rest.free = change.free
    return [rest]


Starts = Sequence[int]
Batch = tuple[Starts, int]
"""Starts in order (UTC), and how many minutes each of these occurrences lasts."""


def occurrences(event: Event, window: Window, budget: Budget) -> Iterator[Batch]:
    """Yield when the event is, as far as that touches the window; the batches in no order, and an hour maybe twice."""
    if event.length == 0:
        return
    laid = _Laid(event, window, budget)
    budget.spend()
    yield from laid.one(event.start.wall)
    for rule in event.rules:
        if _is_plain(rule):
            yield from laid.series(rule)
        else:
            for wall in _walls(rule, event.start, laid.low, laid.high, budget):
                yield from laid.one(wall)
    budget.spend(len(event.more))
    for when, minutes in event.more:
        begins = when.utc
        if begins in laid.excluded or when.wall // DAY in event.left_out_days:
            continue
        ends = begins + minutes if minutes is not None else when.zone.utc(when.wall + event.days * DAY) + event.minutes
        if begins < window.high and ends > window.low:
            yield [begins], ends - begins


class _Laid:
    """Where the occurrences of one event lie in a window."""

    def __init__(self, event: Event, window: Window, budget: Budget) -> None:
        self.event, self.window, self.budget = event, window, budget
        reach = max(0, event.shift) + (min(event.length, _LONGEST) if event.recurs else event.length)
        self.low = (window.low - reach) // DAY - 1
        self.high = (window.high - min(0, event.shift)) // DAY + 2
        """Days between which starts are looked for."""
        self.excluded = _excluded(event, self.low, self.high, budget)

    def one(self, wall: int) -> Iterator[Batch]:
        """The occurrence that the rules let begin then on the wall clock, if it happens."""
        event, zone = self.event, self.event.start.zone
        begins = zone.utc(wall)
        if begins in self.excluded or (event.left_out_days and wall // DAY in event.left_out_days):
            return
        if begins < (event.first or 0) or (event.before is not None and begins >= event.before):
            return
        wall += event.shift
        # Whichever ends later: the same hours of the wall clock, or the same time, in a night in which clocks change.
        ends = max(zone.utc(wall + event.days * DAY) + event.minutes, zone.utc(wall + event.length))
        begins += event.shift
        if begins < ends and begins < self.window.high and ends > self.window.low:
            yield [begins], ends - begins

    def series(self, rule: Rule) -> Iterator[Batch]:
        """What repeats every so many days or weeks: as many occurrences at once as have the same offset."""
        event = self.event
        if event.left_out_days:  # rare enough to be looked at one by one
            for wall in _walls(rule, event.start, self.low, self.high, self.budget):
                yield from self.one(wall)
            return
        last, exactly = _until(rule, event.start)
        zone = event.start.zone
        if exactly:
            last = zone.wall(last)
        low = max(self.low * DAY, event.start.wall)
        high = min(self.high * DAY, last + 1)
        for first, step in _lines(rule, event.start):
            wall = first + max(0, -(-(low - first) // step)) * step
            for piece, offset in enumerate(zone.offsets):
                edge = min(high, zone.walls[piece]) if piece < len(zone.walls) else high
                # Those that reach over a change of clocks are laid one by one.
                smooth = edge - event.length if edge < high else high
                walls = range(wall, max(wall, smooth), step)
                wall += len(walls) * step
                yield from self._many(walls, offset)
                while wall < edge:
                    self.budget.spend()
                    yield from self.one(wall)
                    wall += step

    def _many(self, walls: range, offset: int) -> Iterator[Batch]:
        event = self.event
        starts: Starts = range(walls.start - offset, walls.stop - offset, walls.step)
        self.budget.spend(1 + len(self.excluded) // 4)
        if not starts:
            return
        gone = {at for at in self.excluded if at in starts}
        if gone or event.first is not None or event.before is not None:
            before = event.before if event.before is not None else starts[-1] + 1
            starts = [at for at in starts if at not in gone and (event.first or 0) <= at < before]
        if event.shift:
            starts = [at + event.shift for at in starts]
        if starts:
            yield starts, event.length


def _is_plain(rule: Rule) -> bool:
    """Whether a rule repeats every so many days or weeks, and that is all."""
    return (
        rule.freq in ("DAILY", "WEEKLY")
        and rule.count is None
        and not (rule.months or rule.month_days or rule.year_days or rule.positions or rule.times)
        and not (rule.freq == "DAILY" and rule.weekdays)
    )


def _lines(rule: Rule, start: When) -> Iterator[tuple[int, int]]:
    """The first start, and the minutes until the next, for each weekday of a plain rule."""
    if rule.freq == "DAILY":
        yield start.wall, rule.interval * DAY
        return
    day, clock = divmod(start.wall, DAY)
    weekday = (day - 1) % 7
    week = day - (weekday - rule.week_start) % 7
    step = rule.interval * 7 * DAY
    for wanted in {each for each, _ in rule.weekdays} or {weekday}:
        first = (week + (wanted - rule.week_start) % 7) * DAY + clock
        yield (first if first >= start.wall else first + step), step


def _excluded(event: Event, low: int, high: int, budget: Budget) -> set[int]:
    if not event.less:
        return event.left_out
    start = event.start
    gone = set(event.left_out)
    for rule in event.less:
        for wall in _walls(rule, start, low, high, budget):
            budget.spend(4)  # each is kept: a rule that has left out every day for ages is not gone through
            gone.add(start.zone.utc(wall))
    return gone


def _walls(rule: Rule, start: When, low: int, high: int, budget: Budget) -> Iterator[int]:
    """The starts of a rule on the wall clock, on the days from `low` until before `high`."""
    clock = start.wall % DAY
    last, exactly = _until(rule, start)
    high = min(high, last // DAY + 2)
    for day in days_of(rule, start.wall // DAY, low, high, budget):
        for minute in rule.times or (clock,):
            wall = day * DAY + minute
            if (start.zone.utc(wall) if exactly else wall) <= last and wall >= start.wall:
                yield wall


def _until(rule: Rule, start: When) -> tuple[int, bool]:
    """The last minute in which an occurrence may begin, and whether it is in UTC."""
    text = rule.until.strip()
    if not text:
        return 10**10, False
    until, kind = _read_wall(text)
    if start.whole_day and kind == "utc":  # some write midnight there as it is in UTC, often the evening before
        until = max(until, start.zone.wall(until))
    if kind == "day" or start.whole_day:
        return until // DAY * DAY + DAY - 1, False
    return until, kind == "utc"
