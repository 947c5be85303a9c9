"""Rows of documents: signed and sealed when they are written, opened when they are read. Decides nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from core.database import Tx
from core.ids import new_code
from records.canonical import canonical
from records.documents.fhir import composition, document_from
from records.documents.model import CONTENT, document, document_version
from records.documents.rules import Content, Document, DocumentKind, DocumentStatus, Note, SickNote
from records.sealing import Vault
from records.signing.jws import Signature
from records.signing.service import public_keys
from records.signing.signature import ForgedError, PublicKey, Signer

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
    document_version.c.signing_key_id,
    document_version.c.signature,
    document_version.c.signature_header,
)
_NAMES = ("patient_name", "practitioner_name", "centre_name", "why")
_SAME = ("id", "code", "kind", "patient_id", "practitioner_id", "appointment_id", "centre_id", "version", "status")
"""What a row says in clear and the signed content says, too."""


async def add(tx: Tx, vault: Vault, signer: Signer, written: Document) -> Document:
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
            return await _add_version(tx, vault, signer, written)
        written = replace(written, code=new_code())


async def supersede(tx: Tx, vault: Vault, signer: Signer, written: Document) -> Document:
    """Insert a next version; the one before stays as it is. The caller holds the document's lock."""
    signed = await _add_version(tx, vault, signer, written)
    values = {"status": written.status, "version": written.version}
    await tx.conn.execute(update(document).where(document.c.id == written.id).values(**values))
    return signed


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


async def opened(
    tx: Tx, vault: Vault, patient_id: UUID, rows: Sequence[Row[Any]], *, check: bool = False
) -> list[Document]:
    """Open rows of one patient; with `check`, the signatures too. Raises SealBrokenError, ErasedError, ForgedError.

    Lists leave the signatures to the moment at which one is read, sent or changed, as those of prescriptions do.
    """
    values = [(CONTENT.place(row.id, row.version, row.centre_id), row.sealed) for row in rows]
    plains = await vault.open_all(tx, patient_id, values)
    found = [_read(row, json.loads(plain)) for row, plain in zip(rows, plains, strict=True)]
    if check:
        keys = await public_keys(tx, {row.signing_key_id for row in rows if row.signing_key_id})
        for row, plain, one in zip(rows, plains, found, strict=True):
            _check(keys, row, plain, one)
            await _check_newest(tx, row)
    return found


def _check(keys: Mapping[UUID, PublicKey], row: Row[Any], plain: bytes, one: Document) -> None:
    if row.signing_key_id is None and row.signature is None:
        return
    key = keys.get(row.signing_key_id)
    if key is None or one.signature is None:
        raise ForgedError
    key.require(one.signature, plain, by=row.practitioner_id, at=one.changed_at)


async def _check_newest(tx: Tx, row: Row[Any]) -> None:
    """Whether the document was turned back to a version from before: what it said before it was withdrawn, perhaps."""
    newest = select(func.max(document_version.c.version)).where(document_version.c.document_id == row.id)
    if (await tx.conn.execute(newest)).scalar_one() != row.version:
        raise ForgedError


async def _add_version(tx: Tx, vault: Vault, signer: Signer, written: Document) -> Document:
    plain = canonical(composition(written))
    signature = signer.sign(plain)
    place = CONTENT.place(written.id, written.version, written.centre_id)
    await tx.conn.execute(
        insert(document_version).values(
            document_id=written.id,
            version=written.version,
            status=written.status,
            created_at=written.changed_at,
            sealed=await vault.seal(tx, written.patient_id, place, plain),
            signing_key_id=signer.key_id,
            signature=signature.value,
            signature_header=signature.header,
        )
    )
    return replace(written, signed_by=signer.key_id, signature=signature)


def _read(row: Row[Any], inside: dict[str, Any]) -> Document:
    """The version that a row is. Raises ForgedError where what was signed is another."""
    if "resourceType" not in inside:
        return _unsigned(row, inside)
    found = replace(
        document_from(inside, created_at=row.created_at, shared_at=row.shared_at),
        signed_by=row.signing_key_id,
        signature=None if row.signature is None else Signature(row.signature, row.signature_header),
    )
    if any(getattr(found, name) != getattr(row, name) for name in _SAME):
        raise ForgedError
    return found


def _unsigned(row: Row[Any], inside: dict[str, Any]) -> Document:
    """From before documents were signed: what is not in the row."""
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
