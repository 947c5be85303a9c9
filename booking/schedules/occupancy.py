"""Who is taken when. No slot is ever sold twice because the database refuses it, whatever the code believes.

All that a visit needs is taken together or not at all: the practitioner (with buffers), rooms and devices, the patient.
That nobody waits for another in a circle takes three things: rows are inserted in the order of resource ids, with ON
CONFLICT DO NOTHING; rows are locked and removed in that order too; and a visit that gives back one time for another is
alone with its resources meanwhile, since two that change places would each wait for what the other gives back. The
functions that do this, each in one statement, are in the migration 0016_taking. What is free is read in `taken`.

Nobody takes the time of a practitioner, or of a room or device, over what a calendar of theirs says (booking.imports):
a trigger on `occupancy`, in the migration of imports, takes no row then, as if the time were another visit's. Staff who
overbook a practitioner take a further seat.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Interval, SmallInteger, TypeEngine, Uuid

from booking.schedules.rules import Span
from core.database import Tx
from core.ids import id_of
from core.statements import Statement, unseen
from core.tables import Moment
from core.timezones import utc


class Need(NamedTuple):
    """For what time a resource is wanted, and how."""

    start: datetime
    end: datetime
    seats: int = 1
    """How many of its kind there are (rooms), each as good as the other; one of them is taken."""
    session: UUID | None = None
    """The session that takes it once for all who share it, instead of the appointment for itself."""
    service: UUID | None = None
    """The service whose rooms and devices are taken along with it, for the same time."""


def session_of(service_id: UUID, start: datetime) -> UUID:
    """Return the id of a group visit: whoever books a service for several patients at one start shares it. Aware."""
    return id_of(f"session:{service_id}:{utc(start).isoformat()}")


def query(sql: str) -> Statement:
    """Say of what type the parameters of a query about time are, by their names."""
    return Statement(_typed(sql))


def _typed(sql: str) -> TextClause:
    types: dict[str, TypeEngine[Any]] = {
        "appointment": Uuid(),
        "practitioner": Uuid(),
        "patient": Uuid(),
        "begins": Moment(),
        "over": Moment(),
        "until": Moment(),
        "expires": Moment(),
        "now": Moment(),
        "start": Moment(),
        "end": Moment(),
        "gap": Interval(),
        "resources": ARRAY(Uuid()),
        "services": ARRAY(Uuid()),
        "sessions": ARRAY(Uuid()),
        "seats": ARRAY(SmallInteger()),
        "starts": ARRAY(Moment()),
        "ends": ARRAY(Moment()),
    }
    said = (bindparam(name, type_=kind) for name, kind in types.items() if re.search(rf":{name}\b", sql))
    return text(sql).bindparams(*said)


TAKE = _typed(
    "SELECT occupancy_take(:appointment, :resources, :starts, :ends, :seats, :sessions, :services, :expires, :now)"
    " AS refused"
)
"""Takes what `wanting` says; as a part of a statement that goes on with what was taken."""
TAKE_PLAINLY = _typed(
    "SELECT occupancy_take_plainly(:appointment, :practitioner, :patient, :begins, :over, :start, :until, :expires,"
    " :now) AS refused"
)
"""The same of what most visits need: a practitioner and a patient, by a visit that has nothing yet."""
_TAKE = Statement(TAKE)
_KEEP = query("SELECT occupancy_keep(:appointment)")
_GIVE_BACK = query("SELECT occupancy_give_back(ARRAY[:appointment], :appointment, :now)")


async def take(
    tx: Tx, appointment_id: UUID, wanted: Mapping[UUID, Span | Need], *, expires_at: datetime | None
) -> frozenset[UUID]:
    """Take each resource for its time, for good or until `expires_at`, in place of all that the appointment has.

    Returns the resources that are taken already: an empty set means that all is now this appointment's; otherwise
    nothing was changed (what it had, it still has), and the transaction can go on. To move a visit, take the new time
    without releasing the old one before.
    """
    refused = await tx.run(_TAKE, wanting(tx, appointment_id, wanted, expires_at=expires_at))
    return frozenset(refused[0].refused)


def wanting(
    tx: Tx, appointment_id: UUID, wanted: Mapping[UUID, Span | Need], *, expires_at: datetime | None
) -> dict[str, Any]:
    """Return the values of TAKE."""
    order = sorted(wanted)
    needs = [Need(*wanted[resource]) for resource in order]
    return {
        "appointment": appointment_id,
        "resources": order,
        "starts": [need.start for need in needs],
        "ends": [need.end for need in needs],
        "seats": [need.seats for need in needs],
        "sessions": [need.session for need in needs],
        "services": [need.service for need in needs],
        "expires": expires_at,
        "now": tx.now,
    }


def wanting_plainly(
    tx: Tx,
    appointment_id: UUID,
    practitioner: tuple[UUID, Span],
    patient: tuple[UUID, Span],
    expires_at: datetime | None,
) -> dict[str, Any]:
    """Return the values of TAKE_PLAINLY."""
    return {
        "appointment": appointment_id,
        "practitioner": practitioner[0],
        "begins": practitioner[1][0],
        "over": practitioner[1][1],
        "patient": patient[0],
        "start": patient[1][0],
        "until": patient[1][1],
        "expires": expires_at,
        "now": tx.now,
    }


async def keep(tx: Tx, appointment_id: UUID) -> bool:
    """Make a hold lasting. Returns False if nothing of it is left, because it expired and its time was wanted."""
    return bool((await tx.run(_KEEP, {"appointment": appointment_id}))[0][0])


async def release(tx: Tx, appointment_id: UUID) -> None:
    """Give back all that the appointment holds. Who takes some of it for another does so in another transaction."""
    await tx.run(_GIVE_BACK, {"appointment": appointment_id, "now": tx.now})


IGNORED = """
    WITH ignored AS (
        SELECT :appointment AS id
        UNION ALL
        SELECT own.resource_id
        FROM occupancy own
        WHERE own.appointment_id = :appointment AND NOT EXISTS (
            SELECT FROM occupancy seat
            WHERE seat.resource_id = own.resource_id AND seat.appointment_id <> own.appointment_id
              AND (seat.expires_at IS NULL OR seat.expires_at > :now)
        )
    )
