"""Who is told what: notices are written into the outbox with the change that they tell of."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from booking.appointments.model import Appointment
from booking.directory.reading import centre_admins
from booking.people.service import guardians_of
from core.database import Tx
from core.ids import id_of
from core.outbox import enqueue, outbox

_AT_ONCE = 1000


class Notice(StrEnum):
    """What a notice is about."""

    HELD = "held"
    PAYMENT_DELAYED = "payment_delayed"
    PAYMENT_FAILED = "payment_failed"
    EXPIRED = "expired"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    PAID_TOO_LATE = "paid_too_late"
    REMINDER = "reminder"
    PROPOSED = "proposed"
    DECLINED = "declined"
    NOT_APPROVED = "not_approved"
    NO_SHOW = "no_show"
    NOT_MISSED = "not_missed"
    MISTAKE = "mistake"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice to one person. `key` names the effect: the same key is told once."""

    key: str
    notice: Notice
    person_id: UUID
    appointment_id: UUID
    more: Mapping[str, str | int]


async def tell(tx: Tx, tellings: Iterable[Telling]) -> int:
    """Write notices into the outbox, many in one statement. Returns how many; a repeat is no repeat."""
    rows = [
        {
            "id": id_of(each.key),
            "kind": "notice",
            "lane": f"person:{each.person_id}",
            "payload": json.dumps(
                {
                    "notice": each.notice,
                    "person": str(each.person_id),
                    "appointment": str(each.appointment_id),
                    **each.more,
                }
            ).encode(),
            "created_at": tx.now,
            "due_at": tx.now,
        }
        for each in tellings
    ]
    for first in range(0, len(rows), _AT_ONCE):
        await tx.conn.execute(
            insert(outbox).on_conflict_do_nothing(index_elements=[outbox.c.id]), rows[first : first + _AT_ONCE]
        )
    for lane in {str(row["lane"]) for row in rows}:
        tx.wake(outbox.name, lane)
    return len(rows)


async def tell_payer(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell the person who booked. `about`: what can happen more than once to a visit (a refund)."""
    telling = _telling(visit, notice, visit.booked_by, more)
    await tell(tx, [replace(telling, key=f"{telling.key}:{about}") if about else telling])


async def tell_all(tx: Tx, visit: Appointment, notice: Notice, *, but: UUID | None = None, **more: str | int) -> None:
    """Tell all concerned: who booked, the patient and guardians, the doctor, the centre's admins.

    `but`: the person who did it, and who is answered anyway.
    """
    people = {visit.booked_by, *await guardians_of(tx, visit.patient_id), *await centre_admins(tx, visit.centre.id)}
    if visit.practitioner.person_id:
        people.add(visit.practitioner.person_id)
    await tell(tx, [_telling(visit, notice, person, more) for person in sorted(people - {but})])


async def tell_side(tx: Tx, visit: Appointment, notice: Notice, **more: str | int) -> None:
    """Tell the patient's side: who booked, the patient and guardians."""
    people = {visit.booked_by, *await guardians_of(tx, visit.patient_id)}
    await tell(tx, [_telling(visit, notice, person, more) for person in sorted(people)])


async def open_room(tx: Tx, visit: Appointment) -> None:
    """Have the visit's consultation room made."""
    await _room(tx, visit, "room.open")


async def close_room(tx: Tx, visit: Appointment) -> None:
    """Have the visit's consultation room closed."""
    await _room(tx, visit, "room.close")


async def _room(tx: Tx, visit: Appointment, kind: str) -> None:
    payload = json.dumps({"appointment": str(visit.id)}).encode()
    await enqueue(tx, kind=kind, lane=f"visit:{visit.id}", key=f"{kind}:{visit.id}", payload=payload)


def _telling(visit: Appointment, notice: Notice, person_id: UUID, more: Mapping[str, str | int]) -> Telling:
    key = f"notice:{notice}:{visit.id}:{visit.sequence}:{person_id}"
    return Telling(key, notice, person_id, visit.id, {"start": visit.start.isoformat(), **more})
