"""Lengths of time, members of the family, medicines, languages, codes, and text itself."""

from datetime import date

import pytest

from appservice.conversation.understanding.arguments import split_code, take_mxid, take_quoted, take_slug
from appservice.conversation.understanding.durations import read_lengths, say_length
from appservice.conversation.understanding.family import Member, read_member
from appservice.conversation.understanding.languages import read_languages
from appservice.conversation.understanding.medication import Line, read_medicine, read_prescription, read_repeats
from appservice.conversation.understanding.text import LONGEST, Reading, plain
from core.errors import BadInputError

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("24h and 1h before", [1440, 60]), ("24 minutes before", [24]), ("1 day, 2h", [1440, 120]),
        ("a day before", [1440]), ("an hour and 15 min", [60, 15]), ("1h30", [90]), ("1.5 hours", [90]),
        ("half an hour", [30]), ("an hour and a half", [90]), ("two days", [2880]), ("1 week", [10080]),
        ("2 Stunden vorher", [120]), ("never", []), ("off", []), ("no reminders", []),
    ],
)  # fmt: skip
def test_lengths_of_time_are_minutes(text: str, minutes: list[int]) -> None:
    assert read_lengths(text) == minutes


def test_a_length_that_nobody_can_read_gets_an_example() -> None:
    with pytest.raises(BadInputError, match="remind me 24h and 1h before"):
        read_lengths("soonish")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1440, "24 hours"), (60, "1 hour"), (90, "1 hour 30 minutes"), (24, "24 minutes"), (1, "1 minute"),
     (2880, "2 days"), (1500, "25 hours")],
)  # fmt: skip
def test_minutes_are_said_as_people_say_them(minutes: int, said: str) -> None:
    assert say_length(minutes) == said


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("Mia 2018-05-04", Member("Mia", date(2018, 5, 4))),
        ("Mia Weber, born 4.5.2018", Member("Mia Weber", date(2018, 5, 4))),
        ("Mia born on 4 May 2018", Member("Mia", date(2018, 5, 4))),
        ("Mia (4/5/2018)", Member("Mia", date(2018, 5, 4))),
        ("my son Ben", Member("Ben", None)),
        ("daughter Mia 2018-05-04", Member("Mia", date(2018, 5, 4))),
        ("ליאה 2018-05-04", Member("ליאה", date(2018, 5, 4))),
    ],
)
def test_a_member_of_the_family_has_a_name_and_perhaps_a_birthday(text: str, member: Member) -> None:
    assert read_member(text, TODAY) == member


def test_a_birthday_is_read_with_its_year_in_spanish_too() -> None:
    for text in ("Mia 4 de mayo de 2018", "Mia 4 de mayo del 2018", "Mia 4 de mayo 2018"):
        assert read_member(text, TODAY, "es") == Member("Mia", date(2018, 5, 4))


@pytest.mark.parametrize(
    "text",
    ["", "2018-05-04", "Mia 2999-01-01", "Mia 31.2.2018", "Mia 1700-01-01", "Mia 4 May", "Mia 2018 May 4", "Mia 4.5."],
)
def test_a_member_without_a_name_or_with_an_impossible_birthday_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        read_member(text, TODAY)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules",
            Line("amoxicillin", "500 mg", "capsules", "1 capsule three times daily for 7 days", "21 capsules"),
        ),
        (
            "Ramipril 5 mg tablets, 1 tablet in the morning, 100 tablets, 2 repeats, check potassium",
            Line("Ramipril", "5 mg", "tablets", "1 tablet in the morning", "100 tablets", 2, "check potassium"),
        ),
        (
            "amoxi 2,5 mg/ml syrup, 5 ml 3x daily, for 7 days, 100 ml, no repeats",
            Line("amoxi", "2,5 mg/ml", "syrup", "5 ml 3x daily, for 7 days", "100 ml", 0),
        ),
        (
            "Ramipril 5 mg tablets, 1 in the morning, 30 tablets, no substitution, valid 4 weeks, check potassium",
            Line("Ramipril", "5 mg", "tablets", "1 in the morning", "30 tablets", None, "check potassium", False, 28),
        ),
        ("salbutamol 100 mcg/dose inhaler", Line("salbutamol", "100 mcg/dose", "inhaler")),
        ("ibuprofen", Line("ibuprofen")),
        ("insulin glargine 100 units/ml pen SoloStar", Line("insulin glargine", "100 units/ml", "pen SoloStar")),
        ("Amoxi 500 mg trihydrate", Line("Amoxi", "500 mg", "trihydrate")),
        (
            "ramipril 5 mg tablets, 1 tablet, 7 days, 30 tablets",
            Line("ramipril", "5 mg", "tablets", "1 tablet, 7 days", "30 tablets"),
        ),
    ],
)
def test_a_prescription_is_written_in_one_line(text: str, line: Line) -> None:
    assert read_prescription(text) == line


