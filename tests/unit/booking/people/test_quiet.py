"""Quiet hours on the wall clock: over midnight, and on the days on which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.people.quiet import Quiet, checked_quiet, quiet_until
from core.errors import BadInputError

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(22 * 60, 7 * 60)
NOON = Quiet(12 * 60, 13 * 60)


def until(quiet: Quiet, now: str, place: ZoneInfo = BERLIN) -> str | None:
    end = quiet_until(quiet, place, datetime.fromisoformat(now).replace(tzinfo=place))
    return None if end is None else f"{end.astimezone(place):%d %H:%M}"


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, "2026-11-24T21:59", None),
        (NIGHT, "2026-11-24T22:00", "25 07:00"),
        (NIGHT, "2026-11-25T00:00", "25 07:00"),
        (NIGHT, "2026-11-25T06:59", "25 07:00"),
        (NIGHT, "2026-11-25T07:00", None),
        (NOON, "2026-11-24T11:59", None),
        (NOON, "2026-11-24T12:30", "24 13:00"),
        (NOON, "2026-11-24T13:00", None),
        (Quiet(22 * 60, 0), "2026-11-24T23:00", "25 00:00"),
    ],
)
def test_they_end_where_the_clock_says(quiet: Quiet, now: str, end: str | None) -> None:
    assert until(quiet, now) == end


def test_the_night_in_which_clocks_go_back_is_an_hour_longer() -> None:
    end = quiet_until(NIGHT, BERLIN, datetime(2026, 10, 24, 20, 0, tzinfo=UTC))
    assert end == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)


def test_an_end_in_the_hour_that_comes_twice_is_still_to_come() -> None:
    second_half_past_two = datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    assert quiet_until(Quiet(22 * 60, 150), BERLIN, second_half_past_two) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_an_end_in_the_hour_that_does_not_come_is_the_one_after_it() -> None:
    assert until(Quiet(22 * 60, 150), "2026-03-28T23:00") == "29 03:30"


@given(
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.integers(0, 2 * 365 * 1440),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_the_end_is_ahead_within_a_day_and_quiet_until_it_comes(starts: int, ends: int, minute: int, name: str) -> None:
    place = ZoneInfo(name)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    if starts == ends:
        return
    end = quiet_until(Quiet(starts, ends), place, now)
    if end is None:
        return
    assert now < end <= now + timedelta(hours=26)
    wall = end.astimezone(place)
    shown = wall.hour * 60 + wall.minute
    assert (shown - ends) % 1440 in {0, 30, 60}  # later only where that time did not come on that day


@pytest.mark.parametrize(("starts", "ends"), [(0, 0), (600, 600), (-1, 5), (5, 1440)])
def test_hours_that_are_none_are_refused(starts: int, ends: int) -> None:
    with pytest.raises(BadInputError):
        checked_quiet(starts, ends)
