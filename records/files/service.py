"""Keep a file, say what it is, list, read, take back. Every step is noted in the audit."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Row, or_, true

from core.database import Tx
from core.errors import RefusedError
from core.settings import RecordsSettings
from records.access import Kind, Reader, Relation, require_change, require_list, require_read, require_write
from records.audit.rules import Action, Why
from records.audit.service import note, note_by
from records.files import store
from records.files.kinds import kind_of
from records.files.model import file as _files
from records.files.pieces import new_file_key
from records.files.rules import (
    StoredFile,
    checked_name,
    checked_note,
    final_from,
    not_taken,
    require_changeable,
    require_room,
)
from records.sealing import Vault

_MOST_FILES = 1000
_DOCTORS = frozenset({Relation.TREATS, Relation.SEES, Relation.EMERGENCY})


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes."""

    file: int
    person: int
    """All that somebody may have sent."""

    @classmethod
    def from_settings(cls, settings: RecordsSettings) -> Self:
        return cls(settings.largest_file_mib << 20, settings.files_mib_per_person << 20)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that somebody sends."""

    id: UUID
    """Fixed by what it was sent with: the same again is the same file."""
    patient_id: UUID
    """The sender's own record, in which it lies until they have said whose it is."""
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Filing:
    """What a file is, and whose."""

    patient_id: UUID
    appointment_id: UUID | None = None
    practitioner_id: UUID | None = None
    """With whom that visit is."""
    visit_start: datetime | None = None
    """UTC. When the visit begins, after which the file stays."""
    note: str = ""
    """Empty: as it was."""


async def keep_file(
    tx: Tx, vault: Vault, reader: Reader, arrival: Arrival, content: AsyncIterator[bytes], limits: Limits
) -> StoredFile:
    """Seal a file as it comes in. Until it is filed, it is its sender's alone.

    All of it is in the caller's transaction: it is kept whole or not at all. Raises RefusedError, BadInputError (empty,
    too large, of a kind that is not taken), ConflictError (no room), ErasedError, and what `content` raises.
    """
    by = require_write(reader, Kind.ATTACHMENT, arrival.patient_id)
    known = await store.row_of(tx, arrival.id)
    if known is not None:
        return (await store.opened(tx, vault, known.patient_id, [known]))[0]
    used, count = await store.used_by(tx, reader.person_id)
    require_room(used, count, most_bytes=limits.person, most_files=_MOST_FILES)
    key = new_file_key()
    intake = store.Intake(arrival.id, key, largest=limits.file)
    await intake.take(tx, content)
    kind = kind_of(intake.head)
    if kind is None:
        raise not_taken()
    kept = StoredFile(
        id=arrival.id,
        patient_id=arrival.patient_id,
        sender_id=reader.person_id,
        appointment_id=None,
        practitioner_id=None,
        sent_at=tx.now,
        filed_at=None,
        final_at=None,
        size=intake.size,
        name=checked_name(arrival.name, kind),
        mimetype=kind.mimetype,
        sha256=intake.sha256,
        note=checked_note(arrival.note),
    )
    await store.add(tx, vault, kept, pieces=intake.pieces, key=key)
    await _note(tx, reader, by, Action.WRITE, kept.patient_id, kept.id)
    return kept


async def file_away(tx: Tx, vault: Vault, reader: Reader, file_id: UUID, filing: Filing) -> StoredFile:
    """Say what one's file is and whose: from now on they who may see that patient's files see it.

    Raises RefusedError, BadInputError, ConflictError (it is part of the record already), ErasedError.
    """
    row, was = await _own(tx, reader, file_id)
    by = require_write(reader, Kind.ATTACHMENT, filing.patient_id)
    before = (await store.opened(tx, vault, row.patient_id, [row]))[0]
    require_changeable(before, tx.now)
    filed = replace(
        before,
        patient_id=filing.patient_id,
        appointment_id=filing.appointment_id,
        practitioner_id=filing.practitioner_id,
        filed_at=tx.now,
        final_at=final_from(before.sent_at, filing.visit_start),
        note=checked_note(filing.note) or before.note,
    )
    await store.rewrite(tx, vault, row, filed)
    await _note(tx, reader, by, Action.WRITE, filed.patient_id, filed.id)
    if before.patient_id != filed.patient_id:
        await _note(tx, reader, was, Action.WRITE, before.patient_id, filed.id)
    return filed


