"""Free times, decided without I/O: weekly hours on the centre's wall clock, less what is busy, on the day's grid."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
"""From, until: aware, half open."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, order=True)
class WeeklySpan:
    """Open hours of one weekday: 0 is Monday; minutes after midnight on the wall clock, 1440 the day's end."""

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


def open_times(spans: Iterable[WeeklySpan], zone: ZoneInfo, first: date, last: date) -> list[Span]:
    """Lay weekly hours over the days from `first` to `last`: merged, in UTC, in order.

    An instant is open when its wall time is: hours within the spring gap do not happen, those repeated in autumn
    happen twice.
    """
    by_day: dict[int, list[WeeklySpan]] = {}
    for span in spans:
        by_day.setdefault(span.weekday, []).append(span)
    found = [
        piece
        for n in range((last - first).days + 1)
        for span in by_day.get((first + n * _DAY).weekday(), ())
        for piece in _on_day(first + n * _DAY, span, zone)
    ]
    return merged(found)


def _on_day(day: date, span: WeeklySpan, zone: ZoneInfo) -> Iterator[Span]:
    midnight = datetime.combine(day, time(), UTC)
    began = datetime.combine(day, time(), zone).astimezone(UTC)
    ended = datetime.combine(day + _DAY, time(), zone).astimezone(UTC)
    for start, end in _steady(began, ended, zone):
        offset = start.astimezone(zone).utcoffset() or timedelta()
        piece = (
            max(start, midnight + span.starts * _MINUTE - offset),
            min(end, midnight + span.ends * _MINUTE - offset),
        )
        if piece[0] < piece[1]:
            yield piece


def _steady(start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """Part a day where its clocks change, so that each part has one offset."""

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    if offset(start) == offset(end - _MINUTE):
        return [(start, end)]
    minutes = range(int((end - start) / _MINUTE))
    change = start + _MINUTE * bisect_left(minutes, 1, key=lambda n: offset(start + n * _MINUTE) != offset(start))
    return [(start, change), (change, end)]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same time without overlaps, in order."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def free_starts(
    opened: Sequence[Span], busy: Iterable[Span], visit: Visit, zone: ZoneInfo, earliest: datetime, latest: datetime
) -> Iterator[datetime]:
    """Yield, in order, the starts from `earliest` until before `latest` at which the visit fits.

    The visit itself lies within open hours; with its buffers it touches nothing that is busy.
    """
    length, before = visit.minutes * _MINUTE, visit.before * _MINUTE
    whole = length + before + visit.after * _MINUTE
    taken = merged(busy)
    ends = [end for _, end in taken]
    for start, end in opened:
        at = _on_grid(max(start, earliest), zone, visit.grid)
        while at + length <= end and at < latest:
            nearest = bisect_left(ends, at - before + timedelta(microseconds=1))
            if nearest < len(taken) and taken[nearest][0] < at - before + whole:
                at = _on_grid(max(at + _MINUTE, taken[nearest][1] + before), zone, visit.grid)
                continue
            yield at
            at = _on_grid(at + visit.grid * _MINUTE, zone, visit.grid)


def _on_grid(moment: datetime, zone: ZoneInfo, grid: int) -> datetime:
    """Return the first instant from `moment` on whose wall time is a multiple of `grid` minutes after midnight."""
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + _MINUTE
    while True:
        wall = moment.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        over = minute % grid
        if not over:
            return moment
        # Not past midnight, where the grid begins anew; where clocks change on the way, look again.
        moment += min(grid - over, 1440 - minute, 15 - minute % 15) * _MINUTE
