"""Free times, decided without I/O: what is open, less what is busy, on the day's grid."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
"""From, until: aware, half open."""
Minutes = tuple[int, int]
"""From, until: minutes after midnight on the wall clock, half open; 1440 is the day's end."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class WeeklySpan:
    """Open hours of one weekday: 0 is Monday; minutes as in Minutes."""

    weekday: int
    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Visit:
    """What a start must leave room for, in minutes. `grid`: starts fall on multiples of it after local midnight."""

    minutes: int
    before: int
    after: int
    grid: int


def on_day(day: date, hours: Iterable[Minutes], zone: ZoneInfo) -> Iterator[Span]:
    """Lay hours of the wall clock over a date: in UTC, each piece with one offset.

    An instant is open when its wall time is: hours within the spring gap do not happen, those repeated in autumn
    happen twice.
    """
    midnight = datetime.combine(day, time(), UTC)
    began = datetime.combine(day, time(), zone).astimezone(UTC)
    ended = datetime.combine(day + _DAY, time(), zone).astimezone(UTC)
    steady = [(start, end, _offset(start, zone)) for start, end in _steady(began, ended, zone)]
    for first, last in hours:
        for start, end, offset in steady:
            piece = max(start, midnight + first * _MINUTE - offset), min(end, midnight + last * _MINUTE - offset)
            if piece[0] < piece[1]:
                yield piece


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _steady(start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """Part a time of at most a day where its clocks change, so that each part has one offset."""
    before = _offset(start, zone)
    if before == _offset(end - _INSTANT, zone):
        return [(start, end)]
    minutes = range(int((end - start) / _MINUTE))
    change = start + _MINUTE * bisect_left(minutes, 1, key=lambda n: _offset(start + n * _MINUTE, zone) != before)
    return [(start, change), (change, end)]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same time without overlaps, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            if end > result[-1][1]:
                result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


def covered(span: Span, opened: Sequence[Span]) -> bool:
    """Whether a time lies in open time throughout. `opened`: merged."""
    n = bisect_right(opened, span[0], key=lambda each: each[0]) - 1
    return n >= 0 and span[1] <= opened[n][1]


def overlaps(span: Span, taken: Sequence[Span]) -> bool:
    """Whether some of a time is taken. `taken`: merged."""
    n = bisect_left(taken, span[1], key=lambda each: each[0])
    return n > 0 and taken[n - 1][1] > span[0]


def free_starts(
    opened: Sequence[Span], busy: Sequence[Span], visit: Visit, zone: ZoneInfo, earliest: datetime, latest: datetime
) -> Iterator[datetime]:
    """Yield, in order, the starts from `earliest` until before `latest` at which the visit fits.

    The visit itself lies within open hours; with its buffers it touches nothing that is busy. `opened`, `busy`: merged.
    """
    length, before, after = visit.minutes * _MINUTE, visit.before * _MINUTE, visit.after * _MINUTE
    # A busy time forbids the starts that lie strictly between these two.
    forbidden = [(start - length - after, end + before) for start, end in busy]
    grid = visit.grid * _MINUTE
    n = 0
    for start, end in opened:
        for at, until in _grids(max(start, earliest), min(end - length + _INSTANT, latest), visit.grid, zone):
            while at < until:
                while n < len(forbidden) and forbidden[n][1] <= at:
                    n += 1
                if n < len(forbidden) and forbidden[n][0] < at:
                    at -= (at - forbidden[n][1]) // grid * grid  # noqa: PLW2901  (on to the end of what forbids it)
                    continue
                yield at
                at += grid  # noqa: PLW2901


def _grids(start: datetime, end: datetime, grid: int, zone: ZoneInfo) -> Iterator[Span]:
    """Part a time so that in each part the grid has an even step; each part begins with a time on the grid.

    The grid begins anew at each midnight, and follows the wall clock where that is changed.
    """
    if start.second or start.microsecond:
        start = start.replace(second=0, microsecond=0) + _MINUTE
    while start < end:
        tomorrow = datetime.combine(start.astimezone(zone).date() + _DAY, time(), zone).astimezone(UTC)
        for first, last in _steady(start, tomorrow, zone):
            wall = first.astimezone(zone)
            yield first + -(wall.hour * 60 + wall.minute) % grid * _MINUTE, min(last, end)
        start = tomorrow
