"""Tables of documents. In clear: ids, kinds, states and times. What was written is sealed, version by version."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column

document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("patient_id", Uuid, nullable=False),
    Column("practitioner_id", Uuid, nullable=False),
    Column("appointment_id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("shared_at", Moment),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_document_patient_id_created_at", "patient_id", "created_at"),
)
"""`status` and `version` are those of the newest row of document_version.

`shared_at`: since when the patient sees it.
"""

document_version = Table(
    "document_version",
    metadata,
    Column("document_id", Uuid, ForeignKey("document.id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("signing_key_id", Uuid, ForeignKey("signing_key.id")),
    Column("signature", LargeBinary),
    Column("signature_header", Text),
)
"""A trigger refuses every change. `sealed` is a FHIR R5 Composition in canonical JSON, and `signature` is over just
these bytes, behind its header. A trigger refuses new rows without one; those from before there were any stay as they
are.
"""
CONTENT = sealed_column(
    document_version.c.sealed,
    source=document_version.join(document, document_version.c.document_id == document.c.id),
    subject=document.c.patient_id,
    row=document_version.c.document_id,
    version=document_version.c.version,
    centre=document.c.centre_id,
)
