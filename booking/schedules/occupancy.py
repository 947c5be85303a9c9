"""Who is taken when. No slot is ever sold twice because the database refuses it, whatever the code believes.

All that a visit needs is taken together or not at all: the practitioner (with buffers), the patient. That nobody waits
for another in a circle takes three things: rows are inserted in the order of resource ids, with ON CONFLICT DO NOTHING;
rows are removed in that order too; and a visit that gives back one time for another is alone with its resources
meanwhile, since two that change places would each wait for what the other gives back.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine, Uuid

from booking.schedules.rules import Span
from core.database import Tx
from core.tables import Moment


def _query(sql: str) -> TextClause:
    """Say of what type the parameters are, by their names."""
    types: dict[str, TypeEngine[Any]] = {
        "appointment": Uuid(),
        "appointments": ARRAY(Uuid()),
        "expires": Moment(),
        "now": Moment(),
        "start": Moment(),
        "end": Moment(),
        "resources": ARRAY(Uuid()),
        "starts": ARRAY(Moment()),
        "ends": ARRAY(Moment()),
    }
    return text(sql).bindparams(
        *(bindparam(name, type_=kind) for name, kind in types.items() if re.search(rf":{name}\b", sql))
    )


# Until the transaction ends; shared by those that only take, so that they wait for each other's rows alone.
_MEET = _query("""
    SELECT CASE
        WHEN EXISTS (SELECT FROM occupancy WHERE appointment_id = :appointment)
        THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END
    FROM (
        SELECT hashtextextended(resource::text, 0) AS key FROM unnest(:resources) AS resource
        UNION
        SELECT hashtextextended(resource_id::text, 0) FROM occupancy WHERE appointment_id = :appointment
        ORDER BY key
    ) AS resources
""")
# A hold whose time is over is nobody's: whoever wants some of the time removes it, so no sweeper has to be awake for
# that; and the whole of it, so that what is left of a hold is always all of it.
_IN_THE_WAY = _query("""
    SELECT stale.appointment_id
    FROM unnest(:resources, :starts, :ends) AS wanted (resource_id, starts, ends)
    CROSS JOIN LATERAL (
        SELECT o.appointment_id
        FROM occupancy o
        WHERE o.resource_id = wanted.resource_id
          AND lower(o.busy) >= wanted.starts - interval '1 day' AND lower(o.busy) < wanted.ends
          AND upper(o.busy) > wanted.starts AND o.expires_at <= :now
    ) AS stale
    UNION
    SELECT appointment_id FROM occupancy WHERE appointment_id = :appointment
""")
_LOCK = _query("""
    SELECT FROM occupancy WHERE appointment_id = ANY (:appointments) ORDER BY resource_id, seat, busy FOR UPDATE
""")
_REMOVE = _query("""
    DELETE FROM occupancy
    WHERE appointment_id = ANY (:appointments) AND (appointment_id = :appointment OR expires_at <= :now)
""")
_TAKE = _query("""
    INSERT INTO occupancy (resource_id, busy, appointment_id, expires_at)
    SELECT resource_id, tstzrange(starts, ends), :appointment, :expires
    FROM unnest(:resources, :starts, :ends) AS wanted (resource_id, starts, ends)
    ORDER BY resource_id
    ON CONFLICT DO NOTHING
    RETURNING resource_id
""")
_KEEP = _query("UPDATE occupancy SET expires_at = NULL WHERE appointment_id = :appointment")


async def take(
    tx: Tx, appointment_id: UUID, wanted: Mapping[UUID, Span], *, expires_at: datetime | None
) -> frozenset[UUID]:
    """Take each resource for its time, for good or until `expires_at`, in place of all that the appointment has.

    Returns the resources that are taken already: an empty set means that all is now this appointment's; otherwise
    nothing was changed (what it had, it still has), and the transaction can go on. To move a visit, take the new time
    without releasing the old one before.
    """
    order = sorted(wanted)
    values = {
        "resources": order,
        "starts": [wanted[resource][0] for resource in order],
        "ends": [wanted[resource][1] for resource in order],
        "appointment": appointment_id,
        "expires": expires_at,
        "now": tx.now,
    }
    attempt = await tx.conn.begin_nested()
    await tx.conn.execute(_MEET, values)
    in_the_way = (await tx.conn.execute(_IN_THE_WAY, values)).scalars().all()
    if in_the_way:
        await tx.conn.execute(_LOCK, {"appointments": in_the_way})
        await tx.conn.execute(_REMOVE, {**values, "appointments": in_the_way})
    taken = await tx.conn.execute(_TAKE, values)
    refused = frozenset(wanted) - {row.resource_id for row in taken}
    if refused:
        await attempt.rollback()
    else:
        await attempt.commit()
    return refused


async def keep(tx: Tx, appointment_id: UUID) -> bool:
    """Make a hold lasting. Returns False if nothing of it is left, because it expired and its time was wanted."""
    await tx.conn.execute(_LOCK, {"appointments": [appointment_id]})
    kept = await tx.conn.execute(_KEEP, {"appointment": appointment_id})
    return kept.rowcount > 0


async def release(tx: Tx, appointment_id: UUID) -> None:
    """Give back all that the appointment holds."""
    values = {"appointments": [appointment_id], "appointment": appointment_id, "now": tx.now}
    await tx.conn.execute(_LOCK, values)
    await tx.conn.execute(_REMOVE, values)


async def busy_times(
    tx: Tx, resources: Iterable[UUID], start: datetime, end: datetime, *, ignoring: UUID | None = None
) -> dict[UUID, list[Span]]:
    """Return when each resource is taken, or off, between two instants, in order and without overlaps.

    Holds that expired do not count, nor does the appointment `ignoring`, which is to be moved.
    """
    found = await tx.conn.execute(
        _BUSY, {"resources": [*resources], "start": start, "end": end, "now": tx.now, "appointment": ignoring}
    )
    return {row.resource_id: list(zip(row.starts, row.ends, strict=True)) for row in found}


# No busy time is longer than a day (a constraint), which bounds what the index has to look at. One row a resource: a
# full month of visits comes over in a tenth of the time of as many rows.
_BUSY = _query("""
    SELECT resource_id, array_agg(lower(piece) ORDER BY piece) AS starts, array_agg(upper(piece) ORDER BY piece) AS ends
    FROM (
        SELECT resource_id, unnest(range_agg(busy)) AS piece
        FROM (
            SELECT resource_id, busy
            FROM occupancy
            WHERE resource_id = ANY (:resources)
              AND lower(busy) >= :start - interval '1 day' AND lower(busy) < :end AND upper(busy) > :start
              AND (expires_at IS NULL OR expires_at > :now)
              AND appointment_id IS DISTINCT FROM :appointment
            UNION ALL
            SELECT practitioner_id, during
            FROM time_off
            WHERE practitioner_id = ANY (:resources) AND during && tstzrange(:start, :end)
        ) AS taken
        GROUP BY resource_id
    ) AS pieces
    GROUP BY resource_id
""")
