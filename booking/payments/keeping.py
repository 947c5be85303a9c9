"""Whether a visit that has just been paid can take place. Both functions take the appointment under its lock."""

from dataclasses import replace
from datetime import timedelta

from booking.appointments import moves
from booking.appointments.model import Appointment, Why
from booking.appointments.reading import moves_of
from booking.appointments.rules import GRACE, Status
from booking.referrals.carrying import carry_again
from booking.schedules.service import is_free
from core.database import Tx

_ANY = 5000
"""Days: what was held once was within the window then."""


def is_held(tx: Tx, visit: Appointment) -> bool:
    """Whether its time is held, or was until a moment ago."""
    return visit.hold_until is not None and visit.start > tx.now and tx.now < visit.hold_until + GRACE


async def free_still(tx: Tx, visit: Appointment) -> bool:
    """Whether what was paid after its hold can take place: its time is still free, and nobody called it off.

    The doctor may be off by now, or not work there any more: the time was anybody's meanwhile.
    """
    if visit.start <= tx.now or not (visit.service.active and visit.practitioner.verified):
        return False
    length = (visit.end - visit.start) // timedelta(minutes=1)
    as_booked = replace(visit.service, minutes=length, grid_minutes=1, min_notice_minutes=0, window_days=_ANY)
    if not await is_free(tx, as_booked, visit.start, ignoring=visit.id):
        return False
    if visit.status is not Status.PENDING:
        last = (await moves_of(tx, visit.id))[-1].why
        if last not in {Why.HOLD_OVER, Why.PAYMENT_FAILED}:
            return False
    return await carry_again(tx, visit.id) and await moves.take_back(tx, visit)
