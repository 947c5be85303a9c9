"""How often, and how many times: the dates of a series. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import BadInputError
from core.timezones import utc

_MOST_VISITS = 26
_LONGEST_STEP = 182


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every so many days, so many visits, the first one included."""

    days: int
    visits: int


def checked_rhythm(rhythm: Rhythm) -> Rhythm:
    """Raise BadInputError for what is no series."""
    if not 2 <= rhythm.visits <= _MOST_VISITS or not 1 <= rhythm.days <= _LONGEST_STEP:
        raise BadInputError(
            "A series has from 2 to {most} visits, from a day to half a year apart. Write it like: every 2 weeks 6"
            " times",
            most=_MOST_VISITS,
        )
    return rhythm


def starts_of(first: datetime, rhythm: Rhythm, place: ZoneInfo) -> list[datetime]:
    """Return the starts (UTC) of all visits: at the same time by the centre's clock, whatever summer time does."""
    local = first.astimezone(place).replace(tzinfo=None)
    steps = (timedelta(days=rhythm.days * n) for n in range(rhythm.visits))
    return [utc((local + step).replace(tzinfo=place)) for step in steps]


def shifted(start: datetime, before: datetime, after: datetime, place: ZoneInfo) -> datetime:
    """Return where `start` (UTC) comes when one of its series moves from `before` to `after`.

    By as many days, and to the clock time of `after`.
    """
    old, new, own = (each.astimezone(place).replace(tzinfo=None) for each in (before, after, start))
    return utc(datetime.combine(own.date() + (new.date() - old.date()), new.time()).replace(tzinfo=place))


def nearest(wanted: datetime, free: Sequence[datetime], count: int = 3) -> list[datetime]:
    """Return those of some times that come nearest to one, soonest first."""
    return sorted(sorted(free, key=lambda each: (abs(each - wanted), each))[:count])
