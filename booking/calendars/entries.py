"""What calendars read of visits, and no more of each than a calendar may tell: queries that stream.

They go past SQLAlchemy's rows: of ten thousand visits each microsecond counts.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from booking.appointments.rules import Status
from booking.directory import model as directory
from booking.directory.model import Mode
from core.database import Tx

_CHUNK = 1000
_SHOWN = (Status.BOOKED, Status.ARRIVED, Status.FULFILLED, Status.NOSHOW)
GONE = (Status.CANCELLED, Status.ENTERED_IN_ERROR)
"""For calendars both are the same: it was there, and is not any more."""


class Entry(NamedTuple):
    """A visit, as far as calendars are concerned. Times are in UTC."""

    id: UUID
    code: str
    status: str
    sequence: int
    changed: datetime
    start: datetime
    end: datetime
    service_id: UUID
    patient_id: UUID
    series_id: UUID | None = None
    slot: datetime | None = None
    """The start that its series gave it."""
    created: datetime | None = None

    @property
    def cancelled(self) -> bool:
        return self.status in GONE

    @property
    def stands(self) -> bool:
        """Whether it takes place, or took place."""
        return self.status in _SHOWN

    @property
    def stood(self) -> bool:
        """Whether it was ever in a calendar: what is held or waits for an answer is in none."""
        return self.stands or self.sequence > 0

    def is_shown(self, cancelled_since: datetime) -> bool:
        """Whether it is in calendars; what was cancelled is so for a while."""
        return self.stands or (self.cancelled and self.stood and self.changed > cancelled_since)


Row = tuple[str, str, str, int, int, int, int, UUID]
"""Of a visit: id, code, status, sequence, when it was changed, start and end in seconds since 1970, service.

It is what a visit is written of that tells no name. Numbers and words take half as long to read as moments and UUIDs.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is true of all visits of one service."""

    service: str
    online: bool
    practitioner: str
    centre: str
    street: str
    """With the city."""
    timezone: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Which visits: those that have one of `ids` in a column, and of those the ones with these practitioners."""

    column: str
    ids: tuple[UUID, ...]
    practitioners: tuple[UUID, ...] = ()


_COLUMNS = (
    "id, code, status, sequence, updated_at, lower(during), upper(during), service_id, patient_id, series_id,"
    " series_slot, created_at"
)
_ROW = (
    "id::text AS identity, code, status, sequence, floor(date_part('epoch', updated_at))::bigint,"
    " floor(date_part('epoch', lower(during)))::bigint, floor(date_part('epoch', upper(during)))::bigint, service_id"
)
# Served by the index over (whose, start). What was cancelled is shown for a while, if it ever stood in a feed.
_WHERE = """
    {whose} AND ($2::uuid[] = '{{}}' OR practitioner_id = ANY ($2))
    AND lower(during) >= $3 AND lower(during) < $4
    AND (status IN ({shown}) OR (status IN ({gone}) AND sequence > 0 AND updated_at > $5))
"""
_SINGLE = f"SELECT {{columns}} FROM appointment WHERE {_WHERE} AND series_id IS NULL ORDER BY lower(during), id"  # noqa: S608  (constants put into constants)
_SERIES = f"SELECT DISTINCT series_id FROM appointment WHERE {_WHERE} AND series_id IS NOT NULL"  # noqa: S608
# All of a series, so that its rule, its name and its number stay the same, or grow, whatever becomes of its visits.
_IN_SERIES = f"""
    SELECT {_COLUMNS} FROM appointment WHERE series_id = ANY ($1)
    ORDER BY series_id, series_slot, id
"""  # noqa: S608
_WHOSE = {
    "centre_id": "centre_id = ANY ($1)",
    "practitioner_id": "practitioner_id = ANY ($1)",
    "patient_id": "patient_id = ANY ($1)",
    # What is booked with a service that takes the room or device, at the centre that has it.
    "resource_id": """
        centre_id IN (SELECT centre_id FROM resource WHERE id = ANY ($1))
        AND service_id IN (SELECT service_id FROM service_resource WHERE resource_id = ANY ($1))
    """,
}


async def single_entries(
    tx: Tx, whose: Whose, first: datetime, last: datetime, cancelled_since: datetime
) -> AsyncIterator[list[Entry]]:
    """Yield what begins from `first` until before `last` and is in no series, by start, some at a time."""
    async for chunk in _single(tx, _COLUMNS, whose, first, last, cancelled_since):
        yield [Entry._make(row) for row in chunk]


async def single_rows(
    tx: Tx, whose: Whose, first: datetime, last: datetime, cancelled_since: datetime
) -> AsyncIterator[Sequence[Row]]:
    """Yield the same as `single_entries`, as it is in the database: for who writes all of it at once."""
    async for chunk in _single(tx, _ROW, whose, first, last, cancelled_since):
        yield chunk


async def _single(tx: Tx, columns: str, whose: Whose, *bounds: datetime) -> AsyncIterator[list[Any]]:
    sql = _named(_SINGLE, whose.column, columns)
    cursor = await tx.driver.cursor(sql, list(whose.ids), list(whose.practitioners), *bounds)
    while chunk := await cursor.fetch(_CHUNK):
        yield chunk
        if len(chunk) < _CHUNK:
            return


async def series_with(
    tx: Tx, whose: Whose, first: datetime, last: datetime, cancelled_since: datetime
) -> list[list[Entry]]:
    """Return each series of which something is in that time, whole, in the order of its slots."""
    ids = await tx.driver.fetch(
        _named(_SERIES, whose.column),
        *(list(whose.ids), list(whose.practitioners), first, last, cancelled_since),
    )
    return await series_entries(tx, [row[0] for row in ids])


async def series_entries(tx: Tx, series: Sequence[UUID]) -> list[list[Entry]]:
    """Return series whole, each in the order of its slots."""
    if not series:
        return []
    by_series: dict[UUID | None, list[Entry]] = {}
    for row in await tx.driver.fetch(_IN_SERIES, list(series)):
        by_series.setdefault(row["series_id"], []).append(Entry._make(row))
    return list(by_series.values())


async def settings_of(tx: Tx, services: Sequence[UUID] | None = None) -> Mapping[UUID, Setting]:
    """Return what visits of these services have in common; of all services, for None."""
    service, practitioner, centre = directory.service, directory.practitioner, directory.centre
    wanted = (
        select(
            service.c.id,
            service.c.name,
            service.c.mode,
            practitioner.c.name.label("practitioner"),
            centre.c.name.label("centre"),
            centre.c.street,
            centre.c.city,
            centre.c.timezone,
        )
        .join(practitioner, practitioner.c.id == service.c.practitioner_id)
        .join(centre, centre.c.id == service.c.centre_id)
    )
    if services is not None:
        wanted = wanted.where(service.c.id.in_(services))
    return {
        row.id: Setting(
            row.name,
            row.mode == Mode.ONLINE,
            row.practitioner,
            row.centre,
            # The city once, though it may stand in the street's line with its postal code.
            row.street if row.city in row.street else f"{row.street}, {row.city}",
            row.timezone,
        )
        for row in await tx.conn.execute(wanted)
    }


def _named(sql: str, column: str, columns: str = "") -> str:
    words = {"shown": _words(_SHOWN), "gone": _words(GONE)}
    return sql.format(whose=_WHOSE[column], columns=columns, **words)


def _words(statuses: Sequence[Status]) -> str:
    return ", ".join(f"'{each}'" for each in statuses)
