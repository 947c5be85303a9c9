"""Calendar feeds: the table and the value."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid

from core.tables import Moment, metadata


class FeedKind(StrEnum):
    """Whose visits a feed shows; its subject is the id of the patient's person, the practitioner or the centre."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True)
class Feed:
    """One address that somebody made. The address itself is known to nobody but them."""

    id: UUID
    kind: FeedKind
    subject_id: UUID
    owner: UUID
    """The person who made it."""
    created_at: datetime
    last_used_at: datetime | None


calendar_feed = Table(
    "calendar_feed",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("owner", Uuid, ForeignKey("person.id"), nullable=False),
    # Only a hash: who reads the database, or a backup of it, cannot read the feeds.
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Index("ix_calendar_feed_owner", "owner"),
)
