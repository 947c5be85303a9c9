"""The waiting list: the tables, and the values that everybody passes around."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a patient waits for: a time with one of some services."""

    id: UUID
    patient_id: UUID
    person_id: UUID
    """Who asked for it, and who is offered the time."""
    earliest: datetime
    """UTC. Starts are from then on."""
    latest: datetime
    """UTC. Starts are before it; then the wait is over."""
    after: time | None
    """Wall time of day that starts are not before: the centre's in person, the person's online."""
    before: time | None
    """Wall time of day that starts are before; with `after` later than it, the span goes over midnight."""
    timezone: str
    """The person's zone, when they asked."""
    urgent: bool
    """Whether a doctor has referred the patient urgently: such go first."""
    created_at: datetime
    """The place in the line."""
    referral_id: UUID | None = None
    """With which referral a time is booked that is taken up."""
    weekdays_off: frozenset[int] = frozenset()
    """Weekdays that do not suit: 0 (Monday) to 6, on the same clock as `after`."""
    days_off: frozenset[date] = frozenset()
    """Days that do not suit."""


waiting = Table(
    "waiting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), nullable=False, index=True),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("earliest", Moment, nullable=False),
    Column("latest", Moment, nullable=False, index=True),
    Column("after_minute", SmallInteger),
    Column("before_minute", SmallInteger),
    Column("timezone", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("referral_id", Uuid, ForeignKey("referral.id")),
    Column("weekdays_off", ARRAY(SmallInteger), nullable=False, server_default="{}"),
    Column("days_off", ARRAY(Date), nullable=False, server_default="{}"),
    CheckConstraint("earliest < latest", name="span"),
)
waiting_service = Table(
    "waiting_service",
    metadata,
    Column("service_id", Uuid, ForeignKey("service.id"), primary_key=True),
    Column("waiting_id", Uuid, ForeignKey("waiting.id", ondelete="CASCADE"), primary_key=True, index=True),
)
waiting_offer = Table(
    "waiting_offer",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("waiting_id", Uuid, ForeignKey("waiting.id", ondelete="CASCADE"), nullable=False, index=True),
    # How much of the price a referral's first visit was to pay: the visit's own price is what is left of it.
    Column("carried", Integer, nullable=False, server_default="0"),
)
