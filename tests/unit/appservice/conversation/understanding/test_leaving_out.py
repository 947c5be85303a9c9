"""What is not wanted is left out, and never read as what is wanted. Said on Monday, 23 November 2026, in Berlin."""

from datetime import date, time
from typing import Any

import pytest

from appservice.conversation.understanding.clock import Hours
from appservice.conversation.understanding.days import Days
from appservice.conversation.understanding.leaving_out import Without
from appservice.conversation.understanding.wishes import Speaker, Wanted, read_wish
from booking.directory.model import Mode
from core.languages import speaking
from core.money import Money

TODAY = date(2026, 11, 23)


def read(text: str, language: str = "en") -> Wanted:
    with speaking(language):
        return read_wish(text, Speaker(TODAY, "Europe/Berlin", language))


def but(*weekdays: int) -> Without:
    return Without(frozenset(weekdays))


def nov(first: int, last: int | None = None) -> Without:
    return Without(spans=((date(2026, 11, first), date(2026, 11, last or first)),))


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("not monday", but(0)), ("not on mondays", but(0)), ("no mondays please", but(0)),
        ("not on a monday or friday", but(0, 4)), ("not monday, not tuesday", but(0, 1)),
        ("any day except monday", but(0)), ("any day but monday", but(0)), ("monday doesn't work", but(0)),
        ("friday is not possible", but(4)), ("I can't on monday", but(0)), ("not at the weekend", but(5, 6)),
        ("on weekdays", but(5, 6)), ("on a weekday", but(5, 6)), ("on fridays", but(0, 1, 2, 3, 5, 6)),
        ("not tomorrow", nov(24)), ("not today or tomorrow", Without(spans=(*nov(23).spans, *nov(24).spans))),
        ("not on the 25th", nov(25)), ("not this week", nov(23, 29)), ("except 24.11. - 26.11.", nov(24, 26)),
    ],
)  # fmt: skip
def test_days_that_are_not_wanted(text: str, without: Without) -> None:
    wanted = read(f"dentist {text}")
    assert wanted.without == without
    assert (wanted.days, wanted.unread) == (None, "")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("no video", "mode", Mode.IN_PERSON), ("not online", "mode", Mode.IN_PERSON),
        ("not in person", "mode", Mode.ONLINE), ("not a man please", "gender", "female"),
        ("not with a male doctor", "gender", "female"), ("no women", "gender", "male"),
        ("not in the morning", "hours", Hours(after=time(12))), ("no afternoons", "hours", Hours(before=time(12))),
        ("not before 10", "hours", Hours(after=time(10))), ("not later than 5pm", "hours", Hours(before=time(17))),
        ("not after Friday", "days", Days(TODAY, date(2026, 11, 27))),
        ("not before Friday", "days", Days(date(2026, 11, 27), None)),
        ("no more than 60", "max_price", Money("EUR", 60_00)), ("not more than 60", "max_price", Money("EUR", 60_00)),
        ("not urgent", "sort", None), ("I don't speak German", "language", None),
        ("without insurance", "insurance", None),
        ("on the 3rd", "days", Days(date(2026, 12, 3), date(2026, 12, 3))),
        ("the 31st at 9", "days", Days(date(2026, 12, 31), date(2026, 12, 31))),
        ("my 2nd visit", "days", None),
    ],
)  # fmt: skip
def test_of_two_the_other_is_wanted(text: str, field: str, value: Any) -> None:
    assert getattr(read(f"dentist {text}"), field) == value


def test_either_of_two_days_is_not_the_day_between() -> None:
    wanted = read("dentist on wednesday or friday")
    assert wanted.days == Days(date(2026, 11, 25), date(2026, 11, 27))
    assert wanted.without == but(0, 1, 3, 5, 6)
    between = read("dentist between wednesday and friday")
    assert (between.days, between.without) == (wanted.days, None)


