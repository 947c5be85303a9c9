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
    CheckConstraint("late_refund_percent BETWEEN 0 AND 100", name="late_refund"),
    Index("ix_centre_latitude_longitude", "latitude", "longitude"),
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
    CheckConstraint("minutes BETWEEN 5 AND 480 AND grid_minutes BETWEEN 5 AND 480", name="length"),
    CheckConstraint("buffer_before BETWEEN 0 AND 240 AND buffer_after BETWEEN 0 AND 240", name="buffers"),
    CheckConstraint("price_amount >= 0", name="price"),
    Index("ix_service_specialty", "specialty", postgresql_where="active"),
)
