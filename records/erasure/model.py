"""Table of legal holds. Ids and times; why a hold stands is sealed. The table of erasures is with the keys."""

from sqlalchemy import Column, Index, LargeBinary, Table, Uuid

from core.tables import Moment, metadata
from records.places import sealed_column

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
"""Reasons are sealed for the subject: once it was lifted and the subject erased they are unreadable, too."""
Index("ix_legal_hold_subject", legal_hold.c.subject)

REASON = sealed_column(legal_hold.c.reason, subject=legal_hold.c.subject, row=legal_hold.c.id)
LIFT_REASON = sealed_column(legal_hold.c.lift_reason, subject=legal_hold.c.subject, row=legal_hold.c.id)
