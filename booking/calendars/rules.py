"""What a feed tells of a visit: when, where and its code; never who is treated, or for what. Pure."""

from datetime import datetime, timedelta

from booking.appointments.rules import STANDING, Status
from booking.calendars.model import FeedKind
from booking.calendars.reading import Entry
from booking.calendars.writing import Event
from booking.directory.model import Mode

CANCELLED_KEPT = timedelta(days=30)
BEFORE, AFTER = timedelta(days=60), timedelta(days=730)
"""How far back and ahead a feed looks."""
_SHOWN = STANDING | {Status.FULFILLED, Status.NOSHOW}


def is_shown(visit: Entry, now: datetime) -> bool:
    """Whether a feed shows a visit: what was booked; what was cancelled since, for thirty days; never a mere hold."""
    if visit.status is Status.CANCELLED:
        return visit.sequence > 0 and visit.changed > now - CANCELLED_KEPT
    return visit.status in _SHOWN


def event_of(visit: Entry, kind: FeedKind, chat: str) -> Event:
    """Return a visit as an entry in a calendar of this kind. `chat`: the address that opens the chat with the bot."""
    online = visit.mode is Mode.ONLINE
    who = "" if kind is FeedKind.PRACTITIONER else f", {visit.practitioner}"
    return Event(
        uid=f"{visit.id}@careconnect",
        sequence=visit.sequence,
        changed=visit.changed,
        start=visit.start,
        end=visit.end,
        summary=f"Visit {visit.code}{who}{' (online)' if online else ''}",
        location="" if online else visit.place,
        url=chat,
        cancelled=visit.status is Status.CANCELLED,
    )


def name_of(kind: FeedKind, subject: str) -> str:
    """Return a calendar's name: the centre's or the doctor's, and for a patient nobody's."""
    return "careConnect" if kind is FeedKind.PATIENT else f"{subject} (careConnect)"
