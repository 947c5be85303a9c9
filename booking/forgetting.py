"""Forgetting a person on their own word: what that comes to, and doing it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update

from booking.appointments import service as appointments
from booking.appointments.model import Appointment
from booking.appointments.model import appointment as _appointments
from booking.appointments.reading import found_appointments
from booking.appointments.rules import Status
from booking.calendars.feeds.service import revoke_feeds
from booking.context import Context
from booking.lookup.service import unlisted
from booking.people.model import guardian, person
from booking.people.service import FORGOTTEN, Patient, Person
from booking.waiting.model import waiting
from core.database import Tx
from core.errors import ConflictError, RefusedError
from records.consents.model import consent
from records.erasure import Erasure, final_at, forget_all, require_unheld
from records.files.service import discard_files
from records.prescriptions.model import renewal

_TO_CANCEL = frozenset({Status.PROPOSED, Status.WAITLIST, Status.PENDING, Status.BOOKED})


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting a person now comes to."""

    visits: tuple[Appointment, ...]
    """To come, or held: they are cancelled by the centre's rules."""
    alone: tuple[Patient, ...]
    """Family for whom nobody else speaks here."""
    final_at: datetime
    """UTC. Until then who holds a backup of the keys could still read."""


async def before_forgetting(tx: Tx, ctx: Context, actor: Person, patients: Collection[UUID] = ()) -> Forgetting:
    """What is said before somebody decides. `patients`: of their family, whose records go with theirs.

    Raises HeldError, ConflictError (they work at a centre, or a visit is under way), RefusedError.
    """
    if actor.practitioner_id or actor.administers or actor.platform_admin:
        raise ConflictError(
            "You work here: your name stands in what patients have. Have a platform admin take you off first."
        )
    alone = await _alone(tx, actor)
    if not set(patients) <= {each.id for each in alone}:
        raise RefusedError
    subjects = [actor.patient.id, *patients]
    for subject in (actor.id, *subjects):
        await require_unheld(tx, subject)
    standing = await found_appointments(
        tx, _appointments.c.patient_id.in_(subjects), _appointments.c.status.in_([*_TO_CANCEL, Status.ARRIVED])
    )
    under_way = [each for each in standing if each.status is Status.ARRIVED or each.start <= tx.now < each.end]
    if under_way:
        raise ConflictError("Visit {code} is under way. Please ask once more when it is over.", code=under_way[0].code)
    to_come = tuple(each for each in standing if each.start > tx.now)
    return Forgetting(to_come, alone, final_at(tx.now, ctx.vault))


async def forget_person(tx: Tx, ctx: Context, actor: Person, patients: Collection[UUID] = ()) -> Erasure:
    """Cancel what is to come, erase all that is sealed for them, and forget who they are.

    What stays are ids, states, times and sums of money, which say nothing without the keys: visits took place, and were
    paid. Whoever writes from the same account afterwards is somebody new. Raises as `before_forgetting` does.
    """
    what = await before_forgetting(tx, ctx, actor, patients)
    await appointments.cancel_all(tx, ctx, actor, [each.id for each in what.visits])
    subjects = [actor.patient.id, *patients]
    await tx.conn.execute(
        delete(waiting).where(or_(waiting.c.person_id == actor.id, waiting.c.patient_id.in_(subjects)))
    )
    await revoke_feeds(tx, ctx, actor)
    await tx.conn.execute(
        update(renewal)
        .where(renewal.c.patient_id.in_(subjects), renewal.c.answered_at.is_(None))
        .values(answered_at=tx.now)
    )
    await tx.conn.execute(
        update(consent)
        .where(
            or_(consent.c.patient_id.in_(subjects), consent.c.given_to == actor.id), consent.c.withdrawn_at.is_(None)
        )
        .values(withdrawn_at=tx.now, withdrawn_by=actor.id)
    )
    await tx.conn.execute(delete(guardian).where(guardian.c.person_id == actor.id))
    *_, erased = await forget_all(tx, ctx.vault, [*subjects, actor.id], actor=actor.id)
    for subject in subjects:
        await discard_files(tx, subject)
    await unlisted(tx, subjects)
    await tx.conn.execute(
        update(person)
        .where(person.c.id == actor.id)
        .values(
            mxid=f"{FORGOTTEN}{actor.id}",
            timezone=None,
            language=None,
            reminder_minutes=None,
            quiet_starts=None,
            quiet_ends=None,
        )
    )
    return erased


async def _alone(tx: Tx, actor: Person) -> tuple[Patient, ...]:
    """Family without an account of their own and without another guardian."""
    other = guardian.alias()
    found = await tx.conn.execute(
        select(guardian.c.patient_id).where(
            guardian.c.person_id == actor.id,
            ~exists().where(other.c.patient_id == guardian.c.patient_id, other.c.person_id != actor.id),
        )
    )
    alone = set(found.scalars())
    return tuple(each for each in actor.family if each.id in alone)
