"""Series as calendars have them: one rule for all of its visits, and the visits that differ from it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from uuid import UUID
from zoneinfo import ZoneInfo

from booking.calendars.entries import Entry
from booking.calendars.writing.events import Rule

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit with its place in the calendar: by itself, the one that stands for a series, or one that differs."""

    entry: Entry
    uid: UUID
    sequence: int
    changed: datetime
    start: datetime
    end: datetime
    rule: Rule | None = None
    instead_of: datetime | None = None

    @property
    def in_series(self) -> bool:
        return self.rule is not None or self.instead_of is not None


def alone(entry: Entry) -> Placed:
    """Return a visit that is by itself."""
    return Placed(entry, entry.id, entry.sequence, entry.changed, entry.start, entry.end)


def laid_out(series: Sequence[Entry], zone: ZoneInfo, cancelled_since: datetime) -> list[Placed]:
    """Return a series (whole, in the order of its slots) as a rule and exceptions, or each by itself if it has no rule.

    All parts have the UID of its first visit, so that a visit that was repeated later keeps its own, and one SEQUENCE,
    which grows with every change of any of them. A visit that was cancelled before `cancelled_since` is left out, and
    so is one that is only held, or waits for an answer.
    """
    days = _step(series, zone)
    if days is None:
        return [alone(each) for each in series if each.is_shown(cancelled_since)]
    first = series[0]
    slots = {each.slot: each for each in series}
    begins = _wall(first, zone)
    count = (_wall(series[-1], zone) - begins) // (days * _DAY) + 1
    dates = [(begins + n * days * _DAY).replace(tzinfo=zone).astimezone(UTC) for n in range(count)]
    gone = {each.slot for each in series if not each.is_shown(cancelled_since)}
    without = tuple(at for at in dates if at not in slots or at in gone)
    together = {each.created for each in series if each.stood}
    sequence = sum(each.sequence for each in series) + max(len(together) - 1, 0)
    changed = max(each.changed for each in series)
    length = first.end - first.start
    rule = Rule(days, count, without)
    parts = [Placed(first, first.id, sequence, changed, dates[0], dates[0] + length, rule)]
    parts += [
        Placed(each, first.id, sequence, each.changed, each.start, each.end, instead_of=each.slot)
        for each in series
        if each.slot not in gone and (each.cancelled or each.start != each.slot or each.end - each.start != length)
    ]
    return parts if len(without) < count else []


def _step(series: Sequence[Entry], zone: ZoneInfo) -> int | None:
    """Return the days from one slot to the next, at the same time by the clock of the zone; None: there is no rule."""
    walls = [_wall(each, zone) for each in series]
    steps = [(wall - walls[0]) for wall in walls]
    if len(series) < 2 or any(step % _DAY for step in steps) or len(set(walls)) < len(walls):
        return None
    if any(wall.replace(tzinfo=zone).astimezone(UTC) != each.slot for wall, each in zip(walls, series, strict=True)):
        return None  # within an hour that the clock shows twice, or not at all
    days = gcd(*(step.days for step in steps))
    # With more holes than visits it is no rhythm.
    return days if steps[-1].days // days + 1 <= 2 * len(series) else None


def _wall(entry: Entry, zone: ZoneInfo) -> datetime:
    """What the clock shows at the slot, naive."""
    return (entry.slot or entry.start).astimezone(zone).replace(tzinfo=None)
