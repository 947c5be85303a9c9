"""Finds what is due and hands it to the outbox, each reminder once."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, Interval, Uuid

from booking.appointments.notices import Notice, Telling, tell
from booking.context import Context
from booking.reminders.model import reminder
from core.database import Tx
from core.tables import Moment

_AT_LEAST = timedelta(hours=1)
"""How long before the visit a reminder comes, also where quiet hours put it off."""

# Everybody whom a booked visit concerns. A condition on `starts` reaches each part's index, as does one on a person.
_CONCERNED = """
    SELECT a.id AS appointment_id, lower(a.during) AS starts, a.settled_at, a.centre_id, a.booked_by AS person_id,
        true AS patients_side
    FROM appointment a WHERE a.status = 'booked'
    UNION ALL
    SELECT a.id, lower(a.during), a.settled_at, a.centre_id, p.person_id, true
    FROM appointment a JOIN patient p ON p.id = a.patient_id WHERE a.status = 'booked' AND p.person_id IS NOT NULL
    UNION ALL
    SELECT a.id, lower(a.during), a.settled_at, a.centre_id, g.person_id, true
    FROM appointment a JOIN guardian g ON g.patient_id = a.patient_id WHERE a.status = 'booked'
    UNION ALL
    SELECT a.id, lower(a.during), a.settled_at, a.centre_id, d.person_id, false
    FROM appointment a JOIN practitioner d ON d.id = a.practitioner_id
    WHERE a.status = 'booked' AND d.person_id IS NOT NULL
    UNION ALL
    SELECT a.id, lower(a.during), a.settled_at, a.centre_id, c.person_id, false
    FROM appointment a JOIN centre_admin c ON c.centre_id = a.centre_id WHERE a.status = 'booked'
"""

# Visits within the usual time are looked at for everybody; those further away only for the centres that remind their
# patients earlier, and for the few persons who want to be. What was settled after its time to be
# reminded of is not sent late.
_DUE = (
    text(f"""
    WITH concerned AS NOT MATERIALIZED ({_CONCERNED}), near AS (
        SELECT * FROM concerned WHERE starts > :now AND starts <= :now + :usual
        UNION
        SELECT c.*
        FROM centre ce JOIN concerned c ON c.centre_id = ce.id
        WHERE ce.reminder_minutes IS NOT NULL AND c.patients_side
          AND c.starts > :now + :usual
          AND c.starts
              <= :now + (SELECT max(minutes) FROM unnest(ce.reminder_minutes) AS set (minutes)) * interval '1 minute'
        UNION
        SELECT c.*
        FROM person p JOIN concerned c ON c.person_id = p.id
        WHERE p.reminder_minutes IS NOT NULL
          AND (SELECT max(minutes) FROM unnest(p.reminder_minutes) AS chosen (minutes)) * interval '1 minute' > :usual
          AND c.starts > :now + :usual AND c.starts <= :now + interval '30 days'
    )
    INSERT INTO reminder (appointment_id, person_id, minutes, starts_at, sent_at)
    SELECT DISTINCT n.appointment_id, n.person_id, lead.minutes, n.starts, :now
    FROM near n
    JOIN person p ON p.id = n.person_id
    JOIN centre ce ON ce.id = n.centre_id
    CROSS JOIN LATERAL unnest(
        coalesce(p.reminder_minutes, CASE WHEN n.patients_side THEN ce.reminder_minutes END, :usually)
    ) AS lead (minutes)
    WHERE n.starts - lead.minutes * interval '1 minute' <= :now
      AND n.settled_at <= n.starts - lead.minutes * interval '1 minute'
      AND NOT EXISTS (
          SELECT FROM reminder r
          WHERE r.appointment_id = n.appointment_id AND r.person_id = n.person_id
            AND r.minutes = lead.minutes AND r.starts_at = n.starts
      )
    ON CONFLICT DO NOTHING
    RETURNING appointment_id, person_id, minutes, starts_at
""")  # noqa: S608  (one constant put into another)
    .bindparams(
        bindparam("now", type_=Moment), bindparam("usual", type_=Interval), bindparam("usually", type_=ARRAY(Integer))
    )
    .columns(appointment_id=Uuid, person_id=Uuid, minutes=Integer, starts_at=Moment)
)


async def remind(tx: Tx, ctx: Context) -> int:
    """Enqueue the reminders that are due now; returns how many. Run it every few seconds, by any replica.

    Each person concerned is reminded at their own times before the visit; who chose none, at the centre's times for its
    patients, or at the usual ones. Quiet hours are kept where the visit is far enough away then. A visit that moved or
    is gone reminds of nothing, and what somebody changes about their times holds for visits that are booked already.
    """
    usually = ctx.settings.booking.reminder_minutes
    await tx.conn.execute(delete(reminder).where(reminder.c.starts_at < tx.now - timedelta(days=1)))
    usual = timedelta(minutes=max(usually, default=0))
    due = (await tx.conn.execute(_DUE, {"now": tx.now, "usual": usual, "usually": usually})).all()
    # After a time without service several can be due of one visit: the nearest says all.
    nearest = {(row.appointment_id, row.person_id): row for row in sorted(due, key=lambda row: -row.minutes)}
    return await tell(tx, (_telling(*row) for row in nearest.values())) if due else 0


def _telling(appointment_id: UUID, person_id: UUID, minutes: int, starts: datetime) -> Telling:
    key = f"reminder:{appointment_id}:{starts.isoformat()}:{minutes}:{person_id}"
    more: dict[str, str | int] = {"start": starts.isoformat(), "minutes": minutes}
    return Telling(key, Notice.REMINDER, person_id, appointment_id, more, latest=starts - _AT_LEAST)
