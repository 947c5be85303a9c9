"""Why patients come: sealed for them, opened for those whom records.access lets, each time written into the audit."""

from uuid import UUID

from sqlalchemy import select, update

from booking.appointments import rules
from booking.appointments.model import REASON, starts
from booking.appointments.model import appointment as table
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.context import Context
from booking.people.service import Person
from booking.readers import reader_of
from core.database import Tx
from core.errors import ConflictError
from records.access import Kind, Reader, Relation, require_list, require_read, require_write
from records.audit.rules import Action
from records.audit.service import note_by
from records.sealing import ErasedError

_MOST = 50


async def set_reason(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, reason: str) -> None:
    """Say, or say anew, why the patient comes; sealed for the patient. For the patient's side, until it is over.

    Raises RefusedError, BadInputError, ConflictError.
    """
    visit = await appointment(tx, appointment_id, lock=True)
    reader = await reader_of(tx, actor)
    by = require_write(reader, Kind.REASON, visit.patient_id)
    if visit.status not in {Status.PENDING, Status.BOOKED, Status.ARRIVED}:
        raise ConflictError("That visit is over or cancelled.")
    wanted = rules.checked_reason(reason)
    place = REASON.place(visit.id)
    sealed = await ctx.vault.seal(tx, visit.patient_id, place, wanted.encode()) if wanted else None
    await tx.conn.execute(update(table).where(table.c.id == visit.id).values(reason=sealed))
    await note_reason(tx, reader, by, visit.patient_id, visit.id)


async def require_reason(tx: Tx, actor: Person, patient_id: UUID) -> tuple[Reader, Relation]:
    """Before a visit is booked with a reason: who says so, and by what they may. Raises RefusedError."""
    reader = await reader_of(tx, actor)
    return reader, require_write(reader, Kind.REASON, patient_id)


async def note_reason(tx: Tx, reader: Reader, by: Relation, patient_id: UUID, appointment_id: UUID) -> None:
    """Write down that a reason was written."""
    await note_by(tx, reader, by, Action.WRITE, subject=patient_id, table=table.name, row=appointment_id)


async def reason_of(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> str | None:
    """Return why the patient comes to a visit, for those who may read it. Raises RefusedError."""
    visit = await appointment(tx, appointment_id)
    reader = await reader_of(tx, actor)
    by = require_read(reader, Kind.REASON, visit.patient_id, author=visit.practitioner.id)
    await note_by(tx, reader, by, Action.READ, subject=visit.patient_id, table=table.name, row=visit.id)
    found = await tx.conn.execute(select(table.c.reason).where(table.c.id == appointment_id))
    sealed = found.scalar_one()
    if sealed is None:
        return None
    try:
        plain = await ctx.vault.open(tx, visit.patient_id, REASON.place(appointment_id), sealed)
    except ErasedError:
        return None
    return plain.decode()


async def reasons_of(tx: Tx, ctx: Context, reader: Reader, patient_id: UUID) -> list[str]:
    """Return why a patient came to their visits, the latest first, as far as the reader may read it.

    Raises RefusedError, ErasedError.
    """
    by, author = require_list(reader, Kind.REASON, patient_id)
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=table.name)
    wanted = [table.c.patient_id == patient_id, table.c.reason.is_not(None)]
    if author is not None:
        wanted.append(table.c.practitioner_id == author)
    found = await tx.conn.execute(
        select(table.c.id, table.c.reason).where(*wanted).order_by(starts.desc()).limit(_MOST)
    )
    sealed = [(REASON.place(row.id), row.reason) for row in found]
    return [plain.decode() for plain in await ctx.vault.open_all(tx, patient_id, sealed)]
