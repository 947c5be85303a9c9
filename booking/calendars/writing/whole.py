"""A whole VCALENDAR around its components."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from booking.calendars.writing.events import Event, event_text
from booking.calendars.writing.lines import text_line
from booking.calendars.writing.zones import timezone_lines

_PRODID = "-//careConnect//Appointments//EN"
CLOSING = "END:VCALENDAR\r\n"


def opening(name: str, timezone: str) -> str:
    """Return the head of a feed. It has no METHOD: readers of feeds take one for an invitation that wants an answer.

    `timezone` is the IANA name of the zone that a reader is advised to show it in. How often to look is a hint only:
    Google looks every 4 to 24 hours, Thunderbird every 30 minutes.
    """
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODID}\r\nCALSCALE:GREGORIAN\r\n"
        f"{text_line('NAME', name)}{text_line('X-WR-CALNAME', name)}X-WR-TIMEZONE:{timezone}\r\n"
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\n"
    )


def zones_of(events: Iterable[Event]) -> str:
    """Return the VTIMEZONEs that events need, each right for all years that they are in."""
    years: dict[ZoneInfo, set[int]] = {}
    for event in events:
        if event.zone:
            years.setdefault(event.zone, set()).update(_years(event))
    return "".join(timezone(zone, min(known), max(known)) for zone, known in sorted(years.items(), key=_key))


def timezone(zone: ZoneInfo, first: int, last: int) -> str:
    """Return a VTIMEZONE that is right from the year `first` to `last`."""
    return "".join(f"{line}\r\n" for line in timezone_lines(zone, first, last))


def _years(event: Event) -> Iterable[int]:
    yield event.start.year
    yield event.end.year
    if event.rule:
        yield event.start.year + event.rule.days * event.rule.count // 365 + 1


def _key(known: tuple[ZoneInfo, set[int]]) -> str:
    return known[0].key


def calendar(name: str, events: Sequence[Event], *, timezone: str = "UTC") -> bytes:
    """Return a whole feed."""
    return f"{opening(name, timezone)}{zones_of(events)}{''.join(map(event_text, events))}{CLOSING}".encode()


def invitation(method: str, events: Sequence[Event]) -> bytes:
    """Return an iTIP message (RFC 5546): REQUEST or CANCEL, for one visit or the parts of a series."""
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODID}\r\nCALSCALE:GREGORIAN\r\nMETHOD:{method}\r\n"
    return f"{head}{zones_of(events)}{''.join(map(event_text, events))}{CLOSING}".encode()
