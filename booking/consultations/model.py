"""Tables: how far the life of each visit's room has come, and who was brought in. The room itself is Matrix's."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, Table, Text, Uuid

from core.tables import Moment, metadata


class Role(StrEnum):
    """What somebody is in a consultation who is neither the patient's side nor the doctor."""

    FAMILY = "family"
    INTERPRETER = "interpreter"
    DOCTOR = "doctor"
    """Another one."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who was brought in."""

    person_id: UUID
    mxid: str
    role: Role
    invited_by: UUID


# Each moment is when that step was asked for, with the outbox row that does it: so each is asked for once.
consultation = Table(
    "consultation",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("opening_at", Moment, nullable=False),
    Column("closing_at", Moment),
    Column("erasing_at", Moment),
    # When the patient's side was told that they are next in line.
    Column("next_told_at", Moment),
    Index("ix_consultation_open", "appointment_id", postgresql_where="closing_at IS NULL"),
    Index("ix_consultation_closed", "closing_at", postgresql_where="closing_at IS NOT NULL AND erasing_at IS NULL"),
)

consultation_guest = Table(
    "consultation_guest",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("invited_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("invited_at", Moment, nullable=False),
)
