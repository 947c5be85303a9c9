"""When somebody answers, and who may write to whom first. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from booking.people.rules import checked_mxid
from booking.schedules.rules import WeeklySpan, on_day
from core.errors import BadInputError

_LONGEST_MESSAGE = 500
_EXCEPTIONS = 100
_WEEKS_AHEAD = 15
"""Days that are looked at for the next hours: two weeks and the rest of today."""


class Group(StrEnum):
    """Kinds of people that a person lets in or keeps out as one; TI-Messenger has the insured and the organisations."""

    PATIENTS = "patients"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a person lets write to them first: all, or nobody, but for the exceptions."""

    allow_all: bool
    exceptions: frozenset[str]
    """Matrix ids, homeservers' names, and values of Group."""

    def allows(self, mxid: str, groups: Collection[Group]) -> bool:
        """Whether somebody who is in these groups may write first."""
        named = {mxid, mxid.partition(":")[2], *(group.value for group in groups)}
        return self.allow_all is not bool(named & self.exceptions)


EVERYBODY = Contacts(allow_all=True, exceptions=frozenset())
"""Who has chosen nothing lets everybody write."""


def checked_whom(text: str) -> str:
    """Return whom an exception is for, in the form in which it is compared. Raises BadInputError."""
    text = text.strip().strip('"')
    if text.casefold() in {"patient", "patients", "insured"}:
        return Group.PATIENTS
    if text.casefold() in {"staff", "doctors", "clinics", "colleagues"}:
        return Group.STAFF
    if text.startswith("@") and not text.startswith("@*:"):
        return checked_mxid(text)
    server = text.removeprefix("@*:").casefold()
    if not server or len(server) > 255 or "." not in server or not all(c.isalnum() or c in ".-:" for c in server):
        raise BadInputError("Whom? Write a Matrix id (@ama:example.org), a server (example.org), patients, or staff.")
    return server


def check_exceptions(count: int) -> None:
    """Raises BadInputError for more exceptions than anybody can look through."""
    if count > _EXCEPTIONS:
        raise BadInputError("{most} exceptions are the most.", most=_EXCEPTIONS)


def checked_message(text: str | None) -> str | None:
    """Return the words of an absence with their white space in order; None for none."""
    text = " ".join((text or "").split())
    if len(text) > _LONGEST_MESSAGE:
        raise BadInputError("Say it in {most} letters or less, please.", most=_LONGEST_MESSAGE)
    return text or None


def opens(hours: Collection[WeeklySpan], place: ZoneInfo, now: datetime) -> datetime | None:
    """Return from when on somebody with these hours answers (UTC): now within them; None for those without hours."""
    today = now.astimezone(place).date()
    for offset in range(-1, _WEEKS_AHEAD):
        day = today + timedelta(days=offset)
        spans = [(span.starts, span.ends) for span in sorted(hours) if span.weekday == day.weekday()]
        for start, end in sorted(on_day(day, spans, place)):
            if end > now:
                return max(start.astimezone(UTC), now)
    return None
