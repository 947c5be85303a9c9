"""The steps of a room's life, written into the outbox: each once for a visit."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from booking.appointments.model import Appointment, appointment
from booking.consultations.model import consultation
from booking.consultations.rules import is_to_open
from core.database import Tx
from core.outbox import Work, put

OPEN, CLOSE, ERASE, ADMIT = "room.open", "room.close", "room.erase", "room.admit"
REGROUP = "room.team"


def opening(visit: Appointment, now: datetime) -> list[Work]:
    """Return the work of having the visit's room made, if it is due; if not, `open_due` finds it when it is."""
    return [step(OPEN, visit.id)] if is_to_open(visit, now) else []


async def open_room(tx: Tx, visit: Appointment) -> None:
    """Have the visit's room made, if it is due."""
    await put(tx, opening(visit, tx.now))


async def close_room(tx: Tx, visit: Appointment) -> None:
    """Have the visit's room closed, as the visit is off."""
    row = insert(consultation).values(appointment_id=visit.id, opening_at=tx.now, closing_at=tx.now)
    await tx.conn.execute(
        row.on_conflict_do_update(
            index_elements=[consultation.c.appointment_id],
            set_={"closing_at": tx.now},
            where=consultation.c.closing_at.is_(None),
        )
    )
    await put(tx, [step(CLOSE, visit.id)])


async def regroup(tx: Tx, visit: Appointment) -> None:
    """Have those put out of the visit's room who do not belong to it any more, and those let in who do.

    Once for each state of the visit; nothing where the room is not made yet, as it is made with whoever belongs to it.
    """
    work = step(REGROUP, visit.id)
    await put(tx, [replace(work, key=f"{work.key}:{visit.sequence}")])


async def regroup_rooms_of(tx: Tx, patient_id: UUID, because: UUID) -> int:
    """The same in all rooms of a patient's that are not closed, once for each `because`. Returns how many."""
    found = await tx.conn.execute(
        select(consultation.c.appointment_id)
        .join(appointment, appointment.c.id == consultation.c.appointment_id)
        .where(appointment.c.patient_id == patient_id, consultation.c.closing_at.is_(None))
    )
    works = [step(REGROUP, each) for each in found.scalars()]
    return len(await put(tx, [replace(each, key=f"{each.key}:{because}") for each in works]))


def steps(kind: str, appointment_ids: Iterable[UUID]) -> list[Work]:
    """Return the same work for many."""
    return [step(kind, each) for each in appointment_ids]


def step(kind: str, appointment_id: UUID, person_id: UUID | None = None) -> Work:
    """Return one step of a visit's room, for one person where it is about one."""
    person = {"person": str(person_id)} if person_id else {}
    payload = json.dumps({"appointment": str(appointment_id), **person}).encode()
    key = f"{kind}:{appointment_id}:{person_id}" if person_id else f"{kind}:{appointment_id}"
    return Work(kind, f"visit:{appointment_id}", key, payload)
