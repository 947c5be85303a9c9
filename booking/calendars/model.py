"""Calendar feeds: the tables and the values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata

OPEN_FOR = 90
"""Days for which open and busy times are shown one by one, at the most."""


class FeedKind(StrEnum):
    """What a feed shows; its subject is whose that is."""

    FAMILY = "family"
    """The visits of a person and of all they are guardian of; the person."""
    PATIENT = "patient"
    """The visits of one patient: oneself, or one's child; the patient."""
    PRACTITIONER = "practitioner"
    CENTRE = "centre"
    TEAM = "team"
    """The visits of some practitioners of a centre; the centre."""
    RESOURCE = "resource"
    """The visits that take a room or a device; the resource."""
    OPEN_PRACTITIONER = "open-practitioner"
    """When a practitioner can be booked, and when they are busy; the practitioner."""
    OPEN_CENTRE = "open-centre"

    @property
    def is_availability(self) -> bool:
        """Whether it shows open and busy times alone, and no visit."""
        return self in {FeedKind.OPEN_PRACTITIONER, FeedKind.OPEN_CENTRE}

    @property
    def has_hours(self) -> bool:
        """Whether there are weekly hours behind it: those of practitioners."""
        return self not in {FeedKind.FAMILY, FeedKind.PATIENT, FeedKind.RESOURCE}


class Tell(StrEnum):
    """What a feed tells of a visit besides its time, its code and the street."""

    DOCTORS = "doctors"
    """The doctor's and the centre's names."""
    SERVICES = "services"
    """What kind of visit it is."""
    NAMES = "names"
    """Who is treated."""
    BUSY = "busy"
    """Nothing but that the time is taken; not even the code."""
    OPEN = "open"
    """Nothing but when there is time: of what shows open and busy times."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the owner of a feed chose. Nothing in it is personal, so that feeds alike share one body."""

    tells: frozenset[Tell] = frozenset()
    language: str = "en"
    timezone: str = "UTC"
    """The IANA name of the zone that calendars are advised to show it in."""
    days_back: int = 60
    days_ahead: int = 730
    alarms: tuple[int, ...] = ()
    """Minutes before a visit at which a calendar is to ring."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """As the table has them."""
        return {
            "tells": sorted(self.tells),
            "language": self.language,
            "timezone": self.timezone,
            "days_back": self.days_back,
            "days_ahead": self.days_ahead,
            "alarms": list(self.alarms),
        }


@dataclass(frozen=True, slots=True)
class Feed:
    """One address that somebody made. The address itself is known to nobody but them."""

    id: UUID
    kind: FeedKind
    subject_id: UUID
    members: tuple[UUID, ...]
    """The practitioners of a team."""
    options: Options
    owner: UUID
    """The person who made it."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_by: str | None
    """The family of the program that read it last, like Thunderbird."""


calendar_feed = Table(
    "calendar_feed",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("members", ARRAY(Uuid), nullable=False),
    Column("owner", Uuid, ForeignKey("person.id"), nullable=False),
    # Only a hash: who reads the database, or a backup of it, cannot read the feeds.
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("tells", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("days_back", SmallInteger, nullable=False),
    Column("days_ahead", SmallInteger, nullable=False),
    Column("alarms", ARRAY(SmallInteger), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Column("last_used_by", Text),
    CheckConstraint("days_back BETWEEN 0 AND 400 AND days_ahead BETWEEN 1 AND 800", name="range"),
    Index("ix_calendar_feed_owner", "owner"),
)

# What has changed of what concerns a subject: the version, and a row for each change since it was added up last. Rows
# are added by triggers; whoever adds one waits for nobody, and adding them up misses none that is committed. Each has a
# mark that is drawn, and a version is the marks of all changes, put together by XOR. So the same version is the same
# changes: a database that was set back to a backup and goes on from there says nothing that it has said before.
calendar_version = Table(
    "calendar_version",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
calendar_change = Table(
    "calendar_change",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("subject_id", Uuid, nullable=False, index=True),
    Column("mark", BigInteger, nullable=False, server_default=text("(random() * 4503599627370496)::bigint")),
)
