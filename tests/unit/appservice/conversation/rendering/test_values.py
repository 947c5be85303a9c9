"""Moments, spans and choices read as people say them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from appservice.conversation.rendering.lists import slots
from appservice.conversation.rendering.values import dated, moment, span, spoken, times

BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int = 8, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_a_moment_is_shown_on_the_readers_clock() -> None:
    assert moment(at(24), BERLIN) == "Tue 24 Nov, 09:00"
    assert moment(at(24), ZoneInfo("Asia/Tokyo")) == "Tue 24 Nov, 17:00"


def test_what_may_be_of_another_year_names_the_year() -> None:
    assert dated(at(31, 23, month=12), BERLIN) == "1 Jan 2027"


def test_whole_days_are_shown_without_hours_and_with_the_last_day() -> None:
    assert span(at(23, 23, month=12), at(31, 23, month=12), BERLIN) == "Thu 24 Dec to Thu 31 Dec"
    assert span(at(23, 23, month=12), at(24, 23, month=12), BERLIN) == "Thu 24 Dec"


def test_whole_days_stay_whole_where_the_clock_changes() -> None:
    assert span(datetime(2026, 10, 24, 22, tzinfo=UTC), at(25, 23, month=10), BERLIN) == "Sun 25 Oct"


def test_a_span_of_hours_shows_them() -> None:
    assert span(at(24), at(24, 10), BERLIN) == "Tue 24 Nov, 09:00 to Tue 24 Nov, 11:00"


def test_times_name_each_day_once() -> None:
    assert times([at(24), at(24, 9), at(25)], BERLIN) == "Tue 24 Nov 09:00, 10:00 · Wed 25 Nov 09:00"
    assert slots([at(24), at(24, 9)], BERLIN) == "**Tue 24 Nov**\n\n1. 09:00\n2. 10:00"


@pytest.mark.parametrize(
    ("words", "said"),
    [([], ""), (["more"], "“more”"), (["more", "back"], "“more” or “back”"), (["a", "b", "c"], "“a”, “b” or “c”")],
)
def test_choices_are_listed_as_people_list_them(words: list[str], said: str) -> None:
    assert spoken(words) == said
