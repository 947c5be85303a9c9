"""Whose language is spoken, and what a sentence without a translation becomes."""

from core.errors import BadInputError
from core.languages import DEFAULT, _, language, ngettext, speak, speaking


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
