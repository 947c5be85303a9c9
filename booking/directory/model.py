"""Tables of the directory, and what the rest of the floor sees of them. Nothing in them is secret."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.money import Money
from core.tables import Moment, metadata

centre = Table(
    "centre",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("cancel_hours", Integer, nullable=False),
    Column("late_refund_percent", Integer, nullable=False),
    Column("phone", Text),
    Column("accessible", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("cancel_hours >= 0", name="cancel_hours"),
    CheckConstraint("late_refund_percent BETWEEN 0 AND 100", name="late_refund_percent"),
    # A search within some km looks at a box first.
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
    Column("gender", Text),
    Column("languages", ARRAY(Text), nullable=False),
    Column("specialties", ARRAY(Text), nullable=False),
    # Null until their Matrix account is linked.
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
    Column("practitioner_id", Uuid, nullable=False),
    Column("centre_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("specialty", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("buffer_before", Integer, nullable=False),
    Column("buffer_after", Integer, nullable=False),
    Column("grid_minutes", Integer, nullable=False),
    Column("min_notice_minutes", Integer, nullable=False),
    Column("window_days", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("price_amount", BigInteger, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # A service is offered where the practitioner works, nowhere else.
    ForeignKeyConstraint(
        ["practitioner_id", "centre_id"], ["practitioner_role.practitioner_id", "practitioner_role.centre_id"]
    ),
    CheckConstraint("minutes BETWEEN 5 AND 480", name="minutes"),
    CheckConstraint("buffer_before >= 0 AND buffer_after >= 0", name="buffers"),
    CheckConstraint("grid_minutes BETWEEN 1 AND 1440", name="grid_minutes"),
    CheckConstraint("min_notice_minutes >= 0", name="min_notice_minutes"),
    CheckConstraint("window_days >= 1", name="window_days"),
    CheckConstraint("price_amount >= 0", name="price_amount"),
    CheckConstraint("mode IN ('online', 'in-person')", name="mode"),
    CheckConstraint("payment IN ('prepay', 'desk')", name="payment"),
    Index("ix_service_practitioner_id_centre_id", "practitioner_id", "centre_id"),
    Index("ix_service_centre_id", "centre_id"),
    Index("ix_service_specialty", "specialty", postgresql_where="active"),
)

Payment = Literal["prepay", "desk"]
"""When a visit is paid: through the payment page before it counts as booked, or at the centre."""

Gender = Literal["female", "male", "other"]


class Mode(StrEnum):
    """How patient and doctor meet."""

    ONLINE = "online"
    IN_PERSON = "in-person"


@dataclass(frozen=True, slots=True)
class Centre:
    """A medical centre (FHIR: organization and location)."""

    id: UUID
    slug: str
    name: str
    street: str
    city: str
    country: str
    """ISO 3166, two letters."""
    latitude: float
    longitude: float
    timezone: str
    """IANA name: the wall clock that hours and grids are written in."""
    currency: str
    cancel_hours: int
    """Cancelling is free until so many hours before the visit."""
    late_refund_percent: int
    """What is given back of the price when it is cancelled later than that."""
    phone: str | None
    accessible: bool
    """Whether one gets in and around in a wheelchair."""


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A doctor."""

    id: UUID
    slug: str
    """What one types: dr.osei."""
    name: str
    gender: Gender | None
    languages: tuple[str, ...]
    """ISO 639-1."""
    specialties: tuple[str, ...]
    """Codes of booking.directory.specialties."""
    person_id: UUID | None
    """Whose Matrix account is theirs; None until it is linked."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a practitioner offers at a centre (FHIR: healthcare service)."""

    id: UUID
    practitioner_id: UUID
    centre_id: UUID
    name: str
    specialty: str
    minutes: int
    buffer_before: int
    """Minutes that the practitioner needs before a visit, and `buffer_after` after it."""
    buffer_after: int
    grid_minutes: int
    """Visits begin at multiples of this after local midnight."""
    min_notice_minutes: int
    window_days: int
    """How many days ahead one can book."""
    mode: Mode
    price: Money
    payment: Payment
    active: bool


def centre_from(row: RowMapping) -> Centre:
    """Read a centre from a row that selects its table, alone or joined with others."""
    c = centre.c
    return Centre(
        id=row[c.id],
        slug=row[c.slug],
        name=row[c.name],
        street=row[c.street],
        city=row[c.city],
        country=row[c.country],
        latitude=row[c.latitude],
        longitude=row[c.longitude],
        timezone=row[c.timezone],
        currency=row[c.currency],
        cancel_hours=row[c.cancel_hours],
        late_refund_percent=row[c.late_refund_percent],
        phone=row[c.phone],
        accessible=row[c.accessible],
    )


def practitioner_from(row: RowMapping) -> Practitioner:
    """Read a practitioner from a row that selects their table, alone or joined with others."""
    c = practitioner.c
    return Practitioner(
        id=row[c.id],
        slug=row[c.slug],
        name=row[c.name],
        gender=row[c.gender],
        languages=tuple(row[c.languages]),
        specialties=tuple(row[c.specialties]),
        person_id=row[c.person_id],
    )


def service_from(row: RowMapping) -> Service:
    """Read a service from a row that selects its table, alone or joined with others."""
    c = service.c
    return Service(
        id=row[c.id],
        practitioner_id=row[c.practitioner_id],
        centre_id=row[c.centre_id],
        name=row[c.name],
        specialty=row[c.specialty],
        minutes=row[c.minutes],
        buffer_before=row[c.buffer_before],
        buffer_after=row[c.buffer_after],
        grid_minutes=row[c.grid_minutes],
        min_notice_minutes=row[c.min_notice_minutes],
        window_days=row[c.window_days],
        mode=Mode(row[c.mode]),
        price=Money(row[c.price_currency], row[c.price_amount]),
        payment=row[c.payment],
        active=row[c.active],
    )
