"""VEVENTs: single ones in UTC, which needs no VTIMEZONE, and series, whose rule follows the clock of a zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from booking.calendars.writing.lines import folded, local_stamp, quoted, text_line, utc_stamp
from core.languages import _


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls in, or comes to, a visit: a cal-address (RFC 5545 section 3.3.3), and the name to show."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Every so many days, so many times, but for what is left out. Starts are aware."""

    days: int
    count: int
    without: tuple[datetime, ...] = ()

    @property
    def line(self) -> str:
        every = f"FREQ=WEEKLY;INTERVAL={self.days // 7}" if self.days % 7 == 0 else f"FREQ=DAILY;INTERVAL={self.days}"
        return f"RRULE:{every.removesuffix(';INTERVAL=1')};COUNT={self.count}\r\n"


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. Times are aware."""

    uid: str
    sequence: int
    changed: datetime
    """The last change: DTSTAMP and LAST-MODIFIED. Never now, or the feed would change at each look."""
    start: datetime
    end: datetime
    summary: str
    location: str = ""
    url: str = ""
    description: str = ""
    cancelled: bool = False
    transparent: bool = False
    """Whether others can be booked at that time: opening hours."""
    public: bool = False
    alarms: tuple[int, ...] = ()
    """Minutes before the start."""
    zone: ZoneInfo | None = None
    """In whose clock times are written; None: UTC."""
    rule: Rule | None = None
    instead_of: datetime | None = None
    """RECURRENCE-ID: the start that the rule gives to this one of a series."""
    organizer: Party | None = None
    attendee: Party | None = None


def event_text(event: Event) -> str:
    """Return a VEVENT, folded, with the ends of its lines."""
    changed = utc_stamp(event.changed)
    state = "CANCELLED" if event.cancelled else "CONFIRMED"
    shown = "TRANSPARENT" if event.cancelled or event.transparent else "OPAQUE"
    summary = _("Cancelled: {what}", what=event.summary) if event.cancelled else event.summary
    head = (
        f"BEGIN:VEVENT\r\nUID:{event.uid}\r\nDTSTAMP:{changed}\r\nLAST-MODIFIED:{changed}\r\n"
        f"SEQUENCE:{event.sequence}\r\n{_times(event)}{text_line('SUMMARY', summary)}"
    )
    pieces = [head]
    if event.location:
        pieces.append(text_line("LOCATION", event.location))
    if event.description:
        pieces.append(text_line("DESCRIPTION", event.description))
    if event.url:
        pieces.append(folded(f"URL:{event.url}").decode())
    if event.organizer:
        pieces.append(_party("ORGANIZER", event.organizer))
    if event.attendee:
        pieces.append(_party("ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;RSVP=FALSE", event.attendee))
    pieces.append(f"STATUS:{state}\r\nTRANSP:{shown}\r\nCLASS:{'PUBLIC' if event.public else 'PRIVATE'}\r\n")
    if not event.cancelled:
        pieces += [_alarm(minutes, event.summary) for minutes in event.alarms]
    pieces.append("END:VEVENT\r\n")
    return "".join(pieces)


def _times(event: Event) -> str:
    if event.zone is None:
        return f"DTSTART:{utc_stamp(event.start)}\r\nDTEND:{utc_stamp(event.end)}\r\n"
    zone = event.zone
    lines = f"{local_line('DTSTART', event.start, zone)}{local_line('DTEND', event.end, zone)}"
    if event.instead_of:
        lines = f"{local_line('RECURRENCE-ID', event.instead_of, zone)}{lines}"
    if event.rule:
        lines += event.rule.line
        lines += "".join(local_line("EXDATE", each, zone) for each in event.rule.without)
    return lines


def local_line(name: str, moment: datetime, zone: ZoneInfo) -> str:
    """Return a time on the clock of a zone. A zone's name is short enough never to need a fold."""
    return f"{name};TZID={zone.key}:{local_stamp(moment.astimezone(zone))}\r\n"


def _party(name: str, party: Party) -> str:
    return folded(f"{name};CN={quoted(party.name)}:{party.address}").decode()


def _alarm(minutes: int, summary: str) -> str:
    before = timedelta(minutes=minutes)
    days, rest = before.days, before.seconds // 60
    trigger = f"-P{days}D" if days and not rest else f"-PT{minutes}M"
    return f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:{trigger}\r\n{text_line('DESCRIPTION', summary)}END:VALARM\r\n"
