"""Referring a patient on, and booking with a referral."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from booking.access import may_book_for, require
from booking.appointments import reading as visits
from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_side
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Mode, Service
from booking.payments import ledger
from booking.people.service import Person
from booking.readers import reader_of
from booking.referrals import rules
from booking.referrals.model import NOTE, Priority, Referral, State
from booking.referrals.model import referral as table
from core.database import Tx
from core.errors import RefusedError
from core.ids import new_id
from core.money import Money
from records.access import Deed, Kind, Reader, decide, require_change, require_list, require_write
from records.audit.rules import Action, Why
from records.audit.service import note as note_down
from records.audit.service import note_by
from records.sealing import ErasedError

_COLUMNS = [column for column in table.columns if column.name != "note"]


async def refer(
    tx: Tx,
    ctx: Context,
    actor: Person,
    appointment_id: UUID,
    *,
    specialty: str | None = None,
    performer_id: UUID | None = None,
    mode: Mode | None = None,
    priority: Priority = Priority.ROUTINE,
    note: str | None = None,
) -> Referral:
    """Send the patient of a visit on: to another specialty or doctor, or from online to in person; they are told.

    For the visit's practitioner, once it has begun. Raises RefusedError, BadInputError, ConflictError.
    """
    visit = await visits.appointment(tx, appointment_id, lock=True)
    require(actor.practitioner_id == visit.practitioner.id)
    rules.check_begun(visit.status, visit.start, tx.now)
    reader = await reader_of(tx, actor)
    by = require_write(reader, Kind.REFERRAL, visit.patient_id, author=visit.practitioner.id)
    rules.check_target(specialty, performer_id not in {None, visit.practitioner.id}, mode, visit.service)
    if performer_id and not specialty:
        offered = {each.specialty for each in await directory.services_of(tx, performer_id)}
        own = visit.service.specialty
        specialty = own if own in offered else min(offered, default=own)
    note = rules.checked_note(note)
    made = Referral(
        new_id(),
        visit.id,
        visit.patient_id,
        visit.practitioner.id,
        specialty or visit.service.specialty,
        performer_id,
        mode,
        priority,
        State.ACTIVE,
        None,
        tx.now,
        tx.now + rules.VALID_FOR,
    )
    sealed = await ctx.vault.seal(tx, visit.patient_id, NOTE.place(made.id), note.encode()) if note else None
    values = {column.name: getattr(made, _FIELD.get(column.name, column.name)) for column in _COLUMNS}
    await tx.conn.execute(insert(table).values(**values, note=sealed))
    await note_by(tx, reader, by, Action.WRITE, subject=visit.patient_id, table=table.name, row=made.id)
    await tell_side(tx, visit, Notice.REFERRED, about=made.id, referral=str(made.id))
    return made


async def revoke(tx: Tx, ctx: Context, actor: Person, referral_id: UUID) -> Referral:
    """Take a referral back that nobody has booked with; the patient is told. For the doctor who wrote it.

    Raises RefusedError, ConflictError.
    """
    found = await _referral(tx, referral_id, lock=True)
    reader = await reader_of(tx, actor)
    by = require_change(reader, Kind.REFERRAL, found.patient_id, author=found.requester_id)
    rules.check_open(found, await _booked_status(tx, found), tx.now)
    await tx.conn.execute(update(table).where(table.c.id == found.id).values(status=State.REVOKED))
    await note_by(tx, reader, by, Action.WRITE, subject=found.patient_id, table=table.name, row=found.id)
    visit = await visits.appointment(tx, found.appointment_id)
    await tell_side(tx, visit, Notice.REFERRAL_REVOKED, about=found.id, referral=str(found.id))
    return found


async def book(
    tx: Tx, ctx: Context, actor: Person, referral_id: UUID, service_id: UUID, start: datetime
) -> Appointment:
    """Book a visit with a referral, once; where the centre's rule says so, the first visit's fee is carried over.

    For the patient's side. `start`: aware. Raises RefusedError, BadInputError, ConflictError.
    """
    found = await _referral(tx, referral_id, lock=True)
    require(may_book_for(actor, found.patient_id))
    rules.check_open(found, await _booked_status(tx, found), tx.now)
    service = (await visits.steady_offer(tx, service_id, alone=f"book:{actor.id}")).service  # with the price that holds
    rules.check_serves(found, service)
    over = await _to_carry(tx, found, service.centre_id, service.price)
    price = Money(service.price.currency, service.price.amount - over.amount) if over else None
    visit = await appointments.book(
        tx, ctx, actor, service_id=service_id, start=start, patient_id=found.patient_id, price=price
    )
    if over and visit.created_at == tx.now:  # not one that was booked before
        await ledger.carry(tx, found.appointment_id, visit.id, over)
    await tx.conn.execute(update(table).where(table.c.id == found.id).values(booked_id=visit.id))
    return visit


async def to_be_carried(tx: Tx, referral_id: UUID, service: Service) -> int:
    """Return how much of a service's price the first visit would pay now, in the smallest unit: to be told."""
    found = await _referral(tx, referral_id)
    if not await _can_be_used(tx, found, service):
        return 0
    first = await visits.appointment(tx, found.appointment_id)
    if not first.centre.carries_fee or first.centre.id != service.centre_id:
        return 0
    _, left = await ledger.sums(tx, first.id)
    over = rules.carried(Money(first.price.currency, left), service.price)
    return over.amount if over else 0


