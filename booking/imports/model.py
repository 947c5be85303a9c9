"""Calendars that are followed, and the times that somebody is busy by them: the tables, and the values of them.

Of what a calendar says only times are kept. The address, and what opens it, is sealed for who named it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE

from core.tables import Moment, metadata
from records.places import sealed_column

FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)
"""Until when nobody is offered of whom nothing is known. The migration has it, too."""


class SourceKind(StrEnum):
    """How a calendar comes in."""

    FILE = "file"
    """Sent once, and as it was then."""
    FEED = "feed"
    """Fetched from its address again and again."""
    CALDAV = "caldav"
    """Fetched likewise, and our visits are written into it: the doctor's, or those that take the room."""


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar by which a practitioner, or a room or device, is busy."""

    id: UUID
    practitioner_id: UUID | None
    """Whose it is; None: a room's or device's."""
    kind: SourceKind
    owner: UUID
    """The person who named it, who is told when it can't be read."""
    created_at: datetime
    read_at: datetime | None
    """When it was last read well."""
    known_until: datetime
    """Nothing is known of what comes later, so that nothing is offered then."""
    failures: int = 0
    failing_since: datetime | None = None
    problem: str = ""
    """Why it could not be read the last time: a word of rules.PROBLEMS."""
    etag: str = ""
    last_modified: str = ""
    digest: bytes = b""
    next_look_at: datetime | None = None
    looked_at: datetime | None = None
    """When it was last put in line to be looked at: visits that changed since are to be written into it."""
    told_at: datetime | None = None
    """When its owner was told that it fails, and nothing is offered any more; None: all is well."""
    events: int = 0
    left_out: int = 0
    """How many of its events could not be understood."""
    resource_id: UUID | None = None
    """Of which room or device it is, where it is no practitioner's."""

    @property
    def subject_id(self) -> UUID:
        """Who or what is busy by it."""
        subject = self.practitioner_id or self.resource_id
        assert subject
        return subject


calendar_source = Table(
    "calendar_source",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id")),
    Column("resource_id", Uuid, ForeignKey("resource.id")),
    # Either of them: who or what is busy by it.
    Column("subject_id", Uuid, Computed("coalesce(practitioner_id, resource_id)", persisted=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", Uuid, ForeignKey("person.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("read_at", Moment),
    Column("known_until", Moment, nullable=False),
    Column("failures", SmallInteger, nullable=False),
    Column("failing_since", Moment),
    Column("problem", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("next_look_at", Moment),
    Column("looked_at", Moment),
    Column("told_at", Moment),
    Column("events", SmallInteger, nullable=False),
    Column("left_out", SmallInteger, nullable=False),
    # Where it is, and the password if there is one: sealed for the owner.
    Column("address", LargeBinary),
    CheckConstraint("kind IN ('file', 'feed', 'caldav')", name="kind"),
    CheckConstraint("(kind = 'file') = (address IS NULL)", name="address"),
    CheckConstraint("num_nonnulls(practitioner_id, resource_id) = 1", name="subject"),
    Index("ix_calendar_source_subject_id", "subject_id"),
    Index("ix_calendar_source_next_look_at", "next_look_at", postgresql_where="next_look_at IS NOT NULL"),
)
ADDRESS = sealed_column(calendar_source.c.address, subject=calendar_source.c.owner, row=calendar_source.c.id)

calendar_busy = Table(
    "calendar_busy",
    metadata,
    Column("source_id", Uuid, ForeignKey("calendar_source.id", ondelete="CASCADE"), primary_key=True),
    # In pieces of a day at most, as in `occupancy`: that bounds what the index has to look at.
    Column("during", TSTZRANGE, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id")),
    Column("resource_id", Uuid, ForeignKey("resource.id")),
    Column("subject_id", Uuid, Computed("coalesce(practitioner_id, resource_id)", persisted=True), nullable=False),
    CheckConstraint("num_nonnulls(practitioner_id, resource_id) = 1", name="subject"),
    CheckConstraint("NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)", name="half_open"),
    CheckConstraint("upper(during) - lower(during) <= interval '1 day'", name="at_most_a_day"),
)
Index(
    "ix_calendar_busy_subject",
    calendar_busy.c.subject_id,
    func.lower(calendar_busy.c.during),
    postgresql_include=["during"],
)

calendar_written = Table(
    "calendar_written",
    metadata,
    Column("source_id", Uuid, ForeignKey("calendar_source.id", ondelete="CASCADE"), primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    # Of what was written of the visit, and what the server calls that.
    Column("digest", LargeBinary, nullable=False),
    Column("etag", Text, nullable=False),
)

calendar_link = Table(
    "calendar_link",
    metadata,
    # The page on which somebody says how their server is reached: its address is known to them alone.
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id")),
    Column("resource_id", Uuid, ForeignKey("resource.id")),
    # Where it was asked for, on Matrix.
    Column("room_id", Text, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("used_at", Moment),
    CheckConstraint("num_nonnulls(practitioner_id, resource_id) = 1", name="subject"),
)

calendar_draft = Table(
    "calendar_draft",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    # What was read, and from where, until it is said what to do with it: sealed for the person.
    Column("content", LargeBinary, nullable=False),
    Index("ix_calendar_draft_created_at", "created_at"),
)
DRAFT = sealed_column(calendar_draft.c.content, subject=calendar_draft.c.person_id, row=calendar_draft.c.id)
