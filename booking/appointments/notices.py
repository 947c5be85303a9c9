"""Who is told what: notices are written into the outbox with the change that they tell of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from booking.appointments.model import Appointment
from booking.directory.model import StaffNotices, centre_admin
from booking.directory.reading import centre_admins
from booking.people.model import guardian, person
from booking.people.model import patient as patient_table
from booking.people.quiet import quiet_ends, quiet_now
from booking.people.service import guardians_of
from booking.staff import room
from core.database import Tx
from core.outbox import Work, put
from core.statements import Record, Statement

_AT_ONCE = 1000
_A_DAY = timedelta(days=1)


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
    OFFERED = "offered"
    REFERRED = "referred"
    REFERRAL_REVOKED = "referral_revoked"
    OFFER_OVER = "offer_over"
    CHARGED = "charged"
    RELEASED = "released"
    CAPTURE_FAILED = "capture_failed"
    REFUND_FAILED = "refund_failed"
    DISPUTED = "disputed"
    DISPUTE_OVER = "dispute_over"
    READY = "ready"
    LATE = "late"
    IN_TIME = "in_time"
    HANDED_OVER = "handed_over"
    FILE_ADDED = "file_added"
    BROUGHT_IN = "brought_in"
    NEXT = "next"
    STANDING = "standing"
    """Nothing new: what was said when the visit was booked is to say how it stands now."""


_CHANGES = frozenset({Notice.MOVED, Notice.CANCELLED, Notice.HANDED_OVER})
"""After these the confirmation is not true any more, that of whoever did it neither."""

_OF_THE_PAST = frozenset(
    {
        Notice.REFUNDED,
        Notice.CHARGED,
        Notice.RELEASED,
        Notice.CAPTURE_FAILED,
        Notice.REFUND_FAILED,
        Notice.DISPUTED,
        Notice.DISPUTE_OVER,
        Notice.NO_SHOW,
        Notice.NOT_MISSED,
        Notice.MISTAKE,
        Notice.FILE_ADDED,
    }
)
"""What is done already: it may wait for any quiet hours to end."""


FOR_STAFF = frozenset(
    {
        Notice.BOOKED,
        Notice.SERIES,
        Notice.MOVED,
        Notice.CANCELLED,
        Notice.HANDED_OVER,
        Notice.NO_SHOW,
        Notice.NOT_MISSED,
        Notice.MISTAKE,
        Notice.REFUNDED,
        Notice.CHARGED,
        Notice.CAPTURE_FAILED,
        Notice.REFUND_FAILED,
        Notice.DISPUTED,
        Notice.DISPUTE_OVER,
    }
)
"""What the staff of a centre hears of in its room; what asks somebody to decide is told to them alone."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice to one person. `key` names the effect: the same key is told once."""

    key: str
    notice: Notice
    person_id: UUID
    appointment_id: UUID
    more: Mapping[str, str | int]
    latest: datetime | None = None
    """Until when it may wait for the end of the person's quiet hours; None: it goes out at once."""


async def tell(
    tx: Tx, tellings: Iterable[Telling], *besides: Work, quiet: Mapping[UUID, datetime] | None = None
) -> int:
    """Write notices into the outbox, many in one statement. Returns how many; a repeat is no repeat.

    `besides`: other work that goes into the outbox with them. `quiet`: when the quiet hours end of those who have
    them now, where that is known.
    """
    tellings = list(tellings)
    if quiet is None:
        quiet = await quiet_now(tx, {each.person_id for each in tellings if each.latest and each.latest > tx.now})

    def later(each: Telling) -> datetime | None:
        end = quiet.get(each.person_id)
        return end if end and each.latest and end <= each.latest else None

    works = [
        Work(
            kind="notice",
            # What waits does not hold up what is urgent.
            lane=f"quiet:{each.person_id}" if later(each) else f"person:{each.person_id}",
            key=each.key,
            due_at=later(each),
            payload=json.dumps(
                {
                    "notice": each.notice,
                    "person": str(each.person_id),
                    "appointment": str(each.appointment_id),
                    **each.more,
                }
            ).encode(),
        )
        for each in tellings
    ]
    works += besides
    for first in range(0, len(works), _AT_ONCE):
        await put(tx, works[first : first + _AT_ONCE])
    return len(tellings)


