"""What follows from a calendar that was read, or that could not be read. Pure: `now` is handed in."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.imports.opening import Opening
from booking.imports.zones import moment_of
from booking.schedules.opening import Week
from booking.schedules.rules import Minutes, Span, WeeklySpan
from core.languages import N_
from core.settings import ImportSettings

_DAY = timedelta(days=1)
_SLOWEST = timedelta(hours=1)

PROBLEMS = {
    "unreachable": N_("its server does not answer"),
    "refused": N_("its server refuses to give it out: the address may have been changed or withdrawn"),
    "gone": N_("there is nothing at its address any more"),
    "private": N_("its address leads into a private network"),
    "redirects": N_("its address leads on and on"),
    "large": N_("it is too large"),
    "unreadable": N_("what is at its address can't be read as a calendar"),
    "password": N_("its server does not take the user name and password"),
    "unwritable": N_("its server lets nobody write into it"),
}
"""Why a calendar can't be read; none says where it is."""


def next_look(now: datetime, failures: int, settings: ImportSettings) -> datetime:
    """Return when a calendar is looked at next, spread by a fifth: after 1, 2, 4 ... minutes when it just failed."""
    usual = timedelta(minutes=settings.poll_minutes)
    wait = min(timedelta(minutes=2 ** min(failures - 1, 10)), max(usual, _SLOWEST)) if failures else usual
    return now + wait * random.uniform(0.9, 1.1)


def given_up(now: datetime, failing_since: datetime | None, settings: ImportSettings) -> bool:
    """Whether a calendar has failed for so long that what it says now can't be guessed any more."""
    return failing_since is not None and now - failing_since >= timedelta(minutes=settings.patience_minutes)


def spans_of(minutes: Iterable[Sequence[int]]) -> list[Span]:
    """Spans of minutes (see zones) as moments."""
    return [(moment_of(first), moment_of(last)) for first, last in minutes]


def pieces(spans: Iterable[Span], now: datetime) -> Iterator[Span]:
    """Part what is not over at midnights in UTC, so that no piece is longer than a day."""
    for begins, ends in spans:
        if ends <= now:
            continue
        start = begins
        while start < ends:
            midnight = datetime.combine(start.date() + _DAY, time(), UTC)
            yield start, min(ends, midnight)
            start = midnight


def weeks_of(opening: Opening) -> tuple[Week, ...]:
    """Weekly hours as schedules have them."""
    return tuple(
        Week(
            tuple(sorted(WeeklySpan(*span) for span in spans)),
            date.fromordinal(first),
            date.fromordinal(last) if last is not None else None,
        )
        for first, last, spans in opening.weeks
    )


def dates_of(opening: Opening) -> dict[date, tuple[Minutes, ...]]:
    """Dates that differ as schedules have them."""
    return {date.fromordinal(day): tuple((start, end) for start, end in hours) for day, hours in opening.dates}


def days_to_come(days: Iterable[int], today: date) -> tuple[date, ...]:
    """Days by `date.toordinal`, those from today on within a year."""
    found = (date.fromordinal(day) for day in days)
    return tuple(day for day in found if today <= day < today + timedelta(days=366))


def runs(days: Sequence[date], place: ZoneInfo) -> list[Span]:
    """Days in a row as one span each: from midnight to midnight in a zone, in UTC. `days`: in order."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + _DAY)
        else:
            found.append((day, day + _DAY))
    return [(_midnight(first, place), _midnight(last, place)) for first, last in found]


def _midnight(day: date, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), place).astimezone(UTC)
