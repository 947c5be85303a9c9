"""Times of day are understood as people write them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from appservice.conversation.understanding.clock import Hours, moment, read_hours, read_quiet, read_time
from appservice.conversation.understanding.text import Reading
from core.errors import BadInputError

BERLIN = ZoneInfo("Europe/Berlin")


def at(hour: int, minute: int = 0) -> Hours:
    return Hours(exact=time(hour, minute))


def after(hour: int, minute: int = 0) -> Hours:
    return Hours(after=time(hour, minute))


def before(hour: int, minute: int = 0) -> Hours:
    return Hours(before=time(hour, minute))


def between(first: tuple[int, int], last: tuple[int, int]) -> Hours:
    return Hours(after=time(*first), before=time(*last))


PHRASES = {
    "9:30": at(9, 30),
    "09:30": at(9, 30),
    "at 9:30": at(9, 30),
    "9.30": at(9, 30),
    "12.30pm": at(12, 30),
    "17h30": at(17, 30),
    "9am": at(9),
    "9 a.m.": at(9),
    "12am": at(0),
    "12pm": at(12),
    "5pm": at(17),
    "5 p.m.": at(17),
    "5:15 pm": at(17, 15),
    "17:00": at(17),
    "at 9": at(9),
    "at 5": at(17),
    "around 10": at(10),
    "9 o'clock": at(9),
    "9 Uhr": at(9),
    "um 14 Uhr": at(14),
    "noon": at(12),
    "at noon": at(12),
    "half past 9": at(9, 30),
    "half past four": at(16, 30),
    "quarter past 10": at(10, 15),
    "quarter to 10": at(9, 45),
    "halb 10": at(9, 30),
    "at 8 in the evening": at(20),
    "after 5pm": after(17),
    "after 5": after(17),
    "after 17:00": after(17),
    "from 9 on": after(9),
    "not before 10am": after(10),
    "after half past 9": after(9, 30),
    "after noon": after(12),
    "before noon": before(12),
    "before 10": before(10),
    "until 12": before(12),
    "by 11:30": before(11, 30),
    "between 9 and 12": between((9, 0), (12, 0)),
    "between 2 and 4": between((14, 0), (16, 0)),
    "from 9 to 5": between((9, 0), (17, 0)),
    "9-12:30": between((9, 0), (12, 30)),
    "9:00-12:00": between((9, 0), (12, 0)),
    "2-4pm": between((14, 0), (16, 0)),
    "9am to 1pm": between((9, 0), (13, 0)),
    "morning": between((6, 0), (12, 0)),
    "in the morning": between((6, 0), (12, 0)),
    "mornings": between((6, 0), (12, 0)),
    "early morning": between((6, 0), (9, 0)),
    "afternoon": between((12, 0), (18, 0)),
    "late afternoon": between((15, 0), (18, 0)),
    "in the evening": between((17, 0), (22, 0)),
    "at lunchtime": between((11, 30), (14, 0)),
    "am Nachmittag": between((12, 0), (18, 0)),
}


@pytest.mark.parametrize(("text", "hours"), PHRASES.items())
def test_a_phrase_means_these_hours_and_nothing_of_it_is_left(text: str, hours: Hours) -> None:
    reading = Reading(f"dentist {text}")
    assert read_hours(reading) == hours
    assert reading.words() == ["dentist"]


@pytest.mark.parametrize("text", ["", "dentist", "2", "number 3", "in Berlin", "2026-11-24", "24/11", "24 dentists"])
def test_what_names_no_time_is_left_alone(text: str) -> None:
    reading = Reading(text)
    assert read_hours(reading) is None
    assert reading.rest == text


@pytest.mark.parametrize("text", ["25:00", "9:75", "at 31", "half past 30"])
def test_a_time_that_no_clock_shows_gets_a_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="There is no such time"):
        read_hours(Reading(text))


def test_hours_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(BadInputError, match="end before they start"):
        read_hours(Reading("between 15:00 and 14:00"))


def test_one_time_is_read_alone() -> None:
    assert read_time("half past 9") == time(9, 30)
    assert read_time("morning") is None


def test_a_wall_time_becomes_an_instant() -> None:
    assert moment(date(2026, 11, 24), time(9, 30), BERLIN) == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert moment(date(2026, 7, 1), time(9, 30), BERLIN) == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)


def test_a_time_in_the_spring_gap_gets_a_sentence_that_says_what_there_is() -> None:
    with pytest.raises(BadInputError) as refused:
        moment(date(2026, 3, 29), time(2, 30), BERLIN)
    assert str(refused.value) == (
        "Clocks go forward on Sun 29 Mar, so 02:30 doesn't happen in Europe/Berlin. Choose a time from 03:00 on."
    )


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("22-7", 1320, 420), ("22:00-7:00", 1320, 420), ("10pm to 7:30am", 1320, 450), ("from 22 until 7", 1320, 420),
        ("hours 23.30 – 6", 1410, 360), ("12am-6am", 0, 360), ("12:30pm and 2pm", 750, 840), ("22-24", 1320, 0),
    ],
)  # fmt: skip
def test_quiet_hours_are_read_on_24_hours(text: str, starts: int, ends: int) -> None:
    quiet = read_quiet(text)
    assert (quiet.starts, quiet.ends) == (starts, ends)


@pytest.mark.parametrize("text", ["", "night", "22", "25-7", "22-7:75", "7-7", "22-7 and 12-13", "٢٢-٧" * 50])
def test_what_are_no_quiet_hours_gets_a_sentence(text: str) -> None:
    with pytest.raises(BadInputError):
        read_quiet(text)
