"""Ask for an export, and gather what the records hold of a patient. Each is noted in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import insert, select

from core.database import Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Kind, Reader, require_read
from records.audit.rules import Action
from records.audit.service import looked_at, note_by
from records.consents.service import consents_to_export
from records.documents.fhir import composition
from records.documents.service import versions_to_export
from records.export import fhir
from records.export.model import export_request
from records.fhir import Resource
from records.files.service import files_of
from records.pharmacy.store import given_of
from records.prescriptions.allergies import allergies_of
from records.prescriptions.fhir import medication_request
from records.prescriptions.rules import Prescription
from records.prescriptions.service import versions_of
from records.sealing import Vault

TABLES = frozenset(
    {
        "allergy_list",
        "audit_event",
        "document",
        "document_version",
        "file",
        "pharmacy_dispense",
        "prescription",
        "prescription_version",
    }
)
"""What `resources_of` has whole, so that it need not be told once more, row by row."""
_ALL = 10_000_000


class Release(StrEnum):
    """Of FHIR."""

    R5 = "R5"
    R4 = "R4"


@dataclass(frozen=True, slots=True)
class Export:
    """What somebody asked for."""

    id: UUID
    person_id: UUID
    patients: tuple[UUID, ...]
    """The first is the one that rows of the person, and not of a patient, are told of."""
    release: Release
    asked_at: datetime
    """UTC."""


async def ask_export(tx: Tx, reader: Reader, patients: Sequence[UUID], release: Release) -> Export:
    """Have all that is held on these patients of the reader's exported. Raises RefusedError."""
    for patient in patients:
        by = require_read(reader, Kind.EXPORT, patient)
        await note_by(tx, reader, by, Action.READ, subject=patient, table=export_request.name)
    asked = Export(new_id(), reader.person_id, tuple(patients), release, tx.now)
    await tx.conn.execute(
        insert(export_request).values(
            id=asked.id,
            person_id=asked.person_id,
            patients=list(asked.patients),
            release=asked.release,
            asked_at=asked.asked_at,
        )
    )
    return asked


async def export_asked(tx: Tx, export_id: UUID) -> Export:
    """What was asked for. Raises RefusedError if nothing was."""
    row = (await tx.conn.execute(select(export_request).where(export_request.c.id == export_id))).one_or_none()
    if row is None:
        raise RefusedError
    return Export(row.id, row.person_id, tuple(row.patients), Release(row.release), row.asked_at)


async def resources_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[Resource]:
    """All that the records hold of a patient, in every version, as FHIR R5. Raises RefusedError, ErasedError."""
    by = require_read(reader, Kind.EXPORT, patient_id)
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=export_request.name)
    prescriptions = await versions_of(tx, vault, reader, patient_id)
    found = [dict(medication_request(each)) for each in prescriptions]
    for one in {each.id: each for each in prescriptions}.values():
        found += fhir.medication_dispenses(one, await given_of(tx, vault, patient_id, one.id))
    stated = await allergies_of(tx, vault, reader, patient_id)
    if stated is not None:
        found += fhir.allergy_intolerances(patient_id, stated)
    documents = await versions_to_export(tx, vault, patient_id)
    found += [composition(each) for each in documents]
    found += [made for each in (*_signed(prescriptions), *documents) if (made := fhir.provenance(each))]
    found += [fhir.document_reference(each) for each in await files_of(tx, vault, reader, patient_id)]
    found += [fhir.consent(each, tx.now) for each in await consents_to_export(tx, reader, patient_id)]
    found += [fhir.audit_event(each) for each in await looked_at(tx, reader, patient_id, limit=_ALL)]
    return found


def _signed(versions: Sequence[Prescription]) -> list[Prescription]:
    """Those versions that a doctor signed; the one of a pharmacy's dispensing has the signature of the one before."""
    once: dict[bytes, Prescription] = {}
    for each in versions:
        if each.signature:
            once.setdefault(each.signature.value, each)
    return [*once.values()]
