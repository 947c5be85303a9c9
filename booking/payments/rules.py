"""When a Checkout Session ends, and which attempt at making it this is: decided without I/O."""

from datetime import datetime, timedelta

from booking.payments.model import PaymentState, Stage

SHORTEST = timedelta(minutes=30, seconds=15)
"""Stripe keeps a session for 30 minutes at least; some seconds pass until it reads what we ask for."""
AUTHORISED_AT_MOST = timedelta(days=6)
CAPTURE_AHEAD = timedelta(hours=24)
"""How long before an authorisation ends it is charged in any case: what is not due goes back as a refund."""
_STEP = timedelta(minutes=31)


def authorise_only(captures: bool, start: datetime, now: datetime) -> bool:  # noqa: FBT001  (a rule of the centre)
    """Whether to authorise now and charge after the visit: where the centre wants that, and a card lets it.

    The window of cards is 7 days (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method); a day of it is
    kept for those who note late that a visit is over.
    """
    return captures and start - now <= AUTHORISED_AT_MOST


def checkout_attempt(hold_until: datetime, now: datetime) -> tuple[int, datetime]:
    """Return the number of the attempt, and when the session that it asks for ends.

    The first attempt ends with the hold. When Stripe was away for so long that this would be too short for it, the
    next one ends some time later. Both follow from the clock alone: whoever repeats an attempt, after a lost answer
    or a crash, asks with the same idempotency key for exactly the same, and gets the same session.
    """
    attempt, ends = 0, hold_until
    while ends - now < SHORTEST:
        attempt, ends = attempt + 1, ends + _STEP
    return attempt, ends


def fee_of(amount: int, basis_points: int) -> int:
    """Return the platform's share of an amount, both in the smallest unit; rounded down, in the centre's favour."""
    return amount * basis_points // 10_000


def stage_of(status: str) -> Stage:
    """Return where a dispute stands, by Stripe's word (https://docs.stripe.com/api/disputes/object)."""
    match status:
        case "warning_needs_response" | "warning_under_review":
            return Stage.INQUIRY
        case "warning_closed" | "prevented":
            return Stage.DROPPED
        case "won":
            return Stage.WON
        case "lost":
            return Stage.LOST
        case _:
            return Stage.OPEN


def state_after_refunds(charged: int, left: int, disputed: int = 0) -> PaymentState:
    """Return where a payment stands of which `left` is not given back, and `disputed` is with the payer's bank."""
    if disputed > 0:
        return PaymentState.DISPUTED
    if left <= 0:
        return PaymentState.REFUNDED
    return PaymentState.PAID if left >= charged else PaymentState.PARTIALLY_REFUNDED
