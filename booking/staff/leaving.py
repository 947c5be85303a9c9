"""Leaving: an admin goes, a doctor goes, and a doctor's patients are handed over to a colleague. Everybody is told.

By these rules: a visit to come goes to the colleague at its own time, where they offer the same and are free; else it
is cancelled by the centre, and all that was paid goes back. Who waits for the doctor waits for the colleague from then
on, in the same place; questions that nobody has answered go with them. Records do not: patients are asked.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from booking.access import may_administer, may_edit_centre, require
from booking.appointments import moves
from booking.appointments import service as visits
from booking.appointments.making import take
from booking.appointments.model import Appointment, Why, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Notice, tell_all, tell_each
from booking.appointments.reading import appointment, found_appointments
from booking.appointments.rules import KEPT, Status, sequence_after
from booking.consultations.steps import regroup
from booking.context import Context
from booking.directory import model, reading
from booking.directory.model import Practitioner, Service
from booking.people.service import Person, guardians_of
from booking.questions.model import question
from booking.questions.service import hand_on
from booking.schedules.freed import freed
from booking.schedules.service import is_free
from booking.schedules.steady import change_alone
from booking.staff.news import tell_person
from booking.staff.room import staff_changed
from booking.waiting.model import waiting_service
from core.database import Tx
from core.errors import BadInputError, ConflictError

_SEEN_WITHIN = timedelta(days=2 * 366)
"""Patients who were not there for longer are told nothing."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a hand-over comes to, or would."""

    moved: tuple[Appointment, ...]
    cancelled: tuple[Appointment, ...]
    waits: int
    questions: int
    asked: int
    """Patients who are asked whether the colleague may read their records."""


async def leave_centre(tx: Tx, ctx: Context, actor: Person, centre_id: UUID, person_id: UUID) -> None:  # noqa: ARG001
    """Run a centre no more: oneself, or somebody whom another admin puts out. They are told.

    Raises RefusedError, and ConflictError for the last one: a centre has somebody who runs it.
    """
    require(may_edit_centre(actor, centre_id))
    # Two who leave at once see each other.
    await tx.conn.execute(select(model.centre.c.id).where(model.centre.c.id == centre_id).with_for_update())
    admins = await reading.centre_admins(tx, centre_id)
    if person_id not in admins:
        raise ConflictError("They do not run that centre.")
    if len(admins) == 1:
        raise ConflictError("A centre needs somebody who runs it. First invite a successor: invite admin @ID")
    await tx.conn.execute(
        delete(model.centre_admin).where(
            model.centre_admin.c.centre_id == centre_id, model.centre_admin.c.person_id == person_id
        )
    )
    await staff_changed(tx, centre_id)
    for each in admins:
        if each != actor.id:
            await tell_person(tx, each, "admin left", centre=str(centre_id), who=str(person_id))


async def leave_practice(
    tx: Tx,
    ctx: Context,  # noqa: ARG001  (all services have one head)
    actor: Person,
    practitioner_id: UUID,
    centres: Collection[UUID],
) -> Practitioner:
    """Have a doctor work at these centres no more; with the last of them they leave the platform.

    What they offered there is offered no more. Raises RefusedError, and ConflictError while there are visits to come:
    they are handed over or cancelled first.
    """
    at = {each.id for each in await reading.centres_of(tx, practitioner_id)}
    own = actor.practitioner_id == practitioner_id
    require(bool(centres) and at.issuperset(centres))
    require(all(own or may_edit_centre(actor, each) for each in centres))
    await change_alone(tx, [practitioner_id])  # nobody books what is not among those that are listed next
    left = await _to_come(tx, practitioner_id, centres)
    if left:
        raise ConflictError(
            "There are visits to come ({count}). First hand them over (“hand over dr.osei to dr.weber”) or cancel"
            " them.",
            count=len(left),
        )
    await tx.conn.execute(
        update(model.service)
        .where(model.service.c.practitioner_id == practitioner_id, model.service.c.centre_id.in_(centres))
        .values(active=False)
    )
    role = model.practitioner_role
    await tx.conn.execute(delete(role).where(role.c.practitioner_id == practitioner_id, role.c.centre_id.in_(centres)))
    if at == set(centres):
        await tx.conn.execute(
            update(model.practitioner).where(model.practitioner.c.id == practitioner_id).values(listed=False)
        )
    await staff_changed(tx, *centres)
    gone = await reading.practitioner(tx, practitioner_id)
    told = {gone.person_id} if gone.person_id else set()
    for each in centres:
        told |= {*await reading.centre_admins(tx, each)}
    for person in sorted(told - {actor.id}):
        await tell_person(tx, person, "doctor left", practitioner=str(practitioner_id))
    return gone


