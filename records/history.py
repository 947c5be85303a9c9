"""What happened to a patient, as the records know it, in time order. Visits are merged in by the floors above."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Tx
from records.access import Kind, Reader, may_read, require_read
from records.prescriptions.rules import Prescription
from records.prescriptions.service import versions_of
from records.sealing import Vault


@dataclass(frozen=True, slots=True)
class Happening:
    """A prescription was written, or its state moved: `prescription.status` says which."""

    at: datetime
    prescription: Prescription
    """As it stood from then on."""


async def history_of(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID) -> list[Happening]:
    """Oldest first, of the kinds that the reader may read. Raises RefusedError, ErasedError."""
    require_read(reader, Kind.HISTORY, patient_id)
    if not may_read(reader, Kind.PRESCRIPTION, patient_id):
        return []
    return [Happening(one.status_changed, one) for one in await versions_of(tx, vault, reader, patient_id)]
