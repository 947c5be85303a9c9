"""The waiting room: who is before a patient, and who is told to be next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text

from booking.access import may_see_visit, require
from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_side
from booking.appointments.reading import appointment, visits_between
from booking.appointments.rules import STANDING
from booking.context import Context
from booking.day.rules import expected_start_of, still_waits, waits
from booking.day.service import expected_of, told_of
from booking.people.service import Person
from core.database import Tx
from core.singly import singly
from core.tables import Moment

_A_DAY = timedelta(hours=12)

# The first of each doctor's line: who is there or comes online, else nobody; who never came is passed over when their
# time is over (as by day.rules.still_waits). Told once: the mark is the room's row.
_NEXT = text("""
    WITH line AS (
        SELECT DISTINCT ON (a.practitioner_id) a.id, a.status, s.mode, lower(a.during) AS starts
        FROM appointment a JOIN service s ON s.id = a.service_id
        LEFT JOIN expected_start e ON e.appointment_id = a.id AND e.starts_at = lower(a.during)
        WHERE a.status IN ('booked', 'arrived') AND a.started_at IS NULL
          AND lower(a.during) BETWEEN :now - interval '6 hours' AND :now + interval '2 hours'
          AND (a.status = 'arrived'
               OR greatest(upper(a.during), e.expected_at + (upper(a.during) - lower(a.during))) > :now)
        ORDER BY a.practitioner_id, lower(a.during), a.id
    )
    UPDATE consultation k SET next_told_at = :now
    FROM line l
    WHERE k.appointment_id = l.id AND k.next_told_at IS NULL
      AND (l.status = 'arrived' OR (l.mode = 'online' AND l.starts <= :now + interval '10 minutes'))
    RETURNING k.appointment_id
""").bindparams(bindparam("now", type_=Moment))


@dataclass(frozen=True, slots=True)
class PlaceInLine:
    """How long a patient has to wait."""

    visit: Appointment
    before: int
    """How many the doctor sees first; 0: the patient is next."""
    expected: datetime
    waits: bool
    """Whether the visit is still to begin."""


async def place_in_line(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> PlaceInLine:  # noqa: ARG001
    """Return a patient's place, for those whom the visit concerns. Raises RefusedError for others.

    Who the others are is not told. The time is what the doctor has told to expect, or the visit's own; later, if those
    who are with the doctor or wait there now take longer.
    """
    visit = await appointment(tx, appointment_id)
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )
    around = visit.start - _A_DAY, visit.start + _A_DAY
    day = await visits_between(tx, *around, practitioner_id=visit.practitioner.id, statuses=STANDING)
    told = await told_of(tx, day)
    if not waits(visit) or visit.start + _A_DAY <= tx.now:
        return PlaceInLine(visit, 0, visit.start, waits=False)
    first = [each for each in day if each.start < visit.start and still_waits(each, told.get(each.id), tx.now)]
    return PlaceInLine(visit, len(first), expected_start_of(visit, day, told, tx.now), waits=True)


async def tell_next(tx: Tx) -> int:
    """Tell each patient who is now the first of a doctor's line that they are next, once. Returns how many."""
    found = await tx.conn.execute(_NEXT, {"now": tx.now})

    async def tell(appointment_id: UUID) -> None:
        visit = await appointment(tx, appointment_id)
        expected = (await expected_of(tx, [visit])).get(visit.id, visit.start)
        await tell_side(tx, visit, Notice.NEXT, expected=max(expected, tx.now).isoformat())

    return await singly(tx, [row.appointment_id for row in found], tell)
