"""Series of visits: all of their times are checked, and all of them are made or none."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from booking.access import may_book_for, may_see_visit, require
from booking.appointments import rules
from booking.appointments.approving import is_prepaid, needs_approval
from booking.appointments.making import Draft, make
from booking.appointments.model import Appointment, Cancellation, Why
from booking.appointments.model import appointment as table
from booking.appointments.model import starts as starts_at
from booking.appointments.notices import Notice, tell_all
from booking.appointments.reading import appointment, series_of, steady_offer, visits_between
from booking.appointments.rhythm import Rhythm, checked_rhythm, nearest, shifted, starts_of
from booking.appointments.rules import KEPT, STANDING, Status
from booking.appointments.service import cancel, holds_of, reschedule
from booking.consultations.steps import open_room
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Service
from booking.payments import service as payments
from booking.people.service import Person, speaker_for
from booking.schedules.service import free_times, is_free
from core.database import Tx
from core.errors import BadInputError, ConflictError
from core.ids import new_id
from core.timezones import utc, zone

_NEAR, _DAY = timedelta(days=3), timedelta(days=1)


class SeriesTakenError(ConflictError):
    """Some of a series' times are not free."""

    def __init__(self, taken: Sequence[tuple[datetime, Sequence[datetime]]]) -> None:
        super().__init__("Not all of these times are free, so none was booked.")
        self.taken = taken
        """Each time that is not free, with the nearest ones that are."""


async def dates(tx: Tx, service_id: UUID, start: datetime, rhythm: Rhythm) -> list[datetime]:
    """Return the starts (UTC) of a series by its centre's clock. Raises BadInputError for what cannot be one."""
    service = await directory.service(tx, service_id)
    centre = await directory.centre(tx, service.centre_id)
    starts = starts_of(start, checked_rhythm(rhythm), zone(centre.timezone))
    if starts[-1] > tx.now + timedelta(days=service.window_days):
        raise BadInputError(
            "That goes too far ahead: these visits can be booked {days} days ahead.", days=service.window_days
        )
    return starts


async def book_series(
    tx: Tx, ctx: Context, actor: Person, *, service_id: UUID, starts: Sequence[datetime], patient_id: UUID
) -> list[Appointment]:
    """Book visits at all of `starts` (aware) for oneself or one's family, or none of them.

    What the centre approves first is PROPOSED, and approved or declined as a whole. What is paid in advance is held
    (PENDING), with one page to pay on: all is booked when that is paid, and let go when it is not. Raises RefusedError,
    BadInputError, SeriesTakenError (nothing has changed then), ConflictError.
    """
    require(may_book_for(actor, patient_id))
    return await _book_all(tx, ctx, actor, service_id, [utc(each) for each in starts], patient_id, actor.id, new_id())


async def repeat(
    tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, starts: Sequence[datetime]
) -> list[Appointment]:
    """Book more visits like one that there is; together they are a series. For the patient's side and the clinic.

    Raises as `book_series` does.
    """
    visit = await _seen(tx, actor, appointment_id, lock=True)
    if visit.status not in STANDING | {Status.FULFILLED}:
        raise ConflictError("Only a visit that is booked can be repeated.")
    series_id = visit.series_id or new_id()
    more = [utc(each) for each in starts]
    booked_by = await speaker_for(tx, visit.patient_id, visit.booked_by)
    made = await _book_all(tx, ctx, actor, visit.service.id, more, visit.patient_id, booked_by, series_id)
    in_it = {"series_id": series_id, "series_slot": func.coalesce(table.c.series_slot, starts_at)}
    await tx.conn.execute(update(table).where(table.c.id == visit.id).values(**in_it))
    return made


async def cancel_series(
    tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, why: Why = Why.BY_CENTRE
) -> list[Cancellation]:
    """Cancel a visit and those of its series that follow it. Raises RefusedError, ConflictError."""
    ahead = await following(tx, ctx, actor, appointment_id)
    return [await cancel(tx, ctx, actor, each.id, why) for each in ahead]


async def move_series(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID, start: datetime) -> list[Appointment]:
    """Move a visit to `start` (aware), and those of its series that follow it by as many days, to the same clock time.

    Raises RefusedError, BadInputError, and SeriesTakenError when one of the times is not free; then nothing has moved.
    """
    ahead = await following(tx, ctx, actor, appointment_id)
    first = ahead[0]
    place = zone(first.centre.timezone)
    target = {each.id: shifted(each.start, first.start, utc(start), place) for each in ahead}
    # Whoever goes first makes room for the next.
    order = reversed(ahead) if target[first.id] > first.start else ahead
    async with tx.conn.begin_nested():
        for each in order:
            try:
                await reschedule(tx, ctx, actor, each.id, target[each.id])
            except ConflictError as taken:
                raise SeriesTakenError([(target[each.id], [])]) from taken
    return [await appointment(tx, each.id) for each in ahead]


