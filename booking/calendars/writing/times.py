"""Open and busy times: VEVENTs for people, VFREEBUSY (RFC 5545 section 3.6.4) and VAVAILABILITY (RFC 7953).

Most programs read the last two and none shows them, so that those who look at a calendar get open hours as events that
block nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.calendars.writing.events import Event, event_text, local_line
from booking.calendars.writing.lines import folded, utc_stamp
from core.languages import _

Span = tuple[datetime, datetime]
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def open_and_busy(whose: str, free: Iterable[Span], taken: Iterable[Span]) -> Iterator[str]:
    """Yield VEVENTs of open and busy times, in order. What they are called follows from when they are.

    `whose`: twelve signs at most, so that a UID fits into a line.
    """
    spans = [(span, True) for span in free] + [(span, False) for span in taken]
    for (start, end), opened in sorted(spans):
        kind, summary = ("open", _("Open")) if opened else ("busy", _("Busy"))
        yield event_text(
            Event(
                uid=f"{kind}-{utc_stamp(start)}-{utc_stamp(end)}-{whose}@careconnect",
                sequence=0,
                changed=start.replace(hour=0, minute=0, second=0, microsecond=0),
                start=start,
                end=end,
                summary=summary,
                transparent=opened,
                public=True,
            )
        )


def freebusy(
    uid: str, start: datetime, end: datetime, *, busy: Sequence[Span], closed: Sequence[Span], url: str
) -> str:
    """Return a VFREEBUSY for a time: when somebody is busy, and when they cannot be booked at all."""
    lines = [
        "BEGIN:VFREEBUSY",
        f"UID:{uid}@careconnect",
        f"DTSTAMP:{utc_stamp(start)}",
        f"DTSTART:{utc_stamp(start)}",
        f"DTEND:{utc_stamp(end)}",
        f"URL:{url}",
        *(f"FREEBUSY;FBTYPE=BUSY:{utc_stamp(since)}/{utc_stamp(until)}" for since, until in busy),
        *(f"FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:{utc_stamp(since)}/{utc_stamp(until)}" for since, until in closed),
        "END:VFREEBUSY",
    ]
    return b"".join(folded(line) for line in lines).decode()


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours of one weekday by the clock of a zone, in minutes after midnight, from a date until before another."""

    weekday: int
    starts: int
    ends: int
    first: date
    last: date
    zone: ZoneInfo
    without: frozenset[date] = field(default_factory=frozenset)
    """Dates on which other hours hold, or none."""


def availability(
    uid: str, start: datetime, end: datetime, weekly: Sequence[Weekly], dates: Sequence[Span], off: Sequence[Span]
) -> str:
    """Return the VAVAILABILITYs for a time: weekly hours as rules, hours of single dates, and times off above both."""
    stamp = utc_stamp(start)
    head = (
        f"BEGIN:VAVAILABILITY\r\nUID:{uid}@careconnect\r\nDTSTAMP:{stamp}\r\nDTSTART:{stamp}\r\n"
        f"DTEND:{utc_stamp(end)}\r\nBUSYTYPE:BUSY-UNAVAILABLE\r\nPRIORITY:5\r\n"
    )
    text = [head]
    for n, each in enumerate(weekly):
        text.append(_available(f"{n}-{uid}", stamp, _weekly(each)))
    for since, until in dates:
        lines = f"DTSTART:{utc_stamp(since)}\r\nDTEND:{utc_stamp(until)}\r\n"
        text.append(_available(f"{utc_stamp(since)}-{uid}", stamp, lines))
    text.append("END:VAVAILABILITY\r\n")
    for since, until in off:
        text.append(
            f"BEGIN:VAVAILABILITY\r\n{folded(f'UID:off-{utc_stamp(since)}-{uid}@careconnect').decode()}"
            f"DTSTAMP:{stamp}\r\nDTSTART:{utc_stamp(since)}\r\nDTEND:{utc_stamp(until)}\r\n"
            "BUSYTYPE:BUSY-UNAVAILABLE\r\nPRIORITY:1\r\nEND:VAVAILABILITY\r\n"
        )
    return "".join(text)


def _available(uid: str, stamp: str, lines: str) -> str:
    name = folded(f"UID:{uid}@careconnect").decode()
    return f"BEGIN:AVAILABLE\r\n{name}DTSTAMP:{stamp}\r\n{lines}END:AVAILABLE\r\n"


def _weekly(each: Weekly) -> str:
    first = each.first + timedelta(days=(each.weekday - each.first.weekday()) % 7)
    until = datetime.combine(each.last, time(), each.zone).astimezone(UTC) - timedelta(seconds=1)
    lines = (
        f"{local_line('DTSTART', _wall(first, each.starts, each.zone), each.zone)}"
        f"{local_line('DTEND', _wall(first, each.ends, each.zone), each.zone)}"
        f"RRULE:FREQ=WEEKLY;BYDAY={_WEEKDAYS[each.weekday]};UNTIL={utc_stamp(until)}\r\n"
    )
    out = (day for day in sorted(each.without) if day.weekday() == each.weekday and first <= day < each.last)
    return lines + "".join(local_line("EXDATE", _wall(day, each.starts, each.zone), each.zone) for day in out)


def _wall(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return (datetime.combine(day, time()) + timedelta(minutes=minute)).replace(tzinfo=zone)
