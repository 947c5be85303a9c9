"""What running late comes to for each who waits: a gap in the day takes up what it can. Pure."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
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


def still_waits(visit: Appointment, told: datetime | None, now: datetime) -> bool:
    """Whether the patient waits by the clock, too: who was never noted as there is not when their time is over.

    Else a doctor who notes nothing would have the whole morning wait at noon. `told`: when they were told to expect the
    doctor.
    """
    begins = max(visit.start, told or visit.start)
    return waits(visit) and (visit.status is Status.ARRIVED or begins + (visit.end - visit.start) > now)


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


def next_of(visits: Iterable[Appointment], told: Mapping[UUID, datetime], now: datetime) -> Appointment | None:
    """Return whom the doctor sees next: the first who is there, or is online; else the first who should be.

    Nobody is called more than two hours before their time, and whose time is over last. `told`: as of `still_waits`.
    """
    called = sorted((each for each in visits if waits(each) and each.start - ARRIVAL <= now), key=lambda v: v.start)
    line = [each for each in called if still_waits(each, told.get(each.id), now)] or called
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


def expected_start_of(
    visit: Appointment, others: Collection[Appointment], told: Mapping[UUID, datetime], now: datetime
) -> datetime:
    """Return when a patient who waits can expect the doctor: not before those are seen who come first.

    Who is with the doctor stays for as long as was planned, and until now at least; who is there and waits is not seen
    before now; who is still to come, at their time, or when they were told to.
    """
    first = [each for each in others if each.start < visit.start and still_waits(each, told.get(each.id), now)]
    waiting = {each.id: each for each in (*first, visit)}

    def earliest(each: Appointment) -> datetime:
        there = each.status is Status.ARRIVED or each.id == visit.id
        return max(each.start, told.get(each.id, each.start), now if there else each.start)

    line = [replace(each, start=earliest(waiting[each.id])) for each in in_line(waiting.values())]
    under_way = [
        max(each.started_at + (each.end - each.start), now)
        for each in others
        if each.status is Status.ARRIVED and each.started_at
    ]
    expected = expected_starts(line, max(under_way, default=line[0].start))[visit.id]
    return expected if is_later(expected, visit.start) else visit.start


def rounded_up(when: datetime) -> datetime:
    """Return the next moment that is worth telling; UTC."""
    step = WORTH_TELLING.total_seconds()
    return datetime.fromtimestamp(-(-when.timestamp() // step) * step, UTC)


def is_later(expected: datetime, than: datetime) -> bool:
    """Whether somebody is to be told that they wait longer."""
    return expected - than >= WORTH_TELLING
