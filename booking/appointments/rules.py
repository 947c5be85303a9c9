"""The appointment as a state machine, and what it costs to cancel: decided without I/O."""

from datetime import datetime, timedelta
from enum import StrEnum

from booking.directory.model import Patients
from core.errors import BadInputError, ConflictError
from core.languages import _
from core.money import Money, exponent

HOLDS_AT_ONCE = 3
"""Times that one person may hold unpaid or not approved, so that nobody blocks a clinic."""

GRACE = timedelta(minutes=1)
"""How much longer than promised a held time stays taken: what is paid in the last second arrives a little later."""

ARRIVAL = timedelta(hours=2)
"""How long before the visit a patient can be said to have arrived."""

MISSES_COUNT_FOR = timedelta(days=365)
"""How long a missed visit counts against a centre's limit."""

APART = timedelta(days=6)
"""Two visits in one specialty that are closer than this are a choice to be made, as Doctolib has it."""

_ANSWER = timedelta(hours=24)
_BEFORE = timedelta(hours=1)
_PAY_AFTER_APPROVAL = timedelta(hours=12)
_LONGEST_REASON = 1000
# Stripe takes these in steps: https://docs.stripe.com/currencies#special-cases and #three-decimal
_WHOLE_UNITS_ONLY = frozenset({"ISK", "UGX"})


class Status(StrEnum):
    """FHIR's words (https://hl7.org/fhir/valueset-appointmentstatus.html)."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    WAITLIST = "waitlist"
    ENTERED_IN_ERROR = "entered-in-error"


MOVES: dict[Status, frozenset[Status]] = {
    Status.PROPOSED: frozenset(
        {Status.PENDING, Status.BOOKED, Status.WAITLIST, Status.CANCELLED, Status.ENTERED_IN_ERROR}
    ),
    Status.WAITLIST: frozenset(
        {Status.PROPOSED, Status.PENDING, Status.BOOKED, Status.CANCELLED, Status.ENTERED_IN_ERROR}
    ),
    Status.PENDING: frozenset({Status.BOOKED, Status.CANCELLED, Status.ENTERED_IN_ERROR}),
    Status.BOOKED: frozenset(
        {Status.ARRIVED, Status.FULFILLED, Status.CANCELLED, Status.NOSHOW, Status.ENTERED_IN_ERROR}
    ),
    Status.ARRIVED: frozenset({Status.FULFILLED, Status.CANCELLED, Status.ENTERED_IN_ERROR}),
    Status.FULFILLED: frozenset({Status.ENTERED_IN_ERROR}),
    # Somebody looked again: the patient was there.
    Status.NOSHOW: frozenset({Status.ARRIVED, Status.FULFILLED, Status.ENTERED_IN_ERROR}),
    # A payment that comes after the hold is over wins the time back, if it is still free.
    Status.CANCELLED: frozenset({Status.BOOKED, Status.ENTERED_IN_ERROR}),
    Status.ENTERED_IN_ERROR: frozenset(),
}
"""From each state, the states that can follow."""

STANDING = frozenset({Status.BOOKED, Status.ARRIVED})
"""The visit is to take place, or takes place."""

KEPT = frozenset({Status.PROPOSED, Status.PENDING})
"""Its time is kept until the centre has approved it, or the patient has paid it; then it is given back."""

_WORDS = {
    Status.PROPOSED: "not approved yet",
    Status.PENDING: "not paid yet",
    Status.BOOKED: "booked",
    Status.ARRIVED: "under way",
    Status.FULFILLED: "over",
    Status.CANCELLED: "cancelled already",
    Status.NOSHOW: "marked as missed",
    Status.WAITLIST: "offered, and not taken yet",
    Status.ENTERED_IN_ERROR: "marked as a mistake",
}


def check_move(status: Status, to: Status) -> None:
    """Raise ConflictError, which says in what state the visit is, unless `to` can follow `status`."""
    if to not in MOVES[status]:
        raise ConflictError("That can't be done: the visit is {state}.", state=_(_WORDS[status]))


def check_proposed(status: Status) -> None:
    """Raise ConflictError unless the visit waits for the centre's approval."""
    if status is not Status.PROPOSED:
        raise ConflictError("There is nothing to approve: the visit is {state}.", state=_(_WORDS[status]))


def check_offered(status: Status) -> None:
    """Raise ConflictError unless the visit's time is offered to somebody who waited for it."""
    if status is not Status.WAITLIST:
        raise ConflictError("There is nothing to take: the visit is {state}.", state=_(_WORDS[status]))


def check_missed(status: Status) -> None:
    """Raise ConflictError unless the visit is marked as missed."""
    if status is not Status.NOSHOW:
        raise ConflictError("There is nothing to take back: the visit is {state}.", state=_(_WORDS[status]))


