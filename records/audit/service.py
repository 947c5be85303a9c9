"""Note each access; tell a patient who looked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.database import Tx
from core.ids import new_id
from core.statements import translated
from core.timezones import utc
from records.access import Kind, Reader, Relation, require_read
from records.audit.copying import COLUMNS, copied
from records.audit.model import audit_event
from records.audit.rules import Action, Entry, Why, leaf_hash, why_of

_SHOWN = 200


async def note(
    tx: Tx, *, actor: UUID | None, action: Action, subject: UUID, table: str, row: UUID | None = None, why: Why
) -> Entry:
    """Write down an access, in the transaction that has it: if that is rolled back, nothing was seen or written.

    `actor` is a person, or None for the service itself; `row` is None for all of the subject's rows in the table.
    """
    entry = Entry(new_id(), tx.now, actor, action, subject, table, row, why)
    await note_all(tx, [entry])
    return entry


async def note_all(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write many down in one statement, in their order."""
    if not entries:
        return
    with translated():
        if len(entries) >= _MANY:
            name, rows = audit_event.name, copied(entries)
            await tx.driver.copy_to_table(name, source=rows, columns=COLUMNS, format="binary")
            return
        # As asyncpg takes them: all that is read or written passes here.
        await tx.driver.execute(
            _NOTE,
            [each.id for each in entries],
            [utc(each.at) for each in entries],
            [each.actor for each in entries],
            [each.action for each in entries],
            [each.subject for each in entries],
            [each.table for each in entries],
            [each.row for each in entries],
            [each.why for each in entries],
            [leaf_hash(each) for each in entries],
        )


_MANY = 50
"""From so many on COPY takes less time than an INSERT."""
_NOTE = """
    INSERT INTO audit_event (id, at, actor, action, subject, table_name, row_id, why, leaf)
    SELECT * FROM unnest(
        $1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[],
        $5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::bytea[]
    )
"""


async def note_by(
    tx: Tx, reader: Reader, by: Relation, action: Action, *, subject: UUID, table: str, row: UUID | None = None
) -> Entry:
    """Write down what a reader does, whom records.access has let do it by that relation."""
    return await note(tx, actor=reader.person_id, action=action, subject=subject, table=table, row=row, why=why_of(by))


async def looked_at(
    tx: Tx, reader: Reader, patient_id: UUID, *, until: datetime | None = None, limit: int = _SHOWN
) -> list[Entry]:
    """Who read or wrote a patient's records, newest first: for the patient and guardians. Raises RefusedError."""
    moment = until or tx.now
    by = require_read(reader, Kind.AUDIT, patient_id)
    found = await tx.conn.execute(
        select(*_ENTRY)
        .where(audit_event.c.subject == patient_id, audit_event.c.at <= utc(moment))
        .order_by(audit_event.c.at.desc(), audit_event.c.id.desc())
        .limit(limit)
    )
    entries = [entry_of(row) for row in found]
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=audit_event.name)
    return entries


_ENTRY = [column for column in audit_event.c if column.name != "leaf"]


def entry_of(row: Any) -> Entry:
    """The entry that a row of the table is."""
    return Entry(row.id, row.at, row.actor, Action(row.action), row.subject, row.table_name, row.row_id, Why(row.why))
