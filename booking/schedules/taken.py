"""What stands in the way of services: the practitioner's busy times, rooms and devices, group visits that are full."""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from booking.directory.model import Service
from booking.schedules.occupancy import BUSY, IGNORED, query, session_of
from booking.schedules.rules import Span
from core.database import Tx
from core.statements import unseen

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands in the way of one service in a stretch of time."""

    busy: list[Span]
    """When the practitioner is taken or off, in order, without overlaps and without gaps in which nothing fits; the
    group visits of this very service too."""
    rooms: list[list[list[Span]]]
    """Of each kind of room or device that it needs, of each one there is, when that is taken; in order."""
    groups: list[datetime]
    """Starts of group visits of this service that exist and have seats left, in order: these can be booked although
    the practitioner is busy with them, and with no room left but theirs."""

    def room_for(self, service: Service, start: datetime) -> bool:
        """Whether one of each kind of room or device is free for a visit with its buffers."""
        begins, ends = span_of(service, start)
        return all(any(_free(taken, begins, ends) for taken in kind) for kind in self.rooms)


def span_of(service: Service, start: datetime) -> Span:
    """Return the time that a visit takes of practitioner and rooms: with the buffers around it."""
    before, after = timedelta(minutes=service.buffer_before), timedelta(minutes=service.buffer_after)
    return start - before, start + timedelta(minutes=service.minutes) + after


def length_of(service: Service) -> timedelta:
    """Return how long a visit takes, with the buffers around it."""
    return timedelta(minutes=service.buffer_before + service.minutes + service.buffer_after)


async def taken_of(
    tx: Tx, services: Collection[Service], start: datetime, end: datetime, *, ignoring: UUID | None = None
) -> dict[UUID, Taken]:
    """Return what stands in the way of each service (by its id) between two instants, in one query or two.

    Holds that expired do not count, nor does the appointment `ignoring`, which is to be moved.
    """
    doctors = {each.practitioner_id for each in services}
    # Less than the shortest visit takes: nothing is booked in such a gap.
    gap = min((length_of(each) for each in services), default=_INSTANT) - _INSTANT
    values = {"start": start, "end": end, "now": tx.now, "appointment": ignoring}
    found = await tx.run(
        _TAKEN, {**values, "resources": [*doctors], "gap": gap, "services": [each.id for each in services]}
    )
    busy: dict[UUID, list[Span]] = {}
    kinds: dict[UUID, dict[UUID, list[list[Span]]]] = {}
    for row in found:
        if row.service_id is None:
            busy[row.resource_id] = list(zip(row.starts, row.ends, strict=True))
            continue
        kind = kinds.setdefault(row.service_id, {}).setdefault(row.resource_id, [[] for _ in range(row.seats)])
        if row.seat is not None:
            kind[row.seat] = list(zip(row.starts, row.ends, strict=True))
    groups = await _groups(tx, [each for each in services if each.capacity > 1], values)
    return {
        each.id: Taken(busy.get(each.practitioner_id, []), [*kinds.get(each.id, {}).values()], groups.get(each.id, []))
        for each in services
    }


async def _groups(tx: Tx, services: Collection[Service], values: Mapping[str, object]) -> dict[UUID, list[datetime]]:
    if not services:
        return {}
    found = await tx.run(_SEATS, {**values, "resources": [each.practitioner_id for each in services]})
    return {
        each.id: [
            row.starts
            for row in found
            if row.practitioner_id == each.practitioner_id
            and row.taken < each.capacity
            and row.session == session_of(each.id, row.starts)
        ]
        for each in services
    }


def _free(taken: list[Span], begins: datetime, ends: datetime) -> bool:
    """Whether nothing overlaps: `taken` is in order, without overlaps."""
    nearest = bisect_left(taken, ends, key=lambda span: span[0])
    return nearest == 0 or taken[nearest - 1][1] <= begins


# A row for each practitioner, without a service; then one for each room that is taken at some time, and one without a
# seat for a kind of which none is. What a calendar of the room says holds for all of its kind.
_TAKEN = query(f"""
    {IGNORED}
    SELECT NULL::uuid AS service_id, busy.resource_id, NULL::integer AS seats, NULL::integer AS seat, busy.starts,
        busy.ends
    FROM ({BUSY}) AS busy
    UNION ALL
    SELECT needed.service_id, r.id AS resource_id, r.seats, o.seat, o.starts, o.ends
    FROM service_resource needed
    JOIN resource r ON r.id = needed.resource_id AND r.active
    LEFT JOIN LATERAL (
        SELECT seat, array_agg(lower(piece) ORDER BY piece) AS starts, array_agg(upper(piece) ORDER BY piece) AS ends
        FROM (
            SELECT seat, unnest(range_agg(busy)) AS piece
            FROM (
                SELECT seat, busy FROM occupancy
                WHERE resource_id = r.id AND seat < r.seats
                  AND lower(busy) >= :start - interval '1 day' AND lower(busy) < :end AND upper(busy) > :start
                  AND (expires_at IS NULL OR expires_at > :now)
                  AND (:appointment IS NULL OR appointment_id NOT IN (SELECT id FROM ignored))
                UNION ALL
                SELECT seat, during
                FROM calendar_busy_of(ARRAY[r.id], :start, :end), generate_series(0, r.seats - 1) AS seat
            ) AS taken
            GROUP BY seat
        ) AS pieces
        GROUP BY seat
    ) AS o ON true
    WHERE needed.service_id = ANY ({unseen(":services")}::uuid[])
""")  # noqa: S608  (one constant put into another)
# A session's own rows have its id as their appointment, its seats have it as their resource. None is left to join
# where the practitioner has taken time off since, or they or the room are busy by a calendar.
_SEATS = query("""
    SELECT o.resource_id AS practitioner_id, o.appointment_id AS session, min(lower(seat.busy)) AS starts,
        count(*) AS taken
    FROM occupancy o
    JOIN occupancy seat ON seat.resource_id = o.appointment_id
    WHERE o.resource_id = ANY (:resources)
      AND lower(o.busy) >= :start - interval '1 day' AND lower(o.busy) < :end AND upper(o.busy) > :start
      AND (seat.expires_at IS NULL OR seat.expires_at > :now) AND seat.appointment_id IS DISTINCT FROM :appointment
      AND NOT EXISTS (
          SELECT FROM time_off WHERE practitioner_id = o.resource_id AND during && o.busy
      )
      AND NOT EXISTS (
          SELECT FROM occupancy own
          CROSS JOIN LATERAL calendar_busy_of(ARRAY[own.resource_id], lower(own.busy), upper(own.busy))
          WHERE own.appointment_id = o.appointment_id
      )
    GROUP BY o.resource_id, o.appointment_id
    ORDER BY starts
""")