async def tell_payer(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell the person who booked. `about`: what can happen more than once to a visit (a refund)."""
    await tell(
        tx, [_about(_telling(visit, notice, visit.booked_by, more), about)], *_in_room(visit, notice, about, more)
    )


def concerned(known: ColumnElement[Any], patient: ColumnElement[Any], centre: ColumnElement[Any]) -> Select[Any]:
    """Those who hear of a visit, with their quiet hours: the known, the patient and guardians, the centre's admins."""
    people, each = (
        person.c,
        union_all(
            select(func.unnest(known)),
            select(patient_table.c.person_id).where(patient_table.c.id == patient),
            select(guardian.c.person_id).where(guardian.c.patient_id == patient),
            select(centre_admin.c.person_id).where(centre_admin.c.centre_id == centre),
        ),
    )
    return select(people.id, people.timezone, people.quiet_starts, people.quiet_ends).where(people.id.in_(each))


_CONCERNED = Statement(concerned(bindparam("known", type_=ARRAY(Uuid())), bindparam("patient"), bindparam("centre")))


def known(visit: Appointment) -> dict[str, Any]:
    """Return the values for which those concerned are asked: who booked and the doctor are known."""
    doctor = visit.practitioner.person_id
    return {
        "known": [visit.booked_by, *([doctor] if doctor else [])],
        "patient": visit.patient_id,
        "centre": visit.centre.id,
    }


async def tell_all(
    tx: Tx,
    visit: Appointment,
    notice: Notice,
    *besides: Work,
    but: UUID | None = None,
    people: Sequence[Record] | None = None,
    **more: str | int,
) -> None:
    """Tell all concerned: who booked, the patient and guardians, the doctor, the centre's admins.

    `but`: the person who did it, and who is answered anyway. `besides`: other work for the outbox. `people`: those
    concerned, where they were read before.
    """
    found = await tx.run(_CONCERNED, known(visit)) if people is None else people
    concerned = {row.id for row in found}
    tellings = [_telling(visit, notice, each, more) for each in sorted(concerned - {but})]
    if notice in _CHANGES:
        tellings += [_telling(visit, Notice.STANDING, each, {}) for each in sorted(concerned)]
    works = [*besides, *_in_room(visit, notice, None, more)]
    await tell(tx, tellings, *works, quiet=quiet_ends(found, tx.now))


async def tell_admins(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell those who run the centre. `about`: what can happen more than once to a visit."""
    tellings = [_telling(visit, notice, each, more) for each in await centre_admins(tx, visit.centre.id)]
    await tell(tx, [_about(each, about) for each in tellings], *_in_room(visit, notice, about, more))


async def tell_side(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell the patient's side: who booked, the patient and guardians. `about`: what can happen more than once."""
    people = {visit.booked_by, *await guardians_of(tx, visit.patient_id)}
    tellings = [_about(_telling(visit, notice, person, more), about) for person in sorted(people)]
    await tell(tx, tellings, *_in_room(visit, notice, about, more))


def _in_room(visit: Appointment, notice: Notice, about: UUID | None, more: Mapping[str, str | int]) -> list[Work]:
    """Return what the staff room is told, where the centre has its notices there: ids alone, as with all notices."""
    if notice not in FOR_STAFF or visit.centre.staff_notices is StaffNotices.PRIVATE:
        return []
    what = {"notice": notice, "appointment": str(visit.id), "start": visit.start.isoformat(), **more}
    key = f"{room.NOTICE}:{notice}:{visit.id}:{visit.sequence}:{about}"
    return [Work(room.NOTICE, room.lane(visit.centre.id), key, json.dumps(what).encode())]


async def tell_practitioner(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell the visit's doctor, if they have an account. `about`: what can happen more than once."""
    if visit.practitioner.person_id:
        await tell(tx, [_about(_telling(visit, notice, visit.practitioner.person_id, more), about)])


async def tell_each(
    tx: Tx,
    visit: Appointment,
    notice: Notice,
    people: Iterable[UUID],
    *besides: Work,
    about: UUID | None = None,
    **more: str | int,
) -> None:
    """Tell just these people, besides other work. `about`: what can happen more than once to a visit."""
    await tell(tx, [_about(_telling(visit, notice, person, more), about) for person in sorted(people)], *besides)


def _about(telling: Telling, about: UUID | None) -> Telling:
    return replace(telling, key=f"{telling.key}:{about}") if about else telling


def _telling(visit: Appointment, notice: Notice, person_id: UUID, more: Mapping[str, str | int]) -> Telling:
    key = f"notice:{notice}:{visit.id}:{visit.sequence}:{person_id}"
    more = {"start": visit.start.isoformat(), **more}
    return Telling(key, notice, person_id, visit.id, more, _latest(visit, notice, person_id, more))


def _latest(visit: Appointment, notice: Notice, person_id: UUID, more: Mapping[str, str | int]) -> datetime | None:
    """Until when a notice may wait: what concerns the next day may not, nor what somebody is waiting for."""
    if notice in _OF_THE_PAST:
        return datetime.max.replace(tzinfo=UTC)
    if notice is Notice.OFFERED:
        return visit.hold_until
    told_others = notice in {Notice.BOOKED, Notice.SERIES} and person_id != visit.booked_by
    if told_others or notice in {Notice.MOVED, Notice.CANCELLED, Notice.HANDED_OVER}:
        before = datetime.fromisoformat(str(more.get("before", more["start"])))
        return min(before, visit.start) - _A_DAY
    return None
