"""Give a code to one who has come of age, and take one's records over with it. The family then speaks for them no more.

What it shared has ended with the day, and it leaves the rooms of visits.

The proof is two things: the code, which comes from a centre that has seen who it is, and the date of birth, which
whoever finds the code does not know. No record moves and no key changes: the records get another owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, insert, or_, select, update

from booking.access import may_administer, require
from booking.appointments import service as appointments
from booking.appointments.model import appointment
from booking.appointments.rules import KEPT, STANDING, Status
from booking.consultations.model import Role, consultation_guest
from booking.consultations.steps import regroup_rooms_of
from booking.context import Context
from booking.handover.model import handover
from booking.people.model import BORN, guardian, patient, person
from booking.people.rules import comes_of_age
from booking.people.service import Patient, Person, patients_by_id, person_by_id
from booking.sharing.news import tell
from booking.sharing.service import Shared, end_guardians_consents, shared_at
from booking.waiting.model import waiting
from core.database import Tx
from core.errors import BadInputError, ConflictError
from core.ids import new_id, secret_hash
from core.tables import metadata
from core.timezones import zone
from records.audit.rules import Action, Why
from records.audit.service import note
from records.erasure import forget
from records.pharmacy.secrets import new_typed_secret, read_secret

VALID_FOR = timedelta(days=14)
_TRIES = 5
_AT_ONCE = 500
_ABOUT = frozenset({"patient_id", "subject"})
_NOTHING = frozenset({"audit_event", "audit_waiting", "erasure", "guardian", "keys.subject_key", "patient_lookup"})
"""Tables whose rows about a patient hold nothing that would be missed."""
_GONE = "That code is not good any more. Please ask for a new one."


class Wrong(StrEnum):
    """Why nothing was taken over; to be committed, so that it counts."""

    BORN = "born"
    SPOILT = "spoilt"
    """One wrong date too many: the code is good no more."""


@dataclass(frozen=True, slots=True)
class Given:
    """A code that was given out."""

    patient: Patient
    code: str
    expires_at: datetime
    """UTC."""


async def give_code(tx: Tx, ctx: Context, actor: Person, visit_code: str) -> Given:
    """Give a code for the patient of a visit, for admins of its centre, who have seen who stands before them.

    Not for the family: a parent knows the date of birth, too. Raises RefusedError, ConflictError.
    """
    visit = await appointments.by_code(tx, ctx, actor, visit_code)
    require(may_administer(actor, visit.centre.id))
    patient_id = visit.patient_id
    row = (await tx.conn.execute(select(patient.c.person_id).where(patient.c.id == patient_id).with_for_update())).one()
    if row.person_id is not None:
        raise ConflictError("They have an account of their own, and their records with it.")
    (known,) = await patients_by_id(tx, ctx, [patient_id])
    if known.born is None:
        raise ConflictError("Their date of birth is not known here, so nobody can prove to be them.")
    of_age = comes_of_age(known.born, ctx.settings.booking.of_age)
    if of_age > _today(tx, actor.timezone):
        raise ConflictError("They come of age on {day}; their records can be taken over from then on.", day=of_age)
    await tx.conn.execute(
        update(handover)
        .where(handover.c.patient_id == patient_id, handover.c.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
    made, code = new_id(), new_typed_secret()
    await tx.conn.execute(
        insert(handover).values(
            id=made,
            patient_id=patient_id,
            given_by=actor.id,
            code_hash=secret_hash(code),
            given_at=tx.now,
            expires_at=tx.now + VALID_FOR,
        )
    )
    await note(
        tx, actor=actor.id, action=Action.WRITE, subject=patient_id, table=handover.name, row=made, why=Why.REQUEST
    )
    return Given(known, code, tx.now + VALID_FOR)


async def take_over(tx: Tx, ctx: Context, actor: Person, code: str, born: date) -> Person | Wrong:
    """Make the records of who was given the code the actor's own. Who kept them is told, and keeps them no more.

    What the actor's account had of its own before stays within reach, as a member of the family; where there was
    nothing, it is erased. Raises BadInputError (no such code), ConflictError.
    """
    row = await _open(tx, code)
    if row.given_by == actor.id:
        raise ConflictError("This code is for them: they write it from an account of their own.")
    patient_id: UUID = row.patient_id
    await tx.conn.execute(
        select(patient.c.id).where(patient.c.id.in_([patient_id, actor.patient.id])).with_for_update()
    )
    (known,) = await patients_by_id(tx, ctx, [patient_id])
    if known.born != born:
        spoilt = row.failures + 1 >= _TRIES
        ended = {"ended_at": tx.now} if spoilt else {}
        await tx.conn.execute(
            update(handover).where(handover.c.id == row.id).values(failures=row.failures + 1, **ended)
        )
        return Wrong.SPOILT if spoilt else Wrong.BORN
    before = actor.patient.id
    await tx.conn.execute(update(patient).where(patient.c.id == before).values(person_id=None))
    await tx.conn.execute(update(patient).where(patient.c.id == patient_id).values(person_id=actor.id))
    ended_for = await tx.conn.execute(
        delete(guardian).where(guardian.c.patient_id == patient_id).returning(guardian.c.person_id)
    )
    kept_by = sorted(set(ended_for.scalars()) - {actor.id})
    await _plans_go_along(tx, patient_id, kept_by, actor.id)
    # The day may not have been looked at yet on which they came of age.
    await end_guardians_consents(tx, patient_id, kept_by)
    await _rooms_without(tx, patient_id, kept_by, row.id)
    if await _holds_something(tx, before):
        await tx.conn.execute(insert(guardian).values(person_id=actor.id, patient_id=before, since=tx.now))
    else:
        await forget(tx, ctx.vault, before, actor=actor.id)
    await tx.conn.execute(update(handover).where(handover.c.id == row.id).values(ended_at=tx.now, taken_by=actor.id))
    await note(
        tx, actor=actor.id, action=Action.WRITE, subject=patient_id, table=handover.name, row=row.id, why=Why.OWN
    )
    await tell(tx, kept_by, "taken over", row.id, patient=str(patient_id), account=actor.mxid)
    return await person_by_id(tx, ctx, actor.id)


async def shared_before(tx: Tx, ctx: Context, actor: Person) -> list[Shared]:
    """What of one's records was shared, by who kept them, when one came of age: it has ended, and one may renew it."""
    born = actor.patient.born
    if born is None:
        return []
    day = comes_of_age(born, ctx.settings.booking.of_age)
    # Whoever kept them may live in another zone: their midnight of that day is within it here, too.
    moment = datetime.combine(day, time(), zone(actor.timezone)) - timedelta(days=1)
    return await shared_at(tx, actor.patient.id, moment, but=actor.id)


