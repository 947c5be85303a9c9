"""Our visits in the own calendar of a doctor, a room or a device: which are there, which are to be written or removed.

Ours win for our visits: one that somebody moved or removed there is put back as it is booked. What else is in that
calendar is its owner's, and is never touched. Of a visit nothing is written but when it is and its code.
"""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, true
from sqlalchemy.dialects.postgresql import insert

from booking.appointments.model import appointment as table
from booking.appointments.model import ends, starts
from booking.appointments.rules import STANDING, Status
from booking.calendars.rules import uid_of
from booking.directory.model import resource, service_resource
from booking.imports.caldav import Change
from booking.imports.model import Source, calendar_written
from booking.imports.reading import AHEAD
from booking.people.service import Person
from core.database import Tx

_written = calendar_written


@dataclass(frozen=True, slots=True)
class Due:
    """What a calendar needs to show our visits."""

    changes: list[Change]
    visits: dict[str, tuple[UUID, bytes]]
    """By the name of the object: the visit, and the digest of what is written of it."""
    gone: dict[str, UUID]
    """Visits that are to be removed, by the name of the object."""
    over: list[UUID]
    """Those that stay there as they were, and are looked after no more."""


def body_of(visit_id: UUID, code: str, start: datetime, end: datetime, changed: datetime, sequence: int) -> bytes:
    """A visit as an object of a calendar: nobody's name, and nothing of why."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//careConnect//Appointments//EN",
        "BEGIN:VEVENT",
        f"UID:{uid_of(visit_id)}",  # as in feeds: a client that has both shows one
        f"DTSTAMP:{_utc(changed)}",
        f"SEQUENCE:{sequence}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:careConnect visit {code}",
        "TRANSP:OPAQUE",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines).encode()


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def name_of(visit_id: UUID) -> str:
    """The last part of the address of a visit's object."""
    return f"{visit_id}.ics"


async def due(tx: Tx, source: Source, owner: Person, there: Mapping[str, str] | None) -> Due:
    """Return what to write and remove. `there`: ETags of the calendar's objects; None: nothing has changed there.

    Of a doctor, or of those that are booked along with a room or device. Only visits that the calendar's owner may look
    into now: a doctor's own, and to others those at centres they run. What is not theirs any more is taken out.
    """
    theirs = (
        true()
        if source.practitioner_id and owner.practitioner_id == source.practitioner_id
        else table.c.centre_id.in_(owner.administers)
    )
    found = await tx.conn.execute(
        select(table.c.id, table.c.code, starts.label("s"), ends.label("e"), table.c.updated_at, table.c.sequence)
        .where(
            _of(source),
            theirs,
            table.c.status.in_(STANDING),
            starts < tx.now + AHEAD,
            ends > tx.now,
        )
        .order_by(starts)
    )
    bodies = {row.id: body_of(row.id, row.code, row.s, row.e, row.updated_at, row.sequence) for row in found}
    known = {
        row.appointment_id: row
        for row in await tx.conn.execute(select(_written).where(_written.c.source_id == source.id))
    }
    written: list[Change] = []
    visits: dict[str, tuple[UUID, bytes]] = {}
    for visit, body in bodies.items():
        name, digest = name_of(visit), hashlib.sha256(body).digest()
        was = known.get(visit)
        touched = (
            was is not None and there is not None and (there.get(name) != was.etag if was.etag else name not in there)
        )
        if was is None or was.digest != digest or touched:
            written.append(Change(name, body))
            visits[name] = visit, digest
    gone = [visit for visit in known if visit not in bodies]
    closed = table.c.status.in_(_CLOSED) | (table.c.status.in_(STANDING) & (ends <= tx.now))
    past = select(table.c.id).where(table.c.id.in_(gone), closed)
    over = set((await tx.conn.execute(past)).scalars())
    to_go = {name_of(visit): visit for visit in gone if visit not in over}
    to_go |= await _strays(tx, (there or {}).keys() - {name_of(visit) for visit in known})
    # What takes room there is removed before anything is written.
    return Due([*(Change(name, None) for name in to_go), *written], visits, to_go, sorted(over))


async def _strays(tx: Tx, names: Set[str]) -> dict[str, UUID]:
    """Visits that are cancelled and are still there, of objects that nobody has noted.

    We were stopped between writing one and noting it.
    """
    ids = {name: visit for name in names if (visit := _visit_of(name))}
    if not ids:
        return {}
    wanted = table.c.status.in_((*STANDING, *_CLOSED))
    found = await tx.conn.execute(select(table.c.id).where(table.c.id.in_(ids.values()), ~wanted))
    gone = set(found.scalars())
    return {name: visit for name, visit in ids.items() if visit in gone}


def _visit_of(name: str) -> UUID | None:
    """The visit whose object would be named so."""
    try:
        visit = UUID(name.removesuffix(".ics"))
    except ValueError:
        return None
    return visit if name_of(visit) == name else None


def _of(source: Source) -> ColumnElement[bool]:
    """Whether a visit is one of those that are written into a calendar."""
    if source.practitioner_id:
        return table.c.practitioner_id == source.practitioner_id
    uses = service_resource
    at = select(resource.c.centre_id).where(resource.c.id == source.resource_id).scalar_subquery()
    needing = select(uses.c.service_id).where(uses.c.resource_id == source.resource_id)
    return (table.c.centre_id == at) & table.c.service_id.in_(needing)


_CLOSED = (Status.FULFILLED, Status.NOSHOW)
"""Visits that took place, or should have, stay in the calendar as they were."""


async def note(tx: Tx, source: Source, done: Due, etags: Mapping[str, str]) -> None:
    """Remember what was written or removed: of `done`, those objects of which there are ETags."""
    removed = [visit for name, visit in done.gone.items() if name in etags]
    gone = _written.c.appointment_id.in_([*removed, *done.over])
    await tx.conn.execute(delete(_written).where(_written.c.source_id == source.id, gone))
    for name, (visit, digest) in done.visits.items():
        if name not in etags:
            continue
        values = {"digest": digest, "etag": etags[name]}
        await tx.conn.execute(
            insert(_written)
            .values(source_id=source.id, appointment_id=visit, **values)
            .on_conflict_do_update(index_elements=[_written.c.source_id, _written.c.appointment_id], set_=values)
        )