def test_a_part_of_a_span_can_be_left_out() -> None:
    wanted = read("dentist next week but not friday")
    assert wanted.days == Days(date(2026, 11, 30), date(2026, 12, 6))
    assert wanted.without == but(4)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("dentist not dr osei", "not dr osei"), ("dentist not in Berlin", "not in Berlin"),
        ("dr osei tomorrow and dr weber on friday", "and dr weber on friday"), ("dentist after work", "after work"),
        ("dentist 10115 Berlin", "10115"), ("dentist, please", ""),
        ("my tooth hurts", ""),
        ("back pain for 3 weeks", ""),
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_heeded_is_known(text: str, unread: str) -> None:
    wanted = read(text)
    assert wanted.unread == unread
    assert (wanted.name, wanted.place and wanted.place.name) != ("osei", "Berlin")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Hautarzt nicht am Montag"), ("de", "Hautarzt, montags nicht"),
        ("de", "Hautarzt, Montag passt mir nicht"),
        ("fr", "dermatologue sauf lundi"), ("fr", "dermatologue pas le lundi"),
        ("es", "dermatólogo excepto lunes"), ("es", "dermatólogo, lunes no"), ("ar", "طبيب جلدية ما عدا الاثنين"),
        ("ms", "doktor kulit bukan isnin"), ("ms", "doktor kulit kecuali isnin"),
    ],
)  # fmt: skip
def test_a_day_is_left_out_in_each_language(language: str, text: str) -> None:
    wanted = read(text, language)
    assert (wanted.specialty, wanted.without, wanted.days, wanted.place) == ("dermatology", but(0), None, None)


@pytest.mark.parametrize(
    ("language", "text", "field", "value"),
    [
        ("de", "kein Mann bitte", "gender", "female"), ("de", "bei einer Frau", "gender", "female"),
        ("de", "bei einer Ärztin", "gender", "female"), ("de", "keine Videosprechstunde", "mode", Mode.IN_PERSON),
        ("fr", "pas en vidéo", "mode", Mode.IN_PERSON), ("fr", "avec une femme", "gender", "female"),
        ("es", "no por video", "mode", Mode.IN_PERSON), ("ms", "bukan video", "mode", Mode.IN_PERSON),
        ("ms", "yang bercakap bahasa Arab", "language", "ar"),
    ],
)  # fmt: skip
def test_who_and_where_in_each_language(language: str, text: str, field: str, value: Any) -> None:
    assert getattr(read(text, language), field) == value


def test_a_later_sentence_adds_to_what_is_left_out_or_takes_it_back() -> None:
    wish = read("dentist not monday").refined(read("not friday"))
    assert wish.without == but(0, 4)
    assert wish.refined(read("cheapest")).without == but(0, 4)
    assert wish.refined(read("on friday")).without is None
    assert read("dentist on friday").refined(read("not friday")).days is None


def test_of_very_many_only_the_first_are_looked_at() -> None:
    wanted = read("dentist not monday " + "not " * 200 + "tuesday")
    assert wanted.without == but(0)


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "dentist tues", date(2026, 11, 24)), ("en", "dentist on weds", date(2026, 11, 25)),
        ("en", "dentist thurs", date(2026, 11, 26)), ("fr", "dentiste le 5 mars", date(2027, 3, 5)),
        ("fr", "dentiste mardi", date(2026, 11, 24)), ("es", "dentista el lunes", date(2026, 11, 30)),
    ],
)  # fmt: skip
def test_a_short_name_with_an_s_is_no_more_than_a_day(language: str, text: str, day: date) -> None:
    wanted = read(text, language)
    assert (wanted.days, wanted.without) == (Days(day, day), None)


def test_who_has_chosen_no_language_yet_is_understood_as_far_as_days_and_hours_are() -> None:
    assert read("dermatologist morgen nicht vormittags").hours == Hours(after=time(12))
    assert read("dermatologist nicht morgen").without == nov(24)
