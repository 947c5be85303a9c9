"""Renewal: a patient asks for the same again; the doctor who wrote it signs a new prescription, or declines."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.errors import ConflictError, RefusedError
from core.ids import new_id
from records.access import Kind, Reader, Relation, require_change, require_read
from records.audit.rules import Action
from records.audit.service import note_by
from records.prescriptions.model import prescription as prescription_table
from records.prescriptions.model import renewal
from records.prescriptions.rules import Encounter, Prescription, checked, require_renewable
from records.prescriptions.service import prescription, write_prescription
from records.sealing import Vault
from records.signing.signature import Signer

_ANSWERED_WITHIN = timedelta(days=30)
"""How long what is asked for keeps the patient's records open to the doctor who is asked."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a patient asks for."""

    id: UUID
    prior: Prescription
    """As it stands now."""


async def ask_renewal(tx: Tx, vault: Vault, reader: Reader, prescription_id: UUID) -> Renewal:
    """Ask for a prescription of one's own, or of one's family's, once more.

    Raises RefusedError, ConflictError (it was ended, or is asked for already), ErasedError, ForgedError.
    """
    prior = await prescription(tx, vault, reader, prescription_id)
    by = require_read(reader, Kind.PRESCRIPTION, prior.patient_id)
    if by not in {Relation.SELF, Relation.GUARDIAN}:
        raise RefusedError
    require_renewable(prior)
    asked = new_id()
    kept = await tx.conn.execute(
        insert(renewal)
        .values(
            id=asked,
            prescription_id=prior.id,
            patient_id=prior.patient_id,
            asked_by=reader.person_id,
            asked_at=tx.now,
        )
        .on_conflict_do_nothing()  # one is open
    )
    if not kept.rowcount:
        raise ConflictError("You have asked for this already. The doctor answers here.")
    await _note(tx, reader, by, prior.patient_id, asked)
    return Renewal(asked, prior)


async def renewals_waiting(tx: Tx, practitioner_id: UUID) -> frozenset[UUID]:
    """Patients who have lately asked a doctor for something once more, and were not answered yet."""
    asked = renewal.join(prescription_table, prescription_table.c.id == renewal.c.prescription_id)
    found = await tx.conn.execute(
        select(renewal.c.patient_id)
        .select_from(asked)
        .where(
            prescription_table.c.practitioner_id == practitioner_id,
            renewal.c.answered_at.is_(None),
            renewal.c.asked_at > tx.now - _ANSWERED_WITHIN,
        )
    )
    return frozenset(found.scalars())


async def renewal_asked(tx: Tx, vault: Vault, reader: Reader, renewal_id: UUID) -> Renewal:
    """What is to be answered, for who is asked. Raises RefusedError, ConflictError (it is answered), ErasedError."""
    row = await _open(tx, renewal_id)
    return Renewal(row.id, await prescription(tx, vault, reader, row.prescription_id))


async def renew(tx: Tx, vault: Vault, reader: Reader, signer: Signer, renewal_id: UUID) -> Prescription:
    """Prescribe the same again, signed now, valid from now.

    Raises RefusedError, ConflictError (it is answered, or the prescription was ended since), ErasedError, ForgedError.
    """
    row = await _open(tx, renewal_id)
    prior = await prescription(tx, vault, reader, row.prescription_id)
    # Asked for by the patient, and of what was prescribed: the time after the last visit may be over.
    by = require_change(reader, Kind.PRESCRIPTION, prior.patient_id, author=prior.practitioner_id)
    require_renewable(prior)
    again = Encounter(
        appointment_id=prior.appointment_id,
        patient_id=prior.patient_id,
        patient_name=prior.patient_name,
        practitioner_id=prior.practitioner_id,
        practitioner_name=prior.practitioner_name,
        centre_id=prior.centre_id,
        centre_name=prior.centre_name,
        started=True,
    )
    written = await write_prescription(tx, vault, reader, by, signer, again, checked(prior.draft), prior=prior.id)
    await _answer(tx, row.id, renewed_by=written.id)
    return written


async def decline_renewal(tx: Tx, vault: Vault, reader: Reader, renewal_id: UUID) -> Prescription:
    """Leave it at what was prescribed, which is returned. For who wrote it.

    Raises RefusedError, ConflictError (it is answered), ErasedError, ForgedError.
    """
    row = await _open(tx, renewal_id)
    prior = await prescription(tx, vault, reader, row.prescription_id)
    by = require_change(reader, Kind.PRESCRIPTION, prior.patient_id, author=prior.practitioner_id)
    await _answer(tx, row.id, renewed_by=None)
    await _note(tx, reader, by, prior.patient_id, row.id)
    return prior


async def _open(tx: Tx, renewal_id: UUID) -> Row[Any]:
    row = (await tx.conn.execute(select(renewal).where(renewal.c.id == renewal_id).with_for_update())).one_or_none()
    if row is None:
        raise RefusedError
    if row.answered_at is not None:
        raise ConflictError("That was answered already.")
    return row


async def _answer(tx: Tx, renewal_id: UUID, *, renewed_by: UUID | None) -> None:
    values = {"answered_at": tx.now, "renewed_by": renewed_by}
    await tx.conn.execute(update(renewal).where(renewal.c.id == renewal_id).values(**values))


async def _note(tx: Tx, reader: Reader, by: Relation, patient_id: UUID, row: UUID) -> None:
    await note_by(tx, reader, by, Action.WRITE, subject=patient_id, table=renewal.name, row=row)
