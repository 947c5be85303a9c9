"""Of which days a report is."""

from datetime import date

import pytest

from appservice.conversation.commands.reports import span_before

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("count", "unit", "first", "last"),
    [
        (30, "day", date(2026, 10, 26), TUESDAY),
        (1, "day", TUESDAY, TUESDAY),
        (2, "week", date(2026, 11, 11), TUESDAY),
        (None, "day", date(2026, 11, 23), date(2026, 11, 23)),
        (None, "week", date(2026, 11, 16), date(2026, 11, 22)),
        (None, "month", date(2026, 10, 1), date(2026, 10, 31)),
        (None, "year", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_days_before_today(count: int | None, unit: str, first: date, last: date) -> None:
    assert span_before(TUESDAY, count, unit) == (first, last)
