"""Weekly hours are read as people say them and drawn back as they were meant."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.schedules.hours import DateHours, is_date, parse_date, parse_hours, show_week
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
        ("mon-fri 9-18, break 12:30-13:30", [("Mon-Fri", "09:00-12:30, 13:30-18:00"), ("Sat-Sun", "closed")]),
        ("mon-fri 9-18 with a lunch break from 12:30 to 13:30", [
            ("Mon-Fri", "09:00-12:30, 13:30-18:00"), ("Sat-Sun", "closed"),
        ]),
        ("daily 9-18; wed break 12-13", [
            ("Mon-Tue", "09:00-18:00"), ("Wed", "09:00-12:00, 13:00-18:00"), ("Thu-Sun", "09:00-18:00"),
        ]),
        ("mon-sat 9-13; sun 14-18; break 12-15", [("Mon-Sat", "09:00-12:00"), ("Sun", "15:00-18:00")]),
        ("daily 9-18, break 10-10:15 and 12-13", [("Mon-Sun", "09:00-10:00, 10:15-12:00, 13:00-18:00")]),
        ("on mondays 9-12", [("Mon", "09:00-12:00"), ("Tue-Sun", "closed")]),
        ("mon, wed 9-12 and fri 14-17", [
            ("Mon", "09:00-12:00"), ("Tue", "closed"), ("Wed", "09:00-12:00"), ("Thu", "closed"),
            ("Fri", "14:00-17:00"), ("Sat-Sun", "closed"),
        ]),
        ("mon 9-12 tue 10-14, thu 9-12", [
            ("Mon", "09:00-12:00"), ("Tue", "10:00-14:00"), ("Wed", "closed"), ("Thu", "09:00-12:00"),
            ("Fri-Sun", "closed"),
        ]),
        ("sat 9-12, wed closed", [("Mon-Fri", "closed"), ("Sat", "09:00-12:00"), ("Sun", "closed")]),
        ("sun off, daily 9-12", [("Mon-Sat", "09:00-12:00"), ("Sun", "closed")]),
        ("Mon-Fri 9am-5pm except Wed", [
            ("Mon-Tue", "09:00-17:00"), ("Wed", "closed"), ("Thu-Fri", "09:00-17:00"), ("Sat-Sun", "closed"),
        ]),
        ("mon-fri 9-17 but not on thursdays and fridays; fri 8-10", [
            ("Mon-Wed", "09:00-17:00"), ("Thu", "closed"), ("Fri", "08:00-10:00"), ("Sat-Sun", "closed"),
        ]),
        ("mon-fri from 9am to 5pm, except lunch 12-13", [
            ("Mon-Fri", "09:00-12:00, 13:00-17:00"), ("Sat-Sun", "closed"),
        ]),
        ("mon-fri 9-17 except wed 12-13", [
            ("Mon-Tue", "09:00-17:00"), ("Wed", "09:00-12:00, 13:00-17:00"), ("Thu-Fri", "09:00-17:00"),
            ("Sat-Sun", "closed"),
        ]),
        ("mon-fri 9-17, break 12-13, but not on fri from 15 to 17; sat 9-12", [
            ("Mon-Thu", "09:00-12:00, 13:00-17:00"), ("Fri", "09:00-12:00, 13:00-15:00"), ("Sat", "09:00-12:00"),
            ("Sun", "closed"),
        ]),
        ("mon-fri 9-17 without a break", [("Mon-Fri", "09:00-17:00"), ("Sat-Sun", "closed")]),
        ("every mon/wed, and sun 9-12 & 14-17", [
            ("Mon", "09:00-12:00, 14:00-17:00"), ("Tue", "closed"), ("Wed", "09:00-12:00, 14:00-17:00"),
            ("Thu-Sat", "closed"), ("Sun", "09:00-12:00, 14:00-17:00"),
        ]),
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
    ("text", "first", "last"),
    [
        ("mon 9-12 from 1 Dec until 31 Dec", date(2026, 12, 1), date(2026, 12, 31)),
        ("mon 9-12 from 20 Dec to 6 Jan", date(2026, 12, 20), date(2027, 1, 6)),
        ("from 1 Dec until 31 Dec mon 9-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("from 1.12. mon 9-12", date(2026, 12, 1), None),
        ("mon 9-12 until 31 Dec", None, date(2026, 12, 31)),
        ("mon 9 until 12", None, None),
        ("closed from Dec 24th till 1st Jan", date(2026, 12, 24), date(2027, 1, 1)),
    ],
)
def test_hours_hold_from_a_date_until_another(text: str, first: date | None, last: date | None) -> None:
    read = parse_hours(text, TODAY)
    assert (read.valid_from, read.valid_until) == (first, last)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("24 Dec 9-12", ((540, 720),)),
        ("on 24.12. 9-12, 14-16", ((540, 720), (840, 960))),
        ("on Dec 24th: 9-18, break 12-13", ((540, 720), (780, 1080))),
        ("2026-12-24 closed", ()),
        ("on 24 Dec as usual", None),
    ],
)
def test_hours_of_a_date_are_read(text: str, hours: tuple[tuple[int, int], ...] | None) -> None:
    assert is_date(text, TODAY)
    assert parse_date(text, TODAY) == DateHours(date(2026, 12, 24), hours)


@pytest.mark.parametrize("text", ["mon 9-12", "on mondays 9-12", "on weekdays 9-17", "9-12", "closed", "on", "مرحبا"])
def test_what_names_no_date_is_for_every_week(text: str) -> None:
    assert not is_date(text, TODAY)


@pytest.mark.parametrize(
    "text",
    ["24 Dec", "on 31.2. closed", "on 24 Dec 12-9", "on 24 Dec 9-12, 11-13", "on 24 Dec 9-12, break 14-15", "x" * 600],
)
def test_hours_of_a_date_that_cannot_be_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError):
        parse_date(text, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri 9-18, break 18-19", "break 12-13", "mon break 12-13", "mon 9-12 from 1 Dec until nevermore",
        "mon 9-12 from 1 Dec until", "from never mon 9-12", "as usual", "mon-fri break", "mon 9-12, break",
        "", "9-17", "mon", "mon 9", "mon 17-9", "mon 9-25", "mon 9-12, 11-14", "mon 9:75-12", "someday 9-12",
        "mon 13pm-14pm", "mon 9-12 from 31.2.", "mon 9-12 from tomorrowish", "mon 9-12 from 29.2.", "mon-fri 9-12;",
        "x" * 600,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UserError):
        parse_hours(text, TODAY)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mon-fri 9-17 maybe", "9-17 maybe"),
        ("mon-fri 9-12, siesta 14-16", "siesta 14-16"),
        ("mon 9-12 and mittwoch 14-16", "mittwoch 14-16"),
        ("whenever", "whenever"),
        ("mon-fri 9-17 except on 24 dec", "24 dec"),
    ],
)
def test_the_part_that_cannot_be_read_is_named(text: str, part: str) -> None:
    with pytest.raises(UserError, match=f"“{part}”"):
        parse_hours(text, TODAY)


@pytest.mark.parametrize("text", ["wed closed", "wed 9-12 except wed"])
def test_days_that_are_left_out_alone_do_not_close_the_other_days(text: str) -> None:
    with pytest.raises(UserError):
        parse_hours(text, TODAY)


@pytest.mark.parametrize("text", ["satto" * 80 + "sat x", "mon 9-12 " + "satand" * 80])
def test_a_text_that_could_be_read_in_many_ways_is_refused_at_once(text: str) -> None:
    """Each of them doubled the time, without an end for somebody who waits."""
    with pytest.raises(UserError):
        parse_hours(text, TODAY)


@given(st.text(alphabet="monfri sat-,:;0123456789ap.to brek", max_size=40))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    try:
        is_date(text, TODAY)
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
