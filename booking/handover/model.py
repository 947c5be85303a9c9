"""Table of codes with which records are taken over. In clear: ids and times; of the code its hash alone."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Uuid

from core.tables import Moment, metadata

handover = Table(
    "handover",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), nullable=False),
    Column("given_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("given_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("failures", SmallInteger, nullable=False, server_default="0"),
    Column("ended_at", Moment),
    Column("taken_by", Uuid, ForeignKey("person.id")),
)
"""`failures`: wrong dates of birth. `ended_at`: taken, spoilt, or followed by a newer code; by whom it was taken."""
Index("uq_handover_open", handover.c.patient_id, unique=True, postgresql_where=handover.c.ended_at.is_(None))
