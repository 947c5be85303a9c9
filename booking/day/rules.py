"""What running late comes to for each who waits: a gap in the day takes up what it can. Pure."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from booking.appointments.model import Appointment
from booking.appointments.rules import ARRIVAL, STANDING, Status
from booking.directory.model import Mode
from core.errors import BadInputError

WORTH_TELLING = timedelta(minutes=5)
"""Nobody is told of less, and what is told is rounded up to it."""
_LONGEST = 8 * 60


@dataclass(frozen=True, slots=True)
class InLine:
    """Somebody who waits. Those who come `together` (a group's session) are seen at once."""

    id: UUID
    start: datetime
    length: timedelta
    together: Hashable


def checked_minutes(minutes: int) -> int:
    """Raises BadInputError for what is no delay."""
    if not 0 <= minutes <= _LONGEST:
        raise BadInputError("Say by how many minutes, up to 8 hours: late 20")
    return minutes


def waits(visit: Appointment) -> bool:
    """Whether the patient still waits to be seen."""
    return visit.status in STANDING and visit.started_at is None


def in_line(visits: Iterable[Appointment]) -> list[InLine]:
    """Return who waits among a day's visits, in order."""
    line = [
        InLine(
            each.id,
            each.start,
            each.end - each.start,
            (each.service.id, each.start) if each.service.capacity > 1 else each.id,
        )
        for each in visits
        if waits(each)
    ]
    return sorted(line, key=lambda each: (each.start, each.id))


def next_of(visits: Iterable[Appointment], now: datetime) -> Appointment | None:
    """Return whom the doctor sees next: the first who is there, or is online; else the first who should be.

    Nobody is called more than two hours before their time.
    """
    line = sorted((each for each in visits if waits(each) and each.start - ARRIVAL <= now), key=lambda v: v.start)
    there = [each for each in line if each.status is Status.ARRIVED or each.service.mode is Mode.ONLINE]
    return next(iter(there or line), None)


def ready_at(first: datetime, late: timedelta, now: datetime) -> datetime:
    """Return when the doctor is ready for the first in line: so much after their time, or from now, if that is over."""
    ready = first + late
    return ready if ready > now else now + late


def expected_starts(line: Iterable[InLine], ready: datetime) -> dict[UUID, datetime]:
    """Return when each in line can expect the doctor, who is ready at `ready`: never before their time."""
    expected: dict[UUID, datetime] = {}
    free, session, begins = ready, None, ready
    for each in line:
        if session is None or each.together != session:
            begins = max(each.start, free)
            free, session = begins + each.length, each.together
        expected[each.id] = begins
    return {each: rounded_up(when) for each, when in expected.items()}


def rounded_up(when: datetime) -> datetime:
    """Return the next moment that is worth telling; UTC."""
    step = WORTH_TELLING.total_seconds()
    return datetime.fromtimestamp(-(-when.timestamp() // step) * step, UTC)


def is_later(expected: datetime, than: datetime) -> bool:
    """Whether somebody is to be told that they wait longer."""
    return expected - than >= WORTH_TELLING
