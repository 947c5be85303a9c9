"""Waiting: who may be offered what, and for how long. Decided without I/O."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from booking.directory.model import Mode
from booking.waiting.model import Waiting
from core.errors import BadInputError, ConflictError
from core.timezones import zone

WAITS_AT_ONCE = 10
"""Waits of one person, so that nobody stands in every line."""

LONGEST = timedelta(days=90)
"""How long somebody waits who names no last day."""

_DAY = timedelta(days=1)
_ANSWER_AT_LEAST = timedelta(minutes=5)
"""What is offered later than this before it begins is no offer: nobody could answer and come."""
_APPROVAL = timedelta(hours=2)
"""A centre that approves visits needs as long before the start, see `appointments.rules.approval_until`."""


def span_of_wait(earliest: datetime | None, latest: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return between which instants a start is waited for. Raises BadInputError for a span that is over."""
    start, end = max(earliest or now, now), latest or max(earliest or now, now) + LONGEST
    if end <= start:
        raise BadInputError("Those days are over. Write which you can come on, like: wait for dr.osei next week.")
    return start, end


def check_count(count: int) -> None:
    """Raise ConflictError for somebody who waits for as much as they may already."""
    if count >= WAITS_AT_ONCE:
        raise ConflictError(
            "You wait for {count} things already. Write “waiting” to see them, and stop one first.", count=count
        )


def offered_until(
    start: datetime, now: datetime, minutes: int, *, quiet_until: datetime | None, approval: bool
) -> datetime | None:
    """Return until when a time is kept for the next in line; None when it begins too soon for them to take it.

    Somebody in their quiet hours is offered it when these end, and has the same `minutes` from then on.
    """
    told = max(now, quiet_until) if quiet_until else now
    last = start - _APPROVAL if approval else start
    until = min(told + timedelta(minutes=minutes), last)
    return until if until - told >= _ANSWER_AT_LEAST else None


def suits(wait: Waiting, mode: Mode, centre_zone: str, start: datetime) -> bool:
    """Whether a start of a service is one that is waited for."""
    if not wait.earliest <= start < wait.latest:
        return False
    there = start.astimezone(zone(wait.timezone if mode is Mode.ONLINE else centre_zone))
    wall, day = there.time(), there.date()
    if day.weekday() in wait.weekdays_off or day in wait.days_off:
        return False
    after, before = wait.after, wait.before
    if after is not None and before is not None and before <= after:
        return wall >= after or wall < before
    return (after is None or wall >= after) and (before is None or wall < before)


def days_of(spans: Iterable[tuple[date, date]], start: datetime, end: datetime) -> frozenset[date]:
    """Return each day of some spans, both ends included, on which a wait from `start` until `end` may find a time."""
    first, last = start.date() - _DAY, end.date() + _DAY  # whatever the zone
    days: set[date] = set()
    for one, other in spans:
        begin, stop = max(one, first), min(other, last)
        days |= {begin + n * _DAY for n in range((stop - begin).days + 1)}
    return frozenset(days)


def minute_of(wall: time | None) -> int | None:
    """Return a time of day in minutes after midnight."""
    return None if wall is None else wall.hour * 60 + wall.minute


def time_of(minute: int | None) -> time | None:
    """Return the time of day so many minutes after midnight."""
    return None if minute is None else time(minute // 60, minute % 60)
