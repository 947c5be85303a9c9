"""The languages in which the service speaks: gettext catalogues in `core/locale`, and whose language is spoken now.

A sentence is written in English where it is said, with names for what is put in: `_("Held until {time}.", time=...)`.
`speaking` sets the language for all that is said inside it. Input is another matter (appservice.conversation).
"""

import gettext
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.languages import get_official_languages
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locale"
DEFAULT = "en"
HEARD = "heard"
"""The context (gettext's msgctxt) of words that are heard, not said."""
_MOST_LIKED = 20

_spoken: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """The language that is spoken now: a BCP 47 tag."""
    return _spoken.get()


def speak(tag: str) -> None:
    """Speak a person's language from here on, until whoever began with `speaking` ends."""
    _spoken.set(tag)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Speak a person's language inside the block; what has no catalogue is said in English."""
    before = _spoken.set(tag)
    try:
        yield
    finally:
        _spoken.reset(before)


def N_(sentence: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Mark a sentence that is written down here, and translated where it is said."""
    return sentence


def H_(words: str) -> str:  # noqa: N802
    """Mark words that people say to us: English spellings with bars between. Catalogues have those of each language."""
    return words


@cache
def heard(words: str, tag: str) -> tuple[str, ...]:
    """How people of that language say what `H_` marked, the most usual first; empty where no catalogue has it."""
    said = _catalogue(tag).pgettext(HEARD, words)
    return () if said == words else tuple(filter(None, (each.strip() for each in said.split("|"))))


def _(sentence: str, /, **values: object) -> str:
    """The sentence in the language that is spoken now, with the values in their places."""
    translated = _catalogue(language()).gettext(sentence)
    return translated.format(**values) if values else translated


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """The sentence in the form that the number has in this language; `{count}` is there without being named."""
    return _catalogue(language()).ngettext(one, many, count).format(count=count, **values)


def commas(words: Iterable[str]) -> str:
    """One, two, three: in a row, with no word before the last; Arabic has a comma of its own."""
    return _(", ").join(words)


def enumerated(words: Iterable[str], *, either: bool = False) -> str:
    """One, two and three; or one, two or three: as CLDR has it in the language that is spoken."""
    several = [*words]
    locale = locale_of(language())
    if locale.language != DEFAULT:
        return format_list(several, style="or" if either else "standard", locale=locale)
    if len(several) < 2:  # English as it is written in most of the world, with no comma before the last
        return "".join(several)
    return f"{', '.join(several[:-1])} {'or' if either else 'and'} {several[-1]}"


@cache
def spoken_languages() -> frozenset[str]:
    """Codes of the languages that there is a catalogue for, English among them."""
    return frozenset({DEFAULT, *(file.parent.parent.name for file in LOCALES.glob("*/LC_MESSAGES/careconnect.po"))})


def preferred(accepted: str) -> str:
    """Return the one of our languages that a browser's reader likes best, by its header Accept-Language; else English.

    https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
    """
    liked: list[tuple[float, str]] = []
    for each in accepted.split(",")[:_MOST_LIKED]:
        tag, _semicolon, weight = each.partition(";")
        code = tag.strip().split("-")[0].lower()
        number = weight.strip().removeprefix("q=") or "1"
        if code in spoken_languages() and number.replace(".", "", 1).isdecimal() and float(number) > 0:
            liked.append((-float(number), code))
    return min(liked, key=lambda one: one[0])[1] if liked else DEFAULT


@cache
def of_country(country: str) -> str | None:
    """Return the one of our languages that is official in a country (ISO 3166-1 alpha-2), the most used; or None."""
    official = get_official_languages(country.upper(), de_facto=True)
    return next((code for code in official if code in spoken_languages()), None)


def direction() -> str:
    """How the language that is spoken now is written: ltr or rtl, as HTML has it."""
    return str(locale_of(language()).text_direction)


@cache
def locale_of(tag: str) -> Locale:
    """CLDR's data for a language that there is a catalogue for; English for any other."""
    code = tag.replace("_", "-").split("-")[0].lower()
    return Locale(code if code in spoken_languages() else DEFAULT)


@cache
def _catalogue(tag: str) -> gettext.NullTranslations:
    code = tag.replace("_", "-").split("-")[0].lower()
    file = LOCALES / code / "LC_MESSAGES" / "careconnect.po"
    if code not in spoken_languages() or not file.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    # Compiled in memory: there is no step of building that could be forgotten.
    with file.open("rb") as written:
        write_mo(compiled, read_po(written, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
