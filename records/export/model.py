"""The table of exports: who asked for what when. What is exported is made when it is sent, and kept nowhere."""

from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata

export_request = Table(
    "export_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False, index=True),
    Column("patients", ARRAY(Uuid), nullable=False),
    Column("release", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
)
"""`release`: of FHIR, R5 or R4."""
