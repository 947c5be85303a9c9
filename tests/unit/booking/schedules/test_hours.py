"""Weekly hours are read as people say them and drawn back as they were meant."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.schedules.hours import parse_hours, show_week
from booking.schedules.rules import WeeklySpan
from core.errors import UserError

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("mon-fri 9-12:30, 14-18", [("Mon-Fri", "09:00-12:30, 14:00-18:00"), ("Sat-Sun", "closed")]),
        ("daily 0-24", [("Mon-Sun", "00:00-24:00")]),
        ("Mon Wed 9am-5pm", [("Mon", "09:00-17:00"), ("Tue", "closed"), ("Wed", "09:00-17:00"), ("Thu-Sun", "closed")]),
        ("mon, wed and fri: 8.30 to 12", [
            ("Mon", "08:30-12:00"), ("Tue", "closed"), ("Wed", "08:30-12:00"), ("Thu", "closed"),
            ("Fri", "08:30-12:00"), ("Sat-Sun", "closed"),
        ]),
        ("mon-thu 8-12, 13-17; fri 8-12; sat 10-14", [
            ("Mon-Thu", "08:00-12:00, 13:00-17:00"), ("Fri", "08:00-12:00"), ("Sat", "10:00-14:00"), ("Sun", "closed"),
        ]),
        ("sat-mon 10-11", [("Mon", "10:00-11:00"), ("Tue-Fri", "closed"), ("Sat-Sun", "10:00-11:00")]),
        ("weekdays 9-17", [("Mon-Fri", "09:00-17:00"), ("Sat-Sun", "closed")]),
        ("monday to friday 12am-12pm", [("Mon-Fri", "00:00-12:00"), ("Sat-Sun", "closed")]),
        ("daily 2-5pm", [("Mon-Sun", "14:00-17:00")]),
        ("daily 9-5pm", [("Mon-Sun", "09:00-17:00")]),
        ("daily 9-12pm", [("Mon-Sun", "09:00-12:00")]),
        ("daily 12-3pm", [("Mon-Sun", "12:00-15:00")]),
        ("daily 8-11am", [("Mon-Sun", "08:00-11:00")]),
        ("closed", [("Mon-Sun", "closed")]),
    ],
)  # fmt: skip
def test_hours_are_read_as_people_say_them(text: str, drawn: list[tuple[str, str]]) -> None:
    assert show_week(parse_hours(text, TODAY).spans) == drawn


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 Dec", date(2026, 12, 1)),
        ("2026-12-01", date(2026, 12, 1)),
        ("1.2.", date(2027, 2, 1)),
        ("Jan 5", date(2027, 1, 5)),
        ("3 march 2028", date(2028, 3, 3)),
        ("today", TODAY),
        ("tomorrow", date(2026, 11, 24)),
        ("Monday", TODAY),
        ("Thu", date(2026, 11, 26)),
    ],
)
def test_the_date_from_which_they_hold_is_the_next_of_that_name(text: str, day: date) -> None:
    assert parse_hours(f"mon 9-12 from {text}", TODAY).valid_from == day


@pytest.mark.parametrize(
    "text",
    [
        "", "9-17", "mon", "mon 9", "mon 17-9", "mon 9-25", "mon 9-12, 11-14", "mon 9:75-12", "someday 9-12",
        "mon 13pm-14pm", "mon 9-12 from 31.2.", "mon 9-12 from tomorrowish", "mon 9-12 from 29.2.", "mon-fri 9-12;",
        "x" * 600,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError):
        parse_hours(text, TODAY)


@given(st.text(alphabet="monfri sat-,:;0123456789ap.to", max_size=40))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    try:
        hours = parse_hours(text, TODAY)
    except UserError:
        return
    assert all(0 <= span.starts < span.ends <= 1440 for span in hours.spans)


spans = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from([(0, 60), (75, 600), (600, 725), (1000, 1440)])).map(
        lambda s: WeeklySpan(s[0], *s[1])
    ),
    max_size=10,
    unique=True,
)


@given(spans)
def test_what_is_drawn_can_be_read_back(week: list[WeeklySpan]) -> None:
    text = "; ".join(f"{days.lower()} {hours}" for days, hours in show_week(week) if hours != "closed")
    assert list(parse_hours(text or "closed", TODAY).spans) == sorted(week)
