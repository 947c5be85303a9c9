"""Rows of prescriptions: sealed when they are written, opened when they are read. Decides nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from core.database import Tx
from core.ids import new_code
from records.canonical import canonical
from records.prescriptions.fhir import medication_request, prescription_from
from records.prescriptions.model import prescription, prescription_version
from records.prescriptions.rules import Prescription
from records.sealing import Place, Vault


async def add(tx: Tx, vault: Vault, written: Prescription) -> Prescription:
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
            await _add_version(tx, vault, written)
            return written
        written = replace(written, code=new_code())


async def supersede(tx: Tx, vault: Vault, written: Prescription) -> None:
    """Insert a next version; the one before stays as it is. The caller holds `lock`."""
    await _add_version(tx, vault, written)
    await tx.conn.execute(
        update(prescription)
        .where(prescription.c.id == written.id)
        .values(status=written.status, version=written.version)
    )


async def lock(tx: Tx, prescription_id: UUID) -> None:
    """Keep others from writing a version until this transaction ends."""
    # On its own: a join that waited for the lock would still look for the version that was newest before.
    await tx.conn.execute(select(prescription.c.id).where(prescription.c.id == prescription_id).with_for_update())


def every_version() -> Select[Any]:
    """Rows for `opened`: add a condition and an order."""
    return select(
        prescription.c.id,
        prescription.c.patient_id,
        prescription.c.practitioner_id,
        prescription.c.centre_id,
        prescription_version.c.version,
        prescription_version.c.sealed,
    ).join(prescription_version, prescription_version.c.prescription_id == prescription.c.id)


def newest() -> Select[Any]:
    """The same, each prescription once, as it stands now."""
    return every_version().where(prescription_version.c.version == prescription.c.version)


async def opened(tx: Tx, vault: Vault, patient_id: UUID, rows: Sequence[Row[Any]]) -> list[Prescription]:
    """Open rows of one patient. Raises SealBrokenError, ErasedError."""
    values = [(_place(row.id, row.version, row.centre_id), row.sealed) for row in rows]
    plains = await vault.open_all(tx, patient_id, values)
    return [prescription_from(json.loads(plain), version=row.version) for row, plain in zip(rows, plains, strict=True)]


async def _add_version(tx: Tx, vault: Vault, written: Prescription) -> None:
    place = _place(written.id, written.version, written.centre_id)
    sealed = await vault.seal(tx, written.patient_id, place, canonical(medication_request(written)))
    await tx.conn.execute(
        insert(prescription_version).values(
            prescription_id=written.id,
            version=written.version,
            status=written.status,
            created_at=tx.now,
            sealed=sealed,
        )
    )


def _place(prescription_id: UUID, version: int, centre_id: UUID) -> Place:
    return Place(prescription_version.name, prescription_version.c.sealed.name, prescription_id, version, centre_id)