async def tell_of_age(tx: Tx, ctx: Context) -> int:
    """Tell those who kept records of a child that comes of age today that these are closed to them; each once.

    Looks at each child once a day, some at a time. Returns how many children it looked at.
    """
    today = tx.now.date()
    found = await tx.conn.execute(
        select(guardian.c.person_id, guardian.c.patient_id, guardian.c.since, patient.c.born, person.c.timezone)
        .join(patient, patient.c.id == guardian.c.patient_id)
        .join(person, person.c.id == guardian.c.person_id)
        .where(
            patient.c.person_id.is_(None),
            patient.c.born.is_not(None),
            guardian.c.told_at.is_(None),
            or_(guardian.c.looked_on.is_(None), guardian.c.looked_on < today),
        )
        .order_by(guardian.c.looked_on.nulls_first())
        .limit(_AT_ONCE)
        .with_for_update(of=guardian, skip_locked=True)
    )
    rows = found.all()
    opened = await ctx.vault.open_each(tx, [(row.patient_id, BORN.place(row.patient_id), row.born) for row in rows])
    for row, born in zip(rows, opened, strict=True):
        values: dict[str, object] = {"looked_on": today}
        if born is not None:
            of_age = comes_of_age(date.fromisoformat(born.decode()), ctx.settings.booking.of_age)
            if row.since.date() < of_age <= _today(tx, row.timezone or ctx.settings.booking.timezone):
                values["told_at"] = tx.now
                await end_guardians_consents(tx, row.patient_id, [row.person_id])
                await tell(tx, [row.person_id], "of age", row.patient_id, patient=str(row.patient_id))
        this = (guardian.c.person_id == row.person_id) & (guardian.c.patient_id == row.patient_id)
        await tx.conn.execute(update(guardian).where(this).values(**values))
    return len(rows)


async def _open(tx: Tx, code: str) -> Row[Any]:
    secret = read_secret(code)
    if secret is None:
        raise BadInputError(_GONE)
    found = await tx.conn.execute(
        select(handover)
        .where(
            handover.c.code_hash == secret_hash(secret), handover.c.ended_at.is_(None), handover.c.expires_at > tx.now
        )
        .with_for_update()
    )
    row: Row[Any] | None = found.one_or_none()
    if row is None:
        raise BadInputError(_GONE)
    return row


async def _plans_go_along(tx: Tx, patient_id: UUID, kept_by: Sequence[UUID], to: UUID) -> None:
    """What was booked or is waited for in their name is theirs to move and to cancel."""
    to_come = [*STANDING, *KEPT, Status.WAITLIST]
    await tx.conn.execute(
        update(appointment)
        .where(
            appointment.c.patient_id == patient_id,
            appointment.c.booked_by.in_(kept_by),
            appointment.c.status.in_(to_come),
        )
        .values(booked_by=to)
    )
    await tx.conn.execute(
        update(waiting).where(waiting.c.patient_id == patient_id, waiting.c.person_id.in_(kept_by)).values(person_id=to)
    )


async def _rooms_without(tx: Tx, patient_id: UUID, kept_by: Sequence[UUID], because: UUID) -> None:
    """Who kept the records leaves the rooms of visits, and with them the family whom they brought in."""
    of_patient = select(appointment.c.id).where(appointment.c.patient_id == patient_id)
    guest = consultation_guest.c
    await tx.conn.execute(
        delete(consultation_guest).where(
            guest.appointment_id.in_(of_patient), guest.invited_by.in_(kept_by), guest.role == Role.FAMILY
        )
    )
    await regroup_rooms_of(tx, patient_id, because)


async def _holds_something(tx: Tx, patient_id: UUID) -> bool:
    """Whether any table has a row about a patient that would be missed, or that must not be erased."""
    for name, table in sorted(metadata.tables.items()):
        for column in _ABOUT & set(table.c.keys()) if name not in _NOTHING else ():
            if (await tx.conn.execute(select(exists().where(table.c[column] == patient_id)))).scalar_one():
                return True
    return False


def _today(tx: Tx, timezone: str) -> date:
    return tx.now.astimezone(zone(timezone)).date()
