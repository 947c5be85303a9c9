"""Referrals: the table, and the value that everybody passes around. In FHIR's words a ServiceRequest."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, LargeBinary, Table, Text, Uuid

from booking.directory.model import Mode
from core.tables import Moment, metadata
from records.places import sealed_column


class Priority(StrEnum):
    """Of FHIR's words (https://hl7.org/fhir/valueset-request-priority.html) those that doctors use here."""

    ROUTINE = "routine"
    URGENT = "urgent"


class State(StrEnum):
    """Of FHIR's words (https://hl7.org/fhir/valueset-request-status.html)."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Referral:
    """What a doctor refers a patient to."""

    id: UUID
    appointment_id: UUID
    """The visit in which it was written."""
    patient_id: UUID
    requester_id: UUID
    """The practitioner who refers."""
    specialty: str
    """A code of booking.directory.specialties."""
    performer_id: UUID | None
    """The practitioner to whom; None: anybody of the specialty."""
    mode: Mode | None
    """How the visit should be; None: either."""
    priority: Priority
    state: State
    booked_id: UUID | None
    """The visit that was booked with it last; it may be cancelled by now."""
    created_at: datetime
    expires_at: datetime
    """UTC. Until when a visit can be booked with it."""

    @property
    def urgent(self) -> bool:
        return self.priority is Priority.URGENT


referral = Table(
    "referral",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), nullable=False, index=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), nullable=False, index=True),
    Column("requester_id", Uuid, ForeignKey("practitioner.id"), nullable=False),
    Column("specialty", Text, nullable=False),
    Column("performer_id", Uuid, ForeignKey("practitioner.id")),
    Column("mode", Text),
    Column("priority", Text, nullable=False),
    # For the patient's side and both doctors; sealed for the patient.
    Column("note", LargeBinary),
    Column("status", Text, nullable=False),
    Column("booked_id", Uuid, ForeignKey("appointment.id"), index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    CheckConstraint("created_at < expires_at", name="span"),
)
NOTE = sealed_column(referral.c.note, subject=referral.c.patient_id, row=referral.c.id)
