"""Questions, renewals that were asked for, and files that nobody looks at, beyond the centre's rule: told once."""

import json
from uuid import UUID

from sqlalchemy import bindparam, text

from booking.directory import reading
from booking.directory.model import StaffNotices
from booking.staff import room
from core.database import Tx
from core.outbox import Work, put
from core.tables import Moment

LONG = "waiting.long"
"""Kind of work: tell an admin of what waits."""

_UNSEEN = """f.seen_at IS NULL AND f.filed_at IS NOT NULL AND a.status IN ('booked', 'arrived', 'fulfilled')
          AND NOT (a.status = 'fulfilled' AND f.filed_at < upper(a.during))
          AND NOT EXISTS (SELECT FROM practitioner d WHERE d.id = a.practitioner_id AND d.person_id = f.sender_id)"""
"""Filed with a visit by the patient's side, and not looked at by a doctor: not even at the visit, if that is over."""

# ruff: noqa: S608  (put together of our own words alone)
_DUE = text(f"""
    WITH open AS (
        SELECT q.id, 'question' AS what, q.code, q.centre_id, q.practitioner_id, q.due_at AS since
        FROM question q WHERE q.answered_at IS NULL
        UNION ALL
        SELECT r.id, 'renewal', p.code, p.centre_id, p.practitioner_id, r.asked_at
        FROM renewal r JOIN prescription p ON p.id = r.prescription_id WHERE r.answered_at IS NULL
        UNION ALL
        -- What is sent for a visit to come is to be looked at before it; what comes later waits like a question.
        SELECT f.id, 'file', a.code, a.centre_id, a.practitioner_id,
               greatest(f.filed_at, lower(a.during) - 2 * c.question_hours * interval '1 hour')
        FROM file f JOIN appointment a ON a.id = f.appointment_id JOIN centre c ON c.id = a.centre_id
        WHERE {_UNSEEN}
    )
    INSERT INTO waiting_told (id, told_at)
    SELECT o.id, :now
    FROM open o JOIN centre c ON c.id = o.centre_id
    WHERE c.question_hours IS NOT NULL AND o.since + c.question_hours * interval '1 hour' <= :now
      AND NOT EXISTS (SELECT FROM waiting_told w WHERE w.id = o.id)
    ON CONFLICT DO NOTHING
    RETURNING id
""").bindparams(bindparam("now", type_=Moment))
_WHICH = text("""
    SELECT q.id, 'question' AS what, q.code, q.centre_id, q.practitioner_id FROM question q WHERE q.id = ANY (:ids)
    UNION ALL
    SELECT r.id, 'renewal', p.code, p.centre_id, p.practitioner_id
    FROM renewal r JOIN prescription p ON p.id = r.prescription_id WHERE r.id = ANY (:ids)
    UNION ALL
    SELECT f.id, 'file', a.code, a.centre_id, a.practitioner_id
    FROM file f JOIN appointment a ON a.id = f.appointment_id WHERE f.id = ANY (:ids)
""")

_STILL = text(f"""
    SELECT EXISTS (SELECT FROM question WHERE id = :id AND answered_at IS NULL)
        OR EXISTS (SELECT FROM renewal WHERE id = :id AND answered_at IS NULL)
        OR EXISTS (SELECT FROM file f JOIN appointment a ON a.id = f.appointment_id WHERE f.id = :id AND {_UNSEEN})
""")


async def tell_of_waiting(tx: Tx) -> int:
    """Tell the staff of what waits too long by now; returns how much. Run it every minute, by any replica."""
    due = (await tx.conn.execute(_DUE, {"now": tx.now})).scalars().all()
    if not due:
        return 0
    works: list[Work] = []
    for row in await tx.conn.execute(_WHICH, {"ids": [*due]}):
        at = await reading.centre(tx, row.centre_id)
        what = {
            "notice": "waiting",
            "what": row.what,
            "id": str(row.id),
            "code": row.code,
            "centre": str(at.id),
            "practitioner": str(row.practitioner_id),
        }
        if at.staff_notices is not StaffNotices.PRIVATE:
            payload = json.dumps(what).encode()
            works.append(Work(room.NOTICE, room.lane(at.id), f"{room.NOTICE}:waiting:{row.id}", payload))
        for admin in await reading.centre_admins(tx, at.id):
            works.append(_private(row.id, admin, what))
    await put(tx, works)
    return len(due)


async def still_waits(tx: Tx, waiting_id: UUID) -> bool:
    """Whether nobody has answered meanwhile."""
    return (await tx.conn.execute(_STILL, {"id": waiting_id})).scalar_one()  # type: ignore[no-any-return]


def _private(waiting: UUID, person: UUID, what: dict[str, str]) -> Work:
    payload = json.dumps({**what, "person": str(person)}).encode()
    return Work(LONG, f"person:{person}", f"{LONG}:{waiting}:{person}", payload)
