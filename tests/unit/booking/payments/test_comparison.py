"""What the ledger and Stripe do not have alike, decided without either."""

from datetime import UTC, date, datetime

import pytest

from booking.payments.comparison import Difference, differences
from booking.payments.gateway import Moved
from core.money import Money

DAY = date(2026, 11, 23)
FIVE, SIX = Money("EUR", 500), Money("EUR", 600)


def _moved(amount: Money, day: int = 23) -> Moved:
    return Moved(datetime(2026, 11, day, 12, tzinfo=UTC), amount)


@pytest.mark.parametrize(
    ("ledger", "stripe", "found"),
    [
        ({}, {}, []),
        ({"pi_1": FIVE}, {"pi_1": _moved(FIVE)}, []),
        ({"pi_1": FIVE}, {"pi_1": _moved(FIVE, 20)}, []),
        ({"pi_1": FIVE}, {}, [Difference("not at stripe", "pi_1", FIVE, None)]),
        ({"pi_1": FIVE}, {"pi_1": _moved(SIX)}, [Difference("not the same amount", "pi_1", FIVE, SIX)]),
        ({}, {"re_1": _moved(-FIVE)}, [Difference("not in the ledger", "re_1", None, -FIVE)]),
        ({}, {"re_1": _moved(-FIVE, 22), "re_2": _moved(-FIVE, 24)}, []),
    ],
)
def test_a_day_is_compared(ledger: dict[str, Money], stripe: dict[str, Moved], found: list[Difference]) -> None:
    assert differences(ledger, stripe, DAY) == found
