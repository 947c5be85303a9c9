"""Centres, practitioners, services: the tables, and the values that everybody passes around."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.money import Money
from core.tables import Moment, metadata


class Mode(StrEnum):
    """Where a visit takes place."""

    ONLINE = "online"
    IN_PERSON = "in-person"


class Patients(StrEnum):
    """Whom a service is for."""

    ALL = "all"
    NEW = "new"
    """Who was not with this practitioner before."""
    KNOWN = "known"


class StaffNotices(StrEnum):
    """Where a centre's staff is told of what happens there."""

    PRIVATE = "private"
    """Each in their own room with the bot."""
    ROOM = "room"
    """In the staff room; in private only those who are not in it."""
    BOTH = "both"


class Payment(StrEnum):
    """When a service is paid: before it is booked, or at the desk."""

    PREPAY = "prepay"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Centre:
    """A medical centre (FHIR: Organization with its Location)."""

    id: UUID
    slug: str
    name: str
    street: str
    city: str
    country: str
    """ISO 3166-1 alpha-2."""
    latitude: float
    longitude: float
    timezone: str
    currency: str
    cancel_hours: int
    """A visit is cancelled free of charge until so many hours before it begins."""
    late_refund_percent: int
    """What is given back of the price when it is cancelled later."""
    phone: str
    region: str = ""
    """The part of the country whose public holidays count: ISO 3166-2 without the country, like BE for Berlin."""
    closed_on_holidays: bool = False
    """Whether nothing can be booked on public holidays."""
    accessible: bool = False
    """Whether it can be reached and used in a wheelchair."""
    insurances: tuple[str, ...] = ()
    """Insurances accepted, as people call them, case folded."""
    reminder_minutes: tuple[int, ...] | None = None
    """How long before a visit its patients are reminded who chose no times of their own; None: the service's times."""
    daily_list_at: int | None = 420
    """Minutes after local midnight at which its admins get the day's list; None: never."""
    no_show_percent: int = 0
    """What is given back of the price when the patient does not come."""
    no_show_limit: int | None = None
    """After so many missed visits within a year, a patient books here only by the centre's approval."""
    captures: bool = False
    """Whether cards are only authorised when booking, and charged after the visit, where the time until then allows."""
    carries_fee: bool = False
    """Whether what was paid here counts for the visit that one of its doctors refers to."""
    offer_minutes: int = 30
    """How long a time that came free is kept for whoever waits for it."""
    records_days: int = 90
    """How long after a visit its doctor reads all of the patient's records; Germany's ePA has 90 days, too (SGB V,
    section 342, 2)."""
    staff_notices: StaffNotices = StaffNotices.PRIVATE
    question_hours: int | None = 4
    """After so many hours without an answer the staff is told that a question waits; None: never."""
    room_opens_minutes: int | None = 1440
    """How long before a visit its consultation room opens; None: as soon as it is booked, for questions before."""
    room_closes_days: int = 7
    """How long after the visit people can write in its room."""
    room_kept_days: int = 182
    """How long after that the room is kept before it is erased with its files."""
    reply_hours: int | None = 24
    """Within how many hours questions in the room are answered, as patients are told; None: nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A doctor (FHIR: Practitioner)."""

    id: UUID
    slug: str
    name: str
    gender: str
    """female, male or empty."""
    languages: tuple[str, ...]
    """ISO 639-1."""
    specialties: tuple[str, ...]
    """Codes of booking.directory.specialties."""
    person_id: UUID | None
    """Their Matrix account, once it is linked."""
    verified: bool = True
    """Whether a platform admin has looked who they are; until then nobody books them."""
    listed: bool = True
    """Whether everybody finds them; else only those who were with them before."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a practitioner offers at a centre (FHIR: HealthcareService). Times in minutes."""

    id: UUID
    practitioner_id: UUID
    centre_id: UUID
    name: str
    specialty: str
    minutes: int
    buffer_before: int
    buffer_after: int
    grid_minutes: int
    """Starts fall on multiples of this after local midnight."""
    min_notice_minutes: int
    window_days: int
    """How far ahead it can be booked."""
    mode: Mode
    price: Money
    payment: Payment
    active: bool
    capacity: int = 1
    """How many patients come at the same time: more than one for a group."""
    approval: bool = False
    """Whether the centre has to approve each booking."""
    patients: Patients = Patients.ALL
    reasons: tuple[str, ...] = ()
    """Codes of the visit reasons that it serves (booking.directory.reasons); none: all of its specialty."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Rooms or devices of a kind that are booked along with the practitioner (FHIR: Location, Device)."""

    id: UUID
    centre_id: UUID
    name: str
    seats: int
    """How many there are, each as good as the other."""
    active: bool


