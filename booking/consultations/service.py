"""What people do with consultation rooms: look at one, bring somebody in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_see_visit, require
from booking.appointments.model import Appointment
from booking.appointments.notices import Notice, tell_each
from booking.appointments.reading import appointment
from booking.appointments.rules import STANDING, Status
from booking.consultations import rules
from booking.consultations.model import Guest, Role, consultation_guest
from booking.consultations.steps import ADMIT, step
from booking.context import Context
from booking.people.model import person as person_table
from booking.people.service import Person, guardians_of, person_of
from core.database import Tx
from core.errors import BadInputError, ConflictError


@dataclass(frozen=True, slots=True)
class Consultation:
    """A visit's room: who belongs there and until when."""

    visit: Appointment
    opens_at: datetime
    closes_at: datetime
    erased_at: datetime
    guests: list[Guest]


async def consultation(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Consultation:
    """Return a visit's room, for those whom the visit concerns. Raises RefusedError for others."""
    return await consultation_to_tell(tx, await _seen(tx, actor, appointment_id))


async def consultation_to_tell(tx: Tx, visit: Appointment) -> Consultation:
    """The same, for a notice to somebody who belongs there."""
    return Consultation(
        visit,
        rules.opens_at(visit),
        rules.closes_at(visit),
        rules.erased_at(visit),
        await guests_of(tx, visit.id),
    )


async def bring_in(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, mxid: str, role: Role) -> Guest:
    """Let somebody into the visit's room: family, an interpreter, another doctor. Both sides are told.

    For the patient's side and the doctor; the centre's admins do not decide who hears. Raises RefusedError,
    BadInputError, ConflictError.
    """
    visit = await _seen(tx, actor, appointment_id, lock=True)
    side = {visit.booked_by, *await guardians_of(tx, visit.patient_id)}
    require(actor.id in side or actor.practitioner_id == visit.practitioner.id)
    if visit.status not in STANDING | {Status.FULFILLED} or rules.closes_at(visit) <= tx.now:
        raise ConflictError("That consultation is over: nobody can be brought in any more.")
    mxid = rules.checked_mxid(mxid)
    matrix = ctx.settings.matrix
    if mxid in (*matrix.bot_ids, matrix.keeper_id):
        raise BadInputError("I stay out of consultations: nobody but you reads along.")
    if not matrix.serves(mxid):
        raise BadInputError("People of that homeserver are not served here. They need an account on another one.")
    guest = await person_of(tx, ctx, mxid)
    if guest.id in side or guest.id == visit.practitioner.person_id:
        raise ConflictError("They belong to this consultation already.")
    there = await guests_of(tx, visit.id)
    if any(each.person_id == guest.id for each in there):
        raise ConflictError("They were brought in already.")
    if len(there) >= rules.MOST_GUESTS:
        raise ConflictError("{most} people can be brought in at most.", most=rules.MOST_GUESTS)
    made = Guest(guest.id, mxid, role, actor.id)
    await tx.conn.execute(
        insert(consultation_guest).values(
            appointment_id=visit.id, person_id=guest.id, role=role.value, invited_by=actor.id, invited_at=tx.now
        )
    )
    told = side | ({visit.practitioner.person_id} if visit.practitioner.person_id else set())
    work = step(ADMIT, visit.id, guest.id)
    await tell_each(tx, visit, Notice.BROUGHT_IN, told - {actor.id}, work, about=guest.id, mxid=mxid, role=role.value)
    return made


async def guests_of(tx: Tx, appointment_id: UUID) -> list[Guest]:
    """Return who was brought in, in order."""
    guest, person = consultation_guest, person_table
    found = await tx.conn.execute(
        select(guest.c.person_id, person.c.mxid, guest.c.role, guest.c.invited_by)
        .join(person, person.c.id == guest.c.person_id)
        .where(guest.c.appointment_id == appointment_id)
        .order_by(guest.c.invited_at)
    )
    return [Guest(row.person_id, row.mxid, Role(row.role), row.invited_by) for row in found]


async def _seen(tx: Tx, actor: Person, appointment_id: UUID, *, lock: bool = False) -> Appointment:
    visit = await appointment(tx, appointment_id, lock=lock)
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )
    return visit