async def files_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[StoredFile]:
    """A patient's files, newest first; what is not filed yet only for its sender. Raises RefusedError, ErasedError."""
    by, author = require_list(reader, Kind.ATTACHMENT, patient_id)
    seen = or_(_files.c.filed_at.is_not(None), _files.c.sender_id == reader.person_id)
    theirs = true() if author is None else _files.c.practitioner_id == author
    found = await store.rows(tx, _files.c.patient_id == patient_id, seen, theirs)
    await _note(tx, reader, by, Action.READ, patient_id, None)
    return await store.opened(tx, vault, patient_id, found)


async def not_filed(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, since: datetime) -> list[StoredFile]:
    """What the reader has sent into their own record since then and not said yet what it is, oldest first."""
    found = await store.rows(
        tx,
        _files.c.patient_id == patient_id,
        _files.c.sender_id == reader.person_id,
        _files.c.filed_at.is_(None),
        _files.c.sent_at >= since,
    )
    return await store.opened(tx, vault, patient_id, found[::-1])


async def stored_file(tx: Tx, vault: Vault, reader: Reader, file_id: UUID) -> StoredFile:
    """One file, for those who may see it. Raises RefusedError (also if there is none), ErasedError."""
    row = await store.row_of(tx, file_id)
    if row is None:
        raise RefusedError
    by = require_read(reader, Kind.ATTACHMENT, row.patient_id, author=row.practitioner_id)
    if row.filed_at is None and row.sender_id != reader.person_id:
        raise RefusedError
    await _note(tx, reader, by, Action.READ, row.patient_id, row.id)
    if by in _DOCTORS and row.sender_id != reader.person_id and row.seen_at is None:
        await store.seen(tx, row.id)
    return (await store.opened(tx, vault, row.patient_id, [row]))[0]


async def delete_file(tx: Tx, vault: Vault, reader: Reader, file_id: UUID) -> StoredFile:
    """Take one's file back, for good. Raises RefusedError, ConflictError (it is part of the record), ErasedError."""
    row, by = await _own(tx, reader, file_id)
    gone = (await store.opened(tx, vault, row.patient_id, [row]))[0]
    require_changeable(gone, tx.now)
    await store.remove(tx, _files.c.id == file_id)
    await _note(tx, reader, by, Action.ERASE, gone.patient_id, gone.id)
    return gone


async def content_to_send(tx: Tx, vault: Vault, file_id: UUID) -> tuple[StoredFile, AsyncIterator[bytes]]:
    """A file with its content, for the service itself, which sends a person what they were allowed to ask for.

    The content lasts as long as the transaction. Raises RefusedError if there is none, ErasedError, SealBrokenError.
    """
    row = await store.row_of(tx, file_id)
    if row is None:
        raise RefusedError
    await note(
        tx,
        actor=None,
        action=Action.READ,
        subject=row.patient_id,
        table=_files.name,
        row=row.id,
        why=Why.DELIVERY,
    )
    one = (await store.opened(tx, vault, row.patient_id, [row]))[0]
    return one, store.content(tx, row, await store.key_of(tx, vault, row))


async def discard_files(tx: Tx, patient_id: UUID) -> int:
    """Remove all files of a patient who is erased: without the key they could not be read, and take room.

    The caller erases, and notes it. Returns how many there were.
    """
    return await store.remove(tx, _files.c.patient_id == patient_id)


async def _own(tx: Tx, reader: Reader, file_id: UUID) -> tuple[Row[Any], Relation]:
    """What the reader sent, and by what they may change it: as the patient's side, or as a doctor."""
    row = await store.row_of(tx, file_id, lock=True)
    if row is None or row.sender_id != reader.person_id:
        raise RefusedError
    author = None if row.patient_id in reader.own else reader.practitioner_id
    return row, require_change(reader, Kind.ATTACHMENT, row.patient_id, author=author)


async def _note(tx: Tx, reader: Reader, by: Relation, action: Action, patient_id: UUID, row: UUID | None) -> None:
    await note_by(tx, reader, by, action, subject=patient_id, table=_files.name, row=row)
