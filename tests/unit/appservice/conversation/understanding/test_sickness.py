"""Sick notes as doctors write them in a line."""

from datetime import date, timedelta

import pytest

from appservice.conversation.understanding.sickness import read_sick_note
from core.errors import BadInputError
from records.documents.rules import SickNote

TODAY = date(2026, 12, 1)
"""A Tuesday."""


def days(first: int, last: int, *rest: str) -> SickNote:
    return SickNote(TODAY + timedelta(days=first), TODAY + timedelta(days=last), *rest)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("until friday", days(0, 3)),
        ("until friday: J06.9", days(0, 3, "work", "", "J06.9")),
        ("from tomorrow until 8.12., school", days(1, 7, "school")),
        ("from 30 Nov to 4 Dec", days(-1, 3)),
        ("for 5 days", days(0, 4)),
        ("from tomorrow for one week, sport, no contact sports", days(1, 7, "sport", "no contact sports")),
        ("for 3 days, can work from home: back pain", days(0, 2, "work", "can work from home", "back pain")),
        ("for 3 days, nur halbtags", days(0, 2, "work", "nur halbtags")),
        ("for 3 days, desk work:", days(0, 2, "work", "desk work")),
        ("today", days(0, 0)),
        ("2.12. - 4.12.", days(1, 3)),
    ],
)
def test_what_is_read(text: str, read: SickNote) -> None:
    assert read_sick_note(text, TODAY) == read


OLD_YEAR, NEW_YEAR = date(2026, 12, 30), date(2027, 1, 4)


@pytest.mark.parametrize(
    ("text", "today", "first", "last"),
    [
        ("until 2 Jan", OLD_YEAR, OLD_YEAR, date(2027, 1, 2)),
        ("from 2 Jan until 9 Jan", OLD_YEAR, date(2027, 1, 2), date(2027, 1, 9)),
        ("2.1. - 9.1.", OLD_YEAR, date(2027, 1, 2), date(2027, 1, 9)),
        ("from 28 Dec until 8 Jan", NEW_YEAR, date(2026, 12, 28), date(2027, 1, 8)),
        ("28.12. - 8.1.", NEW_YEAR, date(2026, 12, 28), date(2027, 1, 8)),
        ("from 28 Dec for 5 days", NEW_YEAR, date(2026, 12, 28), date(2027, 1, 1)),
        ("28 Dec", NEW_YEAR, date(2026, 12, 28), date(2026, 12, 28)),
        ("from 1 March until 1 Nov", date(2027, 2, 28), date(2027, 3, 1), date(2027, 11, 1)),
    ],
)
def test_a_date_without_a_year_is_the_nearest_one(text: str, today: date, first: date, last: date) -> None:
    read = read_sick_note(text, today)
    assert (read.first, read.last) == (first, last)


def test_a_last_day_that_is_past_is_not_read_as_next_year_s() -> None:
    read = read_sick_note("until 24.11.", date(2026, 11, 26))
    assert (read.first, read.last) == (date(2026, 11, 26), date(2026, 11, 24))  # which is refused


@pytest.mark.parametrize(
    "text", ["until friday, cold", "for 3 days, work, Grippe", "today, J06.9", "today, notalgia", "today, mit Fieber"]
)
def test_what_may_be_the_diagnosis_never_comes_onto_the_employer_s_copy_unasked(text: str) -> None:
    with pytest.raises(BadInputError, match="the employer's copy"):
        read_sick_note(text, TODAY)


@pytest.mark.parametrize("text", ["", "flu", ", work", "until later"])
def test_without_days_it_says_how(text: str) -> None:
    with pytest.raises(BadInputError):
        read_sick_note(text, TODAY)
