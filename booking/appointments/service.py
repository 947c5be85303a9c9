"""What a person can do with a visit: book, move, cancel it, say why they come.

Looking visits up is in `lists`, what the centre says of a visit in `attendance` and `approving`. All ask
`booking.access` first.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, distinct, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range

from booking.access import may_book_for, may_see_visit, require
from booking.appointments import moves, rules
from booking.appointments.approving import approve, decline, is_prepaid, lock_asked, needs_approval
from booking.appointments.attendance import arrive, begin, came_after_all, fulfil, mark_mistake, no_show
from booking.appointments.lists import (
    by_code,
    by_id,
    centre_day,
    history,
    history_of,
    nearest,
    past,
    practitioner_day,
    to_approve,
    upcoming,
)
from booking.appointments.making import TAKEN, Draft, make, take
from booking.appointments.model import CANCELLED_BY_CLINIC, Appointment, Cancellation, Why, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Notice, tell_all
from booking.appointments.reading import (
    VERSION,
    appointment,
    found_appointments,
    offer,
    offer_at,
    practitioners_seen,
    seen_to_move,
)
from booking.appointments.reasons import note_reason, reason_of, require_reason, set_reason
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Patients, Service
from booking.directory.model import practitioner as practitioner_table
from booking.directory.model import service as service_table
from booking.payments import service as payments
from booking.people.service import Person
from booking.schedules.free import dates_around, is_open
from booking.schedules.freed import freed
from booking.schedules.model import time_off
from booking.schedules.reading import SCHEDULE, schedule_from
from booking.schedules.service import is_free
from booking.schedules.taken import span_of
from core.database import Tx
from core.errors import ConflictError
from core.money import Money
from core.statements import Record, Statement
from core.tables import Moment
from core.timezones import utc

__all__ = [
    "Appointment",
    "Cancellation",
    "Status",
    "appointment",
    "approve",
    "arrive",
    "begin",
    "book",
    "by_code",
    "by_id",
    "came_after_all",
    "cancel",
    "cancel_all",
    "centre_day",
    "close_visit",
    "decline",
    "fulfil",
    "history",
    "history_of",
    "mark_mistake",
    "nearest",
    "needs_approval",
    "no_show",
    "past",
    "practitioner_day",
    "reason_of",
    "reschedule",
    "set_reason",
    "to_approve",
    "upcoming",
]


async def book(
    tx: Tx,
    ctx: Context,
    actor: Person,
    *,
    service_id: UUID,
    start: datetime,
    patient_id: UUID,
    reason: str | None = None,
    price: Money | None = None,
) -> Appointment:
    """Book a visit for oneself or one's family. `start`: aware. `price`: what is left of the service's to be paid.

    What the centre approves first is PROPOSED until it does; what is paid in advance is held (PENDING) until it is
    paid; anything else is BOOKED at once. Asked again for the very same visit while it is held or booked, returns it
    as it is. Raises RefusedError, BadInputError, ConflictError.
    """
    require(may_book_for(actor, patient_id))
    start = utc(start)
    rules.check_start(start, tx.now)
    reason = rules.checked_reason(reason)
    teller = await require_reason(tx, actor, patient_id) if reason else None
    # One person's bookings wait for each other, so that two at once see each other's holds.
    at = await offer_at(tx, service_id, start, patient_id, alone=f"book:{actor.id}")
    if at is None:
        raise ConflictError(TAKEN)
    before = await _before(tx, actor, at.service, start, patient_id)
    if before.version != at.version:  # it was changed while this waited; now it can't be
        at = await offer(tx, service_id)
        before = await _before(tx, actor, at.service, start, patient_id)
    service = replace(at.service, price=price) if price else at.service
    if before.known:
        return await appointment(tx, before.known)
    if service.patients is not Patients.ALL:
        seen = await practitioners_seen(tx, patient_id)
        rules.check_patients(service.patients, known=service.practitioner_id in seen)
    if before.off or not is_open(tx, service, start, schedule_from(before)):
        raise ConflictError(TAKEN)
    draft = Draft(service, patient_id, actor.id, start, Status.BOOKED, Why.BOOKED, reason=reason, offer=at)
    if rules.needs_approval(wanted=service.approval, limit=at.centre.no_show_limit, misses=before.missed):
        until = rules.approval_until(start, tx.now)
        draft = replace(draft, status=Status.PROPOSED, why=Why.ASKED, hold_until=until)
    elif is_prepaid(ctx, service):
        until = tx.now + timedelta(minutes=ctx.settings.booking.hold_minutes)
        draft = replace(draft, status=Status.PENDING, why=Why.HELD, hold_until=until)
    if draft.hold_until:
        rules.check_holds(before.held)
    visit = await make(tx, ctx, draft, actor.id, asking=draft.status is Status.PENDING)
    if teller:
        await note_reason(tx, *teller, patient_id, visit.id)
    if visit.status is Status.PROPOSED:
        await tell_all(tx, visit, Notice.PROPOSED)
    elif visit.status is Status.BOOKED:
        await moves.announce(tx, visit)
    return visit


async def cancel(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, why: Why = Why.BY_CENTRE) -> Cancellation:
    """Cancel a visit, held or booked; what was paid goes back as the policy says: all of it when the centre cancels.

    For the patient's side until it begins, for the practitioner and the centre's admins. `why`: the clinic's reason,
    which all are told; with PATIENT_ASKED the patient's terms hold. Of visits that are held to be paid on one page, or
    were asked for together, all are let go. Raises RefusedError, ConflictError.
    """
    # Of what is together all is locked before any one of it is, so that two who cancel do not wait in a circle.
    await payments.lock_together(tx, appointment_id)
    asked = [each for each in await lock_asked(tx, appointment_id) if each.id != appointment_id]
    visit, own = await _to_change(tx, actor, appointment_id)
    rules.check_move(visit.status, Status.CANCELLED)
    if own:
        rules.check_change_by_patient(visit.start, tx.now)
    assert why in CANCELLED_BY_CLINIC
    by_patient = own or why is Why.PATIENT_ASKED
    with_it = asked if visit.status is Status.PROPOSED else []
    said = Why.BY_PATIENT if own else why
    cancelled = await moves.call_off(tx, visit, said, actor.id, visits=len(with_it) + 1)
    others = [await moves.call_off(tx, each, said, actor.id, silently=True) for each in with_it]
    if visit.payment == "due":
        others = await payments.let_go_with(tx, visit, said, actor.id)
        await payments.close_page(tx, visit.id, "cancelled")
    refund = None
    if visit.paid_by_card:
        back = rules.refund_of(
            visit.price,
            by_patient=by_patient,
            now=tx.now,
            free_until=visit.free_until,
            late_percent=visit.late_refund_percent,
        )
        refund = await payments.refund(tx, cancelled, back)
    return Cancellation(await appointment(tx, visit.id), refund, len(others), asked=visit.status is Status.PROPOSED)


async def cancel_all(
    tx: Tx, ctx: Context, actor: Person, visits: Iterable[UUID], why: Why = Why.BY_CENTRE
) -> list[Cancellation]:
    """Cancel each of some visits, but not once more what went with another of them. Raises as `cancel` does."""
    done = []
    for each in visits:
        if (await appointment(tx, each)).status is not Status.CANCELLED:
            done.append(await cancel(tx, ctx, actor, each, why))
    return done


async def reschedule(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, start: datetime) -> Appointment:
    """Move a visit to another free time of the same service; its payment stays with it. `start`: aware.

    Raises RefusedError, BadInputError, and ConflictError when the new time is not free; then nothing has changed.
    """
    start = utc(start)
    seen, taken = await seen_to_move(tx, appointment_id, start)
    if taken and not _stays(tx, seen, _may_change(actor, seen), start):
        raise ConflictError(TAKEN)
    visit, by_patient = await _to_change(tx, actor, appointment_id)
    if _stays(tx, visit, by_patient, start):
        return visit
    held, end = _held(tx, visit), start + (visit.end - visit.start)
    as_booked = replace(visit.service, minutes=(visit.end - visit.start) // timedelta(minutes=1))
    if not await is_free(tx, as_booked, start, ignoring=visit.id):
        raise ConflictError(TAKEN)
    needs = moves.needed(visit.service, visit.patient_id, start, end)
    await take(tx, visit.id, visit.patient_id, needs, visit.hold_until)
    free_until = rules.free_until_after_move(
        visit.free_until, start, visit.centre.cancel_hours, tx.now, by_patient=by_patient
    )
    sequence = rules.sequence_after(visit.sequence, visit.status)
    await tx.conn.execute(
        update(table)
        .where(table.c.id == visit.id)
        .values(
            during=Range(start, end),
            free_until=free_until,
            settled_at=None if held else tx.now,
            sequence=sequence,
            updated_at=tx.now,
        )
    )
    why = Why.MOVED_BY_PATIENT if by_patient else Why.MOVED_BY_CENTRE
    await moves.record(tx, visit.id, visit.status, visit.status, why, actor.id)
    await freed(tx, visit.practitioner.id, visit.start, visit.end)
    moved = await appointment(tx, visit.id)
    if not held:
        await tell_all(tx, moved, Notice.MOVED, but=actor.id, before=visit.start.isoformat())
    return moved


def _stays(tx: Tx, visit: Appointment, by_patient: bool, start: datetime) -> bool:  # noqa: FBT001
    """Whether a visit begins then already. Raises BadInputError, and ConflictError for one that cannot be moved."""
    rules.check_start(start, tx.now)
    if visit.status is Status.PROPOSED:
        raise ConflictError("The centre has not approved that visit yet. Cancel it, and ask for another time.")
    if visit.status is not Status.BOOKED and not _held(tx, visit):
        raise ConflictError("Only a visit that is still to come can be moved.")
    if by_patient:
        rules.check_change_by_patient(visit.start, tx.now)
    return start == visit.start


def _held(tx: Tx, visit: Appointment) -> bool:
    return visit.status is Status.PENDING and visit.hold_until is not None and visit.hold_until > tx.now


async def _to_change(tx: Tx, actor: Person, appointment_id: UUID) -> tuple[Appointment, bool]:
    """Return the visit, locked, and whether the actor speaks for the patient (even when they run the centre too)."""
    visit = await appointment(tx, appointment_id, lock=True)
    return visit, _may_change(actor, visit)


def _may_change(actor: Person, visit: Appointment) -> bool:
    """Return whether the actor speaks for the patient. Raises RefusedError for who may not see the visit."""
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )
    return may_book_for(actor, visit.patient_id)


_A_DAY: ColumnElement[timedelta] = literal_column("interval '1 day'")
_SAME = select(table.c.id).where(
    table.c.patient_id == bindparam("patient"),
    starts == bindparam("start", type_=Moment),
    table.c.service_id == bindparam("service"),
    table.c.booked_by == bindparam("actor"),
    table.c.status.in_([literal_column(f"'{each}'") for each in (*rules.KEPT, Status.BOOKED)]),
    or_(table.c.hold_until.is_(None), table.c.hold_until > bindparam("now", type_=Moment)),
)
_HELD = select(func.count(distinct(func.coalesce(table.c.series_id, table.c.id)))).where(
    table.c.booked_by == bindparam("actor"),
    starts > bindparam("now", type_=Moment) - _A_DAY,  # no hold outlasts its visit by so much
    table.c.status.in_([literal_column(f"'{each}'") for each in rules.KEPT]),
    table.c.hold_until > bindparam("now", type_=Moment),
)


async def close_visit(
    tx: Tx, ctx: Context, actor: Person, *, service_id: UUID, start: datetime, patient_id: UUID
) -> Appointment | None:
    """Return a visit to come in the same specialty, less than six days from `start` (aware), if the patient has one.

    To be asked before booking: whether both are wanted is the patient's choice. Raises RefusedError.
    """
    require(may_book_for(actor, patient_id))
    service, start = await directory.service(tx, service_id), utc(start)
    found = await found_appointments(
        tx,
        table.c.patient_id == patient_id,
        starts > max(start - rules.APART, tx.now),
        starts < start + rules.APART,
        table.c.status.in_([*rules.KEPT, Status.BOOKED]),
    )
    return next(
        (
            each
            for each in found
            if each.service.specialty == service.specialty
            and (each.hold_until is None or each.hold_until > tx.now)
            and (each.service.id, each.start) != (service.id, start)
        ),
        None,
    )


_MISSED = select(func.count()).where(
    table.c.patient_id == bindparam("patient"),
    table.c.centre_id == bindparam("centre"),
    table.c.status == literal_column(f"'{Status.NOSHOW}'"),  # as the index of these has it
    starts > bindparam("since", type_=Moment),
)
_OFF = (
    select(time_off.c.id)
    .where(
        time_off.c.practitioner_id == bindparam("practitioner"),
        time_off.c.during.op("&&")(
            func.tstzrange(bindparam("begins", type_=Moment), bindparam("ends", type_=Moment), type_=TSTZRANGE)
        ),
    )
    .exists()
)
_BEFORE = Statement(
    select(
        _SAME.limit(1).scalar_subquery().label("known"),
        _HELD.scalar_subquery().label("held"),
        _MISSED.scalar_subquery().label("missed"),
        _OFF.label("off"),
        select(VERSION)
        .select_from(service_table)
        .join(practitioner_table, practitioner_table.c.id == service_table.c.practitioner_id)
        .where(service_table.c.id == bindparam("service"))
        .scalar_subquery()
        .label("version"),
        SCHEDULE.subquery("schedule"),
    )
)


async def holds_of(tx: Tx, person_id: UUID) -> int:
    """Return how many times a person holds that are not paid or approved yet; a series is one."""
    return int((await tx.conn.execute(_HELD, {"actor": person_id, "now": tx.now})).scalar_one())


async def _before(tx: Tx, actor: Person, service: Service, start: datetime, patient_id: UUID) -> Record:
    """Return what there is before a booking: the very same visit, what the actor holds, whether the doctor is off.

    The doctor's schedule around that time is in it, too, and the version of what is booked.
    """
    begins, ends = span_of(service, start)
    first, last = dates_around(start)
    values = {
        "patient": patient_id,
        "start": start,
        "service": service.id,
        "practitioner": service.practitioner_id,
        "centre": service.centre_id,
        "actor": actor.id,
        "now": tx.now,
        "since": tx.now - rules.MISSES_COUNT_FOR,
        "begins": begins,
        "ends": ends,
        "first": first,
        "last": last,
    }
    return (await tx.run(_BEFORE, values))[0]
