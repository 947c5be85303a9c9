"""Free times are just those that a look at every single minute would find."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.schedules.opening import Schedule, Week
from booking.schedules.rules import Span, Visit, WeeklySpan, free_starts, merged

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def open_times(spans: Sequence[WeeklySpan], zone: ZoneInfo, first: date, last: date) -> list[Span]:
    return Schedule(zone, (Week(tuple(spans), date.min),)).open_times(first, last)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def naive(spans, busy, visit: Visit, zone, first: date, last: date, earliest, latest) -> list[datetime]:
    """The obviously right model: every minute is looked at, and every minute of the visit."""

    def is_open(moment: datetime) -> bool:
        wall = moment.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        return first <= wall.date() <= last and any(
            s.weekday == wall.weekday() and s.starts <= minute < s.ends for s in spans
        )

    def is_free(moment: datetime) -> bool:
        return not any(start <= moment < end for start, end in busy)

    found = []
    moment = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    while moment < latest:
        wall = moment.astimezone(zone)
        if (
            moment >= earliest
            and (wall.hour * 60 + wall.minute) % visit.grid == 0
            and all(is_open(moment + n * MINUTE) for n in range(visit.minutes))
            and all(is_free(moment + n * MINUTE) for n in range(-visit.before, visit.minutes + visit.after))
        ):
            found.append(moment)
        moment += MINUTE
    return found


spans = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 47), st.integers(1, 48))
    .filter(lambda s: s[1] < s[2])
    .map(lambda s: WeeklySpan(s[0], s[1] * 30, s[2] * 30)),
    max_size=6,
)
# Around clock changes (Europe, Lord Howe's half hour, America) and on plain days.
days = st.sampled_from(
    [
        (date(2027, 3, 28), "Europe/Berlin"),
        (date(2026, 10, 25), "Europe/Berlin"),
        (date(2026, 10, 4), "Australia/Lord_Howe"),
        (date(2027, 3, 14), "America/New_York"),
        (date(2026, 6, 10), "Asia/Kathmandu"),
    ]
)


@settings(deadline=None, max_examples=60)
@given(
    spans,
    days,
    st.lists(st.tuples(st.integers(0, 2800), st.integers(1, 200)), max_size=6),
    st.builds(
        Visit,
        st.sampled_from([10, 20, 45]),
        st.sampled_from([0, 5]),
        st.sampled_from([0, 10]),
        st.sampled_from([5, 15, 20, 45, 50]),
    ),
    st.integers(0, 2000),
)
def test_free_starts_equal_those_of_a_model_that_looks_at_every_minute(rules, when, taken, visit, notice) -> None:
    day, name = when
    zone = ZoneInfo(name)
    first, last = day - timedelta(days=1), day
    began = datetime(first.year, first.month, first.day, tzinfo=UTC)
    busy = [(began + n * MINUTE, began + (n + length) * MINUTE) for n, length in taken]
    earliest, latest = began + notice * MINUTE, began + timedelta(days=2)
    opened = open_times(rules, zone, first, last)
    assert list(free_starts(opened, merged(busy), visit, zone, earliest, latest)) == naive(
        rules, busy, visit, zone, first, last, earliest, latest
    )


def test_hours_in_the_spring_gap_do_not_happen_and_those_of_autumn_happen_twice() -> None:
    night = [WeeklySpan(6, 120, 180)]
    assert open_times(night, BERLIN, date(2027, 3, 28), date(2027, 3, 28)) == []
    assert open_times(night, BERLIN, date(2026, 10, 25), date(2026, 10, 25)) == [
        (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))
    ]


def test_a_working_day_keeps_its_wall_times_over_a_clock_change() -> None:
    work = [WeeklySpan(5, 540, 600), WeeklySpan(0, 540, 600)]
    assert open_times(work, BERLIN, date(2027, 3, 27), date(2027, 3, 29)) == [
        (at("2027-03-27T09:00"), at("2027-03-27T10:00")),
        (at("2027-03-29T09:00"), at("2027-03-29T10:00")),
    ]


def test_buffers_may_lie_outside_open_hours_but_touch_no_other_visit() -> None:
    opened = [(at("2026-12-01T09:00"), at("2026-12-01T10:00"))]
    visit = Visit(20, 10, 10, 20)
    free = list(free_starts(opened, [], visit, BERLIN, opened[0][0], opened[0][1]))
    assert free == [at(f"2026-12-01T09:{m}") for m in ("00", "20", "40")]
    busy = [(at("2026-12-01T08:00"), at("2026-12-01T08:55"))]
    free = list(free_starts(opened, busy, visit, BERLIN, opened[0][0], opened[0][1]))
    assert free == [at(f"2026-12-01T09:{m}") for m in ("20", "40")]


@pytest.mark.parametrize("grid", [5, 20, 45, 50, 60])
def test_starts_lie_on_the_days_grid_though_hours_do_not(grid: int) -> None:
    opened = [(at("2026-12-01T09:07"), at("2026-12-01T18:00"))]
    for start in free_starts(opened, [], Visit(10, 0, 0, grid), BERLIN, opened[0][0], opened[0][1]):
        wall = start.astimezone(BERLIN)
        assert (wall.hour * 60 + wall.minute) % grid == 0


def test_overlapping_times_are_merged() -> None:
    a, b, c, d = (at(f"2026-12-01T0{n}:00") for n in range(1, 5))
    assert merged([(c, d), (a, b), (b, c)]) == [(a, d)]
