"""What feeds read of visits: one query, and of each visit only what a feed may tell."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from booking.appointments.model import Appointment, ends, starts
from booking.appointments.model import appointment as table
from booking.appointments.rules import Status
from booking.directory.model import Mode, centre, practitioner, service
from core.database import Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit, as far as calendars are concerned: nobody's name but the doctor's. Times are in UTC."""

    id: UUID
    code: str
    status: Status
    sequence: int
    changed: datetime
    start: datetime
    end: datetime
    mode: Mode
    practitioner: str
    place: str
    """The centre's name and address."""


async def entries(tx: Tx, *wanted: ColumnElement[bool]) -> list[Entry]:
    """Return the visits that fulfil all conditions (on the table of appointments), by start."""
    found = await tx.conn.execute(
        select(
            table.c.id,
            table.c.code,
            table.c.status,
            table.c.sequence,
            table.c.updated_at,
            starts.label("starts"),
            ends.label("ends"),
            service.c.mode,
            practitioner.c.name.label("practitioner"),
            centre.c.name.label("centre"),
            centre.c.street,
            centre.c.city,
        )
        .join(service, service.c.id == table.c.service_id)
        .join(practitioner, practitioner.c.id == table.c.practitioner_id)
        .join(centre, centre.c.id == table.c.centre_id)
        .where(*wanted)
        .order_by(starts, table.c.id)
    )
    return [
        Entry(
            id=row.id,
            code=row.code,
            status=Status(row.status),
            sequence=row.sequence,
            changed=row.updated_at,
            start=row.starts,
            end=row.ends,
            mode=Mode(row.mode),
            practitioner=row.practitioner,
            place=_place(row.centre, row.street, row.city),
        )
        for row in found
    ]


def entry_of(visit: Appointment) -> Entry:
    """The same of a visit that was read already."""
    return Entry(
        id=visit.id,
        code=visit.code,
        status=visit.status,
        sequence=visit.sequence,
        changed=visit.updated_at,
        start=visit.start,
        end=visit.end,
        mode=visit.service.mode,
        practitioner=visit.practitioner.name,
        place=_place(visit.centre.name, visit.centre.street, visit.centre.city),
    )


def _place(name: str, street: str, city: str) -> str:
    """The city once, though it may stand in the street's line with its postal code."""
    return f"{name}, {street}" if city in street else f"{name}, {street}, {city}"
