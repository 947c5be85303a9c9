"""When a visit's room opens, closes and is erased, by its centre's rules. Pure."""

import re
from datetime import datetime, timedelta

from booking.appointments.model import Appointment
from booking.appointments.rules import STANDING
from core.errors import BadInputError

MOST_GUESTS = 5
# https://spec.matrix.org/v1.16/appendices/#user-identifiers, in the form that people may still choose.
_MXID = re.compile(r"@[a-z0-9._=\-/+]{1,200}:[a-z0-9.\-\[\]:]{1,200}")


def opens_at(visit: Appointment) -> datetime:
    """Return from when the room is there: at once where the centre allows questions before the visit."""
    lead = visit.centre.room_opens_minutes
    return visit.created_at if lead is None else visit.start - timedelta(minutes=lead)


def closes_at(visit: Appointment) -> datetime:
    """Return from when nobody can write there any more."""
    return visit.end + timedelta(days=visit.centre.room_closes_days)


def erased_at(visit: Appointment) -> datetime:
    """Return from when the room and its files are erased, if no legal hold stands on the patient's records."""
    return closes_at(visit) + timedelta(days=visit.centre.room_kept_days)


def is_to_open(visit: Appointment, now: datetime) -> bool:
    """Whether the room is due."""
    return visit.status in STANDING and opens_at(visit) <= now < closes_at(visit)


def checked_mxid(text: str) -> str:
    """Return a Matrix id. Raises BadInputError."""
    mxid = text.strip().lower()
    if not _MXID.fullmatch(mxid):
        raise BadInputError("Write their Matrix address, like @name:server.example.")
    return mxid
