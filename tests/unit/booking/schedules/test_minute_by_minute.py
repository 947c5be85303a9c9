"""Whatever the rules, zones and days: free times are just those that a look at every single minute finds."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from booking.schedules.hours import parse_hours, show_hours
from booking.schedules.opening import Schedule, Week, with_week
from booking.schedules.rules import Visit, WeeklySpan, free_starts, merged
from core.errors import BadInputError
from tests.unit.booking.schedules.minute_model import DAY, MINUTE, MinuteModel, Rule

SERVICE = UUID(int=1)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Around clock changes (Europe, Lord Howe's half hour, America, midnights of Cairo and Havana) and on a plain day.
days = st.sampled_from(
    [
        (date(2027, 3, 28), "Europe/Berlin"),
        (date(2026, 10, 25), "Europe/Berlin"),
        (date(2026, 10, 4), "Australia/Lord_Howe"),
        (date(2027, 4, 4), "Australia/Lord_Howe"),
        (date(2027, 3, 14), "America/New_York"),
        (date(2026, 4, 24), "Africa/Cairo"),
        (date(2026, 11, 1), "America/Havana"),
        (date(2026, 6, 10), "Asia/Kathmandu"),
    ]
)
minutes = st.tuples(st.integers(0, 95), st.integers(1, 96)).filter(lambda s: s[0] < s[1])
hours = minutes.map(lambda s: (s[0] * 15, s[1] * 15))
spans = st.builds(lambda weekday, span: WeeklySpan(weekday, *span), st.integers(0, 6), hours)
# Days before and after the middle one.
near = st.integers(-2, 2)
rules = st.lists(st.tuples(spans, st.none() | near, st.none() | near, st.booleans()), max_size=6)
dates = st.dictionaries(near, st.lists(hours, max_size=2), max_size=2)
busy = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 300)), max_size=6)
visits = st.builds(
    Visit,
    st.sampled_from([10, 20, 45, 90]),
    st.sampled_from([0, 5, 30]),
    st.sampled_from([0, 10]),
    st.sampled_from([5, 15, 20, 45, 50, 60, 480]),
)


def ordered(begins: date, ends: date | None) -> tuple[date, date | None]:
    return (begins, ends) if ends is None or begins < ends else (ends, begins + DAY)


@settings(deadline=None, max_examples=80)
@given(rules, dates, st.sets(near, max_size=2), days, busy, visits, st.integers(0, 3000), st.booleans())
def test_free_times_equal_those_of_a_model_that_looks_at_every_minute(
    rules, dates, holidays, when, taken, visit, notice, holds_expired
) -> None:
    middle, name = when
    zone = ZoneInfo(name)
    weeks = []
    for span, begins, ends, of_service in rules:
        validity = ordered(
            date.min if begins is None else middle + begins * DAY, None if ends is None else middle + ends * DAY
        )
        weeks.append(Rule(span, *validity, of_service=of_service))
    model = MinuteModel(
        zone,
        weeks,
        dates={middle + n * DAY: each for n, each in dates.items()},
        holidays=frozenset(middle + n * DAY for n in holidays),
    )
    schedule = Schedule(
        zone,
        tuple(Week((each.span,), each.begins, each.ends) for each in weeks if not each.of_service),
        {SERVICE: tuple(Week((each.span,), each.begins, each.ends) for each in weeks if each.of_service)},
        {day: tuple(each) for day, each in model.dates.items()},
        lambda year: {day for day in model.holidays if day.year == year},
    )
    first, last = middle - DAY, middle + DAY
    began = datetime.combine(first, datetime.min.time(), zone).astimezone(UTC)
    latest = datetime.combine(last + DAY, datetime.min.time(), zone).astimezone(UTC)
    # Of every two busy times one is a hold, which counts until it expires.
    in_the_way = [
        (began + start * MINUTE, began + (start + length) * MINUTE)
        for n, (start, length) in enumerate(taken)
        if n % 2 or not holds_expired
    ]
    earliest = began + notice * MINUTE + timedelta(seconds=notice % 2)
    opened = schedule.open_times(first, last + DAY, SERVICE)
    found = list(free_starts(opened, merged(in_the_way), visit, zone, earliest, latest))
    assert found == list(model.free_starts(in_the_way, visit, earliest, latest, began))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 6), hours), min_size=1, max_size=4, unique_by=lambda each: each[0]),
    st.lists(hours, min_size=1, max_size=2, unique=True),
    days,
)
def test_a_week_with_breaks_in_words_is_open_but_in_its_breaks(week, breaks, when) -> None:
    day, name = when
    touched = [each for each in breaks if any(start < each[1] and each[0] < end for _, (start, end) in week)]
    text = "; ".join(f"{NAMES[weekday]} {show_hours([span])}" for weekday, span in week)
    text += "".join(f"; break {show_hours([each])}" for each in touched)
    try:
        read = parse_hours(text, day).spans
    except BadInputError:
        assert len(touched) == 2, "a second break may lie where the first has left nothing"
        return
    zone = ZoneInfo(name)
    model = MinuteModel(
        zone,
        [Rule(WeeklySpan(weekday, *span)) for weekday, span in week],
        [WeeklySpan(weekday, *each) for weekday in range(7) for each in touched],
    )
    opened = Schedule(zone, (Week(read, date.min),)).open_times(day, day)
    moment = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    while moment.astimezone(zone).date() <= day:
        assert any(start <= moment < end for start, end in opened) == model.is_open(moment)
        moment += 5 * MINUTE


@given(
    st.lists(st.tuples(st.integers(0, 30), st.none() | st.integers(1, 10), st.booleans()), max_size=6),
    st.integers(0, 40),
)
def test_of_weeks_set_one_after_the_other_the_last_that_holds_on_a_date_is_in_force(changes, ahead) -> None:
    today = date(2026, 12, 1)
    weeks: tuple[Week, ...] = ()
    expected: tuple[WeeklySpan, ...] = ()
    for n, (begins, length, closed) in enumerate(changes):
        ends = None if length is None else begins + length
        spans = () if closed else (WeeklySpan(0, n, n + 1),)
        weeks = with_week(weeks, Week(spans, today + begins * DAY, None if ends is None else today + ends * DAY))
        if begins <= ahead and (ends is None or ahead < ends):
            expected = spans
    schedule = Schedule(ZoneInfo("UTC"), weeks)
    assert tuple(schedule.week_on(today + ahead * DAY)) == expected
    drawn = list(schedule.weeks_from(today))
    holding = [week for week in drawn if week.holds(today + ahead * DAY)]
    assert [week.spans for week in holding] == [expected] or (not weeks and not expected)
    assert all(one.ends == other.begins for one, other in pairwise(drawn))
