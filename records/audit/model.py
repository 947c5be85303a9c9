"""Tables of the audit. Triggers refuse every change; a queue takes what was noted to who puts it into the tree."""

from sqlalchemy import BigInteger, Column, Identity, Index, LargeBinary, SmallInteger, Table, Text, Uuid

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

audit_waiting = Table(
    "audit_waiting",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)
"""What is noted and not in the tree yet: a trigger puts it here, audit.sequencing takes it away, a moment later."""

audit_leaf = Table(
    "audit_leaf",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
)
"""The leaves of the tree in their order, from 0 without a gap."""

audit_node = Table(
    "audit_node",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("node_index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Roots of whole subtrees of 256**level leaves, kept so that a proof need not read the whole tree."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("signed_at", Moment, nullable=False),
    Column("signed", Text, nullable=False),
)
"""Every head that was signed; `signed` is the checkpoint as it was published (audit.checkpoint)."""
