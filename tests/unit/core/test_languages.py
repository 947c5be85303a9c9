"""Whose language is spoken, and what a sentence without a translation becomes."""

import pytest

from core.errors import BadInputError
from core.languages import DEFAULT, _, commas, enumerated, language, ngettext, speak, speaking


def test_values_are_put_in_by_name() -> None:
    assert _("Nobody says {this} in any catalogue.", this="{that}") == "Nobody says {that} in any catalogue."


def test_without_values_braces_stay() -> None:
    assert _("Nobody writes {} in a catalogue.") == "Nobody writes {} in a catalogue."


def test_a_language_without_a_catalogue_gets_english() -> None:
    with speaking("tlh-Latn"):
        assert ngettext("{count} klingon visit", "{count} klingon visits", 2) == "2 klingon visits"


def test_a_language_is_spoken_inside_its_block_only() -> None:
    with speaking("de"):
        assert language() == "de"
    assert language() == DEFAULT


def test_who_begins_with_a_language_ends_what_was_spoken_inside() -> None:
    with speaking("de"):
        speak("fr")
        assert language() == "fr"
    assert language() == DEFAULT


def test_an_error_speaks_the_language_in_which_it_was_raised() -> None:
    with speaking("de"):
        error = BadInputError("Nobody says {this} in any catalogue.", this="that")
    assert (error.language, str(error)) == ("de", "Nobody says that in any catalogue.")


@pytest.mark.parametrize(
    ("tag", "row", "all_of", "one_of"),
    [
        ("en", "a, b, c", "a, b and c", "a, b or c"),
        ("de", "a, b, c", "a, b und c", "a, b oder c"),
        ("fr", "a, b, c", "a, b et c", "a, b ou c"),
        ("es", "a, b, c", "a, b y c", "a, b o c"),
        ("ms", "a, b, c", "a, b dan c", "a, b, atau c"),
        ("ar", "a، b، c", "a وb وc", "a أو b أو c"),
    ],
)
def test_words_in_a_row_are_joined_as_the_language_has_it(tag: str, row: str, all_of: str, one_of: str) -> None:
    with speaking(tag):
        assert (commas("abc"), enumerated("abc"), enumerated("abc", either=True)) == (row, all_of, one_of)
        assert (enumerated("a"), enumerated("")) == ("a", "")
