"""When a practitioner can be visited at a centre, on each date: weekly hours, dates that differ, holidays. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from booking.schedules.rules import Minutes, Span, WeeklySpan, merged, on_day

_DAY = timedelta(days=1)

Dates = Mapping[date, tuple[Minutes, ...]]
"""The hours of dates that differ; none: closed."""


@dataclass(frozen=True, slots=True)
class Week:
    """Weekly hours, the first date on which they hold, and the first on which they do not (None: there is none)."""

    spans: tuple[WeeklySpan, ...]
    begins: date
    ends: date | None = None

    def holds(self, day: date) -> bool:
        return self.begins <= day and (self.ends is None or day < self.ends)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What holds on a date is the first of these: the hours of that date, closed for a holiday, the week's hours.

    A service with weekly hours of its own has those in place of the practitioner's, while they hold.
    """

    zone: ZoneInfo
    """The centre's."""
    weeks: tuple[Week, ...] = ()
    """Of several that hold on a date, all count."""
    services: Mapping[UUID, tuple[Week, ...]] = field(default_factory=dict)
    dates: Dates = field(default_factory=dict)
    holidays: Callable[[int], Collection[date]] | None = None
    """A year's holidays, if the centre is closed on them."""

    def week_on(self, day: date, service_id: UUID | None = None) -> list[WeeklySpan]:
        """Return the weekly hours that hold on a date, in order."""
        own = [week for week in self.services.get(service_id, ()) if week.holds(day)] if service_id else []
        return sorted(span for week in own or self.weeks if week.holds(day) for span in week.spans)

    def hours_on(self, day: date, service_id: UUID | None = None) -> Iterable[Minutes]:
        """Return the hours of a date."""
        if day in self.dates:
            return self.dates[day]
        if self.is_holiday(day):
            return ()
        weekday = day.weekday()
        return [(span.starts, span.ends) for span in self.week_on(day, service_id) if span.weekday == weekday]

    def is_holiday(self, day: date) -> bool:
        """Whether the centre is closed then, but for who has hours of that date."""
        return self.holidays is not None and day in self.holidays(day.year)

    def open_times(self, first: date, last: date, service_id: UUID | None = None) -> list[Span]:
        """Return what is open on the dates from `first` to `last`: in UTC, merged."""
        days = (first + n * _DAY for n in range((last - first).days + 1))
        return merged(piece for day in days for piece in on_day(day, self.hours_on(day, service_id), self.zone))

    def weeks_from(self, today: date, service_id: UUID | None = None) -> Iterator[Week]:
        """Yield the week that holds on a date, and those that come after it, each until the next."""
        known = self.services.get(service_id, ()) if service_id else self.weeks
        turns = {edge for week in known for edge in (week.begins, week.ends) if edge and edge > today}
        starts = [today, *sorted(turns)]
        last: Week | None = None
        for begins, ends in zip(starts, [*starts[1:], None], strict=True):
            spans = tuple(sorted(span for week in known if week.holds(begins) for span in week.spans))
            if last and last.spans == spans:
                last = Week(spans, last.begins, ends)
                continue
            if last:
                yield last
            last = Week(spans, begins, ends)
        if last:
            yield last


def with_week(weeks: Iterable[Week], new: Week) -> tuple[Week, ...]:
    """Return weekly hours among which `new` holds in its time, and in that time alone; a week without spans is closed.

    Whatever held then holds before it and, if it ends, after it.
    """
    kept: list[Week] = []
    for week in weeks:
        if week.begins < new.begins:
            kept.append(Week(week.spans, week.begins, _earlier(week.ends, new.begins)))
        if new.ends and (week.ends is None or week.ends > new.ends):
            kept.append(Week(week.spans, max(week.begins, new.ends), week.ends))
    return (*kept, new) if new.spans else tuple(kept)


def _earlier(one: date | None, other: date) -> date:
    return min(one, other) if one else other
