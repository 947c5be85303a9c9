"""Making a visit: its time is taken, and it is written down with its first step. No permission is asked here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range, insert

from booking.appointments import moves, rules
from booking.appointments.model import Appointment, Why
from booking.appointments.model import appointment as table
from booking.appointments.reading import appointment
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Service
from booking.schedules import occupancy
from core.database import Tx
from core.errors import ConflictError
from core.ids import new_code, new_id
from records.sealing import Place

TAKEN = "That time has just been taken. Please choose another one."
_TWICE = "The patient has another visit at that time. Please choose another time, or move or cancel that visit first."


@dataclass(frozen=True, slots=True)
class Draft:
    """A visit that is to be made. `start`: UTC, a time that was found to be free."""

    service: Service
    patient_id: UUID
    booked_by: UUID
    start: datetime
    status: Status
    why: Why
    hold_until: datetime | None = None
    reason: str | None = None
    series_id: UUID | None = None

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.service.minutes)


async def make(tx: Tx, ctx: Context, draft: Draft, actor_id: UUID) -> Appointment:
    """Take the time and write the visit. Raises ConflictError when the time is taken, or the patient is elsewhere."""
    appointment_id = new_id()
    await take(tx, draft.service, appointment_id, draft.patient_id, draft.start, draft.end, draft.hold_until)
    await _write(tx, ctx, appointment_id, draft)
    visit = await appointment(tx, appointment_id)
    await moves.record(tx, visit.id, None, visit.status, draft.why, actor_id)
    return visit


async def take(
    tx: Tx,
    service: Service,
    appointment_id: UUID,
    patient_id: UUID,
    start: datetime,
    end: datetime,
    hold_until: datetime | None,
) -> None:
    """Take all that a visit needs. Raises ConflictError; then what it had before is still its own."""
    refused = await occupancy.take(
        tx,
        appointment_id,
        moves.needed(service, patient_id, start, end),
        expires_at=hold_until and hold_until + rules.GRACE,
    )
    if refused:
        raise ConflictError(_TWICE if refused == {patient_id} else TAKEN)


async def _write(tx: Tx, ctx: Context, appointment_id: UUID, draft: Draft) -> None:
    service = draft.service
    centre = await directory.centre(tx, service.centre_id)
    place = Place("appointment", "reason", appointment_id)
    sealed = await ctx.vault.seal(tx, draft.patient_id, place, draft.reason.encode()) if draft.reason else None
    wanted = insert(table).values(
        id=appointment_id,
        status=draft.status,
        service_id=service.id,
        practitioner_id=service.practitioner_id,
        centre_id=service.centre_id,
        patient_id=draft.patient_id,
        booked_by=draft.booked_by,
        during=Range(draft.start, draft.end),
        price_amount=service.price.amount,
        price_currency=service.price.currency,
        hold_until=draft.hold_until,
        free_until=rules.free_until(draft.start, centre.cancel_hours),
        late_refund_percent=centre.late_refund_percent,
        settled_at=None if draft.hold_until else tx.now,
        sequence=0,
        reason=sealed,
        series_id=draft.series_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    while True:
        written = await tx.conn.execute(
            wanted.values(code=new_code()).on_conflict_do_nothing(index_elements=[table.c.code])
        )
        if written.rowcount:
            return
