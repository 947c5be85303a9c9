"""A time that came free: offered to the next in line for a limited time, taken up, or passed on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, or_, select, update

from booking.access import may_book_for, require
from booking.appointments import making, moves, rules
from booking.appointments.approving import is_prepaid, needs_approval
from booking.appointments.making import Draft
from booking.appointments.model import Appointment, Why, starts
from booking.appointments.model import appointment as table
from booking.appointments.notices import Notice, tell_all, tell_payer
from booking.appointments.reading import Offer, appointment, practitioners_seen, steady_offer
from booking.appointments.rules import Status
from booking.context import Context
from booking.directory.model import Patients, service
from booking.payments import service as payments
from booking.people.quiet import quiet_now
from booking.people.service import Person
from booking.referrals import service as referrals
from booking.schedules.service import free_times
from booking.waiting.model import Waiting, waiting, waiting_offer, waiting_service
from booking.waiting.rules import offered_until, suits
from booking.waiting.service import answered, wait_from
from core.database import Tx
from core.errors import ConflictError
from core.lanes import Handler, Row
from core.money import Money

_LINE = 200
"""Of those who wait for a doctor, so many are asked about one freed time."""
_OFFERS = 20
"""Times of one span that are offered at once; what is left is looked at when one of them is answered."""
_TIMES = 200


def handler(ctx: Context) -> Handler:
    """Return the handler of the outbox kind "waiting.offer" (booking.schedules.freed)."""

    async def deliver(tx: Tx, row: Row) -> str | None:
        span = json.loads(row.payload)
        start, end = (datetime.fromisoformat(span[each]) for each in ("start", "end"))
        return str(await offer_between(tx, ctx, UUID(span["practitioner"]), start, end))

    return deliver


async def offer_between(tx: Tx, ctx: Context, practitioner_id: UUID, start: datetime, end: datetime) -> int:
    """Offer a practitioner's free times that touch a span (UTC) to those who wait for them, in their order.

    Returns how many were offered. The transaction must not have given back any time.
    """
    line = (
        select(waiting.c.id)
        .where(
            waiting.c.latest > tx.now,
            waiting.c.id.in_(
                select(waiting_service.c.waiting_id)
                .join(service, service.c.id == waiting_service.c.service_id)
                .where(service.c.practitioner_id == practitioner_id)
            ),
        )
        .order_by(waiting.c.urgent.desc(), waiting.c.created_at, waiting.c.id)
        .limit(_LINE)
    )
    offered = 0
    for waiting_id in (await tx.conn.execute(line)).scalars().all():
        # Two lanes may look at one wait: the second sees what the first has offered, as it asks after it has the row.
        found = await tx.conn.execute(select(waiting).where(waiting.c.id == waiting_id).with_for_update())
        row = found.one_or_none()
        if row is not None and await _offer_to(tx, ctx, wait_from(row), practitioner_id, start, end):
            offered += 1
        if offered == _OFFERS:
            break
    return offered


async def _offer_to(tx: Tx, ctx: Context, wait: Waiting, practitioner_id: UUID, start: datetime, end: datetime) -> bool:
    kept = answered.where(waiting.c.id == wait.id, or_(table.c.settled_at.is_not(None), table.c.hold_until > tx.now))
    if (await tx.conn.execute(select(kept.correlate(waiting).exists()).select_from(waiting))).scalar():
        return False
    wanted = await tx.conn.execute(
        select(waiting_service.c.service_id)
        .join(service, service.c.id == waiting_service.c.service_id)
        .where(waiting_service.c.waiting_id == wait.id, service.c.practitioner_id == practitioner_id)
        .order_by(service.c.id)
    )
    for service_id in wanted.scalars().all():
        if await _offer_service(tx, ctx, wait, await steady_offer(tx, service_id), start, end):
            return True
    return False


async def _offer_service(tx: Tx, ctx: Context, wait: Waiting, at: Offer, start: datetime, end: datetime) -> bool:
    """Offer the first free time of a service that suits; whoever was offered a time before is not asked again."""
    offered = at.service
    if offered.patients is not Patients.ALL:
        known = offered.practitioner_id in await practitioners_seen(tx, wait.patient_id)
        if known is not (offered.patients is Patients.KNOWN):
            return False
    # A visit that begins before the span, or is followed by a buffer, may be what the freed time is needed for.
    around = timedelta(minutes=offered.minutes + offered.buffer_before + offered.buffer_after)
    first, last = max(start - around, wait.earliest, tx.now), min(end + around, wait.latest)
    if first >= last:
        return False
    free = await free_times(tx, offered, first, last, limit=_TIMES)
    before = await _offered_before(tx, wait, at, free)
    quiet = (await quiet_now(tx, {wait.person_id})).get(wait.person_id)
    approval = await needs_approval(tx, offered, wait.patient_id)
    over = await referrals.to_be_carried(tx, wait.referral_id, offered) if wait.referral_id else 0
    left = replace(offered, price=Money(offered.price.currency, offered.price.amount - over))
    for each in free:
        until = offered_until(each, tx.now, at.centre.offer_minutes, quiet_until=quiet, approval=approval)
        if until and each not in before and suits(wait, offered.mode, at.centre.timezone, each):
            draft = Draft(
                left, wait.patient_id, wait.person_id, each, Status.WAITLIST, Why.OFFERED, hold_until=until, offer=at
            )
            try:
                visit = await making.make(tx, ctx, draft, wait.person_id)
            except ConflictError:  # taken meanwhile, or the patient is elsewhere then
                continue
            await tx.conn.execute(
                insert(waiting_offer).values(appointment_id=visit.id, waiting_id=wait.id, carried=over)
            )
            await tell_payer(tx, visit, Notice.OFFERED)
            return True
    return False


async def _offered_before(tx: Tx, wait: Waiting, at: Offer, times: Sequence[datetime]) -> frozenset[datetime]:
    found = await tx.conn.execute(
        select(starts)
        .join(waiting_offer, waiting_offer.c.appointment_id == table.c.id)
        .where(
            waiting_offer.c.waiting_id == wait.id,
            table.c.practitioner_id == at.practitioner.id,
            starts.in_(times),
        )
    )
    return frozenset(found.scalars())


async def take_up(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:
    """Take the time that was offered: BOOKED, PROPOSED where the centre approves it, PENDING where it is paid first.

    Who waited with a referral books with it, and the fee is carried over as it is then. For the patient's side, while
    the time is kept. Raises RefusedError, ConflictError.
    """
    visit = await _offered(tx, actor, appointment_id)
    if visit.pay_until <= tx.now:
        raise ConflictError("That came too late: the time went to the next in line. You still wait for another one.")
    visit = await _with_referral(tx, visit)
    if await needs_approval(tx, visit.service, visit.patient_id):
        until = rules.approval_until(visit.start, tx.now)
        asked = await moves.step(tx, visit, Status.PROPOSED, Why.TAKEN_UP, actor.id, hold_until=until)
        await moves.hold_longer(tx, asked, until)
        asked = await appointment(tx, visit.id)
        await tell_all(tx, asked, Notice.PROPOSED)
        return asked
    if is_prepaid(ctx, replace(visit.service, price=visit.price)):
        until = max(tx.now + timedelta(minutes=ctx.settings.booking.hold_minutes), visit.pay_until)
        held = await moves.step(tx, visit, Status.PENDING, Why.TAKEN_UP, actor.id, hold_until=until)
        await moves.hold_longer(tx, held, until)
        await payments.ask_for(tx, ctx, held)
        return await appointment(tx, visit.id)
    await moves.keep(tx, visit)
    return await moves.confirm(tx, visit, Why.TAKEN_UP, actor.id)


async def _with_referral(tx: Tx, visit: Appointment) -> Appointment:
    """Use the referral with which the time was waited for; the price is what it leaves to be paid."""
    found = await tx.conn.execute(
        select(waiting.c.referral_id, waiting_offer.c.carried)
        .join(waiting_offer, waiting_offer.c.waiting_id == waiting.c.id)
        .where(waiting_offer.c.appointment_id == visit.id)
    )
    row = found.one_or_none()
    if row is None or row.referral_id is None:
        return visit
    whole = Money(visit.price.currency, visit.price.amount + row.carried)
    over = await referrals.use(tx, row.referral_id, visit, whole)
    left = update(table).where(table.c.id == visit.id).values(price_amount=whole.amount - over)
    await tx.conn.execute(left)
    return await appointment(tx, visit.id)


async def leave(tx: Tx, ctx: Context, actor: Person, appointment_id: UUID) -> Appointment:  # noqa: ARG001
    """Leave the time that was offered to the next in line, and wait on. Raises RefusedError, ConflictError."""
    visit = await _offered(tx, actor, appointment_id)
    return await moves.call_off(tx, visit, Why.NOT_WANTED, actor.id)


async def pass_on(tx: Tx, appointment_id: UUID) -> None:
    """Give a time that nobody took up in time to the next in line; who did not answer waits on."""
    visit = await appointment(tx, appointment_id, lock=True)
    if visit.status is Status.WAITLIST and visit.pay_until <= tx.now:
        await moves.turn_down(tx, [visit], Why.NOT_TAKEN_UP, Notice.OFFER_OVER)


async def _offered(tx: Tx, actor: Person, appointment_id: UUID) -> Appointment:
    visit = await appointment(tx, appointment_id, lock=True)
    require(may_book_for(actor, visit.patient_id))
    rules.check_offered(visit.status)
    return visit
