"""Each catalogue has every sentence, with the same values in it, and in as many forms as the language has."""

import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from core.languages import DEFAULT, HEARD, LOCALES, ngettext, speaking, spoken_languages
from core.make_catalogues import heard_words, sentences

_LANGUAGES = sorted(spoken_languages() - {DEFAULT})


@cache
def _catalogue(code: str) -> Catalog:
    with (LOCALES / code / "LC_MESSAGES" / "careconnect.po").open("rb") as written:
        return read_po(written, locale=code)


@cache
def _wanted() -> frozenset[object]:
    """What stands in the code, which is read once for all languages."""
    return frozenset({*sentences(), *((HEARD, words) for words in heard_words())})


def _values(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def _forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_six_languages_are_spoken() -> None:
    assert spoken_languages() == {"ar", "de", "en", "es", "fr", "ms"}


@pytest.mark.parametrize("code", _LANGUAGES)
def test_every_sentence_is_translated_and_nothing_else(code: str) -> None:
    whole = [message for message in _catalogue(code) if message.id and all(_forms(message))]
    known = {message.id if message.context is None else (HEARD, message.id) for message in whole}
    wanted = _wanted()
    assert {"lacking": sorted(map(str, wanted - known)), "left over": sorted(map(str, known - wanted))} == {
        "lacking": [],
        "left over": [],
    }


@pytest.mark.parametrize("code", _LANGUAGES)
def test_the_same_values_are_in_each_sentence(code: str) -> None:
    for message in _catalogue(code):
        if not message.id or message.context == HEARD:
            continue
        said = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = set().union(*(_values(each) for each in said))
        for form in _forms(message):
            # “One visit” needs no number.
            assert _values(form) | {"count"} == wanted | {"count"}, message.id


@pytest.mark.parametrize("code", _LANGUAGES)
def test_there_are_as_many_forms_as_the_language_has(code: str) -> None:
    catalogue = _catalogue(code)
    for message in catalogue:
        if isinstance(message.id, tuple):
            assert len(message.string) == catalogue.num_plurals, message.id


@pytest.mark.parametrize("code", _LANGUAGES)
def test_lines_and_marks_stay_where_they_are(code: str) -> None:
    """A sentence begins and ends with the same blanks and line breaks, and has as many cells, if it is a table."""
    for message in _catalogue(code):
        if not message.id or message.context == HEARD:
            continue
        said = message.id[0] if isinstance(message.id, tuple) else message.id
        for form in _forms(message):
            assert re.match(r"\s*", form)[0] == re.match(r"\s*", said)[0], said  # type: ignore[index]
            assert re.search(r"\s*$", form)[0] == re.search(r"\s*$", said)[0], said  # type: ignore[index]
            assert form.count("|") == said.count("|"), said
            assert form.count("**") == said.count("**"), said


def test_arabic_has_a_form_for_each_kind_of_number() -> None:
    """CLDR: zero, one, two, few (3 to 10), many (11 to 99), other."""
    with speaking("ar"):
        said = {count: ngettext("{count} day", "{count} days", count) for count in (1, 2, 3, 11, 26, 100)}
    assert len({text.replace(str(count), "") for count, text in said.items()}) == 5
    assert said[11].replace("11", "") == said[26].replace("26", "")
