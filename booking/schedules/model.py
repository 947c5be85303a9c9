"""Tables of schedules. `occupancy` is what makes a time impossible to sell twice."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, TSTZRANGE, ExcludeConstraint

from core.tables import Moment, metadata

weekly_hours = Table(
    "weekly_hours",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False),
    Column("centre_id", Uuid, ForeignKey("centre.id"), nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    # Minutes after midnight in the centre's zone; 1440 is the day's end.
    Column("starts", SmallInteger, nullable=False),
    Column("ends", SmallInteger, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    # Of one service alone, which then has these in place of the practitioner's; none: of all that have none.
    Column("service_id", Uuid, ForeignKey("service.id")),
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint("0 <= starts AND starts < ends AND ends <= 1440", name="span"),
    Index("ix_weekly_hours_practitioner_id", "practitioner_id", "centre_id"),
)

date_hours = Table(
    "date_hours",
    metadata,
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), primary_key=True),
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    # As in weekly_hours; empty: closed on that date.
    Column("hours", INT4MULTIRANGE, nullable=False),
    # Closed because the centre is (centre_closing); and what it was before, if there was something.
    Column("closing", Boolean, nullable=False, server_default="false"),
    Column("before", INT4MULTIRANGE),
    CheckConstraint("hours <@ int4range(0, 1440)", name="hours"),
)

# Dates on which a centre is closed for all who work there. Each of them has that in `date_hours`, where it can be
# changed for one; a trigger gives it to who begins to work there later (booking.schedules.closings).
centre_closing = Table(
    "centre_closing",
    metadata,
    Column("centre_id", Uuid, ForeignKey("centre.id"), primary_key=True),
    Column("day", Date, primary_key=True),
)

time_off = Table(
    "time_off",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("practitioner_id", Uuid, ForeignKey("practitioner.id"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("NOT isempty(during)", name="during"),
    Index("ix_time_off_practitioner_id", "practitioner_id"),
)

occupancy = Table(
    "occupancy",
    metadata,
    # Whoever can be in one place only: a practitioner, a patient; a room or a device alike.
    Column("resource_id", Uuid, nullable=False),
    Column("seat", SmallInteger, nullable=False, server_default="0"),
    Column("busy", TSTZRANGE, nullable=False),
    Column("appointment_id", Uuid, nullable=False),
    Column("expires_at", Moment),
    CheckConstraint("NOT isempty(busy) AND lower_inc(busy) AND NOT upper_inc(busy)", name="half_open"),
    CheckConstraint("upper(busy) - lower(busy) <= interval '1 day'", name="at_most_a_day"),
    # uuidrange: `=` on a bare uuid needs an extension that not every PostgreSQL ships; a range of one value does not.
    ExcludeConstraint(
        (text("uuidrange(resource_id, resource_id, '[]')"), "="),
        (text("int4range(seat::int, seat::int, '[]')"), "="),
        ("busy", "&&"),
        name="no_double_booking",
        using="gist",
    ),
    Index("ix_occupancy_appointment_id", "appointment_id"),
)
Index("ix_occupancy_resource", occupancy.c.resource_id, func.lower(occupancy.c.busy), postgresql_include=["busy"])
