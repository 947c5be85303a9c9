"""Which reminders were sent, so that none is sent twice. Rows of visits that have begun are removed again."""

from sqlalchemy import Column, Date, ForeignKey, Integer, Table, Uuid

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

daily_list = Table(
    "daily_list",
    metadata,
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    # In the centre's zone. Rows of days that are over are removed again.
    Column("day", Date, primary_key=True, index=True),
)
