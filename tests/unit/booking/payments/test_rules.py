"""When a page to pay on ends, and which attempt at making it this is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking.payments.model import PaymentState
from booking.payments.rules import SHORTEST, checkout_attempt, fee_of, state_after_refunds

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOLD = NOW + timedelta(minutes=31)


def test_the_first_attempt_ends_with_the_hold() -> None:
    assert checkout_attempt(HOLD, NOW) == (0, HOLD)
    assert checkout_attempt(HOLD, NOW + timedelta(seconds=40)) == (0, HOLD)


def test_an_attempt_that_stripe_would_find_too_short_is_another_one_that_ends_later() -> None:
    assert checkout_attempt(HOLD, NOW + timedelta(minutes=2)) == (1, HOLD + timedelta(minutes=31))
    assert checkout_attempt(HOLD, NOW + timedelta(minutes=30)) == (1, HOLD + timedelta(minutes=31))


@given(st.integers(31, 1440), st.integers(0, 3600 * 24))
def test_every_attempt_is_as_long_as_stripe_wants_and_a_repeat_asks_for_the_same(minutes: int, waited: int) -> None:
    hold, now = NOW + timedelta(minutes=minutes), NOW + timedelta(seconds=waited)
    attempt, ends = checkout_attempt(hold, now)
    assert SHORTEST <= ends - now <= timedelta(hours=24)
    assert ends == hold + attempt * timedelta(minutes=31)


def test_a_payment_is_refunded_when_nothing_is_left_of_it() -> None:
    assert state_after_refunds(4800, 4800) is PaymentState.PAID
    assert state_after_refunds(4800, 1) is PaymentState.PARTIALLY_REFUNDED
    assert state_after_refunds(4800, 0) is PaymentState.REFUNDED


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000))
def test_the_platform_never_keeps_more_than_its_share_and_nothing_of_what_goes_back(
    amount: int, back: int, basis_points: int
) -> None:
    back = min(back, amount)
    fee, left = fee_of(amount, basis_points), fee_of(amount - back, basis_points)
    assert 0 <= left <= fee <= amount
    assert fee * 10_000 <= amount * basis_points < (fee + 1) * 10_000
    assert fee_of(0, basis_points) == 0
