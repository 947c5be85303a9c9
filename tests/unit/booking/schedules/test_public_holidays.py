"""Public holidays are known by country and region."""

from datetime import date

import pytest

from booking.schedules.public_holidays import checked_region, next_holidays, public_holidays
from core.errors import BadInputError


def test_a_country_s_holidays_and_those_of_a_region_besides() -> None:
    country, berlin = public_holidays("DE", "", 2027), public_holidays("DE", "BE", 2027)
    assert country[date(2027, 10, 3)] == "German Unity Day"
    assert date(2027, 3, 8) in berlin
    assert date(2027, 3, 8) not in country
    assert country[date(2027, 3, 26)] == "Good Friday", "which moves from year to year"
    assert {day.year for day in berlin} == {2027}
    assert list(berlin) == sorted(berlin)


@pytest.mark.parametrize("written", ["BE", "be", "Berlin", " berlin ", "DE-BE"])
def test_a_region_is_known_by_its_code_and_by_its_name(written: str) -> None:
    assert checked_region("DE", written) == "BE"
    assert checked_region("DE", "") == ""


def test_an_unknown_region_or_country_is_refused_with_what_is_known() -> None:
    with pytest.raises(BadInputError, match="BB, BE, BW"):
        checked_region("DE", "Atlantis")
    with pytest.raises(BadInputError, match="that country"):
        checked_region("XX", "")
    assert public_holidays("XX", "", 2027) == {}


def test_the_next_ones_go_on_over_the_turn_of_the_year() -> None:
    found = next_holidays("DE", "BE", date(2026, 12, 26), 3)
    assert [day for day, _ in found] == [date(2026, 12, 26), date(2027, 1, 1), date(2027, 3, 8)]