async def hand_over(tx: Tx, ctx: Context, actor: Person, from_id: UUID, to_id: UUID, *, sure: bool) -> HandOver:
    """Hand a doctor's patients over to a colleague at the same centres; not `sure`: only say what that would come to.

    For admins of centres where both work, of what is there. Raises RefusedError, BadInputError, ConflictError.
    """
    if from_id == to_id:
        raise BadInputError("Nobody is handed over to themselves. Name the colleague: hand over dr.osei to dr.weber")
    both = {each.id for each in await reading.centres_of(tx, from_id)}
    both &= {each.id for each in await reading.centres_of(tx, to_id)}
    at = frozenset(each for each in both if may_administer(actor, each) or actor.practitioner_id == from_id)
    require(bool(at))
    colleague = await reading.practitioner(tx, to_id)
    if not colleague.verified or colleague.person_id is None:
        raise ConflictError("{doctor} has to have an account and to be verified first.", doctor=colleague.name)
    offered = [each for centre in at for each in await reading.services_of(tx, to_id, centre)]
    moved, cancelled = [], []
    if sure:
        await _alone_with(tx, from_id, at)
    for visit in await _to_come(tx, from_id, at):
        service = await _suits(tx, visit, offered)
        if service is None:
            cancelled.append(visit)
            if sure:
                await visits.cancel_all(tx, ctx, actor, [visit.id], Why.DOCTOR_UNABLE)
        else:
            moved.append(visit)
            if sure:
                await _move(tx, visit, service, colleague, actor)
    waits = await _waits(tx, from_id, at, offered, sure=sure)
    questions = await _questions(tx, from_id, colleague, at, sure=sure)
    asked = await _ask(tx, from_id, to_id, at, {each.patient_id for each in moved}, sure=sure)
    giver = await reading.practitioner(tx, from_id)
    for person in {giver.person_id, colleague.person_id} if sure else ():
        if person is not None and person != actor.id:
            await tell_person(tx, person, "hands over", practitioner=str(from_id), to=str(to_id))
    return HandOver(tuple(moved), tuple(cancelled), waits, questions, asked)


async def _to_come(tx: Tx, practitioner_id: UUID, centres: Collection[UUID]) -> list[Appointment]:
    """Return the visits that have not begun and stand, or are held, asked for or offered."""
    return await found_appointments(tx, *_still_to_come(tx, practitioner_id, centres))


async def _alone_with(tx: Tx, practitioner_id: UUID, centres: Collection[UUID]) -> None:
    """Let whoever cancels or moves one of these visits come before what follows, or after it; locked in one order."""
    wanted = _still_to_come(tx, practitioner_id, centres)
    await tx.conn.execute(select(table.c.id).where(*wanted).order_by(table.c.id).with_for_update())


def _still_to_come(tx: Tx, practitioner_id: UUID, centres: Collection[UUID]) -> list[ColumnElement[bool]]:
    return [
        table.c.practitioner_id == practitioner_id,
        table.c.centre_id.in_(centres),
        starts > tx.now,
        table.c.status.in_([Status.BOOKED, *KEPT, Status.WAITLIST]),
    ]


async def _suits(tx: Tx, visit: Appointment, offered: Collection[Service]) -> Service | None:
    """Return what of a colleague's takes the place of a visit's service: alike, and free at its time.

    What is not booked yet is not handed over: who asked for it chose the doctor.
    """
    if visit.status is not Status.BOOKED:
        return None
    alike = [
        each
        for each in offered
        if (each.centre_id, each.specialty, each.mode, each.capacity)
        == (visit.centre.id, visit.service.specialty, visit.service.mode, visit.service.capacity)
    ]
    minutes = (visit.end - visit.start) // timedelta(minutes=1)
    for each in sorted(alike, key=lambda one: (one.name != visit.service.name, one.minutes != minutes, one.id)):
        as_booked = replace(each, minutes=minutes, min_notice_minutes=0, window_days=730, grid_minutes=5)
        if await is_free(tx, as_booked, visit.start):
            return each
    return None


