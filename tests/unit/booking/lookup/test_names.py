"""Spellings of one name are one; other names are others."""

import pytest

from booking.lookup.rules import normal


@pytest.mark.parametrize(
    "written", ["Anna Lind", "anna lind", "LIND, Anna", " Lind  Anna ", "Ánna-Lind", "Ａｎｎａ Lind", "anna_lind"]
)
def test_spellings_of_one_name_are_alike(written: str) -> None:
    assert normal(written) == "anna lind"


def test_what_was_normal_once_stays_normal() -> None:
    """Frozen: whoever changes the form gives it another name (rules.FORM), so that the index is made anew."""
    assert normal("Dr. José Müller-Weiß") == "dr jose muller weiss"
    assert normal("Нина Ёлкина") == "елкина нина"
    assert normal("…") == ""


@pytest.mark.parametrize("other", ["Anna", "Anna Linde", "Anna Lind Lind", "Annalind"])
def test_other_names_are_others(other: str) -> None:
    assert normal(other) != "anna lind"
