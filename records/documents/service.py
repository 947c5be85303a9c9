"""Write down, share, amend, withdraw, read. Every version is kept as it was; every read and write is noted."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_

from core.database import Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_code, new_id, normal_code
from records.access import Kind, Reader, Relation, require_change, require_list, require_read, require_write
from records.audit.rules import Action, Why
from records.audit.service import note, note_by
from records.documents import store
from records.documents.model import document as _documents
from records.documents.model import document_version
from records.documents.rules import (
    Content,
    Document,
    DocumentKind,
    DocumentStatus,
    Note,
    checked,
    checked_why,
    require_move,
    sees_unshared,
)
from records.prescriptions.rules import Encounter
from records.sealing import Vault
from records.signing.signature import Signer

_ACCESS = {DocumentKind.NOTE: Kind.NOTE, DocumentKind.SICK_NOTE: Kind.SICK_NOTE}


async def write_document(
    tx: Tx,
    vault: Vault,
    reader: Reader,
    signer: Signer,
    encounter: Encounter,
    content: Content,
    *,
    today: date,
    shared: bool,
) -> Document:
    """Write and sign a note or a sick note in a visit of the reader's own that has begun; sick notes are always shared.

    `today`: where the doctor is. Raises RefusedError (the key is not the reader's, too), BadInputError, ErasedError.
    """
    signer.require_of(encounter.practitioner_id, reader.person_id)
    kind = DocumentKind.NOTE if isinstance(content, Note) else DocumentKind.SICK_NOTE
    by = require_write(reader, _ACCESS[kind], encounter.patient_id, author=encounter.practitioner_id)
    if not encounter.started:
        raise BadInputError("You can write that once the visit has begun: note first that the patient has arrived.")
    written = Document(
        id=new_id(),
        code=new_code(),
        kind=kind,
        patient_id=encounter.patient_id,
        practitioner_id=encounter.practitioner_id,
        appointment_id=encounter.appointment_id,
        centre_id=encounter.centre_id,
        created_at=tx.now,
        shared_at=tx.now if shared or kind is DocumentKind.SICK_NOTE else None,
        version=1,
        status=DocumentStatus.FINAL,
        changed_at=tx.now,
        why="",
        content=checked(content, today),
        patient_name=encounter.patient_name,
        practitioner_name=encounter.practitioner_name,
        centre_name=encounter.centre_name,
    )
    written = await store.add(tx, vault, signer, written)
    await _note(tx, reader, by, Action.WRITE, written.patient_id, written.id)
    return written


async def amend_document(
    tx: Tx, vault: Vault, reader: Reader, signer: Signer, document_id: UUID, content: Content, *, today: date
) -> Document:
    """Write a next version of what the reader wrote; the one before stays. Raises as `withdraw_document` does."""
    current, by = await _to_change(tx, vault, reader, document_id)
    signer.require_of(current.practitioner_id, reader.person_id)
    require_move(current.status, DocumentStatus.AMENDED)
    if type(content) is not type(current.content):
        raise RefusedError
    amended = replace(
        current,
        version=current.version + 1,
        status=DocumentStatus.AMENDED,
        changed_at=tx.now,
        content=checked(content, today),
    )
    amended = await store.supersede(tx, vault, signer, amended)
    await _note(tx, reader, by, Action.WRITE, amended.patient_id, amended.id)
    return amended


async def withdraw_document(
    tx: Tx, vault: Vault, reader: Reader, signer: Signer, document_id: UUID, why: str
) -> Document:
    """Mark what the reader wrote as a mistake; what it said stays readable. A next version, with the reason.

    Raises RefusedError, BadInputError, ConflictError (it was withdrawn already), ErasedError, ForgedError.
    """
    current, by = await _to_change(tx, vault, reader, document_id)
    signer.require_of(current.practitioner_id, reader.person_id)
    require_move(current.status, DocumentStatus.ENTERED_IN_ERROR)
    withdrawn = replace(
        current,
        version=current.version + 1,
        status=DocumentStatus.ENTERED_IN_ERROR,
        changed_at=tx.now,
        why=checked_why(why),
    )
    withdrawn = await store.supersede(tx, vault, signer, withdrawn)
    await _note(tx, reader, by, Action.WRITE, withdrawn.patient_id, withdrawn.id)
    return withdrawn


async def share_document(tx: Tx, vault: Vault, reader: Reader, document_id: UUID) -> Document:
    """Let the patient's side see a note of the reader's. Raises RefusedError, ConflictError, ErasedError."""
    current, by = await _to_change(tx, vault, reader, document_id)
    if current.shared_at is not None:
        raise ConflictError("The patient sees it already.")
    if current.status is DocumentStatus.ENTERED_IN_ERROR:
        raise ConflictError("This was withdrawn as a mistake; it cannot be shared.")
    await store.share(tx, current.id)
    await _note(tx, reader, by, Action.WRITE, current.patient_id, current.id)
    return replace(current, shared_at=tx.now)


async def documents_of(
    tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, *, limit: int | None = None
) -> list[Document]:
    """A patient's notes and sick notes that the reader may see, as they stand, newest first.

    Raises RefusedError if they may see neither kind, ErasedError.
    """
    conditions = []
    by: Relation | None = None
    for kind, access in _ACCESS.items():
        try:
            by, author = require_list(reader, access, patient_id)
        except RefusedError:
            continue
        seen = _documents.c.kind == kind
        if author is not None:
            seen &= _documents.c.practitioner_id == author
        if not sees_unshared(by):
            seen &= _documents.c.shared_at.is_not(None)
        conditions.append(seen)
    if by is None:
        raise RefusedError
    wanted = store.newest().where(_documents.c.patient_id == patient_id, or_(*conditions))
    order = (_documents.c.created_at.desc(), _documents.c.id.desc())
    rows = (await tx.conn.execute(wanted.order_by(*order).limit(limit))).all()
    await _note(tx, reader, by, Action.READ, patient_id, None)
    return await store.opened(tx, vault, patient_id, rows)


async def versions_to_export(tx: Tx, vault: Vault, patient_id: UUID) -> list[Document]:
    """Every version of all that was written about a patient, shared or not, oldest first.

    The patient's side has a right to it (rules.sees_unshared); that the reader may, the caller has decided and noted.
    Raises ErasedError.
    """
    order = (document_version.c.created_at, document_version.c.document_id, document_version.c.version)
    wanted = store.every_version().where(_documents.c.patient_id == patient_id).order_by(*order)
    return await store.opened(tx, vault, patient_id, (await tx.conn.execute(wanted)).all())


async def document(tx: Tx, vault: Vault, reader: Reader, document_id: UUID) -> Document:
    """One as it stands now. Raises RefusedError (also if there is none), ErasedError, ForgedError."""
    return await _read(tx, vault, reader, _documents.c.id == document_id)


async def document_by_code(tx: Tx, vault: Vault, reader: Reader, code: str) -> Document:
    """The same by the code that people read aloud. Raises as that does."""
    return await _read(tx, vault, reader, _documents.c.code == normal_code(code))


async def document_to_send(tx: Tx, vault: Vault, document_id: UUID) -> Document:
    """The same for the service itself, which sends a person what they were allowed to ask for, or what is news to them.

    Raises RefusedError if there is none, ErasedError, ForgedError.
    """
    row = await _find(tx, _documents.c.id == document_id)
    table = _documents.name
    await note(tx, actor=None, action=Action.READ, subject=row.patient_id, table=table, row=row.id, why=Why.DELIVERY)
    return (await store.opened(tx, vault, row.patient_id, [row], check=True))[0]


async def _read(tx: Tx, vault: Vault, reader: Reader, which: Any) -> Document:
    row = await _find(tx, which)
    access = _ACCESS[DocumentKind(row.kind)]
    by = require_read(reader, access, row.patient_id, author=row.practitioner_id)
    if row.shared_at is None and not sees_unshared(by):
        raise RefusedError
    await _note(tx, reader, by, Action.READ, row.patient_id, row.id)
    return (await store.opened(tx, vault, row.patient_id, [row], check=True))[0]


async def _to_change(tx: Tx, vault: Vault, reader: Reader, document_id: UUID) -> tuple[Document, Relation]:
    await store.lock(tx, document_id)
    row = await _find(tx, _documents.c.id == document_id)
    by = require_change(reader, _ACCESS[DocumentKind(row.kind)], row.patient_id, author=row.practitioner_id)
    return (await store.opened(tx, vault, row.patient_id, [row], check=True))[0], by


async def _find(tx: Tx, which: Any) -> Row[Any]:
    row: Row[Any] | None = (await tx.conn.execute(store.newest().where(which))).one_or_none()
    if row is None:
        raise RefusedError
    return row


async def _note(tx: Tx, reader: Reader, by: Relation, action: Action, patient_id: UUID, row: UUID | None) -> None:
    await note_by(tx, reader, by, action, subject=patient_id, table=_documents.name, row=row)
