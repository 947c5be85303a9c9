"""An early no: whether a time is taken already, asked before anything else and without a lock.

Most who want a time that others want too are told here, with one look at `ix_occupancy_resource`; they write nothing,
and nobody waits for them. It only ever says no: what is free by it is taken, or not, by `occupancy.take`, which knows
what others are about to take.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, func, literal_column, or_, select

from booking.schedules.model import occupancy
from booking.schedules.steady import steadily
from core.database import Tx
from core.statements import Statement
from core.tables import Moment

_DAY: ColumnElement[timedelta] = literal_column("interval '1 day'")
"""No busy time is longer (a constraint)."""


def taken_already(
    practitioner: ColumnElement[UUID],
    begins: ColumnElement[datetime],
    ends: ColumnElement[datetime],
    now: ColumnElement[datetime],
    *but: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Whether some of a practitioner's time between two instants is another's: taken for good, or held at `now`.

    `but`: what has to be so of a row of `occupancy` for it to be another's.
    """
    row = occupancy.c
    starts = func.lower(row.busy, type_=Moment)
    return (
        select(literal_column("true"))
        .where(
            row.resource_id == practitioner,
            row.seat == literal_column("0"),  # who is overbooked takes further ones
            starts >= begins - _DAY,
            starts < ends,
            func.upper(row.busy, type_=Moment) > begins,
            or_(row.expires_at.is_(None), row.expires_at > now),
            *but,
        )
        .exists()
    )


def not_of(appointment: ColumnElement[UUID]) -> list[ColumnElement[bool]]:
    """Return what has to be so of a row for it to be neither an appointment's nor its group's."""
    seat = occupancy.alias("seat")
    in_it = select(seat.c.seat).where(
        seat.c.resource_id == occupancy.c.appointment_id, seat.c.appointment_id == appointment
    )
    return [occupancy.c.appointment_id.is_distinct_from(appointment), ~in_it.exists()]


_TAKEN = Statement(
    select(
        steadily(bindparam("practitioner", type_=Uuid)).label("steady"),
        taken_already(
            bindparam("practitioner", type_=Uuid),
            bindparam("begins", type_=Moment),
            bindparam("ends", type_=Moment),
            bindparam("now", type_=Moment),
            *not_of(bindparam("own", type_=Uuid)),
        ).label("taken"),
    )
)


async def keep_steady_unless_taken(
    tx: Tx, practitioner_id: UUID, begins: datetime, ends: datetime, *, own: UUID | None = None
) -> bool:
    """Do what `keep_steady` does, and return whether some of the practitioner's time is another's already.

    `own`: the appointment that is to be moved, whose time, and whose group's, is not another's.
    """
    values = {"practitioner": practitioner_id, "begins": begins, "ends": ends, "now": tx.now, "own": own}
    return bool((await tx.run(_TAKEN, values))[0].taken)
