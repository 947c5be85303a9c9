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

LATELY = timedelta(minutes=2)
"""What came due within it is looked for every few seconds."""
BACK = timedelta(days=1)
"""How late a reminder comes at most: what came due while nobody could look, or somebody chose other times."""

# By the times before a visit that anybody is reminded at: of each only the visits to which it comes just now, however
# many are booked. What was settled after its time to be reminded of is not sent late, nor what a nearer one has said.
_DUE = (
    text("""
    WITH lead AS (
        SELECT DISTINCT unnest(chosen) AS minutes
        FROM (
            SELECT CAST(:usually AS integer[]) AS chosen
            UNION ALL SELECT reminder_minutes FROM centre WHERE reminder_minutes IS NOT NULL
            UNION ALL SELECT DISTINCT reminder_minutes FROM person WHERE reminder_minutes IS NOT NULL
        ) known
    ), near AS (
        SELECT visit.*, lead.minutes
        FROM lead CROSS JOIN LATERAL (
            SELECT id, lower(during) AS starts, centre_id, patient_id, practitioner_id, booked_by
            FROM appointment
            WHERE status = 'booked'
                AND lower(during) > greatest(:now, :now + lead.minutes * interval '1 minute' - :back)
                AND lower(during) <= :now + lead.minutes * interval '1 minute'
                AND settled_at <= lower(during) - lead.minutes * interval '1 minute'
            OFFSET 0  -- else all that are booked are read once, instead of a few for each time
        ) visit
    )
    INSERT INTO reminder (appointment_id, person_id, minutes, starts_at, sent_at)
    SELECT DISTINCT n.id, c.person_id, n.minutes, n.starts, :now
    FROM near n
    -- LATERAL, and no join with person: of each visit a few rows by their keys, never a table whole.
    CROSS JOIN LATERAL (
        SELECT n.booked_by AS person_id, true AS patients_side
        UNION ALL
        SELECT p.person_id, true FROM patient p WHERE p.id = n.patient_id AND p.person_id IS NOT NULL
        UNION ALL
        SELECT g.person_id, true FROM guardian g WHERE g.patient_id = n.patient_id
        UNION ALL
        SELECT d.person_id, false FROM practitioner d WHERE d.id = n.practitioner_id AND d.person_id IS NOT NULL
        UNION ALL
        SELECT m.person_id, false FROM centre_admin m WHERE m.centre_id = n.centre_id
    ) c
    WHERE n.minutes = ANY (
            coalesce(
                (SELECT p.reminder_minutes FROM person p WHERE p.id = c.person_id),
                CASE WHEN c.patients_side THEN (SELECT reminder_minutes FROM centre WHERE id = n.centre_id) END,
                :usually
            )
        )
        AND NOT EXISTS (
            SELECT FROM reminder r
            WHERE r.appointment_id = n.id AND r.person_id = c.person_id
                AND r.minutes <= n.minutes AND r.starts_at = n.starts
        )
    ON CONFLICT DO NOTHING
    RETURNING appointment_id, person_id, minutes, starts_at
""")
    .bindparams(
        bindparam("now", type_=Moment), bindparam("back", type_=Interval), bindparam("usually", type_=ARRAY(Integer))
    )
    .columns(appointment_id=Uuid, person_id=Uuid, minutes=Integer, starts_at=Moment)
)


async def remind(tx: Tx, ctx: Context, back: timedelta = BACK) -> int:
    """Enqueue the reminders that came due since `back` ago; returns how many. Each is sent once, by whichever replica.

    Run it with LATELY every few seconds, and with BACK at the start and every quarter of an hour.

    Each person concerned is reminded at their own times before the visit; who chose none, at the centre's times for its
    patients, or at the usual ones. Quiet hours are kept where the visit is far enough away then. A visit that moved or
    is gone reminds of nothing, and what somebody changes about their times holds for visits that are booked already.
    """
    usually = ctx.settings.booking.reminder_minutes
    await tx.conn.execute(delete(reminder).where(reminder.c.starts_at < tx.now - timedelta(days=1)))
    due = (await tx.conn.execute(_DUE, {"now": tx.now, "back": back, "usually": usually})).all()
    # After a time without service several can be due of one visit: the nearest says all.
    nearest = {(row.appointment_id, row.person_id): row for row in sorted(due, key=lambda row: -row.minutes)}
    return await tell(tx, (_telling(*row) for row in nearest.values())) if due else 0


def _telling(appointment_id: UUID, person_id: UUID, minutes: int, starts: datetime) -> Telling:
    key = f"reminder:{appointment_id}:{starts.isoformat()}:{minutes}:{person_id}"
    more: dict[str, str | int] = {"start": starts.isoformat(), "minutes": minutes}
    return Telling(key, Notice.REMINDER, person_id, appointment_id, more, latest=starts - _AT_LEAST)
