"""Until when a guardian speaks for somebody before the records."""

from datetime import date

import pytest

from booking.people.rules import comes_of_age, guardian_of_grown_up

ADDED = date(2020, 5, 1)


@pytest.mark.parametrize(
    ("born", "today", "over"),
    [
        (date(2008, 11, 25), date(2026, 11, 24), False),
        (date(2008, 11, 25), date(2026, 11, 25), True),
        (date(2008, 2, 29), date(2026, 2, 28), False),
        (date(2008, 2, 29), date(2026, 3, 1), True),
        (date(1950, 1, 1), date(2026, 11, 25), False),  # was grown up when they were added
        (date(2002, 5, 1), date(2026, 11, 25), False),  # came of age on the day
        (date(2002, 5, 2), date(2026, 11, 25), True),
        (None, date(2099, 1, 1), False),
    ],
)
def test_of_a_child_until_they_come_of_age_of_a_grown_up_until_that_is_ended(
    born: date | None, today: date, over: bool
) -> None:
    assert guardian_of_grown_up(born, ADDED, today) is over


def test_of_age_is_what_the_country_says() -> None:
    assert comes_of_age(date(2008, 5, 4)) == date(2026, 5, 4)
    assert comes_of_age(date(2008, 5, 4), 16) == date(2024, 5, 4)
    assert comes_of_age(date(2008, 2, 29), 20) == date(2028, 2, 29)
    assert comes_of_age(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert guardian_of_grown_up(date(2008, 5, 4), ADDED, date(2024, 5, 4), 16)
    assert not guardian_of_grown_up(date(2008, 5, 4), ADDED, date(2026, 5, 4), 20)
