"""Tables of people, and what the rest of the floor sees of them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mxid", Text, nullable=False, unique=True),
    # Sealed for the person's id.
    Column("name", LargeBinary),
    # Null: as the settings say, today and when they change.
    Column("timezone", Text),
    Column("language", Text),
    Column("reminder_minutes", ARRAY(Integer)),
    Column("created_at", Moment, nullable=False),
)

patient = Table(
    "patient",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Null for a dependant without an account. Who has an account has their name there, once.
    Column("person_id", Uuid, ForeignKey("person.id"), unique=True),
    # Sealed for the patient's id, as is `born`.
    Column("name", LargeBinary),
    Column("born", LargeBinary),
    Column("created_at", Moment, nullable=False),
)

guardian = Table(
    "guardian",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), primary_key=True, index=True),
)


@dataclass(frozen=True, slots=True)
class Patient:
    """One whom visits and records are about."""

    id: UUID
    name: str | None
    born: date | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a Matrix account, with all that decides what they may do."""

    id: UUID
    mxid: str
    name: str | None
    timezone: str
    """IANA name; the service's default until they choose one."""
    timezone_chosen: bool
    language: str
    """BCP 47 tag."""
    reminder_minutes: tuple[int, ...]
    """How long before a visit they are reminded, longest first."""
    patient: Patient
    """They themselves."""
    family: tuple[Patient, ...]
    """Those whom they are guardian of, longest known first."""
    practitioner_id: UUID | None
    administers: frozenset[UUID]
    """Ids of the centres that they are admin of."""
    platform_admin: bool
