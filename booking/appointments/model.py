"""Appointments: the tables, and the values that everybody passes around."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE

from booking.appointments.rules import Status
from booking.directory.model import Centre, Practitioner, Service
from core.money import Money
from core.tables import Moment, metadata
from records.places import sealed_column


class Why(StrEnum):
    """Why an appointment changed. A code, so that nothing personal is ever written here."""

    BOOKED = "booked"
    HELD = "held"
    PAID = "paid"
    HOLD_OVER = "hold-over"
    PAYMENT_FAILED = "payment-failed"
    BY_PATIENT = "by-patient"
    BY_CENTRE = "by-centre"
    MOVED_BY_PATIENT = "moved-by-patient"
    MOVED_BY_CENTRE = "moved-by-centre"
    CAME = "came"
    STARTED = "started"
    HANDED_OVER = "handed-over"
    DONE = "done"
    DID_NOT_COME = "did-not-come"
    CAME_AFTER_ALL = "came-after-all"
    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    NOT_APPROVED = "not-approved"
    IN_SERIES = "in-series"
    BY_STAFF = "by-staff"
    OVERBOOKED = "overbooked"
    MISTAKE = "mistake"
    OFFERED = "offered"
    TAKEN_UP = "taken-up"
    NOT_WANTED = "not-wanted"
    NOT_TAKEN_UP = "not-taken-up"
    # Why a centre cancels; FHIR's appointment-cancellation-reason has them in finer grain.
    DOCTOR_UNABLE = "doctor-unable"
    CENTRE_CLOSED = "centre-closed"
    EMERGENCY = "emergency"
    EQUIPMENT = "equipment"
    PATIENT_ASKED = "patient-asked"


CANCELLED_BY_CLINIC = frozenset(
    {
        Why.BY_CENTRE,
        Why.DOCTOR_UNABLE,
        Why.CENTRE_CLOSED,
        Why.EMERGENCY,
        Why.EQUIPMENT,
        Why.PATIENT_ASKED,
    }
)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visit, with all that is needed to show it. Times are in UTC."""

    id: UUID
    code: str
    status: Status
    service: Service
    practitioner: Practitioner
    centre: Centre
    patient_id: UUID
    booked_by: UUID
    """The person who booked it, and who pays."""
    start: datetime
    end: datetime
    price: Money
    """As it was when booked."""
    payment: str
    """none, due, authorised (charged after the visit), paid, refunded (some or all of it), disputed or desk."""
    pay_url: str | None
    """Where to pay, while that is possible."""
    hold_until: datetime | None
    """Until when the time is kept unpaid, not approved, or offered to who waits for it."""
    free_until: datetime
    """Until when the patient cancels free of charge. Moving the visit later than that does not win it back."""
    late_refund_percent: int
    """What the patient gets back when cancelling later, as it was when booked."""
    sequence: int
    """SEQUENCE of iCalendar: grows with each change of what was once booked."""
    created_at: datetime
    updated_at: datetime
    series_id: UUID | None = None
    """What the visits of a series have in common."""
    started_at: datetime | None = None
    """When the doctor began with the patient, who may have been there for a while."""

    @property
    def paid_by_card(self) -> bool:
        """Whether there is money of the payer's that can go back, or need not be charged."""
        return self.payment in {"paid", "refunded", "authorised", "disputed"}

    @property
    def pay_until(self) -> datetime:
        """Until when paying gets the visit: a hold may outlast the start, but nobody comes to what has begun."""
        return min(self.hold_until or self.start, self.start)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling came to."""

    appointment: Appointment
    refund: Money | None
    """What goes back to the payer, if anything was paid and anything goes back."""
    let_go: int = 0
    """How many more visits were let go with it: held, and to be paid on the same page, or asked for together."""
    asked: bool = False
    """Whether it was only asked for, and not approved."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step in an appointment's history."""

    at: datetime
    from_status: Status | None
    to_status: Status
    actor: UUID | None
    """The person who did it; None when it was time, or Stripe."""
    why: Why


appointment = Table(
    "appointment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("service_id", Uuid, ForeignKey("service.id"), nullable=False),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False),
    Column("patient_id", Uuid, ForeignKey("patient.id"), nullable=False),
    Column("booked_by", Uuid, ForeignKey("person.id"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("price_amount", Integer, nullable=False),
    Column("price_currency", Text, nullable=False),
    Column("hold_until", Moment),
    Column("free_until", Moment, nullable=False),
    Column("late_refund_percent", SmallInteger, nullable=False),
    # Since when this time has been settled: booked, or moved to it. A reminder due before that is not sent.
    Column("settled_at", Moment),
    Column("sequence", Integer, nullable=False),
    Column("reason", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("series_id", Uuid),
    Column("started_at", Moment),
    # The start that the series gave it, wherever it was moved since: what iCalendar calls RECURRENCE-ID.
    Column("series_slot", Moment),
    CheckConstraint("NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)", name="half_open"),
    CheckConstraint("(status IN ('proposed', 'pending', 'waitlist')) = (hold_until IS NOT NULL)", name="hold"),
    CheckConstraint("price_amount >= 0", name="price"),
)
REASON = sealed_column(appointment.c.reason, subject=appointment.c.patient_id, row=appointment.c.id)
starts = func.lower(appointment.c.during, type_=Moment)
ends = func.upper(appointment.c.during, type_=Moment)

Index("ix_appointment_practitioner_id", appointment.c.practitioner_id, func.lower(appointment.c.during))
Index("ix_appointment_centre_id", appointment.c.centre_id, func.lower(appointment.c.during))
Index("ix_appointment_patient_id", appointment.c.patient_id, func.lower(appointment.c.during))
Index("ix_appointment_booked_by", appointment.c.booked_by, func.lower(appointment.c.during))
Index("ix_appointment_booked", func.lower(appointment.c.during), postgresql_where=appointment.c.status == "booked")
# What the sweep looks for: holds that are over, and held visits that have begun.
kept_until = func.least(appointment.c.hold_until, func.lower(appointment.c.during), type_=Moment)
Index("ix_appointment_held", kept_until, postgresql_where=appointment.c.hold_until.is_not(None))
Index(
    "ix_appointment_series_id",
    appointment.c.series_id,
    postgresql_where=appointment.c.series_id.is_not(None),
)
Index(
    "ix_appointment_missed",
    appointment.c.patient_id,
    appointment.c.centre_id,
    postgresql_where=appointment.c.status == "noshow",
)

appointment_move = Table(
    "appointment_move",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text, nullable=False),
    Column("actor", Uuid, ForeignKey("person.id")),
    Column("why", Text, nullable=False),
)
