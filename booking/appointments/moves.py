"""The steps of an appointment, each with its history, its exclusive time and its notices. No permission is asked here.

Each function takes the appointment as it was read under its lock, and returns it as it is then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Boolean, bindparam, func, insert, select, update

from booking.appointments.model import Appointment, Why, appointment_move
from booking.appointments.model import appointment as table
from booking.appointments.notices import Concerned, Notice, tell_all, tell_payer, telling_all
from booking.appointments.rules import GRACE, STANDING, Status, check_move, sequence_after
from booking.consultations.steps import close_room, opening
from booking.directory.model import Service
from booking.referrals.carrying import carry_back
from booking.schedules import occupancy
from booking.schedules.freed import freed
from booking.schedules.occupancy import Need
from core.database import Tx
from core.errors import ConflictError
from core.outbox import put_if, putting_of, wake_for
from core.statements import Statement

_RECORD = Statement(
    insert(appointment_move).values(
        {
            name: bindparam(name, type_=appointment_move.c[name].type)
            for name in ("appointment_id", "at", "from_status", "to_status", "actor", "why")
        }
    )
)


@cache
def _step(names: tuple[str, ...], *, keeping: bool = False, besides: CTE | None = None) -> Statement:
    """The statement that changes these columns of a visit, and writes the step into its history.

    `keeping`: makes a hold lasting first; where nothing of it is left, nothing is changed; work is put into the outbox
    with the change. `besides`: what is changed in any case. Returns a row if the visit was changed.
    """
    which = [table.c.id == bindparam("of")]
    if keeping:
        which.append(select(func.occupancy_keep(bindparam("of"), type_=Boolean)).scalar_subquery())
    changed = (
        update(table)
        .where(*which)
        .values({name: bindparam(name, type_=table.c[name].type) for name in names})
        .returning(table.c.id)
        .cte("changed")
    )
    history = {"at": "updated_at", "from_status": "before", "to_status": "status", "actor": "actor", "why": "why"}
    values = [bindparam(value, type_=appointment_move.c[name].type) for name, value in history.items()]
    written = insert(appointment_move).from_select(["appointment_id", *history], select(changed.c.id, *values))
    if not keeping:
        return Statement(written.returning(appointment_move.c.seq))
    whole = select(changed.c.id).add_cte(written.cte("written"), put_if("changed"))
    return Statement(whole if besides is None else whole.add_cte(besides))


async def record(
    tx: Tx, appointment_id: UUID, before: Status | None, after: Status, why: Why, actor: UUID | None = None
) -> None:
    """Write a step into the history."""
    await tx.run(
        _RECORD,
        {
            "appointment_id": appointment_id,
            "at": tx.now,
            "from_status": before,
            "to_status": after,
            "actor": actor,
            "why": why,
        },
    )


async def step(
    tx: Tx,
    visit: Appointment,
    to: Status,
    why: Why,
    actor: UUID | None = None,
    *,
    hold_until: datetime | None = None,
    **values: Any,
) -> Appointment:
    """Bring an appointment into another state. Raises ConflictError for a step that is not legal."""
    changed = _changed(tx, visit, to, hold_until=hold_until, **values)
    stepped = await tx.run(_step(tuple(changed)), {**changed, **_about(visit, why, actor)})
    assert stepped
    return _after(visit, changed)


def _changed(tx: Tx, visit: Appointment, to: Status, **values: Any) -> dict[str, Any]:
    check_move(visit.status, to)
    sequence = sequence_after(visit.sequence, visit.status)
    return {"status": to, "hold_until": None, "sequence": sequence, "updated_at": tx.now, **values}


def _about(visit: Appointment, why: Why, actor: UUID | None) -> dict[str, Any]:
    return {"of": visit.id, "before": visit.status, "actor": actor, "why": why}


def _after(visit: Appointment, changed: Mapping[str, Any]) -> Appointment:
    seen = ("status", "hold_until", "sequence", "updated_at")
    return replace(visit, **{name: changed[name] for name in seen})


async def confirm_kept(
    tx: Tx, visit: Appointment, why: Why, people: Sequence[Concerned], besides: CTE, values: Mapping[str, Any]
) -> bool:
    """Book what was held, in one statement with keeping its time and telling `people`, who are concerned.

    `besides`: a change that is made in the same statement, with its `values`, whether anything is kept or not. Returns
    False if nothing is kept any more.
    """
    changed = _changed(tx, visit, Status.BOOKED, settled_at=tx.now)
    booked = _after(visit, changed)
    works = telling_all(booked, Notice.BOOKED, people, tx.now, *opening(booked, tx.now))
    given = {**changed, **_about(visit, why, None), **putting_of(tx, works), **values}
    if not await tx.run(_step(tuple(changed), keeping=True, besides=besides), given):
        return False
    wake_for(tx, works)
    return True


async def confirm(tx: Tx, visit: Appointment, why: Why, actor: UUID | None = None) -> Appointment:
    """Book what was held, and tell all. Its time must have been kept or taken before."""
    booked = await step(tx, visit, Status.BOOKED, why, actor, settled_at=tx.now)
    await announce(tx, booked)
    return booked


async def announce(tx: Tx, booked: Appointment) -> None:
    """Tell all of a new visit, and have its room made if it is due."""
    await tell_all(tx, booked, Notice.BOOKED, *opening(booked, tx.now))


async def call_off(
    tx: Tx, visit: Appointment, why: Why, actor: UUID | None = None, *, silently: bool = False, visits: int = 1
) -> Appointment:
    """Cancel, give the time back, and tell all who knew of the visit, but not the one who does it.

    `silently`: what goes with another one is told of with that; `visits`: how many these are then.
    """
    cancelled = await step(tx, visit, Status.CANCELLED, why, actor)
    await give_back(tx, visit)
    if (visit.status in STANDING or visit.status is Status.PROPOSED) and not silently:
        await tell_all(tx, cancelled, Notice.CANCELLED, but=actor, why=why, **_so_many(visits))
    if visit.status in STANDING:
        await close_room(tx, cancelled)
    return cancelled


async def turn_down(
    tx: Tx, visits: Sequence[Appointment], why: Why, notice: Notice, actor: UUID | None = None
) -> list[Appointment]:
    """Give back the times of what one person asked for together, and tell them once."""
    cancelled = [await step(tx, each, Status.CANCELLED, why, actor) for each in visits]
    for each in visits:
        await give_back(tx, each)
    await tell_payer(tx, cancelled[0], notice, **_so_many(len(visits)))
    return cancelled


def _so_many(visits: int) -> dict[str, Any]:
    return {"visits": visits} if visits > 1 else {}


async def give_back(tx: Tx, visit: Appointment) -> None:
    """Give back all that a visit has taken, for who waits for it and for everybody; and a fee that was carried over."""
    await occupancy.release(tx, visit.id)
    await carry_back(tx, visit.id)
    await freed(tx, visit.practitioner.id, visit.start, visit.end)


async def keep(tx: Tx, visit: Appointment) -> None:
    """Keep for good the time of a visit whose hold stands: nobody else can have taken it then."""
    if not await occupancy.keep(tx, visit.id):
        raise ConflictError("That came too late: the time was not kept any longer.")


async def take_back(tx: Tx, visit: Appointment, *, until: datetime | None = None) -> bool:
    """Take the visit's time once more, whether it still has it or not. Returns whether it was free."""
    needs = needed(visit.service, visit.patient_id, visit.start, visit.end)
    return not await occupancy.take(tx, visit.id, needs, expires_at=until and until + GRACE)


def needed(service: Service, patient_id: UUID, start: datetime, end: datetime) -> dict[UUID, Need]:
    """Return what a visit takes: the patient, and with the buffers around it the practitioner, rooms and devices.

    In a group each patient takes a seat of the session that takes the rest for all.
    """
    session = occupancy.session_of(service.id, start) if service.capacity > 1 else None
    before, after = timedelta(minutes=service.buffer_before), timedelta(minutes=service.buffer_after)
    needs = {
        service.practitioner_id: Need(start - before, end + after, session=session, service=service.id),
        patient_id: Need(start, end),
    }
    return {**needs, session: Need(start, end, seats=service.capacity)} if session else needs


async def hold_longer(tx: Tx, visit: Appointment, until: datetime) -> Appointment:
    """Keep a held time until later. If its hold is over and somebody else has the time, nothing changes."""
    if not await take_back(tx, visit, until=until):
        return visit
    await tx.conn.execute(update(table).where(table.c.id == visit.id).values(hold_until=until, updated_at=tx.now))
    return replace(visit, hold_until=until, updated_at=tx.now)
