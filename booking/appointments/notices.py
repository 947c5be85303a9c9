"""Who is told what: notices are written into the outbox with the change that they tell of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from booking.appointments.model import Appointment
from booking.directory.model import StaffNotices
from booking.directory.reading import centre_admins
from booking.people.quiet import quiet_ends, quiet_now
from booking.people.service import guardians_of
from booking.staff import room
from core.database import Tx
from core.outbox import Work, put
from core.statements import Statement

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
    GONE = "gone"
    """The same to a doctor whose visit it is no more: nothing of whose visit it was stays there."""


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


async def tell(tx: Tx, tellings: Iterable[Telling], *besides: Work) -> int:
    """Write notices into the outbox, many in one statement. Returns how many; a repeat is no repeat.

    `besides`: other work that goes into the outbox with them.
    """
    tellings = list(tellings)
    quiet = await quiet_now(tx, {each.person_id for each in tellings if each.latest and each.latest > tx.now})
    works = [*_works(tellings, quiet), *besides]
    for first in range(0, len(works), _AT_ONCE):
        await put(tx, works[first : first + _AT_ONCE])
    return len(tellings)


def _works(tellings: Iterable[Telling], quiet: Mapping[UUID, datetime]) -> list[Work]:
    """Return what does the telling. `quiet`: when the quiet hours end of those who have them now."""

    def later(each: Telling) -> datetime | None:
        end = quiet.get(each.person_id)
        return end if end and each.latest and end <= each.latest else None

    return [
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


async def tell_payer(
    tx: Tx, visit: Appointment, notice: Notice, *, about: UUID | None = None, **more: str | int
) -> None:
    """Tell the person who booked. `about`: what can happen more than once to a visit (a refund)."""
    await tell(
        tx, [_about(_telling(visit, notice, visit.booked_by, more), about)], *_in_room(visit, notice, about, more)
    )


def concerned(booked_by: str, doctor: str, patient: str, centre: str) -> str:
    """Return the SQL that finds who hears of a visit, with their quiet hours: `concerned_from` reads it.

    Those are who booked, the doctor, the patient and guardians, and the centre's admins; all are named by SQL.
    """
    return f"""
        SELECT json_agg(json_build_array(each.id, each.timezone, each.quiet_starts, each.quiet_ends))::text
        FROM person AS each
        WHERE each.id IN (
            SELECT {booked_by}
            UNION ALL SELECT {doctor}
            UNION ALL SELECT person_id FROM patient AS theirs WHERE theirs.id = {patient}
            UNION ALL SELECT person_id FROM guardian WHERE guardian.patient_id = {patient}
            UNION ALL SELECT person_id FROM centre_admin WHERE centre_admin.centre_id = {centre}
        )
    """  # noqa: S608  (names, no values)


_CONCERNED = Statement(
    text(f"SELECT ({concerned(':booked_by', ':doctor', ':patient', ':centre')}) AS concerned").bindparams(
        *(bindparam(name, type_=Uuid()) for name in ("booked_by", "doctor", "patient", "centre"))
    )
)


class Concerned(NamedTuple):
    """Who hears of a visit."""

    id: UUID
    timezone: str
    quiet_starts: int | None
    quiet_ends: int | None


def concerned_from(found: str | None) -> list[Concerned]:
    """Read what `concerned` finds."""
    return [Concerned(UUID(each), *quiet) for each, *quiet in json.loads(found or "[]")]


async def _concerned(tx: Tx, visit: Appointment) -> list[Concerned]:
    about = {
        "booked_by": visit.booked_by,
        "doctor": visit.practitioner.person_id,
        "patient": visit.patient_id,
        "centre": visit.centre.id,
    }
    return concerned_from((await tx.run(_CONCERNED, about))[0].concerned)


async def tell_all(
    tx: Tx, visit: Appointment, notice: Notice, *besides: Work, but: UUID | None = None, **more: str | int
) -> None:
    """Tell all concerned: who booked, the patient and guardians, the doctor, the centre's admins.

    `but`: the person who did it, and who is answered anyway. `besides`: other work for the outbox.
    """
    people = await _concerned(tx, visit)
    await put(tx, telling_all(visit, notice, people, tx.now, *besides, but=but, **more))


def telling_all(
    visit: Appointment,
    notice: Notice,
    people: Sequence[Concerned],
    now: datetime,
    *besides: Work,
    but: UUID | None = None,
    **more: str | int,
) -> list[Work]:
    """Return what tells all of them, to be put into the outbox."""
    concerned = {each.id for each in people}
    tellings = [_telling(visit, notice, each, more) for each in sorted(concerned - {but})]
    if notice in _CHANGES:
        tellings += [_telling(visit, Notice.STANDING, each, {}) for each in sorted(concerned)]
    return [*_works(tellings, quiet_ends(people, now)), *besides, *_in_room(visit, notice, None, more)]


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
