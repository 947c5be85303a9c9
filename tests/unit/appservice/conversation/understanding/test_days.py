"""Days are understood as people write them, seen from Monday, 23 November 2026."""

from datetime import date

import pytest

from appservice.conversation.understanding.days import Days, read_days
from appservice.conversation.understanding.text import Reading
from appservice.conversation.understanding.wishes import Speaker, read_wish
from core.errors import BadInputError

TODAY = date(2026, 11, 23)


def nov(first: int, last: int | None = None) -> Days:
    return Days(date(2026, 11, first), date(2026, 11, last or first))


def dec(first: int, last: int | None = None) -> Days:
    return Days(date(2026, 12, first), date(2026, 12, last or first))


PHRASES = {
    "today": nov(23),
    "TODAY": nov(23),
    "tonight": nov(23),
    "this evening": nov(23),
    "tomorrow": nov(24),
    "tommorow": nov(24),
    "tmrw": nov(24),
    "the day after tomorrow": nov(25),
    "Tue": nov(24),
    "tues": nov(24),
    "tuesday": nov(24),
    "on Tuesday": nov(24),
    "Thurs": nov(26),
    "this friday": nov(27),
    "coming friday": nov(27),
    "next Tuesday": dec(1),
    "next mon": nov(30),
    "mon": nov(30),
    "monday": nov(30),
    "this monday": nov(23),
    "tuesday next week": dec(1),
    "next week, on tuesday": dec(1),
    "tuesday of next week": dec(1),
    "friday this week": nov(27),
    "tuesday in two weeks": dec(8),
    "in 2 weeks on friday": dec(11),
    "two weeks from now, monday": dec(7),
    "wednesday, the week after next": dec(9),
    "next week or friday": Days(date(2026, 11, 30), dec(4).last),
    "24.11.": nov(24),
    "24.11": nov(24),
    "24. 11.": nov(24),
    "24.11.26": nov(24),
    "24.11. 2026": nov(24),
    "24.11.2026": nov(24),
    "24/11": nov(24),
    "11/24": nov(24),
    "24/11/2026": nov(24),
    "2026-11-24": nov(24),
    "Nov 24": nov(24),
    "nov. 24": nov(24),
    "November 24th": nov(24),
    "24 Nov": nov(24),
    "24. November": nov(24),
    "24th of November 2026": nov(24),
    "the 24th of november": nov(24),
    "5.12.": dec(5),
    "1 sept": Days(date(2027, 9, 1), date(2027, 9, 1)),
    "22.11.": Days(date(2027, 11, 22), date(2027, 11, 22)),
    "29.2.": Days(date(2028, 2, 29), date(2028, 2, 29)),
    "this week": nov(23, 29),
    "next week": Days(date(2026, 11, 30), date(2026, 12, 6)),
    "the week after next": dec(7, 13),
    "this weekend": nov(28, 29),
    "on the weekend": nov(28, 29),
    "next weekend": dec(5, 6),
    "this month": nov(23, 30),
    "next month": dec(1, 31),
    "in december": dec(1, 31),
    "in november": nov(23, 30),
    "in january": Days(date(2027, 1, 1), date(2027, 1, 31)),
    "in 3 days": nov(26),
    "in three days": nov(26),
    "in a week": Days(date(2026, 11, 30), date(2026, 12, 6)),
    "within 2 weeks": Days(TODAY, date(2026, 12, 7)),
    "the next 3 days": nov(23, 26),
    "24.-26.11.": nov(24, 26),
    "24-26 Nov": nov(24, 26),
    "Nov 24-26": nov(24, 26),
    "24.12. - 31.12.": dec(24, 31),
    "from 24.11. to 26.11.": nov(24, 26),
    "between Wed and Fri": nov(25, 27),
    "between Fri and Tue": Days(date(2026, 11, 27), date(2026, 12, 1)),
    "sat or sun": nov(28, 29),
    "after Friday": Days(date(2026, 11, 28), None),
    "from Friday on": Days(date(2026, 11, 27), None),
    "before Friday": nov(23, 26),
    "by Friday": nov(23, 27),
    "until 26.11.": nov(23, 26),
}


@pytest.mark.parametrize(("text", "days"), PHRASES.items())
def test_a_phrase_means_these_days_and_nothing_of_it_is_left(text: str, days: Days) -> None:
    reading = Reading(f"dentist {text}")
    assert read_days(reading, TODAY) == days
    assert reading.words() == ["dentist"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dentist",
        "may I see a doctor",
        "9:30",
        "9.30",
        "second",
        "2",
        "fever 39.5",
        "sunny",
        "mondays child",
        "60.50 €",
    ],
)
def test_what_names_no_day_is_left_alone(text: str) -> None:
    reading = Reading(text)
    assert read_days(reading, TODAY) is None
    assert reading.rest == text


@pytest.mark.parametrize(
    ("text", "language", "days"),
    [
        ("am Dienstag", "de", nov(24)),
        ("nächsten Dienstag", "de", dec(1)),
        ("übermorgen", "de", nov(25)),
        ("nächste Woche", "de", Days(date(2026, 11, 30), date(2026, 12, 6))),
        ("5. Dezember", "de", dec(5)),
        ("mardi", "fr", nov(24)),
        ("5 décembre", "fr", dec(5)),
        ("5 decembre", "fr", dec(5)),
        ("el martes", "es", nov(24)),
        ("5 de diciembre", "es", dec(5)),
        ("Selasa", "ms", nov(24)),
        ("الثلاثاء", "ar", nov(24)),
        ("tuesday", "ar", nov(24)),
        ("tuesday", "no such language", nov(24)),
    ],
)
def test_days_and_months_have_their_names_in_the_persons_language(text: str, language: str, days: Days) -> None:
    assert read_days(Reading(text), TODAY, language) == days


