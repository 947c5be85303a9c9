"""Writes iCalendar (RFC 5545). Pure: the same visits give the same bytes, so that an ETag can be compared.

Written line by line: a library takes forty times as long for what is a dozen properties.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_LONGEST = 75
"""Octets in a line, without its end (RFC 5545 section 3.1)."""
_WRITTEN: dict[int, str | None] = {
    **{code: None for code in range(32) if code != 9},
    **{ord(plain): written for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n"))},
}


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. Times are aware; they are written in UTC, which needs no VTIMEZONE."""

    uid: str
    sequence: int
    changed: datetime
    """The last change: DTSTAMP and LAST-MODIFIED. Never now, or the feed would change at each look."""
    start: datetime
    end: datetime
    summary: str
    location: str = ""
    url: str = ""
    cancelled: bool = False


def calendar(name: str, events: Iterable[Event], *, timezone: str = "UTC") -> bytes:
    """Return a whole calendar. It has no METHOD: readers of feeds take one for an invitation that wants an answer.

    `timezone` is the IANA name of the zone that a reader is advised to show it in.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//careConnect//Appointments//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        f"X-WR-TIMEZONE:{timezone}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def _event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_utc(event.changed)}"
    yield f"LAST-MODIFIED:{_utc(event.changed)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTART:{_utc(event.start)}"
    yield f"DTEND:{_utc(event.end)}"
    yield f"SUMMARY:{escaped(f'Cancelled: {event.summary}' if event.cancelled else event.summary)}"
    if event.location:
        yield f"LOCATION:{escaped(event.location)}"
    if event.url:
        yield f"URL:{event.url}"
    yield f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}"
    yield f"TRANSP:{'TRANSPARENT' if event.cancelled else 'OPAQUE'}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    utc = moment.astimezone(UTC)  # written by hand: strftime takes three times as long
    return f"{utc.year:04}{utc.month:02}{utc.day:02}T{utc.hour:02}{utc.minute:02}{utc.second:02}Z"


def escaped(text: str) -> str:
    """Write a text as RFC 5545 section 3.3.11 has it; control characters, which it forbids, are left out."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_WRITTEN)


def folded(line: str) -> bytes:
    """Return a line with its end, broken so that no part has more than 75 octets and no character is torn apart."""
    octets = line.encode()
    if len(octets) <= _LONGEST:
        return octets + b"\r\n"
    parts, room = [], _LONGEST
    while len(octets) > room:
        end = room
        while octets[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        parts.append(octets[:end])
        octets, room = octets[end:], _LONGEST - 1  # the space that begins the next part counts
    return b"\r\n ".join([*parts, octets]) + b"\r\n"
