"""Tables of consents and of emergency accesses: ids, kinds and times; the reason of an emergency is sealed."""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column

consent = Table(
    "consent",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False),
    # One kind of record, a word of records.access.Kind: what was opened at once can be closed apart.
    Column("kind", Text, nullable=False),
    # Persons.
    Column("given_to", Uuid, nullable=False),
    Column("given_by", Uuid, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("until", Moment),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", Uuid),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
    Index("uq_consent_open", "patient_id", "given_to", "kind", unique=True, postgresql_where="withdrawn_at IS NULL"),
    Index("ix_consent_given_to", "given_to", postgresql_where="withdrawn_at IS NULL"),
)
"""FHIR: Consent, one provision (permit, one actor, one class) a row."""

emergency_access = Table(
    "emergency_access",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False, index=True),
    # The doctor, as a person and as a practitioner.
    Column("person_id", Uuid, nullable=False),
    Column("practitioner_id", Uuid, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index("ix_emergency_access_person_id_until", "person_id", "until"),
)
"""Only added to: what was opened stays written down, for as long as it was open."""
REASON = sealed_column(emergency_access.c.reason, subject=emergency_access.c.patient_id, row=emergency_access.c.id)
