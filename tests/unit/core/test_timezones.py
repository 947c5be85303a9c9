"""Time is aware, zones are known by name, and some wall times never happen."""

from datetime import UTC, datetime

import pytest

from core.errors import BadInputError
from core.timezones import exists, utc, zone


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        utc(datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_aware_one_keeps_its_instant() -> None:
    there = datetime(2026, 7, 1, 14, tzinfo=zone("Europe/Berlin"))
    assert utc(there) == there
    assert utc(there).tzinfo is UTC


@pytest.mark.parametrize("name", ["europe/berlin", " Asia/Kuala Lumpur ", "UTC"])
def test_zones_are_found_as_people_write_them(name: str) -> None:
    assert zone(name).key in {"Europe/Berlin", "Asia/Kuala_Lumpur", "UTC"}


@pytest.mark.parametrize("name", ["", "Berlin", "Mars/Olympus", "../../etc/passwd", "Europe/"])
def test_an_unknown_zone_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(BadInputError, match="Write it like"):
        zone(name)


def test_the_spring_gap_does_not_exist_and_the_autumn_hour_does() -> None:
    berlin = zone("Europe/Berlin")
    assert not exists(datetime(2027, 3, 28, 2, 30, tzinfo=berlin))
    assert exists(datetime(2027, 3, 28, 3, 0, tzinfo=berlin))
    assert exists(datetime(2026, 10, 25, 2, 30, tzinfo=berlin))
    assert exists(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin))
