"""What a referral allows: decided without I/O."""

from datetime import datetime, timedelta
from uuid import UUID

from booking.appointments.rules import Status
from booking.directory.model import Centre, Mode, Service
from booking.directory.places import Place
from booking.referrals.model import Referral, State
from booking.search.model import Wish
from core.errors import BadInputError, ConflictError
from core.money import Money

VALID_FOR = timedelta(days=90)
"""A quarter of a year, as a German referral (Überweisung) holds for the quarter that it is written in."""

_LONGEST_NOTE = 1000
_OVER = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})


def checked_note(note: str | None) -> str | None:
    """Return the note with its white space in order, None for an empty one. Raises BadInputError for one too long."""
    if note is None or not note.strip():
        return None
    if len(note.strip()) > _LONGEST_NOTE:
        raise BadInputError("Please write the note in {most} letters or less.", most=_LONGEST_NOTE)
    return note.strip()


def check_begun(status: Status, start: datetime, now: datetime) -> None:
    """Raise ConflictError unless the visit is under way or over: nobody is sent on who was not seen."""
    begun = status in {Status.ARRIVED, Status.FULFILLED} or (status is Status.BOOKED and start <= now)
    if not begun:
        raise ConflictError("You can refer once the visit has begun: note first that the patient has arrived.")


def check_open(referral: Referral, booked: Status | None, now: datetime) -> None:
    """Raise ConflictError, which says why, unless a visit can be booked with it. `booked`: how the last one stands."""
    if referral.state is State.REVOKED:
        raise ConflictError("The doctor has taken that referral back. Please ask them for another one.")
    if booked is not None and booked not in _OVER:
        raise ConflictError("A visit was booked with that referral already. To change it, move or cancel that visit.")
    if referral.expires_at <= now:
        raise ConflictError("That referral is not valid any more. Please ask the doctor for a new one.")


def is_open(referral: Referral, booked: Status | None, now: datetime) -> bool:
    """Whether a visit can be booked with it."""
    try:
        check_open(referral, booked, now)
    except ConflictError:
        return False
    return True


def serves(referral: Referral, service: Service) -> bool:
    """Whether a service is what the referral is to."""
    return (
        service.specialty == referral.specialty
        and referral.performer_id in {None, service.practitioner_id}
        and referral.mode in {None, service.mode}
    )


def check_serves(referral: Referral, service: Service) -> None:
    """Raise ConflictError unless a service is what the referral is to."""
    if not serves(referral, service):
        raise ConflictError("Your referral is to something else. Write “referrals” to see what you can book with it.")


def check_target(specialty: str | None, performer: bool, mode: Mode | None, visit: Service) -> None:  # noqa: FBT001
    """Raise BadInputError for a referral to where the patient is already."""
    elsewhere = performer or (specialty is not None and specialty != visit.specialty)
    if not elsewhere and mode in {None, visit.mode}:
        raise BadInputError(
            "Write to whom you refer: a specialty, a doctor, or in person, like: refer {code} to dermatology",
            code="K7Q2MX",
        )


def wish_of(referral: Referral, performer: str | None, near: Centre, timezone: str, known_to: frozenset[UUID]) -> Wish:
    """Return what to search for: the doctor, or the specialty near the centre that the referral comes from.

    `timezone`: the person's; `known_to`: the practitioners whom the patient knows.
    """
    around = Place(near.city, near.country, near.latitude, near.longitude, near.timezone)
    return Wish(
        specialty=referral.specialty,
        name=performer,
        mode=referral.mode,
        place=None if performer or referral.mode is Mode.ONLINE else around,
        timezone=timezone,
        known_to=known_to,
        currency=near.currency,
    )


def carried(left: Money, price: Money) -> Money | None:
    """Return how much of what was paid for the first visit pays for the next: no more than that costs."""
    if left.currency != price.currency:
        return None
    amount = min(left.amount, price.amount)
    return Money(price.currency, amount) if amount > 0 else None