"""
"""The appointment that is to be moved, and a session that nobody else shares with it."""

# No busy time is longer than a day (a constraint), which bounds what the index has to look at. One row a resource: a
# full month of visits comes over in a tenth of the time of as many rows.
BUSY = f"""
    SELECT resource_id, array_agg(lower(piece) ORDER BY piece) AS starts,
        array_agg(upper(piece) - :gap ORDER BY piece) AS ends
    FROM (
        SELECT resource_id, unnest(range_agg(tstzrange(lower(busy), upper(busy) + :gap))) AS piece
        FROM (
            SELECT resource_id, busy
            FROM occupancy
            WHERE resource_id = ANY ({unseen(":resources")}::uuid[])
              AND lower(busy) >= :start - interval '1 day' AND lower(busy) < :end AND upper(busy) > :start
              AND (expires_at IS NULL OR expires_at > :now)
              AND (:appointment IS NULL OR appointment_id NOT IN (SELECT id FROM ignored))
            UNION ALL
            SELECT practitioner_id, during
            FROM time_off
            WHERE practitioner_id = ANY ({unseen(":resources")}::uuid[]) AND during && tstzrange(:start, :end)
            UNION ALL
            SELECT practitioner_id, during FROM calendar_busy_of(:resources, :start, :end)
        ) AS taken
        GROUP BY resource_id
    ) AS pieces
    GROUP BY resource_id
"""  # noqa: S608  (SQL of our own)
"""After IGNORED: when each of :resources is taken, off, or busy by a calendar from :start to :end, in order, without
overlaps.

Times that are not further apart than :gap are one: where nobody fits in between, a full day comes over as one. Holds
that expired do not count, nor does the :appointment that is to be moved; nor a session that nobody else shares with it.
"""