def test_a_slash_is_read_in_the_order_of_the_persons_country_and_a_dot_never() -> None:
    assert read_days(Reading("5/12"), TODAY) == dec(5)
    assert read_days(Reading("12/5"), TODAY, month_first=True) == dec(5)
    assert read_days(Reading("24/11"), TODAY, month_first=True) == nov(24)
    assert read_days(Reading("5.12."), TODAY, month_first=True) == dec(5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("31.2.", "There is no 31 February. Which day do you mean?"),
        ("31.11.", "There is no 31 November. Which day do you mean?"),
        ("Nov 31", "There is no 31 November. Which day do you mean?"),
        ("29.2.2027", "There is no 29 February 2027. Which day do you mean?"),
        ("0.11.", "There is no 0 November. Which day do you mean?"),
        ("31.13.", "There is no month 13. Write a date like 24.11. or Nov 24."),
        ("2026-13-01", "There is no month 13. Write a date like 24.11. or Nov 24."),
        ("13/13", "There is no month 13. Write a date like 24.11. or Nov 24."),
        ("0000-01-01", "I can't read that year. Write a date like 24.11.2026."),
        ("31 Dec 9999", "I can't read that year. Write a date like 24.11.2026."),
        ("1 January 0001", "I can't read that year. Write a date like 24.11.2026."),
        ("yesterday", "That day is past. Which day from today on would you like?"),
        ("1.1.2020", "That day is past. Which day from today on would you like?"),
        ("26.11. - 24.11.2026", "The second day comes before the first. Write them in order, please."),
        ("in 999 weeks", "That is too far ahead. Choose a day within the next two years."),
    ],
)
def test_a_day_that_cannot_be_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read_days(Reading(text), TODAY)
    assert str(refused.value) == sentence


def test_the_past_is_looked_at_where_that_makes_sense() -> None:
    assert read_days(Reading("yesterday"), TODAY, past=True) == nov(22)
    assert read_days(Reading("last friday"), TODAY, past=True) == nov(20)
    assert read_days(Reading("1.1.2020"), TODAY, past=True) == Days(date(2020, 1, 1), date(2020, 1, 1))


NEW_YEAR = [
    (date(2026, 11, 23), Days(date(2026, 12, 28), date(2027, 1, 2))),
    (date(2026, 12, 30), Days(date(2026, 12, 30), date(2027, 1, 2))),
    (date(2027, 1, 1), Days(date(2027, 1, 1), date(2027, 1, 2))),
    (date(2027, 1, 3), Days(date(2027, 12, 28), date(2028, 1, 2))),
]


@pytest.mark.parametrize("text", ["28.12. - 2.1.", "from 28 Dec until 2 Jan", "between Dec 28 and Jan 2"])
@pytest.mark.parametrize(("today", "days"), NEW_YEAR)
def test_days_over_new_year_s_eve_stay_this_winter_s_until_they_are_over(text: str, today: date, days: Days) -> None:
    assert read_days(Reading(text), today) == days


@pytest.mark.parametrize("text", ["28.12. - 31.12.", "28.-31.12.", "28-31 December", "Dec 28-31"])
def test_days_that_have_begun_are_not_those_of_next_year(text: str) -> None:
    assert read_days(Reading(text), date(2026, 12, 29)) == dec(29, 31)


def test_a_year_that_is_written_stays() -> None:
    today = date(2026, 12, 30)
    assert read_days(Reading("28.12.2027 - 2.1."), today) == Days(date(2027, 12, 28), date(2028, 1, 2))
    for text in ("28.12.2027 - 2.1.2027", "28.12.27 - 2.1.27", "5.1. - 3.1."):
        with pytest.raises(BadInputError, match="The second day comes before the first"):
            read_days(Reading(text), today)


def test_days_over_new_year_s_eve_that_were_are_found_from_either_year() -> None:
    for today in (date(2026, 12, 30), date(2027, 1, 5)):
        days = read_days(Reading("28.12. - 2.1."), today, past=True)
        assert days == Days(date(2026, 12, 28), date(2027, 1, 2))
    days = read_days(Reading("28.12. - 2.1."), date(2027, 8, 1), past=True)
    assert days == Days(date(2027, 12, 28), date(2028, 1, 2))


@pytest.mark.parametrize("today", [date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29), date(2026, 3, 29)])
@pytest.mark.parametrize("text", [*PHRASES])
def test_every_phrase_is_understood_on_any_day(text: str, today: date) -> None:
    days = read_days(Reading(text), today, past=True)
    assert days
    assert days.last is None or days.first <= days.last


def test_hours_behind_a_date_are_not_its_year() -> None:
    reading = Reading("24.11. 14-18")
    assert read_days(reading, TODAY) == nov(24)
    assert reading.words() == ["14-18"]


def test_a_french_word_of_every_day_is_no_english_monday() -> None:
    wish = read_wish("j'ai perdu mon ordonnance", Speaker(TODAY, "Europe/Paris", "fr"))
    assert wish.days is None
    assert read_wish("cardiologue lundi", Speaker(TODAY, "Europe/Paris", "fr")).days == nov(30)
    assert read_wish("cardiologist mon", Speaker(TODAY, "Europe/Paris", "de")).days == nov(30)


@pytest.mark.parametrize("text", ["was kann ich machen", "wo kann ich warten", "muchas gracias", "tunggu sekarang"])
def test_a_word_of_every_day_is_no_misspelt_town(text: str) -> None:
    assert read_wish(text, Speaker(TODAY, "Europe/Berlin", "de")).place is None
