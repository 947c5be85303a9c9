"""What the clinic books for patients it knows: who phones, and who is taken in beside others."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from booking.access import may_run_visit, require
from booking.appointments import moves, rules
from booking.appointments.approving import is_prepaid
from booking.appointments.making import TAKEN, Draft, make
from booking.appointments.model import Appointment, Why, ends, starts
from booking.appointments.model import appointment as table
from booking.appointments.reading import found_appointments, steady_offer
from booking.appointments.rules import KEPT, STANDING, Status
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Service
from booking.people.model import patient as patients
from booking.people.model import person as people
from booking.people.service import Person, speaker_for
from booking.schedules.service import is_free
from core.database import Tx
from core.errors import ConflictError, RefusedError
from core.ids import normal_code
from core.timezones import utc


@dataclass(frozen=True, slots=True)
class Known:
    """A patient whom the clinic knows, and who speaks and pays for them."""

    patient_id: UUID
    payer: UUID


async def known_patient(tx: Tx, ctx: Context, actor: Person, service: Service, who: str) -> Known:  # noqa: ARG001
    """Find a patient by a Matrix id, or by the code of a visit; for those who run the service.

    Only somebody who was booked at that centre before, or with the practitioner, who books themselves: nobody else is
    booked for by others, and nobody learns who uses the service, or goes to a doctor elsewhere. Raises RefusedError.
    """
    require(may_run_visit(actor, practitioner_id=service.practitioner_id, centre_id=service.centre_id))
    theirs = table.c.centre_id == service.centre_id
    if actor.practitioner_id == service.practitioner_id:
        theirs |= table.c.practitioner_id == service.practitioner_id
    was_there = (
        select(table.c.patient_id, table.c.booked_by)
        .where(theirs, table.c.settled_at.is_not(None))
        .order_by(starts.desc())
        .limit(1)
    )
    if who.startswith("@"):
        own = select(patients.c.id).join(people, people.c.id == patients.c.person_id).where(people.c.mxid == who)
        payer = select(people.c.id).where(people.c.mxid == who).scalar_subquery()
        wanted = was_there.where(table.c.patient_id.in_(own)).with_only_columns(
            table.c.patient_id, payer.label("payer")
        )
    else:
        wanted = was_there.where(table.c.code == normal_code(who)).with_only_columns(
            table.c.patient_id, table.c.booked_by.label("payer")
        )
    row = (await tx.conn.execute(wanted)).first()
    if row is None:
        raise RefusedError(
            "I know no patient of yours by that. Write the code of a visit at your centre, or the Matrix id of somebody"
            " who had one; who is new books for themselves."
        )
    return Known(row.patient_id, await speaker_for(tx, row.patient_id, row.payer))


async def book_for(tx: Tx, ctx: Context, actor: Person, *, service_id: UUID, start: datetime, who: str) -> Appointment:
    """Book a free time for a patient who phones (`who`: see `known_patient`). `start`: aware.

    What is paid in advance is held, and its page goes to the patient; no approval is asked, as the clinic books itself.
    Raises RefusedError, BadInputError, ConflictError.
    """
    at = await steady_offer(tx, service_id)
    service = at.service
    known = await known_patient(tx, ctx, actor, service, who)
    start = utc(start)
    rules.check_start(start, tx.now)
    if not await is_free(tx, service, start):
        raise ConflictError(TAKEN)
    draft = Draft(service, known.patient_id, known.payer, start, Status.BOOKED, Why.BY_STAFF, offer=at)
    if is_prepaid(ctx, service):
        until = rules.payment_until(start, tx.now, ctx.settings.booking.hold_minutes)
        draft = replace(draft, status=Status.PENDING, hold_until=until)
    visit = await make(tx, ctx, draft, actor.id, asking=draft.status is Status.PENDING)
    if visit.status is Status.BOOKED:
        await moves.announce(tx, visit)
    return visit


async def overbook(tx: Tx, ctx: Context, actor: Person, *, service_id: UUID, start: datetime, who: str) -> Appointment:
    """Take a patient in at any time to come, beside whatever the practitioner has then; paid at the desk.

    The patient can still be in one place only. For the practitioner and the centre's admins; the history says that it
    was overbooked, and by whom. Raises RefusedError, BadInputError, ConflictError.
    """
    at = await steady_offer(tx, service_id)
    service = at.service
    known = await known_patient(tx, ctx, actor, service, who)
    start = utc(start)
    rules.check_start(start, tx.now)
    if not service.active:
        raise ConflictError("{doctor} does not offer that any more.", doctor=at.practitioner.name)
    draft = Draft(service, known.patient_id, known.payer, start, Status.BOOKED, Why.OVERBOOKED, offer=at)
    visit = await make(tx, ctx, draft, actor.id, beside=True)
    await moves.announce(tx, visit)
    return visit


async def there_already(
    tx: Tx,
    ctx: Context,  # noqa: ARG001  (all services have one head)
    actor: Person,
    service_id: UUID,
    start: datetime,
) -> tuple[list[Appointment], int]:
    """Return what the practitioner has at the time of a visit that would begin at `start` (aware).

    And how many visits besides, at other centres, into which the actor may not look. For those who run the service.
    Raises RefusedError.
    """
    service = await directory.service(tx, service_id)
    require(may_run_visit(actor, practitioner_id=service.practitioner_id, centre_id=service.centre_id))
    end = utc(start) + timedelta(minutes=service.minutes)
    found = await found_appointments(
        tx,
        table.c.practitioner_id == service.practitioner_id,
        table.c.status.in_(STANDING | KEPT),
        starts < end,
        starts > utc(start) - timedelta(days=1),
        ends > utc(start),
    )
    kept = [each for each in found if each.hold_until is None or each.hold_until > tx.now]
    seen = [
        each for each in kept if may_run_visit(actor, practitioner_id=each.practitioner.id, centre_id=each.centre.id)
    ]
    return seen, len(kept) - len(seen)