centre = Table(
    "centre",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("cancel_hours", Integer, nullable=False),
    Column("late_refund_percent", SmallInteger, nullable=False),
    Column("phone", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("region", Text, nullable=False),
    Column("closed_on_holidays", Boolean, nullable=False),
    Column("accessible", Boolean, nullable=False),
    Column("insurances", ARRAY(Text), nullable=False),
    Column("reminder_minutes", ARRAY(Integer)),
    Column("daily_list_at", SmallInteger),
    Column("no_show_percent", SmallInteger, nullable=False),
    Column("no_show_limit", SmallInteger),
    Column("captures", Boolean, nullable=False),
    Column("carries_fee", Boolean, nullable=False),
    Column("offer_minutes", SmallInteger, nullable=False),
    Column("records_days", SmallInteger, nullable=False),
    Column("staff_notices", Text, nullable=False),
    Column("question_hours", SmallInteger),
    Column("room_opens_minutes", Integer),
    Column("room_closes_days", SmallInteger, nullable=False),
    Column("room_kept_days", SmallInteger, nullable=False),
    Column("reply_hours", SmallInteger),
    Column("trigrams", ARRAY(Text), nullable=False),
    CheckConstraint("late_refund_percent BETWEEN 0 AND 100", name="late_refund"),
    CheckConstraint("no_show_percent BETWEEN 0 AND 100", name="no_show"),
    CheckConstraint("staff_notices IN ('private', 'room', 'both')", name="staff_notices"),
    Index("ix_centre_latitude_longitude", "latitude", "longitude"),
    Index("ix_centre_trigrams", "trigrams", postgresql_using="gin"),
)

centre_admin = Table(
    "centre_admin",
    metadata,
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True, index=True),
)

practitioner = Table(
    "practitioner",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("languages", ARRAY(Text), nullable=False),
    Column("specialties", ARRAY(Text), nullable=False),
    Column("person_id", Uuid, ForeignKey("person.id"), unique=True),
    Column("created_at", Moment, nullable=False),
    # Of the name, see booking.directory.names.
    Column("trigrams", ARRAY(Text), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
    Index("ix_practitioner_trigrams", "trigrams", postgresql_using="gin"),
)

practitioner_role = Table(
    "practitioner_role",
    metadata,
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), primary_key=True),
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True, index=True),
)

service = Table(
    "service",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False, index=True),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("specialty", Text, nullable=False),
    Column("minutes", SmallInteger, nullable=False),
    Column("buffer_before", SmallInteger, nullable=False),
    Column("buffer_after", SmallInteger, nullable=False),
    Column("grid_minutes", SmallInteger, nullable=False),
    Column("min_notice_minutes", Integer, nullable=False),
    Column("window_days", SmallInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("price_amount", Integer, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("capacity", SmallInteger, nullable=False),
    Column("approval", Boolean, nullable=False),
    Column("patients", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    CheckConstraint("capacity BETWEEN 1 AND 100", name="capacity"),
    CheckConstraint("minutes BETWEEN 5 AND 480 AND grid_minutes BETWEEN 5 AND 480", name="length"),
    CheckConstraint("buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240", name="buffers"),
    CheckConstraint("price_amount >= 0", name="price"),
    Index("ix_service_specialty", "specialty", postgresql_where="active"),
)

resource = Table(
    "resource",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("seats", SmallInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("seats BETWEEN 1 AND 100", name="seats"),
)

service_resource = Table(
    "service_resource",
    metadata,
    Column("service_id", Uuid, ForeignKey("service.id"), primary_key=True),
    Column("resource_id", Uuid, ForeignKey("resource.id"), primary_key=True, index=True),
)
