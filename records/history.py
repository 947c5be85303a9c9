"""What happened to a patient, as the records know it, newest first, a page at a time. Visits are merged in above.

Each kind is read from its own index, and no further than the page needs: prescriptions by
ix_prescription_patient_id_created_at, notes by ix_document_patient_id_created_at, files by ix_file_patient_id_sent_at.
What is sealed is opened for the page alone, with one look-up of the patient's key for each kind.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, false, literal, or_, true, tuple_

from core.database import Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Kind, Reader, Relation, require_list, require_read
from records.audit.rules import Action, Entry, why_of
from records.audit.service import note_all
from records.documents import store as _documents
from records.documents.model import document, document_version
from records.documents.rules import Document, DocumentKind, sees_unshared
from records.files import store as _files
from records.files.model import file
from records.files.rules import StoredFile
from records.prescriptions import store as _prescriptions
from records.prescriptions.model import prescription, prescription_version
from records.prescriptions.rules import Prescription
from records.sealing import Vault

_EVER = datetime.max.replace(tzinfo=UTC)
_LAST = UUID(int=2**128 - 1)


class Matter(StrEnum):
    """What a line of a history is about."""

    PRESCRIPTION = "prescription"
    DOCUMENT = "document"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a history is wanted."""

    since: datetime | None = None
    """UTC, included; None: from the beginning."""
    before: tuple[datetime, UUID] = field(default=(_EVER, _LAST))
    """Where the page before ended (Happening.place), or the first instant that is too late."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A prescription was written or its state moved, a note was written or changed, a file was sent."""

    at: datetime
    about: Prescription | Document | StoredFile
    """As it stood from then on."""

    @property
    def place(self) -> tuple[datetime, UUID]:
        """By which it is ordered: no two are alike, but for the versions of one instant."""
        return self.at, self.about.id


async def history_of(
    tx: Tx,
    vault: Vault,
    reader: Reader,
    patient_id: UUID,
    *,
    limit: int,
    span: Span | None = None,
    matters: Collection[Matter] = tuple(Matter),
) -> list[Happening]:
    """The newest of a span, newest first, `limit` at most. Raises RefusedError, ErasedError."""
    require_read(reader, Kind.HISTORY, patient_id)
    span = span or Span()
    found: list[Happening] = []
    noted: list[Entry] = []
    for matter in matters:
        table, ways, happened = await _READ[matter](tx, vault, reader, patient_id, span, limit)
        found += happened
        for by in ways:
            why = why_of(by)
            noted.append(Entry(new_id(), tx.now, reader.person_id, Action.READ, patient_id, table.name, None, why))
    await note_all(tx, noted)
    return sorted(found, key=lambda each: each.place, reverse=True)[:limit]


_Read = tuple[Table, Collection[Relation], list[Happening]]
"""Of which table, by what the reader may, and what was found."""


async def _prescribed(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, span: Span, limit: int) -> _Read:
    ways, seen = _may(reader, patient_id, prescription.c.practitioner_id, {Kind.PRESCRIPTION: []})
    wanted = _prescriptions.every_version().where(prescription.c.patient_id == patient_id, seen)
    at = prescription_version.c.created_at
    rows = (await tx.conn.execute(_page(wanted, at, prescription.c.id, span, limit))).all() if ways else []
    opened = await _prescriptions.opened(tx, vault, patient_id, rows)
    return prescription, ways, [Happening(row.created_at, one) for row, one in zip(rows, opened, strict=True)]


async def _written(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, span: Span, limit: int) -> _Read:
    kinds: dict[Kind, list[ColumnElement[bool]]] = {
        Kind.NOTE: [document.c.kind == DocumentKind.NOTE],
        Kind.SICK_NOTE: [document.c.kind == DocumentKind.SICK_NOTE],
    }
    ways, seen = _may(reader, patient_id, document.c.practitioner_id, kinds, unshared=document.c.shared_at.is_(None))
    wanted = _documents.every_version().where(document.c.patient_id == patient_id, seen)
    at = document_version.c.created_at
    rows = (await tx.conn.execute(_page(wanted, at, document.c.id, span, limit))).all() if ways else []
    opened = await _documents.opened(tx, vault, patient_id, rows)
    return document, ways, [Happening(one.changed_at, one) for one in opened]


async def _sent(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, span: Span, limit: int) -> _Read:
    filed = file.c.filed_at.is_not(None) | (file.c.sender_id == reader.person_id)
    ways, seen = _may(reader, patient_id, file.c.practitioner_id, {Kind.ATTACHMENT: [filed]})
    inside = _inside(file.c.sent_at, file.c.id, span)
    rows = await _files.rows(tx, file.c.patient_id == patient_id, seen, *inside, limit=limit) if ways else []
    opened = await _files.opened(tx, vault, patient_id, rows)
    return file, ways, [Happening(one.sent_at, one) for one in opened]


_READ = {Matter.PRESCRIPTION: _prescribed, Matter.DOCUMENT: _written, Matter.FILE: _sent}


def _may(
    reader: Reader,
    patient_id: UUID,
    author: ColumnElement[Any],
    kinds: Mapping[Kind, Sequence[ColumnElement[bool]]],
    *,
    unshared: ColumnElement[bool] | None = None,
) -> tuple[set[Relation], ColumnElement[bool]]:
    """By what the reader sees which of these rows: each line of a history needs its own right, beside the list's."""
    ways: set[Relation] = set()
    seen: list[ColumnElement[bool]] = []
    for kind, those in kinds.items():
        try:
            by, theirs = require_list(reader, kind, patient_id)
        except RefusedError:
            continue
        ways.add(by)
        conditions = [*those, *([] if theirs is None else [author == theirs])]
        if unshared is not None and not sees_unshared(by):
            conditions.append(~unshared)
        seen.append(and_(true(), *conditions))
    return ways, or_(false(), *seen)


def _page(wanted: Select[Any], at: ColumnElement[Any], row: ColumnElement[Any], span: Span, limit: int) -> Select[Any]:
    return wanted.where(*_inside(at, row, span)).order_by(at.desc(), row.desc()).limit(limit)


def _inside(at: ColumnElement[Any], row: ColumnElement[Any], span: Span) -> list[ColumnElement[bool]]:
    inside: list[ColumnElement[bool]] = []
    if span.before != (_EVER, _LAST):
        moment, last = span.before
        inside.append(tuple_(at, row) < tuple_(literal(moment, at.type), literal(last, row.type)))
    if span.since is not None:
        inside.append(at >= span.since)
    return inside