async def use(tx: Tx, referral_id: UUID, visit: Appointment, price: Money) -> int:
    """Have a visit, under its lock, be what was booked with a referral; returns how much of `price` is carried over.

    Nothing, and nothing changes, where the referral was used meanwhile, is taken back, over, or to something else.
    """
    found = await _referral(tx, referral_id, lock=True)
    if not await _can_be_used(tx, found, visit.service):
        return 0
    over = await _to_carry(tx, found, visit.centre.id, price)
    if over:
        await ledger.carry(tx, found.appointment_id, visit.id, over)
    await tx.conn.execute(update(table).where(table.c.id == found.id).values(booked_id=visit.id))
    return over.amount if over else 0


async def _can_be_used(tx: Tx, found: Referral, service: Service) -> bool:
    return rules.is_open(found, await _booked_status(tx, found), tx.now) and rules.serves(found, service)


async def check_unused(tx: Tx, ctx: Context, actor: Person, referral_id: UUID) -> None:
    """Raise ConflictError, which says why, where a visit cannot be booked with a referral of the patient's side."""
    found = await by_id(tx, ctx, actor, referral_id)
    rules.check_open(found, await _booked_status(tx, found), tx.now)


async def _to_carry(tx: Tx, found: Referral, centre_id: UUID, price: Money) -> Money | None:
    """Return what the first visit's payment pays of the next one, which is at the same centre.

    What was carried into a visit that did not come about goes back first.
    """
    first = await visits.appointment(tx, found.appointment_id, lock=True)
    if found.booked_id and (before := await ledger.carried_into(tx, found.booked_id)) > 0:
        await ledger.carry(tx, found.booked_id, first.id, Money(first.price.currency, before))
    if not first.centre.carries_fee or first.centre.id != centre_id:
        return None
    _, left = await ledger.sums(tx, first.id)
    return rules.carried(Money(first.price.currency, left), price)


async def by_id(tx: Tx, ctx: Context, actor: Person, referral_id: UUID) -> Referral:
    """Return a referral of the patient's side, or of the doctor who wrote it. Raises RefusedError."""
    found = await _referral(tx, referral_id)
    require(may_book_for(actor, found.patient_id) or actor.practitioner_id == found.requester_id)
    return found


async def referral_to_send(tx: Tx, referral_id: UUID) -> Referral:
    """Return a referral without asking who looks: for its notice."""
    return await _referral(tx, referral_id)


async def open_referrals(tx: Tx, ctx: Context, actor: Person) -> list[Referral]:
    """Return what oneself and one's family can book a visit with, the urgent ones first, then the oldest."""
    own = [actor.patient.id, *(member.id for member in actor.family)]
    return await _open(tx, table.c.patient_id.in_(own))


async def written(tx: Tx, ctx: Context, actor: Person) -> list[Referral]:
    """Return the referrals that a doctor wrote and nobody has booked with. Raises RefusedError for others."""
    require(actor.practitioner_id is not None)
    return await _open(tx, table.c.requester_id == actor.practitioner_id)


