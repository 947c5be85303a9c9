"""Who may read or write which kind of record: decided here, before anything is read. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who asks, with the relations to patients that the floor above knows of."""

    person_id: UUID
    own: frozenset[UUID]
    """Patients that they are, or are guardian of."""
    treats: frozenset[UUID]
    """Patients that they treat or treated, as a doctor."""
    practitioner_id: UUID | None
    """Who they are as a doctor."""


class Kind(StrEnum):
    """Kinds of record."""

    PRESCRIPTION = "prescription"
    AUDIT = "audit"


class Relation(StrEnum):
    """What ties a reader to a patient."""

    OWN = "own"
    TREATS = "treats"


_READ: dict[Kind, frozenset[Relation]] = {
    Kind.PRESCRIPTION: frozenset({Relation.OWN, Relation.TREATS}),
    Kind.AUDIT: frozenset({Relation.OWN}),
}
_WRITE: dict[Kind, frozenset[Relation]] = {
    Kind.PRESCRIPTION: frozenset({Relation.TREATS}),
    Kind.AUDIT: frozenset(),
}


def relations(reader: Reader, patient_id: UUID) -> frozenset[Relation]:
    """What ties this reader to this patient. One who is not a doctor treats nobody."""
    treats = reader.practitioner_id is not None and patient_id in reader.treats
    held = {Relation.OWN: patient_id in reader.own, Relation.TREATS: treats}
    return frozenset(relation for relation, holds in held.items() if holds)


def may_read(reader: Reader, kind: Kind, patient_id: UUID) -> bool:
    """The patient and guardians read all of theirs; a doctor who treats them reads what concerns the treatment."""
    return bool(_READ[kind] & relations(reader, patient_id))


def may_write(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> bool:
    """A doctor who treats the patient writes; what another practitioner (`author`) wrote stays as it is."""
    if author is not None and author != reader.practitioner_id:
        return False
    return bool(_WRITE[kind] & relations(reader, patient_id))


def require_read(reader: Reader, kind: Kind, patient_id: UUID) -> None:
    """Raises RefusedError."""
    if not may_read(reader, kind, patient_id):
        raise RefusedError


def require_write(reader: Reader, kind: Kind, patient_id: UUID, *, author: UUID | None = None) -> None:
    """Raises RefusedError."""
    if not may_write(reader, kind, patient_id, author=author):
        raise RefusedError
