"""Quiet hours: when a person wants to hear nothing that can wait."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from booking.people.model import person
from core.database import Tx
from core.errors import BadInputError
from core.statements import Record, Statement
from core.timezones import zone

_DAY = 1440


@dataclass(frozen=True, slots=True)
class Quiet:
    """Minutes after midnight on the person's wall clock; over midnight where the first is the later one."""

    starts: int
    ends: int


def checked_quiet(starts: int, ends: int) -> Quiet:
    """Raises BadInputError for hours that are none, or the whole day."""
    if not (0 <= starts < _DAY and 0 <= ends < _DAY) or starts == ends:
        raise BadInputError("Quiet hours begin and end at two times of the day. Write them like: quiet 22:00-7:00")
    return Quiet(starts, ends)


def quiet_until(quiet: Quiet, place: ZoneInfo, now: datetime) -> datetime | None:
    """Return when the quiet hours end (UTC) in which `now` lies, or None when it lies in none."""
    wall = now.astimezone(place)
    minute = wall.hour * 60 + wall.minute
    over_midnight = quiet.starts > quiet.ends
    inside = minute >= quiet.starts or minute < quiet.ends if over_midnight else quiet.starts <= minute < quiet.ends
    if not inside:
        return None
    day = wall.date() + timedelta(days=minute >= quiet.ends)
    end = datetime.combine(day, time(quiet.ends // 60, quiet.ends % 60), place)
    first = end.astimezone(UTC)
    # In the hour that comes twice, the end may be the second time that the clock shows it.
    return first if first > now else end.replace(fold=1).astimezone(UTC)


_QUIET = Statement(
    select(person.c.id, person.c.timezone, person.c.quiet_starts, person.c.quiet_ends).where(
        person.c.id == any_(bindparam("people", type_=ARRAY(Uuid()))), person.c.quiet_starts.is_not(None)
    )
)


async def quiet_now(tx: Tx, people: Collection[UUID]) -> dict[UUID, datetime]:
    """Return, for those of these people whose quiet hours it is now, when these end (UTC)."""
    if not people:
        return {}
    return quiet_ends(await tx.run(_QUIET, {"people": [*people]}), tx.now)


class HasQuiet(Protocol):
    """A person, with the quiet hours of those who have some."""

    @property
    def id(self) -> UUID: ...
    @property
    def timezone(self) -> str: ...
    @property
    def quiet_starts(self) -> int | None: ...
    @property
    def quiet_ends(self) -> int | None: ...


def quiet_ends(rows: Iterable[HasQuiet | Record], now: datetime) -> dict[UUID, datetime]:
    """The same of rows of people: their id, zone, and quiet hours where they have some."""
    ends = {
        row.id: quiet_until(Quiet(row.quiet_starts, row.quiet_ends), zone(row.timezone), now)
        for row in rows
        if row.quiet_starts is not None and row.quiet_ends is not None
    }
    return {each: end for each, end in ends.items() if end is not None}
