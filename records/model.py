"""Tables of the records store."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Integer, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata

subject_key = Table(
    "subject_key",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("destroyed_at", Moment),
    # A schema of its own, so that the keys can move to a store whose backups are kept for days, not years.
    schema="keys",
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Uuid),
    Column("action", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("row", Uuid, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index("ix_audit_event_subject", "subject", "seq"),
)

prescription = Table(
    "prescription",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("patient_id", Uuid, nullable=False),
    Column("practitioner_id", Uuid, nullable=False),
    Column("appointment_id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_prescription_patient_id_created_at", "patient_id", "created_at"),
)

prescription_version = Table(
    "prescription_version",
    metadata,
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
