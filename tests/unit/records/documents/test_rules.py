"""What may be written down, each pair of states, and who sees what was not shared."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.errors import BadInputError, ConflictError
from records.access import Relation
from records.documents.rules import (
    DocumentStatus,
    Note,
    SickNote,
    checked,
    checked_why,
    may_move,
    require_move,
    sees_unshared,
)

TODAY = date(2026, 12, 1)
SICK = SickNote(TODAY, TODAY + timedelta(days=3))
S = DocumentStatus
LEGAL = {
    (S.FINAL, S.AMENDED),
    (S.FINAL, S.ENTERED_IN_ERROR),
    (S.AMENDED, S.AMENDED),
    (S.AMENDED, S.ENTERED_IN_ERROR),
}


@pytest.mark.parametrize("one", S)
@pytest.mark.parametrize("to", S)
def test_each_pair_of_states(one: DocumentStatus, to: DocumentStatus) -> None:
    assert may_move(one, to) == ((one, to) in LEGAL)
    if (one, to) in LEGAL:
        require_move(one, to)
    else:
        with pytest.raises(ConflictError):
            require_move(one, to)


def test_doctors_see_what_was_not_shared_and_nobody_else() -> None:
    seeing = {relation for relation in Relation if sees_unshared(relation)}
    assert seeing == {Relation.TREATS, Relation.SEES, Relation.EMERGENCY}


def test_texts_are_put_in_order() -> None:
    assert checked(Note("  mole  removed \n\n wound dry "), TODAY) == Note("mole removed\nwound dry")
    assert checked(replace(SICK, limits=" no\n lifting "), TODAY) == replace(SICK, limits="no lifting")


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 8001, "a\u202eb", "a\x07b"])
def test_notes_that_are_none(text: str) -> None:
    with pytest.raises(BadInputError):
        checked(Note(text), TODAY)


@pytest.mark.parametrize(
    ("sick", "sentence"),
    [
        (replace(SICK, last=TODAY - timedelta(days=1)), "before the first"),
        (replace(SICK, last=TODAY + timedelta(days=367)), "a year"),
        (replace(SICK, first=TODAY - timedelta(days=32)), "31 days"),
        (replace(SICK, activity=" "), "not do"),
        (replace(SICK, diagnosis="x" * 301), "too long"),
    ],
)
def test_sick_notes_that_are_none(sick: SickNote, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        checked(sick, TODAY)


def test_the_edges_are_inside() -> None:
    for sick in (
        replace(SICK, last=TODAY),
        replace(SICK, last=TODAY + timedelta(days=366)),
        replace(SICK, first=TODAY - timedelta(days=31)),
    ):
        assert checked(sick, TODAY) == sick
    assert SICK.days == 4
    assert checked_why(" typed twice ") == "typed twice"
    with pytest.raises(BadInputError):
        checked_why(" ")
