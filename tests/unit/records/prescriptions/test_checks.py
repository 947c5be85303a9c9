"""Duplicates and allergies are found; what cannot be checked is said each time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from records.prescriptions.checks import Checked, check_draft
from records.prescriptions.rules import Draft, Prescription, Status
from tests.unit.records.prescriptions.examples import DRAFT, NOW, PRESCRIPTION


def draft(name: str) -> Draft:
    return replace(DRAFT, medication=name)


def has(name: str, status: Status = Status.ACTIVE) -> Prescription:
    return replace(PRESCRIPTION, draft=draft(name), status=status)


def checked(name: str, *others: Prescription, allergies: list[str] | None = None) -> Checked:
    return check_draft(draft(name), others, allergies, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ibuprofen", "Ibuprofen"),
        ("Paracetamol", "acetaminophen"),
        ("Amoxicillin", "Amoxicillin and clavulanic acid"),
        ("Co-Amoxiclav", "amoxicillin"),
        ("Zyqxwort", "zyqxwort"),
    ],
)
def test_the_same_ingredient_is_found_by_any_name(name: str, other: str) -> None:
    for one, two in ((name, other), (other, name)):
        (warning,) = checked(one, has(two)).warnings
        assert "the same ingredient" in warning
        assert PRESCRIPTION.code in warning


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.ACTIVE, Status.ON_HOLD}))
def test_what_is_over_is_no_duplicate(status: Status) -> None:
    assert checked("Ibuprofen", has("Ibuprofen", status)).warnings == ()


def test_what_is_no_longer_valid_is_no_duplicate_and_what_is_on_hold_is_one() -> None:
    late = NOW + timedelta(days=90)
    assert check_draft(draft("Ibuprofen"), [has("Ibuprofen")], [], late).warnings == ()
    assert checked("Ibuprofen", has("Ibuprofen", Status.ON_HOLD)).warnings


@pytest.mark.parametrize(
    ("name", "allergy", "warned"),
    [
        ("Amoxicillin", "amoxicillin", True),
        ("Amoxicillin", "Penicillin", True),
        ("Co-amoxiclav", "penicillins", True),
        ("Penicillin V", "amoxicillin", True),
        ("Cefuroxime", "penicillin", False),
        ("Cefuroxime", "cephalosporins", True),
        ("Ibuprofen", "naproxen", True),
        ("Ibuprofen", "NSAID", True),
        ("Paracetamol", "NSAIDs", False),
        ("Doxycycline", "penicillin", False),
        ("Zyqxwort forte", "zyqxwort", True),
    ],
)
def test_an_allergy_is_found_by_ingredient_and_by_group(name: str, allergy: str, *, warned: bool) -> None:
    assert bool(checked(name, allergies=[allergy]).warnings) is warned


def test_what_is_missing_is_said() -> None:
    assert checked("Ibuprofen", allergies=[]).not_checked == ("interactions: there is no data on them here",)
    assert any("has not said" in each for each in checked("Ibuprofen").not_checked)
    assert any("Zyqxwort is not in the list" in each for each in checked("Zyqxwort", allergies=[]).not_checked)
    assert any("bee stings" in each for each in checked("Ibuprofen", allergies=["bee stings"]).not_checked)
    other = checked("Ibuprofen", has("Zyqxwort"), allergies=[]).not_checked
    assert any("Zyqxwort" in each and PRESCRIPTION.code in each for each in other)


def test_nothing_is_ever_said_to_be_free_of_interactions() -> None:
    for found in (checked("Ibuprofen", allergies=[]), checked("Zyqxwort"), checked("Ibuprofen", has("Warfarin"))):
        assert any("interactions" in each for each in found.not_checked)
