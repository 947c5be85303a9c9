"""What a prescription is, which drafts are fit to become one, and how its state may move. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.errors import BadInputError, ConflictError
from records.signing.jws import Signature


class Status(StrEnum):
    """FHIR's words (value set medicationrequest-status)."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    CANCELLED = "cancelled"
    """Withdrawn before anything of it was given."""
    COMPLETED = "completed"
    ENTERED_IN_ERROR = "entered-in-error"
    STOPPED = "stopped"
    """Ended after something of it was given."""
    UNKNOWN = "unknown"
    """Another system wrote it and did not say."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a doctor writes, in the doctor's own words."""

    medication: str
    strength: str
    """Empty where it has none (a vitamin complex, a dressing)."""
    form: str
    dosage: str
    """How to take it, as the patient reads it."""
    quantity: str
    repeats: int = 0
    """How often it may be dispensed again after the first time."""
    substitution: bool = True
    """Whether the pharmacy may give another product with the same ingredient."""
    valid_days: int = 90
    note: str = ""


@dataclass(frozen=True, slots=True)
class Encounter:
    """The visit in which something is prescribed, as the floor above knows it."""

    appointment_id: UUID
    patient_id: UUID
    patient_name: str
    practitioner_id: UUID
    practitioner_name: str
    centre_id: UUID
    centre_name: str
    started: bool


@dataclass(frozen=True, slots=True)
class Prescription:
    """One version of a prescription, opened."""

    id: UUID
    code: str
    patient_id: UUID
    appointment_id: UUID
    practitioner_id: UUID
    centre_id: UUID
    version: int
    status: Status
    status_reason: str
    """Why it was cancelled, stopped ...; empty while active."""
    status_changed: datetime
    authored_on: datetime
    draft: Draft
    atc: str | None
    """The medicine's code in WHO's classification, where it is known."""
    patient_name: str
    practitioner_name: str
    centre_name: str
    prior: UUID | None = None
    """The prescription that this one renews."""
    dosage_coded: Mapping[str, Any] = field(default_factory=dict)
    """How to take it as data, as it was signed (records.prescriptions.dosage); empty where the words alone say it."""
    signed_by: UUID | None = None
    """The key that the doctor signed this with; None for what was written before prescriptions were signed."""
    signature: Signature | None = None
    """Over the canonical JSON of the resource (fhir.medication_request) that the doctor signed."""

    @property
    def valid_until(self) -> datetime:
        """The instant from which it is no longer redeemed. UTC."""
        return self.authored_on + timedelta(days=self.draft.valid_days)


_FINAL = frozenset({Status.ENTERED_IN_ERROR})
_MOVES: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.ACTIVE, Status.CANCELLED, Status.ENTERED_IN_ERROR}),
    Status.ACTIVE: frozenset(
        {Status.ON_HOLD, Status.CANCELLED, Status.COMPLETED, Status.STOPPED, Status.ENTERED_IN_ERROR}
    ),
    Status.ON_HOLD: frozenset({Status.ACTIVE, Status.CANCELLED, Status.STOPPED, Status.ENTERED_IN_ERROR}),
    Status.CANCELLED: _FINAL,
    Status.COMPLETED: _FINAL,
    Status.STOPPED: _FINAL,
    Status.UNKNOWN: frozenset(Status) - {Status.UNKNOWN, Status.DRAFT},
    Status.ENTERED_IN_ERROR: frozenset(),
}


def may_move(one: Status, to: Status) -> bool:
    """Whether a prescription may go from one state to another. Staying is no move."""
    return to in _MOVES[one]


def require_move(one: Status, to: Status) -> None:
    """Raises ConflictError."""
    if not may_move(one, to):
        raise ConflictError("This prescription is already {status}; it cannot become {to}.", status=one, to=to)


_ENDED = frozenset({Status.CANCELLED, Status.STOPPED, Status.ENTERED_IN_ERROR})


def require_renewable(p: Prescription) -> None:
    """Raises ConflictError: what the doctor ended is not renewed, but talked about."""
    if p.status in _ENDED:
        raise ConflictError("The doctor has ended this prescription. Please book a visit to talk about it.")


_LONGEST = {"medication": 200, "strength": 100, "form": 100, "dosage": 1000, "quantity": 100, "note": 2000}
_NEEDED = {
    "medication": "Which medicine do you prescribe? Write its name, for example: ibuprofen 400 mg tablets.",
    "dosage": "How should the patient take it? Write it as they will read it: 1 tablet twice a day, 5 days.",
    "quantity": "How much should the pharmacy give out? For example: 20 tablets.",
}
_MOST_REPEATS, _MOST_DAYS, _LONGEST_REASON = 11, 365, 500
# They turn round what is read after them: "take 1, not 21" could be made to look like "take 12, not 1".
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})


def checked(draft: Draft) -> Draft:
    """The draft with its texts trimmed and in Unicode's composed form. Raises BadInputError for what is not fit."""
    texts = {field.name: getattr(draft, field.name) for field in fields(draft) if field.name in _LONGEST}
    clean = {name: _text(name, text, longest=_LONGEST[name]) for name, text in texts.items()}
    for name, sentence in _NEEDED.items():
        if not any(character.isalnum() for character in clean[name]):
            raise BadInputError(sentence)
    if not 0 <= draft.repeats <= _MOST_REPEATS:
        raise BadInputError("Repeats can be from 0 (dispensed once) to {most}.", most=_MOST_REPEATS)
    if not 1 <= draft.valid_days <= _MOST_DAYS:
        raise BadInputError("A prescription can be valid for 1 to {most} days.", most=_MOST_DAYS)
    return replace(draft, **clean)  # type: ignore[arg-type]


def checked_reason(text: str) -> str:
    """The reason for a change of state, trimmed. Raises BadInputError."""
    clean = _text("reason", text, longest=_LONGEST_REASON)
    if not clean:
        raise BadInputError("Say in a few words why, so that the patient and the pharmacy know.")
    return clean


def _text(name: str, text: str, *, longest: int) -> str:
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in unicodedata.normalize("NFC", text).splitlines()]
    clean = "\n".join(line for line in lines if line) if name in ("note", "dosage") else " ".join(filter(None, lines))
    if any(character in _TURNING for character in clean):
        raise BadInputError("The {name} has invisible signs that turn the text round. Type it anew.", name=name)
    if any(unicodedata.category(character) in _UNSEEN for character in clean if character != "\n"):
        raise BadInputError("The {name} has signs that cannot be printed. Type it anew.", name=name)
    if len(clean) > longest:
        raise BadInputError("The {name} is too long: {longest} letters at most.", name=name, longest=longest)
    return clean
