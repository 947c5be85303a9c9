"""What we read in calendars, and what the libraries that everybody uses make of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import icalendar
import recurring_ical_events
import x_wr_timezone

from booking.imports.reading import Read, read_calendar
from booking.imports.rules import spans_of
from booking.schedules.rules import Span, merged
from tests.unit.booking.imports.made import NOW, calendar, event

__all__ = ["NOW", "busy", "by_the_libraries", "calendar", "clipped", "event", "read", "spans"]

LOW, HIGH = NOW - timedelta(hours=9), NOW + timedelta(days=400)


def read(body: bytes, home: str = "Europe/Berlin") -> Read:
    return read_calendar(body, home, NOW)


def busy(body: bytes, home: str = "Europe/Berlin") -> list[tuple[str, str]]:
    """Busy times as 1201T0900-1201T0930, in UTC."""
    return [(f"{start:%m%dT%H%M}", f"{end:%m%dT%H%M}") for start, end in spans_of(read(body, home).busy)]


def spans(body: bytes, home: str = "Europe/Berlin") -> list[Span]:
    """Within a year and a bit, clipped."""
    return clipped(spans_of(read(body, home).busy))


def clipped(found: Iterable[Span]) -> list[Span]:
    return merged((max(start, LOW), min(end, HIGH)) for start, end in found if start < HIGH and end > LOW)


def by_the_libraries(body: bytes, home: str = "Europe/Berlin") -> list[Span]:
    """The same by icalendar, x-wr-timezone and recurring-ical-events."""
    parsed = x_wr_timezone.to_standard(icalendar.Calendar.from_ical(body))
    here = icalendar.timezone.tzp.timezone(home)
    found: list[Span] = []
    for each in recurring_ical_events.of(parsed).between(LOW - timedelta(days=3), HIGH + timedelta(days=3)):
        if str(each.get("STATUS")) == "CANCELLED" or str(each.get("TRANSP")) == "TRANSPARENT":
            continue
        moments = []
        for when in (each.start, each.end):
            at = when if isinstance(when, datetime) else datetime(when.year, when.month, when.day)  # noqa: DTZ001
            moments.append((at.replace(tzinfo=here) if at.tzinfo is None else at).astimezone(UTC))
        if moments[0] < moments[1]:
            found.append((moments[0], moments[1]))
    return clipped(found)
