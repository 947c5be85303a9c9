"""Tables of prescriptions. In clear: ids, states and times. What was prescribed is sealed, version by version."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata

prescription = Table(
    "prescription",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("patient_id", Uuid, nullable=False),
    Column("practitioner_id", Uuid, nullable=False),
    Column("appointment_id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_prescription_patient_id_created_at", "patient_id", "created_at"),
)
"""`status` and `version` are those of the newest row of prescription_version."""

prescription_version = Table(
    "prescription_version",
    metadata,
    Column("prescription_id", Uuid, ForeignKey("prescription.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""A trigger refuses every change. `sealed` is a FHIR R5 MedicationRequest in canonical JSON."""
