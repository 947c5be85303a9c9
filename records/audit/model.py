"""Tables of the audit. Triggers refuse every change, and chain what was added when its transaction commits."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, Uuid

from core.tables import Moment, metadata

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Uuid),
    Column("action", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("row_id", Uuid),
    Column("why", Text, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Index("ix_audit_event_subject_at", "subject", "at"),
)
"""`actor` is a person, or null for the service itself; `leaf` is the hash of the other columns (audit.rules)."""

audit_link = Table(
    "audit_link",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, ForeignKey("audit_event.id"), nullable=False, unique=True),
    Column("head", LargeBinary, nullable=False),
)
"""The order of the events, from 1 without a gap: the leaves of one tree. `head` = SHA-256(1, previous head, leaf)."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
)
"""One row: how long the chain is and where it ends, so that a cut end shows."""
