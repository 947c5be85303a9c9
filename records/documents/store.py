"""Rows of documents: sealed when they are written, opened when they are read. Decides nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from core.database import Tx
from core.ids import new_code
from records.canonical import Json, canonical
from records.documents.model import CONTENT, document, document_version
from records.documents.rules import Content, Document, DocumentKind, DocumentStatus, Note, SickNote
from records.sealing import Vault

_COLUMNS = (
    document.c.id,
    document.c.code,
    document.c.kind,
    document.c.patient_id,
    document.c.practitioner_id,
    document.c.appointment_id,
    document.c.centre_id,
    document.c.created_at,
    document.c.shared_at,
    document_version.c.version,
    document_version.c.status,
    document_version.c.created_at.label("changed_at"),
    document_version.c.sealed,
)
_NAMES = ("patient_name", "practitioner_name", "centre_name", "why")


async def add(tx: Tx, vault: Vault, written: Document) -> Document:
    """Insert the first version. Should its code be taken, under another."""
    while True:
        kept = await tx.conn.execute(
            insert_new(document)
            .values(
                id=written.id,
                code=written.code,
                kind=written.kind,
                patient_id=written.patient_id,
                practitioner_id=written.practitioner_id,
                appointment_id=written.appointment_id,
                centre_id=written.centre_id,
                created_at=written.created_at,
                shared_at=written.shared_at,
                status=written.status,
                version=written.version,
            )
            .on_conflict_do_nothing(index_elements=[document.c.code])
        )
        if kept.rowcount:
            await _add_version(tx, vault, written)
            return written
        written = replace(written, code=new_code())


async def supersede(tx: Tx, vault: Vault, written: Document) -> None:
    """Insert a next version; the one before stays as it is. The caller holds the document's lock."""
    await _add_version(tx, vault, written)
    values = {"status": written.status, "version": written.version}
    await tx.conn.execute(update(document).where(document.c.id == written.id).values(**values))


async def share(tx: Tx, document_id: UUID) -> None:
    """From now on the patient's side sees it."""
    await tx.conn.execute(update(document).where(document.c.id == document_id).values(shared_at=tx.now))


async def lock(tx: Tx, document_id: UUID) -> None:
    """Keep others from writing a version until this transaction ends."""
    await tx.conn.execute(select(document.c.id).where(document.c.id == document_id).with_for_update())


def every_version() -> Select[Any]:
    """Rows for `opened`: add a condition and an order."""
    return select(*_COLUMNS).join(document_version, document_version.c.document_id == document.c.id)


def newest() -> Select[Any]:
    """The same, each document once, as it stands now."""
    return every_version().where(document_version.c.version == document.c.version)


async def opened(tx: Tx, vault: Vault, patient_id: UUID, rows: Sequence[Row[Any]]) -> list[Document]:
    """Open rows of one patient. Raises SealBrokenError, ErasedError."""
    values = [(CONTENT.place(row.id, row.version, row.centre_id), row.sealed) for row in rows]
    plains = await vault.open_all(tx, patient_id, values)
    return [_read(row, json.loads(plain)) for row, plain in zip(rows, plains, strict=True)]


async def _add_version(tx: Tx, vault: Vault, written: Document) -> None:
    inside: dict[str, Json] = {name: getattr(written, name) for name in _NAMES}
    plain = canonical(inside | {"content": _content(written.content)})
    place = CONTENT.place(written.id, written.version, written.centre_id)
    await tx.conn.execute(
        insert(document_version).values(
            document_id=written.id,
            version=written.version,
            status=written.status,
            created_at=written.changed_at,
            sealed=await vault.seal(tx, written.patient_id, place, plain),
        )
    )


def _content(content: Content) -> dict[str, Json]:
    if isinstance(content, Note):
        return {"text": content.text}
    return {
        "first": content.first.isoformat(),
        "last": content.last.isoformat(),
        "activity": content.activity,
        "limits": content.limits,
        "diagnosis": content.diagnosis,
    }


def _read(row: Row[Any], inside: dict[str, Any]) -> Document:
    kind, said = DocumentKind(row.kind), inside["content"]
    content: Content = Note(said["text"]) if kind is DocumentKind.NOTE else _sick_note(said)
    return Document(
        id=row.id,
        code=row.code,
        kind=kind,
        patient_id=row.patient_id,
        practitioner_id=row.practitioner_id,
        appointment_id=row.appointment_id,
        centre_id=row.centre_id,
        created_at=row.created_at,
        shared_at=row.shared_at,
        version=row.version,
        status=DocumentStatus(row.status),
        changed_at=row.changed_at,
        content=content,
        **{name: inside[name] for name in _NAMES},
    )


def _sick_note(said: dict[str, str]) -> SickNote:
    days = {name: date.fromisoformat(said[name]) for name in ("first", "last")}
    return SickNote(**{**said, **days})  # type: ignore[arg-type]
