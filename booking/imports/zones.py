"""Time zones as calendars name them: IANA names, Windows names, VTIMEZONE definitions, offsets. Pure.

A zone is held as the pieces of a window in which its offset stays the same, so that an hour of the wall is turned into
UTC by one look at a short list. Times are minutes since the day before 1 January of the year 1 (`date.toordinal`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from babel.core import get_global

from booking.imports.content import Component, Property
from booking.imports.recurrence import Budget, UnreadableError, days_of, read_rule
from core.errors import BadInputError
from core.timezones import zone

DAY = 1440
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_OFFSET = re.compile(r"^(?:UTC|GMT|Z)?\s*([+-])(\d{1,2}):?(\d{2})?(?:\d{2})?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Window:
    """From which minute until before which one: UTC."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Offsets in minutes east of UTC, and from when on each holds. Before the first edge it is the first offset."""

    offsets: tuple[int, ...]
    edges: tuple[int, ...] = ()
    """In UTC: from the n-th on, offset n + 1 holds."""
    walls: tuple[int, ...] = ()
    """The same on the wall clock. In the gap of spring the offset before it holds, in the repeated hour of autumn the
    earlier one: RFC 5545 section 3.3.5."""

    def utc(self, wall: int) -> int:
        return wall - self.offsets[bisect_right(self.walls, wall)]

    def wall(self, utc: int) -> int:
        return utc + self.offsets[bisect_right(self.edges, utc)]


def made(turns: Iterable[tuple[int, int]], before: int) -> Zone:
    """Make a zone from its turns: the minute (UTC) and the offset from then on."""
    offsets, edges, walls = [before], [], []
    for at, offset in sorted(turns):
        if offset != offsets[-1]:
            edges.append(at)
            walls.append(at + max(offsets[-1], offset))
            offsets.append(offset)
    return Zone(tuple(offsets), tuple(edges), tuple(walls))


_UTC = Zone((0,))


def minute_of(moment: datetime) -> int:
    """Return the minute in which a moment (aware) lies: UTC."""
    utc = moment.astimezone(UTC)
    return utc.toordinal() * DAY + utc.hour * 60 + utc.minute


