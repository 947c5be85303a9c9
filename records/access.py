"""Who may read, write or change which kind of record: one function decides, before anything is read. Pure.

What ties a person to a patient is loaded into a Reader by the floors above (booking.readers). docs/audit.md has the
tables below in words, and why each cell is as it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import RefusedError


class Kind(StrEnum):
    """Kinds of record."""

    PRESCRIPTION = "prescription"
    NOTE = "note"
    """What a doctor wrote about a visit."""
    REFERRAL = "referral"
    """And its note."""
    SICK_NOTE = "sick-note"
    ATTACHMENT = "attachment"
    """A file that the patient's side or a doctor sent."""
    ALLERGIES = "allergies"
    HISTORY = "history"
    """What happened when, as a list. Each line of it needs its own kind besides."""
    REASON = "reason"
    """Why the patient comes to a visit."""
    NAME = "name"
    """The patient's name and date of birth. Those who run a centre know it besides from its visits (booking.access)."""
    CONSENT = "consent"
    """To whom the patient's side has opened what."""
    EXPORT = "export"
    """All of it at once, in a file."""
    AUDIT = "audit"
    """Who looked."""


class Relation(StrEnum):
    """What ties a reader to a patient, the strongest first."""

    SELF = "self"
    """They are the patient."""
    GUARDIAN = "guardian"
    """They speak for the patient, who is a child or has no account."""
    TREATS = "treats"
    """As a doctor: a visit has begun, and the time that the centre gives after it is not over."""
    SEES = "sees"
    """As a doctor: a visit is ahead, or was longer ago. Only for what belongs to their own visits."""
    CONSENT = "consent"
    """The patient's side has opened this kind to them, and has not withdrawn it."""
    EMERGENCY = "emergency"
    """As a doctor: an emergency access of theirs is open."""


class Deed(StrEnum):
    """What somebody wants to do with a record."""

    READ = "read"
    WRITE = "write"
    """Make a new one, in one's own name."""
    CHANGE = "change"
    """Correct, withdraw or remove what one wrote oneself."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who asks, with what ties them to patients at this moment."""

    person_id: UUID
    own: frozenset[UUID]
    """Patients that they are, or are guardian of."""
    treats: frozenset[UUID]
    """Relation.TREATS."""
    practitioner_id: UUID | None
    """Who they are as a doctor."""
    wards: frozenset[UUID] = frozenset()
    """Those of `own` whom they are guardian of."""
    sees: frozenset[UUID] = frozenset()
    """Relation.SEES."""
    consents: frozenset[tuple[UUID, Kind]] = frozenset()
    """Patients, and the kinds of theirs that were opened to this person."""
    emergencies: frozenset[UUID] = frozenset()
    """Relation.EMERGENCY."""


_S, _G, _T, _V = Relation.SELF, Relation.GUARDIAN, Relation.TREATS, Relation.SEES
_C, _E = Relation.CONSENT, Relation.EMERGENCY
_ALL = frozenset({_S, _G, _T, _V, _C, _E})
_SIDE = frozenset({_S, _G})
_NOBODY: frozenset[Relation] = frozenset()

_MAY: dict[Deed, dict[Kind, frozenset[Relation]]] = {
    Deed.READ: {
        Kind.PRESCRIPTION: _ALL,
        Kind.NOTE: _ALL,
        Kind.REFERRAL: _ALL,
        Kind.SICK_NOTE: frozenset({_S, _G, _T, _V, _C}),
        Kind.ATTACHMENT: _ALL,
        Kind.ALLERGIES: frozenset({_S, _G, _T, _C, _E}),
        Kind.HISTORY: frozenset({_S, _G, _T, _C, _E}),
        Kind.REASON: _ALL,
        Kind.NAME: _ALL,
        Kind.CONSENT: _SIDE,
        Kind.EXPORT: _SIDE,
        Kind.AUDIT: _SIDE,
    },
    Deed.WRITE: {
        Kind.PRESCRIPTION: frozenset({_T}),
        Kind.NOTE: frozenset({_T, _E}),
        Kind.REFERRAL: frozenset({_T}),
        Kind.SICK_NOTE: frozenset({_T}),
        Kind.ATTACHMENT: frozenset({_S, _G, _T}),
        Kind.ALLERGIES: frozenset({_S, _G, _T, _E}),
        Kind.HISTORY: _NOBODY,
        Kind.REASON: _SIDE,
        Kind.NAME: _SIDE,
        Kind.CONSENT: _SIDE,
        Kind.EXPORT: _NOBODY,
        Kind.AUDIT: _NOBODY,
    },
    Deed.CHANGE: {
        Kind.PRESCRIPTION: frozenset({_T, _V}),
        Kind.NOTE: frozenset({_T, _V}),
        Kind.REFERRAL: frozenset({_T, _V}),
        Kind.SICK_NOTE: frozenset({_T, _V}),
        Kind.ATTACHMENT: frozenset({_S, _G, _T, _V}),
        Kind.ALLERGIES: _NOBODY,
        Kind.HISTORY: _NOBODY,
        Kind.REASON: _NOBODY,
        Kind.NAME: _NOBODY,
        Kind.CONSENT: _NOBODY,
        Kind.EXPORT: _NOBODY,
        Kind.AUDIT: _NOBODY,
    },
}

