"""What a doctor may write down, how it may be changed, and who sees which of it. Pure."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.errors import BadInputError, ConflictError
from records.access import Relation
from records.signing.jws import Signature


class DocumentKind(StrEnum):
    """Kinds of document."""

    NOTE = "note"
    SICK_NOTE = "sick-note"


class DocumentStatus(StrEnum):
    """Of FHIR's words (value set composition-status) those that there are here."""

    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Note:
    """What a doctor found, thought and agreed on, in their own words."""

    text: str


@dataclass(frozen=True, slots=True)
class SickNote:
    """That somebody cannot do something for some time."""

    first: date
    last: date
    """Both included."""
    activity: str = "work"
    """What they cannot do: work, school, sport ..."""
    limits: str = ""
    """Where they can do it in part: what not, or how. Empty: not at all."""
    diagnosis: str = ""
    """For the patient and their insurance; on no employer's copy."""

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


Content = Note | SickNote


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document, opened."""

    id: UUID
    code: str
    kind: DocumentKind
    patient_id: UUID
    practitioner_id: UUID
    appointment_id: UUID
    centre_id: UUID
    created_at: datetime
    """UTC, as the next two."""
    shared_at: datetime | None
    """Since when the patient's side sees it; None: it is the doctors' own."""
    version: int
    status: DocumentStatus
    changed_at: datetime
    """When this version was written."""
    why: str
    """Why it was withdrawn."""
    content: Content
    patient_name: str
    practitioner_name: str
    centre_name: str
    signed_by: UUID | None = None
    """The key that the doctor signed this version with; None for what was written before these were signed."""
    signature: Signature | None = None
    """Over the canonical JSON of the resource (fhir.composition)."""


_MOVES: dict[DocumentStatus, frozenset[DocumentStatus]] = {
    DocumentStatus.FINAL: frozenset({DocumentStatus.AMENDED, DocumentStatus.ENTERED_IN_ERROR}),
    DocumentStatus.AMENDED: frozenset({DocumentStatus.AMENDED, DocumentStatus.ENTERED_IN_ERROR}),
    DocumentStatus.ENTERED_IN_ERROR: frozenset(),
}


def may_move(one: DocumentStatus, to: DocumentStatus) -> bool:
    """Whether a next version may have that state."""
    return to in _MOVES[one]


def require_move(one: DocumentStatus, to: DocumentStatus) -> None:
    """Raises ConflictError."""
    if not may_move(one, to):
        raise ConflictError("This was withdrawn as a mistake; it cannot be changed any more.")


_DOCTORS = frozenset({Relation.TREATS, Relation.SEES, Relation.EMERGENCY})


def sees_unshared(by: Relation) -> bool:
    """Whether who reads by this relation sees notes that were not shared: doctors do.

    The patient's side gets them in `export` all the same: what is held on a person is theirs to have (GDPR, article 15;
    in Germany BGB section 630g).
    """
    return by in _DOCTORS


_LONGEST_NOTE, _LONGEST_LINE = 8000, 300
_LONGEST_SPAN, _BACK = timedelta(days=366), timedelta(days=31)
_UNSEEN = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked(content: Content, today: date) -> Content:
    """The content with its texts in order. `today`: where the doctor is. Raises BadInputError for what is not fit."""
    if isinstance(content, Note):
        text = _text(content.text, longest=_LONGEST_NOTE, lines=True)
        if not text:
            raise BadInputError("Write the note behind the visit's code: note K7QM3F mole removed, wound dry")
        return Note(text)
    if content.last < content.first:
        raise BadInputError("The last day comes before the first.")
    if content.last - content.first > _LONGEST_SPAN:
        raise BadInputError("A sick note is for a year at most.")
    if content.first < today - _BACK:
        raise BadInputError("A sick note goes back {days} days at most.", days=_BACK.days)
    activity = _text(content.activity, longest=60)
    if not activity:
        raise BadInputError("What can the patient not do? For example: work, school, sport.")
    return SickNote(
        content.first,
        content.last,
        activity,
        _text(content.limits, longest=_LONGEST_LINE),
        _text(content.diagnosis, longest=_LONGEST_LINE),
    )


def checked_why(text: str) -> str:
    """Why something is withdrawn. Raises BadInputError."""
    clean = _text(text, longest=_LONGEST_LINE)
    if not clean:
        raise BadInputError("Say in a few words why.")
    return clean


def _text(text: str, *, longest: int, lines: bool = False) -> str:
    rows = [" ".join(line.split()) for line in unicodedata.normalize("NFC", text).splitlines()]
    clean = ("\n" if lines else " ").join(row for row in rows if row)
    if any(sign in _TURNING or unicodedata.category(sign) in _UNSEEN for sign in clean if sign != "\n"):
        raise BadInputError("There are signs in it that cannot be printed. Type it anew.")
    if len(clean) > longest:
        raise BadInputError("That is too long: {longest} letters at most.", longest=longest)
    return clean
