"""Tables of people. Names and dates of birth are sealed."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from core.tables import Moment, metadata
from records.places import sealed_column

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mxid", Text, nullable=False, unique=True),
    Column("timezone", Text),
    Column("language", Text),
    Column("reminder_minutes", ARRAY(Integer)),
    Column("created_at", Moment, nullable=False),
    # Minutes after midnight in the person's zone, which is chosen where these are.
    Column("quiet_starts", SmallInteger),
    Column("quiet_ends", SmallInteger),
    Column("buttons", Text, nullable=False, server_default="numbers"),
    CheckConstraint("buttons IN ('numbers', 'polls', 'none')", name="buttons"),
    CheckConstraint("(quiet_starts IS NULL) = (quiet_ends IS NULL)", name="quiet"),
    CheckConstraint("quiet_starts IS NULL OR timezone IS NOT NULL", name="quiet_zone"),
    # The times that anybody has chosen are asked for every few seconds.
    Index("ix_person_reminder_minutes", "reminder_minutes", postgresql_where="reminder_minutes IS NOT NULL"),
)

patient = Table(
    "patient",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Whose own record this is; empty for a family member without an account.
    Column("person_id", Uuid, ForeignKey("person.id"), unique=True),
    Column("name", LargeBinary),
    # Whether the name was given, not taken over from the Matrix account.
    Column("name_given", Boolean, nullable=False, server_default="false"),
    Column("born", LargeBinary),
    Column("created_at", Moment, nullable=False),
)

NAME = sealed_column(patient.c.name, subject=patient.c.id, row=patient.c.id)
BORN = sealed_column(patient.c.born, subject=patient.c.id, row=patient.c.id)

guardian = Table(
    "guardian",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("patient_id", Uuid, ForeignKey("patient.id"), primary_key=True, index=True),
    Column("since", Moment, nullable=False),
    # When the job looked last whether a child has come of age, and when its guardian was told so.
    Column("looked_on", Date),
    Column("told_at", Moment),
)
