"""Each morning's list: that it is time for it, once a day and centre, to those who run the centre or work there."""

import json
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, text
from sqlalchemy.types import Interval

from booking.people.quiet import quiet_now
from booking.reminders.model import daily_list
from core.database import Tx
from core.outbox import Work, put
from core.tables import Moment

_NOT_LATER = timedelta(hours=4)
"""After so long without service the morning is over, and a list of it would only confuse."""

# A day without visits has no list.
_DUE = text("""
    INSERT INTO daily_list (centre_id, day)
    SELECT c.id, here.day
    FROM centre c
    CROSS JOIN LATERAL (SELECT (:now AT TIME ZONE c.timezone)::date AS day) AS here
    CROSS JOIN LATERAL (
        SELECT (here.day + c.daily_list_at * interval '1 minute') AT TIME ZONE c.timezone AS due
    ) AS morning
    WHERE c.daily_list_at IS NOT NULL AND morning.due <= :now AND morning.due > :now - :not_later
      AND NOT EXISTS (SELECT FROM daily_list d WHERE d.centre_id = c.id AND d.day = here.day)
      AND EXISTS (
          SELECT FROM appointment a
          WHERE a.centre_id = c.id AND a.status = 'booked'
            AND lower(a.during) >= here.day::timestamp AT TIME ZONE c.timezone
            AND lower(a.during) < (here.day + 1)::timestamp AT TIME ZONE c.timezone
      )
    ON CONFLICT DO NOTHING
    RETURNING centre_id, day
""").bindparams(bindparam("now", type_=Moment), bindparam("not_later", type_=Interval))

_WHOM = text("""
    SELECT a.person_id FROM centre_admin a WHERE a.centre_id = ANY (:centres)
    UNION
    SELECT p.person_id
    FROM practitioner_role r JOIN practitioner p ON p.id = r.practitioner_id
    WHERE r.centre_id = ANY (:centres) AND p.person_id IS NOT NULL
""")


async def daily_lists(tx: Tx) -> int:
    """Enqueue the lists for which it is time now; returns how many centres. Run it every minute, by any replica.

    Of centres whose morning it is at once, a person gets one list. Quiet hours put it off.
    """
    await tx.conn.execute(delete(daily_list).where(daily_list.c.day < tx.now.date() - timedelta(days=3)))
    due = (await tx.conn.execute(_DUE, {"now": tx.now, "not_later": _NOT_LATER})).all()
    for day in sorted({row.day for row in due}):
        centres = [row.centre_id for row in due if row.day == day]
        found = await tx.conn.execute(_WHOM, {"centres": centres})
        await _hand_over(tx, day, sorted(found.scalars()), centres)
    return len(due)


async def _hand_over(tx: Tx, day: date, people: list[UUID], centres: list[UUID]) -> None:
    quiet = await quiet_now(tx, people)
    await put(tx, [_work(day, person, sorted(str(each) for each in centres), quiet.get(person)) for person in people])


def _work(day: date, person: UUID, centres: list[str], quiet: datetime | None) -> Work:
    payload = json.dumps({"person": str(person), "day": day.isoformat(), "centres": centres}).encode()
    lane = f"quiet:{person}" if quiet else f"person:{person}"
    return Work("daily", lane, f"daily:{person}:{day}:{centres[0]}", payload, quiet)
