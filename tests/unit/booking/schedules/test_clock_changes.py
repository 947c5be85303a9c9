"""What users of other systems complain about on the days when clocks change, by the thread in which they do."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from booking.schedules.opening import Schedule, Week
from booking.schedules.rules import Minutes, Visit, WeeklySpan, free_starts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORK, BERLIN, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/Chicago")
HALF_HOUR = Visit(30, 0, 0, 30)
EVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def hours(zone: ZoneInfo, start: int, end: int, days: Iterable[int] = range(7)) -> Schedule:
    """Open from one hour of the wall clock until another."""
    return Schedule(zone, (Week(tuple(WeeklySpan(day, start * 60, end * 60) for day in days), date.min),))


def starts(
    schedule: Schedule,
    first: date,
    last: date,
    visit: Visit = HALF_HOUR,
    earliest: datetime = EVER[0],
) -> list[datetime]:
    return list(free_starts(schedule.open_times(first, last), [], visit, schedule.zone, earliest, EVER[1]))


def walls(found: Iterable[datetime], zone: ZoneInfo) -> list[str]:
    return [f"{each.astimezone(zone):%d.%m. %H:%M}" for each in found]


def test_calcom_1092_what_is_offered_after_the_change_is_the_instant_that_is_booked() -> None:
    found = starts(hours(CHICAGO, 9, 10), date(2021, 11, 6), date(2021, 11, 8))
    assert walls(found, CHICAGO) == [f"{day:02}.11. 09:{minute}" for day in (6, 7, 8) for minute in ("00", "30")]
    assert [each.hour for each in found] == [14, 14, 15, 15, 15, 15]


def test_calcom_2250_the_same_instants_are_offered_whatever_zone_they_are_looked_at_in() -> None:
    paris, sarajevo = ZoneInfo("Europe/Paris"), ZoneInfo("Europe/Sarajevo")
    found = starts(hours(paris, 9, 10), date(2022, 3, 26), date(2022, 3, 28))
    assert walls(found, paris) == walls(found, sarajevo)
    again = [each.astimezone(sarajevo).astimezone(paris) for each in found]
    assert walls(again, paris) == walls(found, paris)


def test_calcom_4702_hours_begin_at_the_same_wall_time_before_and_after_the_change() -> None:
    schedule = Schedule(CHICAGO, (Week((WeeklySpan(1, 450, 510),), date.min),))
    found = starts(schedule, date(2022, 11, 1), date(2022, 11, 8))
    assert walls(found, CHICAGO) == ["01.11. 07:30", "01.11. 08:00", "08.11. 07:30", "08.11. 08:00"]


def test_calcom_4753_a_weekly_hour_stays_where_it_is_all_winter() -> None:
    found = starts(hours(BERLIN, 13, 14, [1]), date(2022, 10, 18), date(2023, 1, 31), Visit(60, 0, 0, 60))
    assert len(found) == 16
    assert {each.astimezone(BERLIN).strftime("%a %H:%M") for each in found} == {"Tue 13:00"}


@pytest.mark.parametrize("day", [date(2023, 3, 12), date(2023, 11, 5)])
def test_calcom_6217_the_one_slot_of_the_day_of_the_change_is_at_its_wall_time(day: date) -> None:
    schedule = Schedule(NEW_YORK, (Week(tuple(WeeklySpan(each, 750, 780) for each in range(7)), date.min),))
    found = starts(schedule, day - DAY, day + DAY)
    assert [each.astimezone(NEW_YORK).strftime("%H:%M") for each in found] == ["12:30"] * 3


def test_calcom_6622_what_a_date_that_differs_offers_can_be_booked() -> None:
    day = date(2023, 3, 12)
    schedule = Schedule(BERLIN, (), dates={day: ((480, 540),)})
    found = starts(schedule, day, day)
    assert walls(found, BERLIN) == ["12.03. 08:00", "12.03. 08:30"]
    for each in found:
        opened = schedule.open_times(day - DAY, day + DAY)
        assert list(free_starts(opened, [], HALF_HOUR, BERLIN, each, each + timedelta(minutes=1))) == [each]


def test_calcom_10517_no_slot_before_the_hours_in_the_month_of_the_change() -> None:
    found = starts(hours(NEW_YORK, 9, 17), date(2023, 11, 1), date(2023, 12, 31))
    by_day = {each.astimezone(NEW_YORK).date(): each for each in reversed(found)}
    assert {each.astimezone(NEW_YORK).strftime("%H:%M") for each in by_day.values()} == {"09:00"}
    assert len(by_day) == 61


@pytest.mark.parametrize("notice_days", [6, 7, 8])
def test_calcom_12137_minimum_notice_that_ends_on_the_day_of_the_change_moves_no_slot(notice_days: int) -> None:
    now = datetime(2023, 10, 29, 12, tzinfo=UTC)
    found = starts(hours(NEW_YORK, 9, 17), date(2023, 10, 29), date(2023, 11, 30), earliest=now + notice_days * DAY)
    assert found[0] >= now + notice_days * DAY
    assert {each.astimezone(NEW_YORK).strftime("%H") for each in found} == {f"{hour:02}" for hour in range(9, 17)}
    assert {each.minute for each in found} == {0, 30}


def test_calcom_12137_notice_is_counted_in_hours_that_pass() -> None:
    eve = datetime(2026, 10, 24, 12, tzinfo=BERLIN).astimezone(UTC)
    found = starts(hours(BERLIN, 0, 24), date(2026, 10, 24), date(2026, 10, 26), earliest=eve + 24 * HOUR)
    assert walls(found, BERLIN)[0] == "25.10. 11:00"


def test_calcom_19929_and_14664_a_busy_time_is_an_instant_not_a_wall_time() -> None:
    schedule = hours(BERLIN, 1, 4)
    day = date(2026, 10, 25)
    # The second of the two hours from 2 to 3.
    busy = [(datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))]
    opened = schedule.open_times(day, day)
    found = list(free_starts(opened, busy, Visit(60, 0, 0, 60), BERLIN, opened[0][0], opened[-1][1]))
    assert walls(found, BERLIN) == ["25.10. 01:00", "25.10. 02:00", "25.10. 03:00"]
    assert found[1] == datetime(2026, 10, 25, 0, tzinfo=UTC), "the first of the two"


def test_calcom_30022_hours_of_the_afternoon_do_not_move_on_the_spring_day() -> None:
    found = starts(hours(NEW_YORK, 13, 18), date(2027, 3, 14), date(2027, 3, 14), Visit(60, 0, 0, 60))
    assert walls(found, NEW_YORK) == [f"14.03. {hour}:00" for hour in range(13, 18)]


def test_calcom_24843_a_slot_that_ends_at_midnight_is_there_on_both_days_of_the_change() -> None:
    for day in (date(2026, 10, 25), date(2027, 3, 28)):
        found = starts(hours(BERLIN, 23, 24), day - DAY, day + DAY, Visit(60, 0, 0, 60))
        assert [each.astimezone(BERLIN).strftime("%H:%M") for each in found] == ["23:00"] * 3


def test_ea_910_the_hour_that_is_booked_is_the_one_that_was_shown_and_it_alone_is_gone() -> None:
    """There 9:00 was booked as 8:00: 9:00 was offered once more, and 10:00 took it away. Rome and Berlin are alike."""
    rome, berlin = ZoneInfo("Europe/Rome"), ZoneInfo("Europe/Berlin")
    for day in (date(2020, 10, 22), date(2020, 10, 26)):  # before and after the change
        schedule, visit = hours(rome, 9, 12), Visit(60, 0, 0, 60)
        offered = starts(schedule, day, day, visit)
        assert [each[-5:] for each in walls(offered, berlin)] == ["09:00", "10:00", "11:00"]
        taken = [(offered[0], offered[0] + HOUR)]
        left = free_starts(schedule.open_times(day, day), taken, visit, rome, *EVER)
        assert [each[-5:] for each in walls(left, berlin)] == ["10:00", "11:00"]


def test_ea_914_and_826_it_is_the_slot_that_is_taken_which_is_gone_in_every_zone() -> None:
    azores, amsterdam = ZoneInfo("Atlantic/Azores"), ZoneInfo("Europe/Amsterdam")
    schedule, day = hours(azores, 9, 13), date(2020, 10, 23)
    taken = datetime(2020, 10, 23, 14, tzinfo=amsterdam).astimezone(UTC)
    visit = Visit(60, 0, 0, 60)
    found = free_starts(schedule.open_times(day, day), [(taken, taken + HOUR)], visit, azores, *EVER)
    assert walls(found, amsterdam) == ["23.10. 11:00", "23.10. 12:00", "23.10. 13:00"]


def test_ea_1432_late_slots_are_there_for_who_is_a_day_ahead() -> None:
    found = starts(hours(BERLIN, 23, 24), date(2023, 10, 20), date(2023, 10, 20))
    assert walls(found, ZoneInfo("Europe/Athens")) == ["21.10. 00:00", "21.10. 00:30"]


def test_ea_961_the_day_of_a_slot_is_that_of_the_zone_it_is_shown_in() -> None:
    melbourne, angeles = ZoneInfo("Australia/Melbourne"), ZoneInfo("America/Los_Angeles")
    found = starts(hours(melbourne, 9, 10), date(2020, 12, 17), date(2020, 12, 17))
    assert walls(found, melbourne) == ["17.12. 09:00", "17.12. 09:30"]
    assert walls(found, angeles) == ["16.12. 14:00", "16.12. 14:30"]


def test_ea_1176_zones_with_the_same_clock_show_the_same_slots() -> None:
    found = starts(hours(ZoneInfo("Australia/Sydney"), 23, 24), date(2021, 12, 14), date(2021, 12, 14))
    assert walls(found, ZoneInfo("Australia/NSW")) == ["14.12. 23:00", "14.12. 23:30"]


def test_no_slot_lies_in_the_hour_that_does_not_happen_in_spring() -> None:
    found = starts(hours(BERLIN, 0, 6), date(2027, 3, 28), date(2027, 3, 28))
    assert [each[-5:] for each in walls(found, BERLIN)] == [
        "00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30", "05:00", "05:30",
    ]  # fmt: skip
    # What is on until the gap goes on after it: an hour from 1:30 ends at 3:30.
    assert "28.03. 01:30" in walls(
        starts(hours(BERLIN, 0, 6), date(2027, 3, 28), date(2027, 3, 28), Visit(60, 0, 0, 30)), BERLIN
    )


def test_the_hour_that_comes_twice_in_autumn_has_twice_its_slots_each_another_instant() -> None:
    found = starts(hours(BERLIN, 2, 3), date(2026, 10, 25), date(2026, 10, 25))
    assert [each[-5:] for each in walls(found, BERLIN)] == ["02:00", "02:30", "02:00", "02:30"]
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("name", "day", "count"),
    [
        ("Africa/Cairo", date(2026, 4, 24), 46),  # forward at midnight: the day begins at 1:00
        ("America/Havana", date(2026, 11, 1), 50),  # back at 1:00 to midnight: the first hour comes twice
        ("Australia/Lord_Howe", date(2026, 10, 4), 47),  # by half an hour
        ("Asia/Beirut", date(2026, 3, 29), 46),
        ("Africa/Casablanca", date(2026, 2, 15), 50),
    ],
)
def test_days_that_are_longer_or_shorter_have_as_many_slots_more_or_less(name: str, day: date, count: int) -> None:
    zone = ZoneInfo(name)
    found = starts(hours(zone, 0, 24), day, day)
    assert len(found) == count
    assert all(each.astimezone(zone).date() == day for each in found)
    assert len(starts(hours(zone, 0, 24), day - DAY, day + DAY)) == 48 + count + 48


def test_a_centre_that_moves_to_another_zone_keeps_its_hours_of_the_wall_clock() -> None:
    week: tuple[Week, ...] = (Week((WeeklySpan(0, 540, 600),), date.min),)
    monday = date(2026, 6, 1)
    before = starts(Schedule(BERLIN, week), monday, monday)
    after = starts(Schedule(ZoneInfo("Europe/London"), week), monday, monday)
    assert [each + HOUR for each in before] == after


def test_a_date_that_differs_is_the_centre_s_date_on_either_side_of_the_date_line() -> None:
    whole: tuple[Minutes, ...] = ((0, 1440),)
    for name, hour in (("Pacific/Kiritimati", 10), ("Pacific/Pago_Pago", 11)):
        zone = ZoneInfo(name)
        opened = Schedule(zone, (), dates={date(2026, 12, 24): whole}).open_times(
            date(2026, 12, 22), date(2026, 12, 26)
        )
        assert len(opened) == 1
        assert opened[0][1] - opened[0][0] == DAY
        assert opened[0][0].hour == hour
