"""Sources and their busy times in the database. No permission is asked here.

Whoever writes busy times has the practitioner's (or the room's) lock alone, so that nobody takes a time meanwhile who
has not seen them (the migration of imports). The transaction must be short, and take no time for a visit.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine, Uuid

from booking.context import Context
from booking.directory.resources import practitioners_using
from booking.imports.model import Source, SourceKind, calendar_busy, calendar_source
from booking.schedules.changes import BusyTimes, Outside, within_busy
from booking.schedules.freed import freed
from booking.schedules.rules import Span, merged
from core.database import Tx
from core.tables import Moment
from records.sealing import Place

_table = calendar_source
_COLUMNS = [_table.c[each.name] for each in fields(Source)]
_LOCK = text("SELECT calendar_lock(:subject)").bindparams(bindparam("subject", type_=Uuid))
_PIECES: dict[str, TypeEngine[Any]] = {
    "source": Uuid(),
    "practitioner": Uuid(),
    "room": Uuid(),
    "starts": ARRAY(Moment()),
    "ends": ARRAY(Moment()),
}
_GONE = text("""
    DELETE FROM calendar_busy
    WHERE source_id = :source
      AND during NOT IN (SELECT tstzrange(s, e) FROM unnest(:starts, :ends) AS new (s, e))
    RETURNING lower(during) AS starts, upper(during) AS ends
""").bindparams(*(bindparam(name, type_=_PIECES[name]) for name in ("source", "starts", "ends")))
_NEW = text("""
    INSERT INTO calendar_busy (source_id, practitioner_id, resource_id, during)
    SELECT :source, :practitioner, :room, tstzrange(s, e) FROM unnest(:starts, :ends) AS new (s, e)
    ON CONFLICT DO NOTHING
    RETURNING lower(during) AS starts, upper(during) AS ends
""").bindparams(*(bindparam(name, type_=kind) for name, kind in _PIECES.items()))


async def sources(tx: Tx, *wanted: Any, lock: bool = False) -> list[Source]:
    """Return the sources that fulfil all conditions, the oldest first."""
    query = select(*_COLUMNS).where(*wanted).order_by(_table.c.created_at, _table.c.id)
    found = await tx.conn.execute(query.with_for_update() if lock else query)
    return [_source(row) for row in found]


async def add_source(tx: Tx, ctx: Context, source: Source, address: dict[str, str] | None) -> None:
    """Write a source down. Its address is sealed for its owner."""
    values = {each.name: getattr(source, each.name) for each in fields(Source)}
    sealed = None
    if address is not None:
        plain = json.dumps(address).encode()
        sealed = await ctx.vault.seal(tx, source.owner, _place(source.id), plain)
    await tx.conn.execute(insert(_table).values(**values, address=sealed))


async def address_of(tx: Tx, ctx: Context, source: Source) -> dict[str, str]:
    """Return where a source is. Raises ErasedError, SealBrokenError."""
    sealed = (await tx.conn.execute(select(_table.c.address).where(_table.c.id == source.id))).scalar_one()
    return dict(json.loads(await ctx.vault.open(tx, source.owner, _place(source.id), sealed)))


async def change_source(tx: Tx, source_id: UUID, **values: Any) -> None:
    """Change what is known of a source."""
    await tx.conn.execute(update(_table).where(_table.c.id == source_id).values(**values))


async def lock_subject(tx: Tx, subject_id: UUID) -> None:
    """Be alone with the times of a practitioner or a room until the transaction ends."""
    await tx.conn.execute(_LOCK, {"subject": subject_id})


async def write_busy(tx: Tx, source: Source, pieces: Sequence[Span]) -> list[Outside]:
    """Put these times in place of all that a source had; returns the visits that lie in times that are new.

    `pieces`: of a day at most, those that are over left out. What is busy no more is offered to who waits for it.
    """
    await lock_subject(tx, source.subject_id)
    values = {
        "source": source.id,
        "starts": [start for start, _ in pieces],
        "ends": [end for _, end in pieces],
    }
    gone = (await tx.conn.execute(_GONE, values)).all()
    whose = {"practitioner": source.practitioner_id, "room": source.resource_id}
    new = (await tx.conn.execute(_NEW, {**values, **whose})).all()
    open_again = [row for row in gone if row.ends > tx.now]
    if open_again:
        first, last = min(row.starts for row in open_again), max(row.ends for row in open_again)
        await _freed(tx, source, max(first, tx.now), last)
    spans = tuple(merged((row.starts, row.ends) for row in new))
    return await within_busy(tx, BusyTimes(source.practitioner_id, spans, source.resource_id))


async def remove_sources(tx: Tx, wanted: Collection[Source]) -> None:
    """Forget sources, with their busy times and addresses."""
    for source in sorted(wanted, key=lambda each: each.subject_id):
        await write_busy(tx, source, [])
        await tx.conn.execute(delete(calendar_busy).where(calendar_busy.c.source_id == source.id))
        await tx.conn.execute(delete(_table).where(_table.c.id == source.id))
        await _freed(tx, source, tx.now, source.known_until)


async def _freed(tx: Tx, source: Source, start: datetime, end: datetime) -> None:
    """Offer what came free to who waits: of a room, to who waits for those who see people in it."""
    doctors = [source.practitioner_id] if source.practitioner_id else await practitioners_using(tx, source.subject_id)
    for practitioner_id in doctors:
        await freed(tx, practitioner_id, start, end)


def _source(row: Row[Any]) -> Source:
    values = {each.name: getattr(row, each.name) for each in fields(Source)}
    return Source(**{**values, "kind": SourceKind(values["kind"])})


def _place(source_id: UUID) -> Place:
    return Place("calendar_source", "address", source_id)