def moment_of(minute: int) -> datetime:
    """Return the moment at which a minute begins: UTC."""
    return datetime.fromordinal(minute // DAY).replace(tzinfo=UTC) + timedelta(minutes=minute % DAY)


def known_zone(name: str, window: Window) -> Zone:
    """Lay out the zone of an IANA name. Raises BadInputError for an unknown one."""
    info = zone(name)

    def offset(minute: int) -> int:
        found = moment_of(minute).astimezone(info).utcoffset() or timedelta()
        return int(found.total_seconds() // 60)

    turns, last = [], offset(window.low)
    for at in range(window.low, window.high, 7 * DAY):
        until = min(at + 7 * DAY, window.high)
        if offset(until) != last:
            low, high = at, until
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == last else (low, middle)
            turns.append((high, last := offset(until)))
    return made(turns, offset(window.low))


@dataclass
class Zones:
    """The zones of one calendar."""

    window: Window
    home: str
    """IANA name of the zone in which times are read that name none."""
    budget: Budget
    unknown: set[str] = field(default_factory=set)
    """Names that mean nothing here; times that name them are read in the home zone."""
    _known: dict[str, Zone] = field(default_factory=dict)
    """By TZID, in this calendar."""
    _laid: dict[str, Zone] = field(default_factory=dict)
    """By IANA name, in all calendars of the file."""
    _defined: dict[str, Component] = field(default_factory=dict)
    _floating: Zone | None = None

    def define(self, calendar: Component) -> None:
        """Learn a calendar's VTIMEZONEs, and its X-WR-TIMEZONE: where its floating times are, by those who use it."""
        self._known.clear()
        self._defined = {
            (each.first("TZID") or Property("")).value.strip(): each for each in calendar.called("VTIMEZONE")
        }
        own = calendar.first("X-WR-TIMEZONE")
        self._floating = self._named(own.value.strip()) if own and own.value.strip() else None

    @property
    def floating(self) -> Zone:
        return self._floating or self.at_home

    @property
    def of_calendar(self) -> Zone | None:
        """X-WR-TIMEZONE: where what is written in UTC repeats by the wall clock."""
        return self._floating

    @property
    def at_home(self) -> Zone:
        return self._named_by_iana(self.home)

    def of(self, tzid: str) -> Zone:
        """Return the zone that a TZID means."""
        if tzid not in self._known:
            found = self._named(tzid)
            if found is None:
                self.unknown.add(tzid)
            self._known[tzid] = found or self.floating
        return self._known[tzid]

    def _named(self, tzid: str) -> Zone | None:
        name = _iana(tzid)
        if name is None and tzid in self._defined:
            defined = self._defined[tzid]
            place = defined.first("X-LIC-LOCATION")
            name = _iana(place.value.strip()) if place else None
            if name is None:
                try:
                    return _laid_out(defined, self.window, self.budget)
                except UnreadableError:
                    return None
        if name is None:
            return _offset_zone(tzid)
        return _UTC if name == "UTC" else self._named_by_iana(name)

    def _named_by_iana(self, name: str) -> Zone:
        if name not in self._laid:
            self._laid[name] = known_zone(name, self.window)
        return self._laid[name]


def _iana(tzid: str) -> str | None:
    """The IANA name that is meant: as it is, behind a prefix ("/mozilla.org/2005/Europe/Berlin"), or by Windows."""
    tzid = tzid.strip().strip('"')
    windows = _windows().get(tzid.casefold())
    if windows:
        return windows
    parts = tzid.strip("/").split("/")
    for count in dict.fromkeys((len(parts), 3, 2)):
        name = "/".join(parts[-count:])
        try:
            return zone(name).key if name else None
        except BadInputError:
            continue
    return "UTC" if tzid.upper() in {"GMT", "Z", "ETC/UTC", "ETC/GMT", "ZULU"} else None


@cache
def _windows() -> dict[str, str]:
    """CLDR's names of zones in Windows."""
    return {name.casefold(): str(iana) for name, iana in get_global("windows_zone_mapping").items()}


def _offset_zone(tzid: str) -> Zone | None:
    found = _OFFSET.match(tzid.strip())
    if not found or int(found[2]) > 15:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return Zone((minutes if found[1] == "+" else -minutes,))


def _laid_out(defined: Component, window: Window, budget: Budget) -> Zone:
    """A zone that the calendar defines by itself: each STANDARD and DAYLIGHT with its beginnings."""
    turns: list[tuple[int, int]] = []
    first: tuple[int, int] | None = None
    for each in (*defined.called("STANDARD"), *defined.called("DAYLIGHT")):
        before, after = _minutes(each.text("TZOFFSETFROM")), _minutes(each.text("TZOFFSETTO"))
        begins = each.text("DTSTART")
        try:
            start = datetime.strptime(begins.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  (a time of the wall)
        except ValueError as unreadable:
            raise UnreadableError from unreadable
        minute = start.hour * 60 + start.minute
        onsets = [start.toordinal()]
        rule = each.first("RRULE")
        if rule:
            read = read_rule(rule.value, minute)
            last = min(window.high // DAY + 1, _until(read.until))
            onsets += days_of(read, onsets[0], _LONG_AGO, last, budget)
        for prop in each.all("RDATE"):
            onsets += [_day(value) for value in prop.value.split(",")]
        budget.spend(len(onsets))
        turns += [(onset * DAY + minute - before, after) for onset in onsets]
        if first is None or onsets[0] < first[0]:
            first = onsets[0], before
    if first is None:
        raise UnreadableError
    return made(turns, first[1])


def _until(text: str) -> int:
    return _day(text) + 1 if text else 10**9


def _day(text: str) -> int:
    try:
        return datetime.strptime(text.strip()[:8], "%Y%m%d").toordinal()  # noqa: DTZ007  (a date)
    except ValueError as unreadable:
        raise UnreadableError from unreadable


def _minutes(text: str) -> int:
    found = _OFFSET.match(text)
    if not found or int(found[2]) > 23:
        raise UnreadableError
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return minutes if found[1] == "+" else -minutes
