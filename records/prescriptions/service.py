"""Prescribe, read, move. Every version is signed and kept as it was; every read and write is noted."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from core.database import Tx
from core.errors import BadInputError, RefusedError
from core.ids import new_code, new_id, normal_code
from records.access import Kind, Reader, Relation, may_read, require_change, require_list, require_read, require_write
from records.audit.rules import Action, Why
from records.audit.service import note, note_by
from records.pharmacy.store import something_given
from records.prescriptions import store
from records.prescriptions.dosage import coded
from records.prescriptions.medications import atc_of
from records.prescriptions.model import prescription as _prescriptions
from records.prescriptions.model import prescription_version as _versions
from records.prescriptions.rules import (
    Draft,
    Encounter,
    Prescription,
    Status,
    checked,
    checked_reason,
    require_move,
)
from records.sealing import Vault
from records.signing.signature import Signer

__all__ = [
    "Draft",
    "Encounter",
    "Prescription",
    "Status",
    "change_prescription",
    "prescribe",
    "prescription",
    "prescription_by_code",
    "prescription_to_send",
    "prescriptions_of",
    "versions_of",
    "withdraw_prescription",
]


async def prescribe(
    tx: Tx, vault: Vault, reader: Reader, signer: Signer, encounter: Encounter, draft: Draft
) -> Prescription:
    """Prescribe and sign in a visit of the reader's own that has begun.

    Raises RefusedError (the key is not the reader's, too), BadInputError, ErasedError.
    """
    author = encounter.practitioner_id
    signer.require_of(author, reader.person_id)
    if not encounter.started and may_read(reader, Kind.NAME, encounter.patient_id, author=author):
        raise BadInputError("You can prescribe once the visit has begun: note first that the patient has arrived.")
    by = require_write(reader, Kind.PRESCRIPTION, encounter.patient_id, author=author)
    return await write_prescription(tx, vault, reader, by, signer, encounter, checked(draft))


async def write_prescription(
    tx: Tx,
    vault: Vault,
    reader: Reader,
    by: Relation,
    signer: Signer,
    encounter: Encounter,
    draft: Draft,
    *,
    prior: UUID | None = None,
) -> Prescription:
    """Sign and keep the first version of a checked draft. The caller has decided that the reader may, by what.

    `prior`: the prescription that this one renews. Raises RefusedError (the key is another's), ErasedError.
    """
    signer.require_of(encounter.practitioner_id, reader.person_id)
    written = Prescription(
        id=new_id(),
        code=new_code(),
        patient_id=encounter.patient_id,
        appointment_id=encounter.appointment_id,
        practitioner_id=encounter.practitioner_id,
        centre_id=encounter.centre_id,
        version=1,
        status=Status.ACTIVE,
        status_reason="",
        status_changed=tx.now,
        authored_on=tx.now,
        draft=draft,
        atc=atc_of(draft.medication),
        patient_name=encounter.patient_name,
        practitioner_name=encounter.practitioner_name,
        centre_name=encounter.centre_name,
        dosage_coded=coded(draft.dosage),
        prior=prior,
    )
    written = await store.add(tx, vault, signer, written)
    await _note(tx, reader, by, Action.WRITE, written.patient_id, written.id)
    return written


async def prescriptions_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[Prescription]:
    """A patient's prescriptions as they stand now, newest first. Raises RefusedError, ErasedError."""
    order = (_prescriptions.c.created_at.desc(), _prescriptions.c.id.desc())
    return await _read_all(tx, vault, reader, patient_id, store.newest().order_by(*order))


async def versions_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[Prescription]:
    """Every version of a patient's prescriptions, oldest first. Raises RefusedError, ErasedError."""
    order = (_versions.c.created_at, _versions.c.prescription_id, _versions.c.version)
    return await _read_all(tx, vault, reader, patient_id, store.every_version().order_by(*order))


async def prescription(tx: Tx, vault: Vault, reader: Reader, prescription_id: UUID) -> Prescription:
    """One prescription as it stands now. Raises RefusedError (also if there is none), ErasedError, ForgedError."""
    return await _read(tx, vault, reader, await _find(tx, _prescriptions.c.id == prescription_id))


async def prescription_by_code(tx: Tx, vault: Vault, reader: Reader, code: str) -> Prescription:
    """The same by the code that people read aloud, however they type it. Raises as that does."""
    return await _read(tx, vault, reader, await _find(tx, _prescriptions.c.code == normal_code(code)))


async def prescription_to_send(tx: Tx, vault: Vault, prescription_id: UUID) -> Prescription:
    """The same for the service itself, which sends a person what they were allowed to ask for.

    Raises RefusedError if there is none, ErasedError, ForgedError.
    """
    row = await _find(tx, _prescriptions.c.id == prescription_id)
    table = _prescriptions.name
    await note(tx, actor=None, action=Action.READ, subject=row.patient_id, table=table, row=row.id, why=Why.DELIVERY)
    return (await store.opened(tx, vault, row.patient_id, [row], check=True))[0]


async def withdraw_prescription(
    tx: Tx, vault: Vault, reader: Reader, signer: Signer, prescription_id: UUID, reason: str
) -> Prescription:
    """End what the reader prescribed: cancelled while nothing of it was given, stopped after that.

    Raises as `change_prescription` does.
    """
    await store.lock(tx, prescription_id)
    to = Status.STOPPED if await something_given(tx, prescription_id) else Status.CANCELLED
    return await change_prescription(tx, vault, reader, signer, prescription_id, to, reason)


async def change_prescription(
    tx: Tx, vault: Vault, reader: Reader, signer: Signer, prescription_id: UUID, to: Status, reason: str
) -> Prescription:
    """Move what the reader prescribed to another state, as a new signed version that says when and why.

    Raises RefusedError, BadInputError, ConflictError (it cannot move there from its state), ErasedError, ForgedError.
    """
    await store.lock(tx, prescription_id)
    row = await _find(tx, _prescriptions.c.id == prescription_id)
    by = require_change(reader, Kind.PRESCRIPTION, row.patient_id, author=row.practitioner_id)
    signer.require_of(row.practitioner_id, reader.person_id)
    current = (await store.opened(tx, vault, row.patient_id, [row], check=True))[0]
    require_move(current.status, to)
    moved = replace(
        current,
        version=current.version + 1,
        status=to,
        status_reason=checked_reason(reason),
        status_changed=tx.now,
    )
    moved = await store.supersede(tx, vault, signer, moved)
    await _note(tx, reader, by, Action.WRITE, moved.patient_id, moved.id)
    return moved


async def _find(tx: Tx, which: Any) -> Row[Any]:
    row: Row[Any] | None = (await tx.conn.execute(store.newest().where(which))).one_or_none()
    if row is None:
        raise RefusedError
    return row


async def _read(tx: Tx, vault: Vault, reader: Reader, row: Row[Any]) -> Prescription:
    by = require_read(reader, Kind.PRESCRIPTION, row.patient_id, author=row.practitioner_id)
    await _note(tx, reader, by, Action.READ, row.patient_id, row.id)
    return (await store.opened(tx, vault, row.patient_id, [row], check=True))[0]


async def _read_all(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, query: Any) -> list[Prescription]:
    """All that the reader may see of them: a doctor whose time with the patient is over, what they wrote themselves."""
    by, author = require_list(reader, Kind.PRESCRIPTION, patient_id)
    wanted = query.where(_prescriptions.c.patient_id == patient_id)
    if author is not None:
        wanted = wanted.where(_prescriptions.c.practitioner_id == author)
    rows = (await tx.conn.execute(wanted)).all()
    await _note(tx, reader, by, Action.READ, patient_id, None)
    return await store.opened(tx, vault, patient_id, rows)


async def _note(tx: Tx, reader: Reader, by: Relation, action: Action, patient_id: UUID, row: UUID | None) -> None:
    await note_by(tx, reader, by, action, subject=patient_id, table=_prescriptions.name, row=row)
