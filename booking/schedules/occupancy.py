"""Who is taken when. No slot is ever sold twice because the database refuses it, whatever the code believes.

All that a visit needs is taken together or not at all: the practitioner (with buffers), the patient. Rows are inserted
in the order of resource ids, with ON CONFLICT DO NOTHING: any other way two that want the same deadlock.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from booking.schedules.rules import Span
from core.database import Tx
from core.tables import Moment

# A hold whose time is over is nobody's: whoever wants the time removes it, so no sweeper has to be awake for that.
_REMOVE_STALE = text("""
    WITH stale AS (
        SELECT o.resource_id, o.seat, o.busy
        FROM occupancy o
        JOIN unnest(:resources, :starts, :ends) AS wanted (resource_id, starts, ends)
          ON o.resource_id = wanted.resource_id
         AND lower(o.busy) >= wanted.starts - interval '1 day' AND lower(o.busy) < wanted.ends
         AND o.busy && tstzrange(wanted.starts, wanted.ends)
        WHERE o.expires_at <= :now
        ORDER BY o.resource_id, o.seat, o.busy
        FOR UPDATE OF o
    )
    DELETE FROM occupancy o USING stale
    WHERE (o.resource_id, o.seat, o.busy) = (stale.resource_id, stale.seat, stale.busy)
""")
_TAKE = text("""
    INSERT INTO occupancy (resource_id, busy, appointment_id, expires_at)
    SELECT resource_id, tstzrange(starts, ends), :appointment, :expires
    FROM unnest(:resources, :starts, :ends) AS wanted (resource_id, starts, ends)
    ORDER BY resource_id
    ON CONFLICT DO NOTHING
    RETURNING resource_id
""").bindparams(bindparam("expires", type_=Moment), bindparam("appointment", type_=Uuid))
_ARRAYS = (
    bindparam("resources", type_=ARRAY(Uuid)),
    bindparam("starts", type_=ARRAY(Moment)),
    bindparam("ends", type_=ARRAY(Moment)),
)


async def take(
    tx: Tx, appointment_id: UUID, wanted: Mapping[UUID, Span], *, expires_at: datetime | None
) -> frozenset[UUID]:
    """Take each resource for its time, for good or until `expires_at`.

    Returns the resources that are taken already: an empty set means that all is now this appointment's; otherwise
    nothing was changed, and the transaction can go on.
    """
    order = sorted(wanted)
    spans = {
        "resources": order,
        "starts": [wanted[resource][0] for resource in order],
        "ends": [wanted[resource][1] for resource in order],
    }
    attempt = await tx.conn.begin_nested()
    await tx.conn.execute(_REMOVE_STALE.bindparams(*_ARRAYS, bindparam("now", type_=Moment)), {**spans, "now": tx.now})
    taken = await tx.conn.execute(
        _TAKE.bindparams(*_ARRAYS), {**spans, "appointment": appointment_id, "expires": expires_at}
    )
    refused = frozenset(wanted) - {row.resource_id for row in taken}
    if refused:
        await attempt.rollback()
    else:
        await attempt.commit()
    return refused


async def keep(tx: Tx, appointment_id: UUID) -> bool:
    """Make a hold lasting. Returns False if nothing of it is left, because it expired and its time was wanted."""
    kept = await tx.conn.execute(
        text("UPDATE occupancy SET expires_at = NULL WHERE appointment_id = :id"), {"id": appointment_id}
    )
    return kept.rowcount > 0


async def release(tx: Tx, appointment_id: UUID) -> None:
    """Give back all that the appointment holds."""
    await tx.conn.execute(text("DELETE FROM occupancy WHERE appointment_id = :id"), {"id": appointment_id})


async def busy_times(
    tx: Tx, resources: Iterable[UUID], start: datetime, end: datetime, *, ignoring: UUID | None = None
) -> dict[UUID, list[Span]]:
    """Return what of each resource is taken, or off, between two instants; holds that expired are not."""
    found = await tx.conn.execute(
        _BUSY, {"resources": [*resources], "start": start, "end": end, "now": tx.now, "ignoring": ignoring}
    )
    busy: dict[UUID, list[Span]] = {}
    for row in found:
        busy.setdefault(row.resource_id, []).append((row.starts, row.ends))
    return busy


# No busy time is longer than a day (a constraint), which bounds what the index has to look at.
_BUSY = text("""
    SELECT resource_id, lower(busy) AS starts, upper(busy) AS ends
    FROM occupancy
    WHERE resource_id = ANY (:resources)
      AND lower(busy) >= :start - interval '1 day' AND lower(busy) < :end AND upper(busy) > :start
      AND (expires_at IS NULL OR expires_at > :now)
      AND appointment_id IS DISTINCT FROM :ignoring
    UNION ALL
    SELECT practitioner_id, lower(during), upper(during)
    FROM time_off
    WHERE practitioner_id = ANY (:resources) AND during && tstzrange(:start, :end)
    ORDER BY 2
""").bindparams(
    bindparam("resources", type_=ARRAY(Uuid)),
    bindparam("start", type_=Moment),
    bindparam("end", type_=Moment),
    bindparam("now", type_=Moment),
    bindparam("ignoring", type_=Uuid),
)
