"""What comes due in the life of rooms: found by looking at rows, never by a job for each room.

A visit that is moved needs nothing: the next look sees where it is now.
"""

from sqlalchemy import bindparam, text

from booking.consultations.steps import CLOSE, ERASE, OPEN, steps
from core.database import Tx
from core.outbox import put
from core.tables import Moment

_AT_ONCE = 500

# Where a centre opens rooms at once that is done when a visit is booked; its row is written here when the visit nears.
_TO_OPEN = text("""
    INSERT INTO consultation (appointment_id, opening_at)
    SELECT a.id, :now
    FROM appointment a JOIN centre c ON c.id = a.centre_id
    WHERE a.status IN ('booked', 'arrived')
      AND lower(a.during) <= :now + (SELECT max(coalesce(room_opens_minutes, 1440)) FROM centre) * interval '1 minute'
      AND lower(a.during) <= :now + coalesce(c.room_opens_minutes, 1440) * interval '1 minute'
      AND lower(a.during) > :now - interval '2 days'
      AND upper(a.during) + c.room_closes_days * interval '1 day' > :now
      AND NOT EXISTS (SELECT FROM consultation k WHERE k.appointment_id = a.id)
    ORDER BY lower(a.during)
    LIMIT :most
    ON CONFLICT DO NOTHING
    RETURNING appointment_id
""").bindparams(bindparam("now", type_=Moment))

_TO_CLOSE = text("""
    UPDATE consultation k SET closing_at = :now
    FROM appointment a JOIN centre c ON c.id = a.centre_id
    WHERE k.closing_at IS NULL AND a.id = k.appointment_id
      AND upper(a.during) + c.room_closes_days * interval '1 day' <= :now
    RETURNING k.appointment_id
""").bindparams(bindparam("now", type_=Moment))

# A legal hold stands on a patient, and keeps all of their rooms.
_TO_ERASE = text("""
    UPDATE consultation k SET erasing_at = :now
    FROM appointment a JOIN centre c ON c.id = a.centre_id
    WHERE k.closing_at IS NOT NULL AND k.erasing_at IS NULL AND a.id = k.appointment_id
      AND greatest(k.closing_at, upper(a.during)) + c.room_kept_days * interval '1 day' <= :now
      AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.subject = a.patient_id AND h.lifted_at IS NULL)
    RETURNING k.appointment_id
""").bindparams(bindparam("now", type_=Moment))


async def open_due(tx: Tx) -> int:
    """Have the rooms made that are to be there now, the nearest visit first. Run it every few seconds.

    Returns how many; like the others it may be run by any replica: a room is asked for once.
    """
    due = await tx.conn.execute(_TO_OPEN, {"now": tx.now, "most": _AT_ONCE})
    return len(await put(tx, steps(OPEN, (row.appointment_id for row in due))))


async def close_due(tx: Tx) -> int:
    """Have the rooms closed whose time is over. Returns how many."""
    due = await tx.conn.execute(_TO_CLOSE, {"now": tx.now})
    return len(await put(tx, steps(CLOSE, (row.appointment_id for row in due))))


async def erase_due(tx: Tx) -> int:
    """Have the rooms erased that have been kept for long enough. Returns how many."""
    due = await tx.conn.execute(_TO_ERASE, {"now": tx.now})
    return len(await put(tx, steps(ERASE, (row.appointment_id for row in due))))
