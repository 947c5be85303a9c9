"""Standing in line: asking to wait, seeing what one waits for, and stopping."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, or_, select

from booking.access import may_book_for, require
from booking.appointments.model import appointment
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Service
from booking.people.service import Person
from booking.referrals import service as referrals
from booking.schedules.freed import freed
from booking.waiting.model import Waiting, waiting, waiting_offer, waiting_service
from booking.waiting.rules import check_count, days_of, minute_of, span_of_wait, time_of
from core.database import Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id

_SERVICES_AT_MOST = 20

# A wait is over once a time that was offered for it is booked, and rests while one is kept for the patient.
answered = (
    select(waiting_offer.c.appointment_id)
    .join(appointment, appointment.c.id == waiting_offer.c.appointment_id)
    .where(waiting_offer.c.waiting_id == waiting.c.id)
)


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait, and with which services."""

    wait: Waiting
    services: tuple[Service, ...]


async def ask(
    tx: Tx,
    ctx: Context,
    actor: Person,
    patient_id: UUID,
    services: Collection[UUID],
    *,
    earliest: datetime | None = None,
    latest: datetime | None = None,
    after: time | None = None,
    before: time | None = None,
    referral_id: UUID | None = None,
    weekdays_off: frozenset[int] = frozenset(),
    days_off: Collection[tuple[date, date]] = (),
) -> Wait:
    """Wait for a time with one of these services (at most 20), for oneself or one's family. Instants: aware.

    `weekdays_off` (0 is Monday) and `days_off` (first and last, both included) are not waited for.

    What there is already is offered at once, as what comes free is. With an urgent referral it goes before others; what
    is taken up is booked with the referral, unless that was used meanwhile. Raises RefusedError, BadInputError,
    ConflictError.
    """
    require(may_book_for(actor, patient_id))
    if not 0 < len(services) <= _SERVICES_AT_MOST:
        raise BadInputError("There is nobody like that to wait for. Write whom you need, like: wait for dr.osei")
    start, end = span_of_wait(earliest, latest, tx.now)
    check_count(len(await _open(tx, actor)))
    wanted = [await directory.service(tx, each) for each in services]
    urgent = False
    if referral_id is not None:
        await referrals.check_unused(tx, ctx, actor, referral_id)
        referral = await referrals.by_id(tx, ctx, actor, referral_id)
        if referral.patient_id != patient_id:
            raise ConflictError(
                "That referral is for somebody else of your family. Name them: wait for dr.osei for Mia"
            )
        urgent = referral.urgent
    off = days_of(days_off, start, end)
    wait = Waiting(
        new_id(), patient_id, actor.id, start, end, after, before, actor.timezone, urgent, tx.now, referral_id,
        weekdays_off, off,
    )  # fmt: skip
    await tx.conn.execute(
        insert(waiting).values(
            id=wait.id,
            patient_id=patient_id,
            person_id=actor.id,
            earliest=start,
            latest=end,
            after_minute=minute_of(after),
            before_minute=minute_of(before),
            timezone=actor.timezone,
            urgent=urgent,
            created_at=tx.now,
            referral_id=referral_id,
            weekdays_off=sorted(weekdays_off),
            days_off=sorted(off),
        )
    )
    await tx.conn.execute(insert(waiting_service), [{"service_id": each.id, "waiting_id": wait.id} for each in wanted])
    for practitioner in {each.practitioner_id for each in wanted}:
        await freed(tx, practitioner, start, end)
    return Wait(wait, tuple(wanted))


async def waits_of(tx: Tx, ctx: Context, actor: Person) -> list[Wait]:
    """Return what oneself and one's family wait for, oldest first."""
    waits = await _open(tx, actor)
    found = await tx.conn.execute(
        select(waiting_service).where(waiting_service.c.waiting_id.in_([each.id for each in waits]))
    )
    services: dict[UUID, list[UUID]] = {}
    for row in found:
        services.setdefault(row.waiting_id, []).append(row.service_id)
    return [
        Wait(each, tuple([await directory.service(tx, service) for service in services.get(each.id, [])]))
        for each in waits
    ]


async def stop(tx: Tx, ctx: Context, actor: Person, waiting_id: UUID) -> None:
    """Wait no longer; a time that is offered now stays offered. Raises RefusedError for what is not theirs."""
    found = await tx.conn.execute(select(waiting.c.patient_id).where(waiting.c.id == waiting_id).with_for_update())
    patient = found.scalar_one_or_none()
    if patient is None:
        raise RefusedError
    require(may_book_for(actor, patient))
    await tx.conn.execute(delete(waiting).where(waiting.c.id == waiting_id))


async def prune(tx: Tx) -> int:
    """Remove the waits whose last day is over, and those that came to a visit. Returns how many."""
    booked = answered.where(appointment.c.settled_at.is_not(None))
    gone = await tx.conn.execute(delete(waiting).where(or_(waiting.c.latest <= tx.now, booked.exists())))
    return gone.rowcount


async def _open(tx: Tx, actor: Person) -> list[Waiting]:
    own = [actor.patient.id, *(member.id for member in actor.family)]
    booked = answered.where(appointment.c.settled_at.is_not(None))
    found = await tx.conn.execute(
        select(waiting)
        .where(waiting.c.patient_id.in_(own), waiting.c.latest > tx.now, ~booked.exists())
        .order_by(waiting.c.created_at, waiting.c.id)
    )
    return [wait_from(row) for row in found]


def wait_from(row: Row[Any]) -> Waiting:
    """Return the wait that a row of the table is."""
    return Waiting(
        row.id,
        row.patient_id,
        row.person_id,
        row.earliest,
        row.latest,
        time_of(row.after_minute),
        time_of(row.before_minute),
        row.timezone,
        row.urgent,
        row.created_at,
        row.referral_id,
        frozenset(row.weekdays_off),
        frozenset(row.days_off),
    )
