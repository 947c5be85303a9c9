"""Tables of how people come to work at a centre: invitations, and who was verified as a doctor by whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column


class Role(StrEnum):
    """What somebody is invited to."""

    DOCTOR = "doctor"
    ADMIN = "admin"
    ACCOUNT = "account"
    """Only to have an account on the homeserver."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation. Times are UTC."""

    id: UUID
    role: Role
    centre_id: UUID | None
    practitioner_id: UUID | None
    invited_by: UUID
    person_id: UUID | None
    """Who is invited, where they have an account; else whoever has the code."""
    expires_at: datetime


staff_invitation = Table(
    "staff_invitation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("role", Text, nullable=False),
    Column("centre_id", Uuid, ForeignKey("centre.id")),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id")),
    Column("invited_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("person_id", Uuid, ForeignKey("person.id"), index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("answered_at", Moment),
    Column("accepted", Boolean),
    # Of the code with which somebody without an account joins; and the code itself, sealed for who invited.
    Column("code_hash", LargeBinary, unique=True),
    Column("code", LargeBinary),
    CheckConstraint("role IN ('doctor', 'admin', 'account')", name="role"),
    CheckConstraint("(code_hash IS NULL) = (code IS NULL)", name="code"),
)
CODE = sealed_column(staff_invitation.c.code, subject=staff_invitation.c.invited_by, row=staff_invitation.c.id)
Index(
    "uq_staff_invitation_open",
    staff_invitation.c.practitioner_id,
    unique=True,
    postgresql_where=staff_invitation.c.answered_at.is_(None),
)

# The account that is said to be a verified doctor's, until a platform admin has looked whose it is.
practitioner_claim = Table(
    "practitioner_claim",
    metadata,
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("asked_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("asked_at", Moment, nullable=False),
)

# Only added to: the newest row of a doctor is how it stands.
verification = Table(
    "verification",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False, index=True),
    Column("verified", Boolean, nullable=False),
    Column("by", Uuid, ForeignKey("person.id")),
    Column("at", Moment, nullable=False),
)