def sequence_after(sequence: int, status: Status) -> int:
    """Return iCalendar's SEQUENCE after a change of what is in `status`: it grows once the visit was booked."""
    return sequence if status in KEPT | {Status.WAITLIST} else sequence + 1


def check_patients(wanted: Patients, *, known: bool) -> None:
    """Raise ConflictError when a service is for new patients or for known ones, and this one is not."""
    if wanted is Patients.NEW and known:
        raise ConflictError("That is for new patients. Please choose another kind of visit with this doctor.")
    if wanted is Patients.KNOWN and not known:
        raise ConflictError("That is for patients who were there before. Please choose a first visit instead.")


def check_start(start: datetime, now: datetime) -> None:
    """Raise BadInputError for a time that has passed."""
    if start <= now:
        raise BadInputError("That time has passed. Please choose one that is still to come.")


def approval_until(start: datetime, now: datetime) -> datetime:
    """Return until when a centre can approve a visit: for a day, but no later than an hour before it begins.

    Raises ConflictError for a visit that begins within two hours: nobody could be asked in time.
    """
    if start - now < 2 * _BEFORE:
        raise ConflictError(
            "The centre has to approve this visit first, and it begins too soon for that. Please choose a later time."
        )
    return min(now + _ANSWER, start - _BEFORE)


def check_holds(held: int) -> None:
    """Raise ConflictError for who holds as many times as one may hold already."""
    if held >= HOLDS_AT_ONCE:
        raise ConflictError(
            "You hold {count} times that are not paid or approved yet. Please pay or cancel one of them first.",
            count=HOLDS_AT_ONCE,
        )


def payment_until(start: datetime, now: datetime, hold_minutes: int) -> datetime:
    """Return until when a visit is kept for somebody who does not wait for the page to pay on.

    Half a day, but no later than an hour before the start; never shorter than any other hold.
    """
    return max(now + timedelta(minutes=hold_minutes), min(now + _PAY_AFTER_APPROVAL, start - _BEFORE))


def needs_approval(*, wanted: bool, limit: int | None, misses: int) -> bool:
    """Whether the centre approves a booking first: where the service wants it, and of those who missed too much."""
    return wanted or (limit is not None and misses >= limit)


def checked_reason(reason: str | None) -> str | None:
    """Return a reason for the visit with its white space in order, None for an empty one."""
    if reason is None or not reason.strip():
        return None
    reason = reason.strip()
    if len(reason) > _LONGEST_REASON:
        raise BadInputError("Please say it in {most} letters or less; the rest you can tell the doctor.", most=1000)
    return reason


def check_arrival(start: datetime, now: datetime) -> None:
    """Raise ConflictError earlier than two hours before the start."""
    if now < start - ARRIVAL:
        raise ConflictError("It is too early for that: the visit begins in more than two hours.")


def check_fulfilment(status: Status, start: datetime, now: datetime) -> None:
    """Raise ConflictError unless the patient has arrived, or the visit has begun."""
    if status is not Status.ARRIVED and now < start:
        raise ConflictError("It is too early for that: the visit has not begun, and the patient has not arrived.")


def check_absence(start: datetime, now: datetime) -> None:
    """Raise ConflictError before the start."""
    if now < start:
        raise ConflictError("It is too early for that: the visit has not begun.")


def check_change_by_patient(start: datetime, now: datetime) -> None:
    """Raise ConflictError once the visit has begun."""
    if now >= start:
        raise ConflictError("That visit has begun already. Please call the centre.")


def free_until(start: datetime, cancel_hours: int) -> datetime:
    """Return until when a visit is cancelled free of charge."""
    return start - timedelta(hours=cancel_hours)


def free_until_after_move(
    before: datetime, start: datetime, cancel_hours: int, now: datetime, *, by_patient: bool
) -> datetime:
    """Return the same for a visit that is moved to `start`.

    A patient who is late already stays late: moving a visit away and then cancelling it must not be cheaper than
    cancelling it. When the centre moves it, the patient is free again.
    """
    return before if by_patient and now > before else free_until(start, cancel_hours)


def refund_of(paid: Money, *, by_patient: bool, now: datetime, free_until: datetime, late_percent: int) -> Money:
    """Return how much of what was paid goes back: all of it in time or when the centre cancels, else a part.

    Rounded up, in the patient's favour, to what the currency can be paid in.
    """
    return paid if not by_patient or now <= free_until else share_of(paid, late_percent)


def share_of(paid: Money, percent: int) -> Money:
    """Return a part of what was paid, rounded up to what the currency can be paid in."""
    step = 100 if paid.currency in _WHOLE_UNITS_ONLY else 10 if exponent(paid.currency) == 3 else 1
    part = -(-paid.amount * percent // (100 * step)) * step
    return Money(paid.currency, min(part, paid.amount))


def status_after_return(end: datetime, now: datetime) -> Status:
    """Return where a visit stands whose patient came after all: under way until its end, then over."""
    return Status.ARRIVED if now < end else Status.FULFILLED
