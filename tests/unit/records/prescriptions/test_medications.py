"""The list of medicines forgives typing, and never guesses a code."""

import re

import pytest

from records.prescriptions.medications import MEDICATIONS, atc_of, suggest
from records.prescriptions.rules import checked
from tests.unit.records.prescriptions.examples import DRAFT


def test_every_line_of_the_list_is_whole() -> None:
    assert len(MEDICATIONS) >= 60
    assert len({one.atc for one in MEDICATIONS}) == len(MEDICATIONS) == len({one.name for one in MEDICATIONS})
    for one in MEDICATIONS:
        assert re.fullmatch(r"[A-Z]\d\d[A-Z]{2}\d\d", one.atc), one
        assert one.forms
        assert one.dosages
        assert all(re.match(r"\d", strength) for strength in one.strengths), one


def test_whatever_the_list_suggests_can_be_prescribed() -> None:
    for one in MEDICATIONS:
        for strength in one.strengths:
            checked(
                type(DRAFT)(one.name, strength, one.forms[0], one.dosages[0], "1 pack"),
            )


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ibuprofen", "Ibuprofen"),
        ("Ibuprofen 400 mg tablets", "Ibuprofen"),
        ("ibuprofn", "Ibuprofen"),
        ("amox", "Amoxicillin"),
        ("ASPIRIN", "Acetylsalicylic acid"),
        ("paracetmol", "Paracetamol"),
        ("acetaminophen", "Paracetamol"),
        ("co trimoxazole", "Sulfamethoxazole and trimethoprim"),
        ("levothyroxin", "Levothyroxine sodium"),
        ("Salbutamol inhaler", "Salbutamol"),
        ("métformine", "Metformin"),
        ("vitamin d", "Colecalciferol"),
    ],
)
def test_what_was_meant_comes_first(typed: str, first: str) -> None:
    assert suggest(typed)[0].name == first


@pytest.mark.parametrize("typed", ["", "a", "400", "xyzzy", "布洛芬", "😀", "heart"])
def test_what_is_like_nothing_gives_nothing(typed: str) -> None:
    assert suggest(typed) == []


def test_every_name_finds_itself_first() -> None:
    for one in MEDICATIONS:
        for name in (one.name, *one.other_names):
            assert suggest(name)[0] == one


def test_no_more_than_asked_for() -> None:
    assert len(suggest("acid")) == 5
    assert len(suggest("acid", limit=2)) == 2


def test_a_code_is_given_for_the_exact_name_alone() -> None:
    assert atc_of("ibuprofen") == atc_of(" Ibuprofen ") == "M01AE01"
    assert atc_of("aspirin") == "B01AC06"
    assert atc_of("ibuprofn") is None
    assert atc_of("ibuprofen lysine") is None