SHAREABLE = frozenset(kind for kind, may in _MAY[Deed.READ].items() if _C in may and kind is not Kind.NAME)
"""What a patient's side can open to others."""


def relations(reader: Reader, kind: Kind, patient_id: UUID) -> frozenset[Relation]:
    """What ties this reader to this patient, for this kind. One who is not a doctor treats nobody."""
    doctor = reader.practitioner_id is not None
    consented = {each for patient, each in reader.consents if patient == patient_id}
    held = {
        Relation.SELF: patient_id in reader.own - reader.wards,
        Relation.GUARDIAN: patient_id in reader.own & reader.wards,
        Relation.TREATS: doctor and patient_id in reader.treats,
        Relation.SEES: doctor and patient_id in reader.sees,
        # To whom anything was opened, the name is, too.
        Relation.CONSENT: kind in consented or (kind is Kind.NAME and bool(consented)),
        Relation.EMERGENCY: doctor and patient_id in reader.emergencies,
    }
    return frozenset(relation for relation, holds in held.items() if holds)


def decide(reader: Reader, deed: Deed, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> Relation | None:
    """By which relation the reader may do this: the strongest that allows it, or None if none does.

    `author`: the practitioner who wrote the record, or to whose visit it belongs; None for what the patient's side
    wrote, and for all of a kind at once.
    """
    may = _MAY[deed][kind] & relations(reader, kind, patient_id)
    return next((each for each in Relation if each in may and _fits(reader, deed, each, author)), None)


def _fits(reader: Reader, deed: Deed, by: Relation, author: UUID | None) -> bool:
    """Whether the relation reaches to what this author wrote."""
    theirs = author is not None and author == reader.practitioner_id
    match deed:
        case Deed.READ:
            return theirs or by is not Relation.SEES
        case Deed.WRITE:
            return theirs or author is None
        case Deed.CHANGE:
            return author is None if by in _SIDE else theirs


def may_read(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> bool:
    return decide(reader, Deed.READ, kind, patient_id, author=author) is not None


def require_read(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> Relation:
    """Return by which relation; the audit wants it. Raises RefusedError."""
    return _required(decide(reader, Deed.READ, kind, patient_id, author=author))


def require_list(reader: Reader, kind: Kind, patient_id: UUID) -> tuple[Relation, UUID | None]:
    """For a list of one kind: by which relation, and whose records alone may be on it; None: everybody's.

    Raises RefusedError.
    """
    by = decide(reader, Deed.READ, kind, patient_id)
    if by is not None:
        return by, None
    mine = reader.practitioner_id
    return _required(decide(reader, Deed.READ, kind, patient_id, author=mine)), mine


def require_write(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> Relation:
    """To make a new record; `author`: in whose name. Returns by which relation. Raises RefusedError."""
    return _required(decide(reader, Deed.WRITE, kind, patient_id, author=author))


def require_change(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None) -> Relation:
    """To correct, withdraw or remove what `author` wrote (None: the patient's side). Raises RefusedError."""
    return _required(decide(reader, Deed.CHANGE, kind, patient_id, author=author))


def _required(by: Relation | None) -> Relation:
    if by is None:
        raise RefusedError
    return by
