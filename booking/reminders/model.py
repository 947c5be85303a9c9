"""Which reminders were sent, so that none is sent twice. Rows of visits that have begun are removed again."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Uuid

from core.tables import Moment, metadata

reminder = Table(
    "reminder",
    metadata,
    Column("appointment_id", Uuid, ForeignKey("appointment.id"), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("minutes", Integer, primary_key=True),
    # A visit that is moved is reminded of anew.
    Column("starts_at", Moment, primary_key=True, index=True),
    Column("sent_at", Moment, nullable=False),
)
