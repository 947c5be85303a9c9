"""What a consent is and how it stands; what an emergency access is. Pure.

A consent is given, and ends by its date or by being withdrawn, whichever comes first; it never comes back: whoever
opens something again gives another one. An emergency access ends by its time alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.errors import BadInputError, ConflictError
from records.access import SHAREABLE, Kind

EMERGENCY_LASTS = timedelta(hours=4)
"""As long as a shift in an emergency room needs to hand a patient over; who needs longer says so again."""
EMERGENCIES_AT_ONCE = 5
"""Open at the same time for one doctor, so that nobody walks through a clinic's patients by it."""
_LONGEST = timedelta(days=366 * 10)
_SHORTEST_REASON, _LONGEST_REASON = 10, 500


class State(StrEnum):
    """How a consent stands. FHIR has `active` for the first and `inactive` for the others (Consent.status)."""

    ACTIVE = "active"
    OVER = "over"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Consent:
    """One kind of a patient's records, opened to a person."""

    id: UUID
    patient_id: UUID
    kind: Kind
    given_to: UUID
    given_by: UUID
    given_at: datetime
    until: datetime | None
    """None: until it is withdrawn."""
    withdrawn_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """From the moment that `until` names on, it is over."""
        if self.withdrawn_at is not None and self.withdrawn_at <= now:
            return State.WITHDRAWN
        if self.until is not None and self.until <= now:
            return State.OVER
        return State.ACTIVE


@dataclass(frozen=True, slots=True)
class Emergency:
    """A patient's records, opened by a doctor who has said why."""

    id: UUID
    patient_id: UUID
    person_id: UUID
    practitioner_id: UUID
    reason: str
    opened_at: datetime
    until: datetime

    def open(self, now: datetime) -> bool:
        return self.opened_at <= now < self.until


def checked_kinds(kinds: Collection[Kind]) -> frozenset[Kind]:
    """Return what can be opened. Raises BadInputError for what cannot, and for nothing."""
    if not kinds:
        raise BadInputError("Say what to share, like: share prescriptions with @ama:example.org")
    if not SHAREABLE.issuperset(kinds):
        raise BadInputError("Who looked, an export and what is shared are for you alone, and cannot be shared.")
    return frozenset(kinds)


def checked_until(until: datetime | None, now: datetime) -> datetime | None:
    """Raises BadInputError for an end that is past, or so far away that it is none."""
    if until is not None and until <= now:
        raise BadInputError("That is past. Say until when to share, like: until 1 March")
    if until is not None and until - now > _LONGEST:
        raise BadInputError("Ten years are the longest. Leave the date out to share until you stop it.")
    return until


def checked_grantee(given_to: UUID, given_by: UUID, side: Collection[UUID]) -> UUID:
    """`side`: who speaks for the patient. Raises BadInputError for those, who read everything as it is."""
    if given_to == given_by:
        raise BadInputError("That is you. Say with whom to share, like: share prescriptions with @ama:example.org")
    if given_to in side:
        raise BadInputError("They read all of it already, as one who speaks for the patient.")
    return given_to


def checked_emergency(reason: str, open_now: int) -> str:
    """Return the reason with its white space in order. Raises BadInputError, ConflictError."""
    said = " ".join(reason.split())
    if len(said) < _SHORTEST_REASON or not any(letter.isalpha() for letter in said):
        raise BadInputError("Say in a few words what the emergency is: emergency access K7QM3F: found unconscious")
    if len(said) > _LONGEST_REASON:
        raise BadInputError("That is too long. Say it in {most} letters at most.", most=_LONGEST_REASON)
    if open_now >= EMERGENCIES_AT_ONCE:
        raise ConflictError(
            "You have {most} emergency accesses open, which is the most at once. The first ends within {hours} hours.",
            most=EMERGENCIES_AT_ONCE,
            hours=EMERGENCY_LASTS // timedelta(hours=1),
        )
    return said
