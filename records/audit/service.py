"""Note each access, tell a patient who looked, verify that nothing was changed."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, literal_column, select, text, true

from core.database import Tx
from core.ids import new_id
from records.access import Kind, Reader, Relation, require_read
from records.audit.model import audit_event, audit_head, audit_link
from records.audit.rules import Action, Checker, Entry, Link, Verdict, Why, leaf_hash, why_of

_SHOWN = 200


async def note(
    tx: Tx, *, actor: UUID | None, action: Action, subject: UUID, table: str, row: UUID | None = None, why: Why
) -> Entry:
    """Write down an access, in the transaction that has it: if that is rolled back, nothing was seen or written.

    `actor` is a person, or None for the service itself; `row` is None for all of the subject's rows in the table.
    """
    entry = Entry(new_id(), tx.now, actor, action, subject, table, row, why)
    await tx.conn.execute(
        insert(audit_event).values(
            id=entry.id,
            at=entry.at,
            actor=actor,
            action=action,
            subject=subject,
            table_name=table,
            row_id=row,
            why=why,
            leaf=leaf_hash(entry),
        )
    )
    return entry


async def note_by(
    tx: Tx, reader: Reader, by: Relation, action: Action, *, subject: UUID, table: str, row: UUID | None = None
) -> Entry:
    """Write down what a reader does, whom records.access has let do it by that relation."""
    return await note(tx, actor=reader.person_id, action=action, subject=subject, table=table, row=row, why=why_of(by))


async def looked_at(tx: Tx, reader: Reader, patient_id: UUID, *, limit: int = _SHOWN) -> list[Entry]:
    """Who read or wrote a patient's records, newest first: for the patient and guardians. Raises RefusedError."""
    by = require_read(reader, Kind.AUDIT, patient_id)
    found = await tx.conn.execute(
        select(*_ENTRY)
        .where(audit_event.c.subject == patient_id)
        .order_by(audit_event.c.at.desc(), audit_event.c.id.desc())
        .limit(limit)
    )
    entries = [_entry(row) for row in found]
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=audit_event.name)
    return entries


async def verify(tx: Tx) -> Verdict:
    """Follow the whole chain. Shows an entry that was changed, deleted, added or moved, and an end cut off.

    One who may rewrite all three tables and knows how can still forge a whole chain: keep `head` elsewhere too.
    """
    await tx.conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # chain what this very transaction noted
    chain = audit_link.outerjoin(audit_event, audit_event.c.id == audit_link.c.event_id, full=True)
    # One statement sees one moment, so that what others commit meanwhile is no fault.
    links = select(*_ENTRY, audit_event.c.leaf, audit_link.c.position, audit_link.c.head.label("link_head"))
    whole = links.select_from(chain).subquery()
    checker = Checker()
    size, head = 0, b""
    async with tx.conn.stream(
        select(whole, audit_head.c.size, audit_head.c.head)
        .select_from(audit_head.outerjoin(whole, true()))
        .order_by(literal_column("position").asc().nulls_last())
    ) as rows:
        async for row in rows:
            size, head = row.size, row.head
            if row.id is None and row.position is None:
                break
            if not checker.follow(_link(row)):
                break
    return checker.verdict(size, head)


_ENTRY = [column for column in audit_event.c if column.name != "leaf"]


def _entry(row: Any) -> Entry:
    return Entry(row.id, row.at, row.actor, Action(row.action), row.subject, row.table_name, row.row_id, Why(row.why))


def _link(row: Any) -> Link:
    # As it is stored: a word that was changed into one that we don't know is a fault to show, not one to fail at.
    entry = Entry(row.id, row.at, row.actor, row.action, row.subject, row.table_name, row.row_id, row.why)
    return Link(row.position, row.link_head, entry if row.id else None, row.leaf)