async def of_visit(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> tuple[Referral, str | None] | None:
    """Return the referral that a visit was booked with, and its note: for the patient's side and the practitioner.

    Raises RefusedError.
    """
    visit = await visits.appointment(tx, appointment_id)
    require(may_book_for(actor, visit.patient_id) or actor.practitioner_id == visit.practitioner.id)
    found = await tx.conn.execute(select(*_COLUMNS).where(table.c.booked_id == appointment_id))
    row = found.one_or_none()
    if row is None:
        return None
    referral = _referral_from(row)
    # Written for whom the patient went to with it: to them it belongs to their own visit.
    return referral, await note_of(tx, ctx, actor, referral, author=visit.practitioner.id)


async def note_of(tx: Tx, ctx: Context, actor: Person, referral: Referral, *, author: UUID | None = None) -> str | None:
    """Return a referral's note; None where there is none, and for those who may not read it.

    `author`: to whose visit it belongs, the doctor's who wrote it unless another is named.
    """
    reader = await reader_of(tx, actor)
    by = decide(reader, Deed.READ, Kind.REFERRAL, referral.patient_id, author=author or referral.requester_id)
    if by is None:
        return None
    note = await _note(tx, ctx, referral)
    if note is not None:
        await note_by(tx, reader, by, Action.READ, subject=referral.patient_id, table=table.name, row=referral.id)
    return note


async def note_to_send(tx: Tx, ctx: Context, referral: Referral) -> str | None:
    """The same for the service itself, which tells the patient's side of the referral."""
    said = await _note(tx, ctx, referral)
    if said is not None:
        subject, name, row = referral.patient_id, table.name, referral.id
        await note_down(tx, actor=None, action=Action.READ, subject=subject, table=name, row=row, why=Why.DELIVERY)
    return said


async def notes_of(tx: Tx, ctx: Context, reader: Reader, patient_id: UUID) -> list[str]:
    """Return the notes of a patient's referrals that the reader may read, the newest first.

    Raises RefusedError, ErasedError.
    """
    by, author = require_list(reader, Kind.REFERRAL, patient_id)
    await note_by(tx, reader, by, Action.READ, subject=patient_id, table=table.name)
    wanted = [table.c.patient_id == patient_id, table.c.note.is_not(None)]
    if author is not None:
        wanted.append(table.c.requester_id == author)
    found = await tx.conn.execute(select(table.c.id, table.c.note).where(*wanted).order_by(table.c.created_at.desc()))
    sealed = [(NOTE.place(row.id), row.note) for row in found]
    return [plain.decode() for plain in await ctx.vault.open_all(tx, patient_id, sealed)]


async def _note(tx: Tx, ctx: Context, referral: Referral) -> str | None:
    found = await tx.conn.execute(select(table.c.note).where(table.c.id == referral.id))
    sealed = found.scalar_one_or_none()
    if sealed is None:
        return None
    try:
        return (await ctx.vault.open(tx, referral.patient_id, NOTE.place(referral.id), sealed)).decode()
    except ErasedError:
        return None


async def _open(tx: Tx, wanted: Any) -> list[Referral]:
    found = await tx.conn.execute(
        select(*_COLUMNS)
        .where(wanted, table.c.status == State.ACTIVE, table.c.expires_at > tx.now)
        .order_by((table.c.priority == Priority.URGENT).desc(), table.c.created_at)
    )
    referrals = [_referral_from(row) for row in found]
    return [each for each in referrals if rules.is_open(each, await _booked_status(tx, each), tx.now)]


async def _booked_status(tx: Tx, found: Referral) -> Status | None:
    return (await visits.appointment(tx, found.booked_id)).status if found.booked_id else None


async def _referral(tx: Tx, referral_id: UUID, *, lock: bool = False) -> Referral:
    wanted = select(*_COLUMNS).where(table.c.id == referral_id)
    row = (await tx.conn.execute(wanted.with_for_update() if lock else wanted)).one_or_none()
    if row is None:
        raise RefusedError
    return _referral_from(row)


_FIELD = {"status": "state"}


def _referral_from(row: Row[Any]) -> Referral:
    return Referral(
        row.id,
        row.appointment_id,
        row.patient_id,
        row.requester_id,
        row.specialty,
        row.performer_id,
        Mode(row.mode) if row.mode else None,
        Priority(row.priority),
        State(row.status),
        row.booked_id,
        row.created_at,
        row.expires_at,
    )