async def made_with(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> list[Appointment]:  # noqa: ARG001
    """Return the visits that were made together with one and stand as it does, itself among them; by start.

    For those who may see it. Raises RefusedError.
    """
    visit = await _seen(tx, actor, appointment_id)
    if visit.series_id is None:
        return [visit]
    return [
        each
        for each in await series_of(tx, visit.series_id)
        if (each.created_at, each.status) == (visit.created_at, visit.status)
    ]


async def following(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> list[Appointment]:  # noqa: ARG001
    """Return a visit and those of its series that follow it, all still to come. Raises RefusedError, ConflictError."""
    visit = await _seen(tx, actor, appointment_id)
    if visit.series_id is None:
        raise ConflictError("That visit is not one of a series.")
    # All of them in one order: of two who change a series, whatever end they begin at, one waits for the other.
    theirs = table.c.series_id == visit.series_id
    await tx.conn.execute(select(table.c.id).where(theirs).order_by(table.c.id).with_for_update())
    ahead = [
        each
        for each in await series_of(tx, visit.series_id)
        if each.start >= visit.start and each.start > tx.now and each.status is Status.BOOKED
    ]
    if not ahead:
        raise ConflictError("No visit of that series is still to come.")
    return ahead


async def _seen(tx: Tx, actor: Person, appointment_id: UUID, *, lock: bool = False) -> Appointment:
    visit = await appointment(tx, appointment_id, lock=lock)
    require(
        may_see_visit(
            actor, patient_id=visit.patient_id, practitioner_id=visit.practitioner.id, centre_id=visit.centre.id
        )
    )
    return visit


async def _book_all(
    tx: Tx,
    ctx: Context,
    actor: Person,
    service_id: UUID,
    starts: list[datetime],
    patient_id: UUID,
    booked_by: UUID,
    series_id: UUID,
) -> list[Appointment]:
    # One person's bookings wait for each other, so that two at once see each other's holds.
    at = await steady_offer(tx, service_id, alone=f"book:{booked_by}")
    service = at.service
    prepaid = is_prepaid(ctx, service)
    by_clinic = not may_book_for(actor, patient_id)  # which need not ask itself
    asks = not by_clinic and await needs_approval(tx, service, patient_id)
    if prepaid or asks:
        rules.check_holds(await holds_of(tx, booked_by))
    for each in starts:
        rules.check_start(each, tx.now)
    taken = [each for each in starts if not await is_free(tx, service, each)]
    if taken:
        raise SeriesTakenError(await _near(tx, service, patient_id, taken))
    made: list[Appointment] = []
    attempt = await tx.conn.begin_nested()
    drafted = Draft(
        service, patient_id, booked_by, starts[0], Status.BOOKED, Why.IN_SERIES, series_id=series_id, offer=at
    )
    if asks:
        until = rules.approval_until(min(starts), tx.now)
        drafted = replace(drafted, status=Status.PROPOSED, why=Why.ASKED, hold_until=until)
    elif prepaid:
        until = tx.now + timedelta(minutes=ctx.settings.booking.hold_minutes)
        drafted = replace(drafted, status=Status.PENDING, why=Why.HELD, hold_until=until)
    for each in sorted(starts):
        draft = replace(drafted, start=each)
        try:
            made.append(await make(tx, ctx, draft, actor.id))
        except ConflictError as conflict:
            await attempt.rollback()
            raise SeriesTakenError(await _near(tx, service, patient_id, [each])) from conflict
    await attempt.commit()
    if asks:
        await tell_all(tx, made[0], Notice.PROPOSED, but=actor.id, visits=len(made))
        return made
    if prepaid:
        await payments.ask_for_all(tx, ctx, made)
        return made
    await tell_all(tx, made[0], Notice.SERIES)
    for visit in made:
        await open_room(tx, visit)
    return made


async def _near(
    tx: Tx, service: Service, patient_id: UUID, taken: list[datetime]
) -> list[tuple[datetime, list[datetime]]]:
    """Return with each of these times the nearest at which both are free; what lies close together is read at once."""
    found = []
    for wanted in _close_together(sorted(taken)):
        first, last = wanted[0] - _NEAR, wanted[-1] + _NEAR
        free = await free_times(tx, service, max(first, tx.now), last)
        busy = await visits_between(
            tx, first - _DAY, last + _DAY, patient_ids=frozenset({patient_id}), statuses=STANDING | KEPT
        )
        length = timedelta(minutes=service.minutes)
        both = [each for each in free if not any(visit.start < each + length and each < visit.end for visit in busy)]
        found += [(at, nearest(at, [each for each in both if at - _NEAR <= each < at + _NEAR])) for at in wanted]
    return found


def _close_together(starts: Iterable[datetime]) -> list[list[datetime]]:
    """Part times, which are in order, where no time would be near to two of them."""
    parts: list[list[datetime]] = []
    for at in starts:
        if parts and at - parts[-1][-1] <= 2 * _NEAR:
            parts[-1].append(at)
        else:
            parts.append([at])
    return parts
