"""What people say about themselves is taken in any script, and refused with a sentence where it cannot be."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.people.languages import LANGUAGES
from booking.people.rules import (
    checked_birthday,
    checked_language,
    checked_mxid,
    checked_name,
    checked_reminders,
    name_of_account,
)
from core.errors import BadInputError, ConflictError

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("O'Brien-Nuñez Jr.", "O'Brien-Nuñez Jr."),
        ("محمد الأمين", "محمد الأمين"),
        ("陈伟明", "陈伟明"),
        ("Zoë 🦊", "Zoë 🦊"),
        ("X", "X"),
    ],
)
def test_a_name_is_kept_in_any_script(given_name: str, kept: str) -> None:
    assert checked_name(given_name) == kept


@pytest.mark.parametrize("name", ["", "   ", "42", "🦊", "...", "a" * 101, "Ada\x00Lovelace", "Ada\ue000"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        checked_name(name)


@given(st.text(max_size=150))
def test_any_text_is_a_name_of_one_line_or_refused(text: str) -> None:
    try:
        name = checked_name(text)
    except BadInputError:
        return
    assert name == " ".join(name.split())
    assert 1 <= len(name) <= 100


@pytest.mark.parametrize("born", [None, TODAY, date(2018, 5, 4), date(1910, 1, 1)])
def test_a_possible_date_of_birth_is_kept(born: date | None) -> None:
    assert checked_birthday(born, [], "Ben", TODAY) == born


@pytest.mark.parametrize("born", [date(2026, 11, 24), date(1890, 1, 1), date(1, 1, 1)])
def test_an_impossible_date_of_birth_is_refused(born: date) -> None:
    with pytest.raises(BadInputError):
        checked_birthday(born, [], "Ben", TODAY)


def test_nobody_is_in_a_family_twice_and_a_family_has_an_end() -> None:
    with pytest.raises(ConflictError, match="Ben is in your family already"):
        checked_birthday(None, ["Ben", None], "Ben", TODAY)
    with pytest.raises(BadInputError):
        checked_birthday(None, [str(n) for n in range(20)], "Ben", TODAY)


@pytest.mark.parametrize(
    ("text", "code"),
    [("de", "de"), ("German", "de"), ("deutsch", "de"), ("DE", "de"), ("en-GB", "en"), (" French ", "fr"),
     ("العربية", "ar"), ("Malay", "ms"), ("pt_BR", "pt")],
)  # fmt: skip
def test_a_language_is_known_by_its_code_and_by_its_names(text: str, code: str) -> None:
    assert checked_language(text) == code


@pytest.mark.parametrize("text", ["", "klingon", "xx", "12", "de de", "-", "x" * 300])
def test_an_unknown_language_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        checked_language(text)


def test_each_language_is_its_own() -> None:
    assert [checked_language(code) for code in LANGUAGES] == list(LANGUAGES)


@pytest.mark.parametrize(
    ("minutes", "kept"), [([], []), ([60, 1440], [1440, 60]), ([60, 60], [60]), ([1, 43200], [43200, 1])]
)
def test_reminders_are_kept_once_each_and_the_longest_first(minutes: list[int], kept: list[int]) -> None:
    assert checked_reminders(minutes) == kept


@pytest.mark.parametrize("minutes", [[0], [-5], [43201], [1, 2, 3, 4, 5, 6]])
def test_reminders_that_cannot_be_are_refused(minutes: list[int]) -> None:
    with pytest.raises(BadInputError):
        checked_reminders(minutes)


@pytest.mark.parametrize("mxid", ["@ama:example.org", "@dr.osei:localhost", "@a_b=c/d+e-f:[::1]:8448", " @a:b.c "])
def test_a_matrix_id_is_kept(mxid: str) -> None:
    assert checked_mxid(mxid) == mxid.strip()


@pytest.mark.parametrize("mxid", ["", "ama", "@ama", "ama:example.org", "@:x", "@a b:c", "@ama:", f"@{'a' * 255}:b"])
def test_what_is_no_matrix_id_is_refused(mxid: str) -> None:
    with pytest.raises(BadInputError):
        checked_mxid(mxid)


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c", "\x07"])
def test_a_name_turns_nothing_around_in_the_line_that_it_stands_in(sign: str) -> None:
    with pytest.raises(BadInputError):
        checked_name(f"Anna{sign} Lind")
    assert name_of_account(f" Anna{sign}  Lind ") == "Anna Lind"


def test_an_account_without_letters_has_no_name() -> None:
    assert name_of_account("\u202e \x00") is None
    assert name_of_account(None) is None
    assert name_of_account("سارة") == "سارة"
    assert name_of_account("x" * 300) == "x" * 100
