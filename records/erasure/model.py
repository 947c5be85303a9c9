"""Tables of erasure: who was erased when, and what stops it. Ids and times; why a hold stands is sealed."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Uuid

from core.tables import Moment, metadata

erasure = Table(
    "erasure",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("asked_by", Uuid),
    Column("asked_at", Moment, nullable=False),
    Column("backup_days", Integer, nullable=False),
    Column("destroyed_at", Moment),
)
"""The decision. From its commit on nothing of the subject opens; `destroyed_at` is when the key itself was gone.
`backup_days`: for how long backups of the keys were kept when it was asked for.
"""
Index("ix_erasure_open", erasure.c.asked_at, postgresql_where=erasure.c.destroyed_at.is_(None))

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject", Uuid, nullable=False),
    Column("placed_by", Uuid, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("lifted_by", Uuid),
    Column("lifted_at", Moment),
    Column("lift_reason", LargeBinary),
)
"""Reasons are sealed for the subject, with version 1 and 2: once lifted and erased they are unreadable, too."""
Index("ix_legal_hold_subject", legal_hold.c.subject)
