"""Emergency access: a doctor opens a patient's records for some hours by saying why. Whom to tell is the caller's."""

from uuid import UUID

from sqlalchemy import func, insert, select, text

from core.database import Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Reader
from records.audit.rules import Action, Why
from records.audit.service import note
from records.consents.model import REASON
from records.consents.model import emergency_access as table
from records.consents.rules import EMERGENCY_LASTS, Emergency, checked_emergency
from records.sealing import Vault

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))")


async def open_emergency(tx: Tx, vault: Vault, reader: Reader, patient_id: UUID, reason: str) -> Emergency:
    """Open a patient's records to a doctor for EMERGENCY_LASTS, from now on.

    Whoever calls this has the patient's side and the clinic told in the same transaction (booking.sharing).
    For doctors. Raises RefusedError, BadInputError, ConflictError, ErasedError.
    """
    if reader.practitioner_id is None:
        raise RefusedError
    # Of two at once by one doctor the second counts the first.
    await tx.conn.execute(_ALONE, {"who": f"emergency:{reader.person_id}"})
    open_now = await tx.conn.execute(
        select(func.count()).where(table.c.person_id == reader.person_id, table.c.until > tx.now)
    )
    said = checked_emergency(reason, open_now.scalar_one())
    made = Emergency(
        new_id(), patient_id, reader.person_id, reader.practitioner_id, said, tx.now, tx.now + EMERGENCY_LASTS
    )
    await tx.conn.execute(
        insert(table).values(
            id=made.id,
            patient_id=patient_id,
            person_id=made.person_id,
            practitioner_id=made.practitioner_id,
            reason=await vault.seal(tx, patient_id, REASON.place(made.id), said.encode()),
            opened_at=made.opened_at,
            until=made.until,
        )
    )
    await note(
        tx,
        actor=reader.person_id,
        action=Action.WRITE,
        subject=patient_id,
        table=table.name,
        row=made.id,
        why=Why.EMERGENCY,
    )
    return made


async def emergency_to_tell(tx: Tx, vault: Vault, emergency_id: UUID) -> Emergency:
    """One of them with its reason, for the service, which tells those concerned. Raises RefusedError, ErasedError."""
    row = (await tx.conn.execute(select(table).where(table.c.id == emergency_id))).one_or_none()
    if row is None:
        raise RefusedError
    await note(
        tx, actor=None, action=Action.READ, subject=row.patient_id, table=table.name, row=row.id, why=Why.DELIVERY
    )
    reason = (await vault.open(tx, row.patient_id, REASON.place(row.id), row.reason)).decode()
    return Emergency(row.id, row.patient_id, row.person_id, row.practitioner_id, reason, row.opened_at, row.until)


async def open_emergencies(tx: Tx, person_id: UUID) -> dict[UUID, UUID]:
    """Patients whose records are open to a doctor now, each with the emergency access by which."""
    found = await tx.conn.execute(
        select(table.c.patient_id, table.c.id).where(
            table.c.person_id == person_id, table.c.opened_at <= tx.now, table.c.until > tx.now
        )
    )
    return {row.patient_id: row.id for row in found}
