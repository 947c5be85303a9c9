"""Who is told what when a doctor runs late."""

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.day.rules import InLine, checked_minutes, expected_starts, is_later, ready_at, rounded_up
from core.errors import BadInputError

MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 1, hour, minute, tzinfo=UTC)


def line(*starts: datetime, minutes: int = 30, together: Hashable = None) -> list[InLine]:
    return [
        InLine(UUID(int=n), start, timedelta(minutes=minutes), together or UUID(int=n))
        for n, start in enumerate(starts, 1)
    ]


def told(late: int, *starts: datetime) -> list[datetime]:
    waiting = line(*starts)
    return [*expected_starts(waiting, ready_at(starts[0], late * MINUTE, at(8))).values()]


def test_those_behind_each_other_all_wait() -> None:
    assert told(20, at(9), at(9, 30), at(10)) == [at(9, 20), at(9, 50), at(10, 20)]


def test_a_gap_takes_up_what_it_can() -> None:
    assert told(20, at(9), at(9, 45), at(10, 30)) == [at(9, 20), at(9, 50), at(10, 30)]


def test_who_comes_after_a_long_gap_does_not_wait() -> None:
    assert told(20, at(9), at(11)) == [at(9, 20), at(11)]


def test_what_is_over_counts_from_now() -> None:
    assert ready_at(at(9), 20 * MINUTE, at(9, 30)) == at(9, 50)
    assert ready_at(at(9), 20 * MINUTE, at(9, 5)) == at(9, 20)


def test_a_group_waits_together() -> None:
    group = [InLine(UUID(int=n), at(9), timedelta(minutes=45), "group") for n in (1, 2, 3)]
    after = InLine(UUID(int=4), at(9, 45), timedelta(minutes=30), "alone")
    assert [*expected_starts([*group, after], at(9, 10)).values()] == [at(9, 10)] * 3 + [at(9, 55)]


def test_what_is_told_is_a_time_that_people_say() -> None:
    assert rounded_up(at(9, 21)) == at(9, 25)
    assert rounded_up(at(9, 25)) == at(9, 25)
    assert is_later(at(9, 5), at(9))
    assert not is_later(at(9, 4), at(9))


@pytest.mark.parametrize("minutes", [-1, 481])
def test_what_is_no_delay_is_refused(minutes: int) -> None:
    with pytest.raises(BadInputError):
        checked_minutes(minutes)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=20), st.integers(0, 240), st.integers(5, 60))
def test_nobody_is_seen_early_or_out_of_turn(starts: list[int], late: int, minutes: int) -> None:
    waiting = line(*(at(8) + each * MINUTE for each in sorted(starts)), minutes=minutes)
    expected = [*expected_starts(waiting, waiting[0].start + late * MINUTE).values()]
    assert all(each.start <= when for each, when in zip(waiting, expected, strict=True))
    assert all(one <= other for one, other in pairwise(expected))