@pytest.mark.parametrize(
    ("code", "text", "line"),
    [
        (
            "de",
            "Amoxicillin 500 mg Kapseln, 1 Kapsel, 3-mal täglich, 21 Kapseln, keine Wiederholung, gültig 30 Tage",
            Line("Amoxicillin", "500 mg", "Kapseln", "1 Kapsel, 3-mal täglich", "21 Kapseln", 0, "", None, 30),
        ),
        (
            "de-AT",
            "Ramipril 5 mg Filmtabletten, 1 morgens, 100 Stück, 2 Wiederholungen, kein Austausch, Kalium prüfen",
            Line("Ramipril", "5 mg", "Filmtabletten", "1 morgens", "100 Stück", 2, "Kalium prüfen", False),
        ),
        (
            "fr",
            "amoxicilline 500 mg gélules, 1 gélule 3 fois par jour, 21 gélules, non renouvelable, non substituable",
            Line("amoxicilline", "500 mg", "gélules", "1 gélule 3 fois par jour", "21 gélules", 0, "", False),
        ),
        (
            "es",
            "amoxicilina 500 mg capsulas, 1 cada 8 horas, 21 cápsulas, sin repeticiones, válido por 2 semanas",
            Line("amoxicilina", "500 mg", "capsulas", "1 cada 8 horas", "21 cápsulas", 0, "", None, 14),
        ),
        (
            "ms",
            "amoxicillin 500 mg kapsul, 1 kapsul 3 kali sehari, 21 kapsul, tiada ulangan",
            Line("amoxicillin", "500 mg", "kapsul", "1 kapsul 3 kali sehari", "21 kapsul", 0),
        ),
        (
            "ar",
            "amoxicillin 500 mg كبسولات, كبسولة ثلاث مرات يوميا, 21 كبسولة, 2 تكرارات",
            Line("amoxicillin", "500 mg", "كبسولات", "كبسولة ثلاث مرات يوميا", "21 كبسولة", 2),
        ),
        (
            "de",
            "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules, no repeats",
            Line("amoxicillin", "500 mg", "capsules", "1 capsule three times daily for 7 days", "21 capsules", 0),
        ),
    ],
)
def test_the_line_of_a_prescription_is_read_in_the_doctor_s_language(code: str, text: str, line: Line) -> None:
    assert read_prescription(text, code) == line


@pytest.mark.parametrize("text", ["", "500 mg", "  ,,, "])
def test_a_prescription_names_a_medicine(text: str) -> None:
    with pytest.raises(BadInputError, match="Which medicine"):
        read_medicine(text)
    with pytest.raises(BadInputError, match="Which medicine"):
        read_prescription(text)


def test_repeats_are_a_small_number() -> None:
    assert [read_repeats(text) for text in ("0", "none", "2", "twice", "3 times")] == [0, 0, 2, 2, 3]
    for text in ("many", "99", "-"):
        with pytest.raises(BadInputError, match="from 0 to 12"):
            read_repeats(text)


def test_repeats_are_denied_in_the_doctor_s_language() -> None:
    said = {"ar": "بدون تكرار", "de": "keine", "es": "ninguna", "fr": "aucun", "ms": "tiada"}
    assert {code: read_repeats(text, code) for code, text in said.items()} == dict.fromkeys(said, 0)
    assert read_repeats("2 Wiederholungen", "de") == 2


def test_languages_are_listed_by_code_or_name() -> None:
    assert read_languages("en,de") == ["en", "de"]
    assert read_languages("English and Arabic") == ["en", "ar"]
    assert read_languages("Deutsch/Français") == ["de", "fr"]
    with pytest.raises(BadInputError, match="I don't know the language Klingon"):
        read_languages("Klingon")


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("K7QM3F", "K7QM3F", ""), ("k7q-m3f please", "K7QM3F", "please"), ("#K7QM3F", "K7QM3F", ""),
        ("KXQMPF", "KXQMPF", ""), ("kxqmpf", None, "kxqmpf"), ("K7Q M3F chest pain", "K7QM3F", "chest pain"),
        ("k7qmof", "K7QM0F", ""), ("doctor", None, "doctor"), ("friday", None, "friday"),
        ("the cat", None, "the cat"), ("", None, ""),
    ],
)  # fmt: skip
def test_a_code_is_read_as_people_type_it(text: str, code: str | None, rest: str) -> None:
    assert split_code(text) == (code, rest)


def test_pieces_of_a_line_are_taken_in_any_order() -> None:
    words = Reading("add @osei:server “Dr Ama Osei” dr.osei cardiology")
    assert take_quoted(words) == "Dr Ama Osei"
    assert take_mxid(words) == "@osei:server"
    assert take_slug(words) == "dr.osei"
    assert words.words() == ["add", "cardiology"]


def test_text_is_made_plain() -> None:
    assert plain(" \u200fdentist\u00a0near\u202c   “Berlin” – now\n") == 'dentist near "Berlin" - now'
    assert len(plain("a" * 1_000_000)) == LONGEST
