"""Tables of files. In clear: ids, sizes and times. Name, kind, note and the file's key are sealed for the patient."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Uuid, text

from core.tables import Moment, metadata
from records.places import sealed_column

file = Table(
    "file",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, nullable=False),
    Column("sender_id", Uuid, nullable=False),
    Column("appointment_id", Uuid),
    Column("practitioner_id", Uuid),
    Column("sent_at", Moment, nullable=False),
    Column("filed_at", Moment),
    Column("final_at", Moment),
    Column("seen_at", Moment),
    Column("size", BigInteger, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_file_patient_id_sent_at", "patient_id", "sent_at"),
    Index("ix_file_sender_id", "sender_id", "sent_at"),
    Index(
        "ix_file_filed_at",
        "filed_at",
        postgresql_where=text("seen_at IS NULL AND filed_at IS NOT NULL AND appointment_id IS NOT NULL"),
    ),
)
"""`practitioner_id`: to whose visit it belongs. Before `filed_at` it is its sender's alone; from `final_at` on it is
part of what the centre must keep; since `seen_at` a doctor has looked at it who did not send it.
"""
ABOUT = sealed_column(file.c.sealed, subject=file.c.patient_id, row=file.c.id, version=file.c.version)

file_piece = Table(
    "file_piece",
    metadata,
    # Deferred: the pieces come first, and what the whole is, is known with the last of them.
    Column("file_id", Uuid, ForeignKey("file.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""A trigger refuses every change but deletion. Sealed under the file's own key (pieces.py)."""
