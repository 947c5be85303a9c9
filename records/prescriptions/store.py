"""Rows of prescriptions: signed and sealed when they are written, opened when they are read. Decides nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from core.database import Tx
from core.ids import new_code
from records.canonical import canonical
from records.prescriptions.fhir import medication_request, prescription_from, version_of
from records.prescriptions.model import CONTENT, prescription, prescription_version
from records.prescriptions.rules import Prescription, Status
from records.sealing import Vault
from records.signing.jws import Signature
from records.signing.service import public_keys
from records.signing.signature import ForgedError, PublicKey, Signer


async def add(tx: Tx, vault: Vault, signer: Signer, written: Prescription) -> Prescription:
    """Insert the first version. Should its code be taken (one in a billion for each that exists), under another."""
    while True:
        kept = await tx.conn.execute(
            insert_new(prescription)
            .values(
                id=written.id,
                code=written.code,
                patient_id=written.patient_id,
                practitioner_id=written.practitioner_id,
                appointment_id=written.appointment_id,
                centre_id=written.centre_id,
                created_at=written.authored_on,
                status=written.status,
                version=written.version,
            )
            .on_conflict_do_nothing(index_elements=[prescription.c.code])
        )
        if kept.rowcount:
            return await _sign(tx, vault, signer, written)
        written = replace(written, code=new_code())


async def supersede(tx: Tx, vault: Vault, signer: Signer, written: Prescription) -> Prescription:
    """Insert a next version; the one before stays as it is. The caller holds `lock`."""
    signed = await _sign(tx, vault, signer, written)
    await _stands(tx, written.id, written.status, written.version)
    return signed


async def complete(tx: Tx, vault: Vault, current: Prescription) -> Prescription:
    """Insert a version that says that all was dispensed: what the doctor signed, as it is. The caller holds `lock`."""
    rows = await tx.conn.execute(every_version().where(_is(current.id, current.version)))
    row = rows.one()
    plain = await vault.open(tx, current.patient_id, CONTENT.place(row.id, row.version, row.centre_id), row.sealed)
    done = replace(current, version=current.version + 1, status=Status.COMPLETED, status_changed=tx.now)
    await _add_version(tx, vault, done, plain, key_id=row.signing_key_id, signature=_signature(row))
    await _stands(tx, done.id, done.status, done.version)
    return done


async def _stands(tx: Tx, prescription_id: UUID, status: Status, version: int) -> None:
    values = {"status": status, "version": version}
    await tx.conn.execute(update(prescription).where(prescription.c.id == prescription_id).values(**values))


async def lock(tx: Tx, prescription_id: UUID) -> None:
    """Keep others from writing a version until this transaction ends."""
    await lock_where(tx, prescription.c.id == prescription_id)


async def lock_where(tx: Tx, which: Any) -> None:
    """The same for the one that a condition names."""
    # On its own: a join that waited for the lock would still look for the version that was newest before.
    await tx.conn.execute(select(prescription.c.id).where(which).with_for_update())


def every_version() -> Select[Any]:
    """Rows for `opened`: add a condition and an order."""
    return select(
        prescription.c.id,
        prescription.c.patient_id,
        prescription.c.practitioner_id,
        prescription.c.centre_id,
        prescription_version.c.version,
        prescription_version.c.status,
        prescription_version.c.created_at,
        prescription_version.c.sealed,
        prescription_version.c.signing_key_id,
        prescription_version.c.signature,
        prescription_version.c.signature_header,
    ).join(prescription_version, prescription_version.c.prescription_id == prescription.c.id)


def newest() -> Select[Any]:
    """The same, each prescription once, as it stands now."""
    return every_version().where(prescription_version.c.version == prescription.c.version)


async def opened(
    tx: Tx, vault: Vault, patient_id: UUID, rows: Sequence[Row[Any]], *, check: bool = False
) -> list[Prescription]:
    """Open rows of one patient; with `check`, the signatures too. Raises SealBrokenError, ErasedError, ForgedError.

    The seal alone binds content, version and place; checking a signature takes ten times as long, so that lists leave
    it to the moment at which one of them is read, sent, changed or dispensed. What was written before prescriptions
    were signed has no signature to check, and says so by `signed_by`.
    """
    values = [(CONTENT.place(row.id, row.version, row.centre_id), row.sealed) for row in rows]
    plains = await vault.open_all(tx, patient_id, values)
    if check:
        keys = await public_keys(tx, {row.signing_key_id for row in rows if row.signing_key_id})
        for row, plain in zip(rows, plains, strict=True):
            _check(keys, row, plain)
            await _check_newest(tx, row)
    return [_read(row, json.loads(plain)) for row, plain in zip(rows, plains, strict=True)]


def _check(keys: Mapping[UUID, PublicKey], row: Row[Any], plain: bytes) -> None:
    if row.signing_key_id is None and row.signature is None:
        return
    key, signature = keys.get(row.signing_key_id), _signature(row)
    if key is None or signature is None:
        raise ForgedError
    signed_at = datetime.fromisoformat(json.loads(plain)["statusChanged"])
    key.require(signature, plain, by=row.practitioner_id, at=signed_at)


def _signature(row: Row[Any]) -> Signature | None:
    return None if row.signature is None else Signature(row.signature, row.signature_header)


async def _check_newest(tx: Tx, row: Row[Any]) -> None:
    """Whether the prescription was turned back to a version from before: one that was withdrawn since, perhaps."""
    newest = select(func.max(prescription_version.c.version)).where(prescription_version.c.prescription_id == row.id)
    if (await tx.conn.execute(newest)).scalar_one() != row.version:
        raise ForgedError


def _read(row: Row[Any], resource: dict[str, Any]) -> Prescription:
    """The version that a row is: as it was signed, or that and the state in which a pharmacy's dispensing left it."""
    found = replace(
        prescription_from(resource, version=row.version), signed_by=row.signing_key_id, signature=_signature(row)
    )
    signed_as, status = version_of(resource) or row.version, Status(row.status)
    if (signed_as, found.status) == (row.version, status):
        return found
    if signed_as < row.version and found.status is Status.ACTIVE and status is Status.COMPLETED:
        return replace(found, status=status, status_changed=row.created_at)
    raise ForgedError


async def _sign(tx: Tx, vault: Vault, signer: Signer, written: Prescription) -> Prescription:
    content = canonical(medication_request(written))
    signature = signer.sign(content)
    await _add_version(tx, vault, written, content, key_id=signer.key_id, signature=signature)
    return replace(written, signed_by=signer.key_id, signature=signature)


async def _add_version(
    tx: Tx, vault: Vault, written: Prescription, content: bytes, *, key_id: UUID | None, signature: Signature | None
) -> None:
    place = CONTENT.place(written.id, written.version, written.centre_id)
    await tx.conn.execute(
        insert(prescription_version).values(
            prescription_id=written.id,
            version=written.version,
            status=written.status,
            created_at=tx.now,
            sealed=await vault.seal(tx, written.patient_id, place, content),
            signing_key_id=key_id,
            signature=signature and signature.value,
            signature_header=signature and signature.header,
        )
    )


def _is(prescription_id: UUID, version: int) -> Any:
    return (prescription_version.c.prescription_id == prescription_id) & (prescription_version.c.version == version)
