"""Tables of questions. What is asked and answered is sealed for the patient."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a patient has asked a doctor. Times are UTC."""

    id: UUID
    code: str
    patient_id: UUID
    practitioner_id: UUID
    centre_id: UUID
    asked_by: UUID
    """The person: the patient, or who speaks for them."""
    asked_at: datetime
    text: str
    answered_at: datetime | None
    answer: str | None


question = Table(
    "question",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), nullable=False, index=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False),
    Column("asked_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("asked_at", Moment, nullable=False),
    # From when on the doctor can have read it.
    Column("due_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("answered_at", Moment),
    Column("answered_by", Uuid, ForeignKey("person.id")),
    Column("answer", LargeBinary),
)
TEXT = sealed_column(question.c.sealed, subject=question.c.patient_id, row=question.c.id)
ANSWER = sealed_column(question.c.answer, subject=question.c.patient_id, row=question.c.id)
Index(
    "ix_question_open",
    question.c.practitioner_id,
    question.c.asked_at,
    postgresql_where=question.c.answered_at.is_(None),
)
# That the staff was told of what waits: a question, or a renewal that was asked for.
waiting_told = Table(
    "waiting_told",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("told_at", Moment, nullable=False),
)