async def _move(tx: Tx, visit: Appointment, service: Service, to: Practitioner, actor: Person) -> None:
    """Give a visit to the colleague: time, price and payment stay."""
    locked = await appointment(tx, visit.id, lock=True)
    needs = moves.needed(service, locked.patient_id, locked.start, locked.end)
    await take(tx, locked.id, locked.patient_id, needs, locked.hold_until)
    await tx.conn.execute(
        update(table)
        .where(table.c.id == locked.id)
        .values(
            practitioner_id=to.id,
            service_id=service.id,
            sequence=sequence_after(locked.sequence, locked.status),
            updated_at=tx.now,
        )
    )
    await moves.record(tx, locked.id, locked.status, locked.status, Why.HANDED_OVER, actor.id)
    await freed(tx, locked.practitioner.id, locked.start, locked.end)
    handed = await appointment(tx, locked.id)
    await tell_all(tx, handed, Notice.HANDED_OVER, but=actor.id, doctor=locked.practitioner.slug)
    if former := locked.practitioner.person_id:
        await tell_each(tx, handed, Notice.GONE, {former})
    await regroup(tx, handed)


async def _waits(tx: Tx, from_id: UUID, at: Collection[UUID], offered: Collection[Service], *, sure: bool) -> int:
    """Put the colleague in the doctor's place in the waiting list; returns how many wait."""
    own = model.service
    found = await tx.conn.execute(
        select(waiting_service.c.waiting_id, own.c.centre_id, own.c.specialty, own.c.mode)
        .join(own, own.c.id == waiting_service.c.service_id)
        .where(own.c.practitioner_id == from_id, own.c.centre_id.in_(at))
    )
    rows = found.all()
    if sure:
        for row in rows:
            alike = [
                each.id
                for each in offered
                if (each.centre_id, each.specialty, each.mode.value) == (row.centre_id, row.specialty, row.mode)
            ]
            for service_id in alike:
                values = {"waiting_id": row.waiting_id, "service_id": service_id}
                await tx.conn.execute(insert(waiting_service).values(**values).on_conflict_do_nothing())
            if alike:
                theirs = select(own.c.id).where(own.c.practitioner_id == from_id, own.c.centre_id.in_(at))
                await tx.conn.execute(
                    delete(waiting_service).where(
                        waiting_service.c.waiting_id == row.waiting_id, waiting_service.c.service_id.in_(theirs)
                    )
                )
        if rows and offered:
            first = next(iter(offered))
            await freed(tx, first.practitioner_id, tx.now, tx.now + timedelta(days=366))
    return len({row.waiting_id for row in rows})


async def _questions(tx: Tx, from_id: UUID, to: Practitioner, at: Collection[UUID], *, sure: bool) -> int:
    open_ = (question.c.practitioner_id == from_id) & question.c.centre_id.in_(at) & question.c.answered_at.is_(None)
    if not sure:
        return int((await tx.conn.execute(select(func.count()).where(open_))).scalar_one())
    ids = (await tx.conn.execute(select(question.c.id).where(open_))).scalars().all()
    for each in ids:
        await hand_on(tx, each, to)
    return len(ids)


async def _ask(tx: Tx, from_id: UUID, to_id: UUID, at: Collection[UUID], moved: Collection[UUID], *, sure: bool) -> int:
    """Ask the patients who were there, and whose visit does not bring them to the colleague anyway."""
    found = await tx.conn.execute(
        select(table.c.patient_id)
        .distinct()
        .where(
            table.c.practitioner_id.in_([from_id]),
            table.c.centre_id.in_(at),
            table.c.status.in_([Status.ARRIVED, Status.FULFILLED]),
            starts > tx.now - _SEEN_WITHIN,
        )
    )
    patients = sorted({*found.scalars()} - set(moved))
    if sure:
        for patient in patients:
            for person in await guardians_of(tx, patient):
                await tell_person(
                    tx, person, "handed over", practitioner=str(from_id), to=str(to_id), patient=str(patient)
                )
    return len(patients)
