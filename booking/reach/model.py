"""Tables of being reached: absences with their automatic answer, hours, and whom a person lets write to them."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import TSTZRANGE

from core.tables import Moment, metadata
from records.places import sealed_column

# Of a practitioner or a centre. `message`: what it says to those who write meanwhile, sealed for the subject.
absence = Table(
    "absence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", Uuid, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("stand_in", Uuid, ForeignKey("practitioner.id")),
    Column("message", LargeBinary),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("NOT isempty(during)", name="during"),
    Index("ix_absence_subject_id", "subject_id"),
)

MESSAGE = sealed_column(absence.c.message, subject=absence.c.subject_id, row=absence.c.id)

# In the zone of the practitioner's first centre by name; minutes after midnight.
reachable_hours = Table(
    "reachable_hours",
    metadata,
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), primary_key=True),
    Column("weekday", SmallInteger, primary_key=True),
    Column("starts", SmallInteger, primary_key=True),
    Column("ends", SmallInteger, nullable=False),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name="span"),
)

# As in TI-Messenger (gemSpec_TI-M_Basis, A_25045): one rule, and exceptions to it.
contact_rule = Table(
    "contact_rule",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("allow_all", Boolean, nullable=False),
)
contact_exception = Table(
    "contact_exception",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    # A Matrix id, a homeserver's name, or a group: see booking.reach.rules.
    Column("whom", Text, primary_key=True),
)
