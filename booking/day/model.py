"""Tables of the day: from when on a patient who waits was told to expect the doctor."""

from sqlalchemy import Column, ForeignKey, Table, Uuid

from core.tables import Moment, metadata

# Of visits that were announced to begin late. Rows of days that are over are removed again.
expected_start = Table(
    "expected_start",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    # The visit's start when this was said: a visit that is moved is late no more.
    Column("starts_at", Moment, nullable=False),
    Column("expected_at", Moment, nullable=False, index=True),
)
