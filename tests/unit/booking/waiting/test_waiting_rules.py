"""Who may be offered what, and for how long."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from booking.directory.model import Mode
from booking.waiting.model import Waiting
from booking.waiting.rules import LONGEST, WAITS_AT_ONCE, check_count, days_of, offered_until, span_of_wait, suits
from core.errors import BadInputError, ConflictError

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def _wait(after: time | None = None, before: time | None = None) -> Waiting:
    return Waiting(
        UUID(int=1), UUID(int=2), UUID(int=3), NOW, NOW + 24 * HOUR, after, before, "America/New_York", False, NOW
    )


def test_who_names_no_last_day_waits_for_ninety_days() -> None:
    assert span_of_wait(None, None, NOW) == (NOW, NOW + LONGEST)
    later = NOW + 30 * 24 * HOUR
    assert span_of_wait(later, None, NOW) == (later, later + LONGEST)
    assert span_of_wait(NOW - HOUR, NOW + HOUR, NOW) == (NOW, NOW + HOUR)


def test_what_is_over_is_not_waited_for() -> None:
    with pytest.raises(BadInputError):
        span_of_wait(NOW - 2 * HOUR, NOW - HOUR, NOW)


def test_the_number_of_waits_is_limited() -> None:
    check_count(WAITS_AT_ONCE - 1)
    with pytest.raises(ConflictError):
        check_count(WAITS_AT_ONCE)


@pytest.mark.parametrize(
    ("start", "quiet", "approval", "until"),
    [
        (NOW + 5 * HOUR, None, False, NOW + 30 * MINUTE),
        (NOW + 20 * MINUTE, None, False, NOW + 20 * MINUTE),
        (NOW + 4 * MINUTE, None, False, None),
        (NOW + 5 * HOUR, NOW + 2 * HOUR, False, NOW + 150 * MINUTE),
        (NOW + 2 * HOUR, NOW + 2 * HOUR, False, None),
        (NOW + 140 * MINUTE, None, True, NOW + 20 * MINUTE),
        (NOW + 2 * HOUR, None, True, None),
    ],
)
def test_an_offer_ends_before_the_visit_and_does_not_count_quiet_hours(
    start: datetime, quiet: datetime | None, approval: bool, until: datetime | None
) -> None:
    assert offered_until(start, NOW, 30, quiet_until=quiet, approval=approval) == until


@pytest.mark.parametrize(
    ("after", "before", "hour", "mode", "fits"),
    [
        (None, None, 0, Mode.IN_PERSON, True),
        (None, None, 24, Mode.IN_PERSON, False),
        (None, None, -1, Mode.IN_PERSON, False),
        (time(10), None, 0, Mode.IN_PERSON, True),  # 10:00 in Berlin
        (time(10, 1), None, 0, Mode.IN_PERSON, False),
        (None, time(10), 0, Mode.IN_PERSON, False),
        (time(4), time(5), 0, Mode.ONLINE, True),  # 4:00 in New York
        (time(5), time(4), 0, Mode.ONLINE, False),
        (time(22), time(6), 0, Mode.ONLINE, True),
    ],
)
def test_a_start_suits_by_the_clock_of_the_place_or_online_of_the_person(
    after: time | None, before: time | None, hour: int, mode: Mode, fits: bool
) -> None:
    assert suits(_wait(after, before), mode, "Europe/Berlin", NOW + hour * HOUR) is fits


@pytest.mark.parametrize(
    ("weekdays", "days", "mode", "fits"),
    [
        ({0}, set(), Mode.IN_PERSON, False),  # Monday in Berlin
        ({6}, set(), Mode.IN_PERSON, True),
        ({6}, set(), Mode.ONLINE, False),  # still Sunday in New York
        (set(), {date(2026, 11, 30)}, Mode.IN_PERSON, False),
        (set(), {date(2026, 11, 29)}, Mode.IN_PERSON, True),
        (set(), {date(2026, 11, 29)}, Mode.ONLINE, False),
    ],
)
def test_days_that_are_left_out_do_not_suit(weekdays: set[int], days: set[date], mode: Mode, fits: bool) -> None:
    start = NOW - 6 * HOUR  # 4:00 in Berlin, 22:00 the day before in New York
    wait = replace(_wait(), earliest=start, weekdays_off=frozenset(weekdays), days_off=frozenset(days))
    assert suits(wait, mode, "Europe/Berlin", start) is fits


def test_of_long_spans_only_the_days_of_the_wait_are_kept() -> None:
    whole_year = (date(2026, 1, 1), date(2026, 12, 31))
    kept = days_of([whole_year, (date(2027, 5, 1), date(2027, 5, 2))], NOW, NOW + 24 * HOUR)
    assert min(kept) == date(2026, 11, 29)
    assert max(kept) == date(2026, 12, 2)
