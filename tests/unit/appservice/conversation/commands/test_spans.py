"""Of which days a report is."""

from datetime import date

import pytest

from appservice.conversation.commands.reports import a_year_before, span_before

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


@pytest.mark.parametrize(
    ("first", "last", "earlier"),
    [
        (date(2027, 12, 24), date(2027, 12, 26), (date(2026, 12, 24), date(2026, 12, 26))),
        (date(2029, 2, 1), date(2029, 2, 28), (date(2028, 2, 1), date(2028, 2, 29))),
        (date(2028, 2, 1), date(2028, 2, 29), (date(2027, 2, 1), date(2027, 2, 28))),
        (date(2028, 12, 1), date(2028, 12, 31), (date(2027, 12, 1), date(2027, 12, 31))),
        (date(2029, 2, 27), date(2029, 2, 28), (date(2028, 2, 27), date(2028, 2, 28))),
        (date(2028, 2, 29), date(2028, 2, 29), (date(2027, 2, 28), date(2027, 2, 28))),
    ],
)
def test_the_same_days_of_the_year_before(first: date, last: date, earlier: tuple[date, date]) -> None:
    assert a_year_before(first, last) == earlier
