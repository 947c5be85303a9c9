"""Which drafts may become a prescription, and what a doctor is told about the others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInputError
from records.prescriptions.rules import Draft, checked, checked_reason
from tests.unit.records.prescriptions.examples import DRAFT


def test_a_plain_draft_passes_as_it_is() -> None:
    assert checked(DRAFT) == DRAFT


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"medication": ""}, "Which medicine"),
        ({"medication": " . "}, "Which medicine"),
        ({"dosage": "\t"}, "How should the patient take it"),
        ({"quantity": "-"}, "How much should the pharmacy give out"),
        ({"repeats": -1}, "from 0 .* to 11"),
        ({"repeats": 12}, "from 0 .* to 11"),
        ({"valid_days": 0}, "1 to 365 days"),
        ({"valid_days": 366}, "1 to 365 days"),
        ({"medication": "x" * 201}, "medication is too long: 200 letters"),
        ({"strength": "x" * 101}, "strength is too long"),
        ({"form": "x" * 101}, "form is too long"),
        ({"dosage": "x" * 1001}, "dosage is too long"),
        ({"quantity": "x" * 101}, "quantity is too long"),
        ({"note": "x" * 2001}, "note is too long"),
        ({"dosage": "take\x00 one"}, "cannot be printed"),
        ({"note": "bell \x07"}, "cannot be printed"),
        ({"medication": "ibu\x1b[31m"}, "cannot be printed"),
        ({"strength": "400\ud800"}, "cannot be printed"),
        ({"dosage": "take 1, not \u202e21"}, "turn the text round"),
        ({"quantity": "\u206620 tablets"}, "turn the text round"),
    ],
)
def test_what_is_not_fit_is_refused_with_a_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        checked(replace(DRAFT, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"repeats": 0},
        {"repeats": 11},
        {"valid_days": 1},
        {"valid_days": 365},
        {"medication": "x" * 200},
        {"note": "x" * 2000},
        {"strength": "", "form": ""},
        {"dosage": "قرص واحد مرتين يوميا"},
        {"dosage": "יש לקחת 1 טבליה\u200f"},
        {"note": "get well 👨‍👩‍👧 🫡"},
        {"medication": "布洛芬"},
        {"note": "first\nsecond"},
    ],
)
def test_what_people_write_is_let_through(change: dict[str, object]) -> None:
    draft = replace(DRAFT, **change)  # type: ignore[arg-type]
    assert checked(draft) == draft


def test_spaces_are_put_in_order_and_lines_kept_where_they_mean_something() -> None:
    draft = replace(DRAFT, medication="  ibuprofen \n  forte ", dosage=" morning: 1 \r\n\r\n evening:\t2 ")
    assert checked(draft).medication == "ibuprofen forte"
    assert checked(draft).dosage == "morning: 1\nevening: 2"


def test_letters_are_composed_so_that_the_same_words_are_the_same() -> None:
    assert checked(replace(DRAFT, note="fie\u0300vre")).note == "fi\u00e8vre"


@given(
    st.builds(
        Draft,
        *[st.text()] * 5,
        repeats=st.integers(0, 11),
        substitution=st.booleans(),
        valid_days=st.integers(1, 365),
        note=st.text(),
    )
)
def test_whatever_is_typed_passes_once_and_for_all_or_is_refused(draft: Draft) -> None:
    try:
        passed = checked(draft)
    except BadInputError:
        return
    assert checked(passed) == passed


def test_a_reason_is_needed() -> None:
    assert checked_reason("  patient is\n allergic ") == "patient is allergic"
    for empty in ("", "  \n"):
        with pytest.raises(BadInputError, match="why"):
            checked_reason(empty)
    with pytest.raises(BadInputError, match="too long"):
        checked_reason("x" * 501)
