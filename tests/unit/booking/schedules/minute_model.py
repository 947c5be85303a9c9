"""The naive, obviously right model of free times: every minute is looked at, and every minute of the visit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking.schedules.rules import Span, Visit, WeeklySpan

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Rule:
    """Hours of a weekday, from a date until before another, of the doctor or of the service."""

    span: WeeklySpan
    begins: date = date.min
    ends: date | None = None
    of_service: bool = False

    def holds(self, day: date) -> bool:
        return self.begins <= day and not (self.ends and day >= self.ends)


@dataclass
class MinuteModel:
    """When one service is open, minute by minute."""

    zone: ZoneInfo
    rules: Sequence[Rule] = ()
    breaks: Sequence[WeeklySpan] = ()
    dates: dict[date, Sequence[tuple[int, int]]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    def is_open(self, moment: datetime) -> bool:
        wall = moment.astimezone(self.zone)
        day, minute = wall.date(), wall.hour * 60 + wall.minute
        if day in self.dates:
            return any(start <= minute < end for start, end in self.dates[day])
        if day in self.holidays:
            return False
        holding = [rule for rule in self.rules if rule.holds(day)]
        own = [rule for rule in holding if rule.of_service]
        in_hours = any(_in(rule.span, day, minute) for rule in own or [rule for rule in holding if not rule.of_service])
        return in_hours and not any(_in(each, day, minute) for each in self.breaks)

    def free_starts(
        self, busy: Sequence[Span], visit: Visit, earliest: datetime, latest: datetime, first: datetime
    ) -> Iterator[datetime]:
        """Look at every minute from `first` until `latest`."""
        is_open = _remembered(self.is_open)
        is_free = _remembered(lambda moment: not any(start <= moment < end for start, end in busy))
        moment = first.replace(second=0, microsecond=0).astimezone(UTC)
        while moment < latest:
            wall = moment.astimezone(self.zone)
            if (
                moment >= earliest
                and (wall.hour * 60 + wall.minute) % visit.grid == 0
                and all(is_open(moment + n * MINUTE) for n in range(visit.minutes))
                and all(is_free(moment + n * MINUTE) for n in range(-visit.before, visit.minutes + visit.after))
            ):
                yield moment
            moment += MINUTE


def _in(span: WeeklySpan, day: date, minute: int) -> bool:
    return span.weekday == day.weekday() and span.starts <= minute < span.ends


def _remembered(ask: Callable[[datetime], bool]) -> Callable[[datetime], bool]:
    known: dict[datetime, bool] = {}

    def answer(moment: datetime) -> bool:
        if moment not in known:
            known[moment] = ask(moment)
        return known[moment]

    return answer
