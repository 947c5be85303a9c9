"""Names of months and weekdays: English, and those of the person's own language (CLDR, through Babel)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from appservice.conversation.understanding.text import folded

_SHORTEST = 3
"""Two letters ("so", "do", "mi") are words of their own in too many languages."""
_MORE_WEEKDAYS = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_MORE_MONTHS = {"sept": 9}
_OTHER_WORDS = {"fr": {"mon"}}
"""English names that are everyday words of a language: "mon rendez-vous" is nothing of a Monday."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names in folded form, with patterns that match any of them."""

    months: dict[str, int]
    """1 to 12 by name."""
    weekdays: dict[str, int]
    """0 (Monday) to 6 by name."""
    month: str
    weekday: str

    def month_of(self, name: str) -> int:
        return self.months[folded(name).rstrip(".")]

    def weekday_of(self, name: str) -> int:
        return self.weekdays[folded(name).rstrip(".")]


@lru_cache(maxsize=64)
def vocabulary(language: str) -> Vocabulary:
    """Return the names for a person of `language` (a BCP 47 tag; an unknown one counts as English)."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    spelt_months: set[str] = set()
    spelt_weekdays: set[str] = set()
    for locale in _locales(language):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                _add(months, spelt_months, locale.months[context][width])
                _add(weekdays, spelt_weekdays, locale.days[context][width])
    _add(months, spelt_months, {number: name for name, number in _MORE_MONTHS.items()})
    for name, number in _MORE_WEEKDAYS.items():
        weekdays.setdefault(name, number)
        spelt_weekdays.add(name)
    for word in _OTHER_WORDS.get(language.split("-", maxsplit=1)[0].lower(), ()):
        weekdays.pop(word, None)
        spelt_weekdays -= {word, word.capitalize()}
    return Vocabulary(months, weekdays, _any_of(spelt_months), _any_of(spelt_weekdays))


def _locales(language: str) -> list[Locale]:
    try:
        own = Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return [Locale("en")]
    return [Locale("en")] if own.language == "en" else [Locale("en"), own]


def _add(names: dict[str, int], spelt: set[str], source: dict[int, str]) -> None:
    for number, name in source.items():
        bare = name.rstrip(".")
        if len(bare) >= _SHORTEST and not bare.isdigit():
            names.setdefault(folded(bare), number)
            spelt |= {bare, folded(bare)}


def _any_of(names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return rf"(?:{'|'.join(re.escape(name) for name in ordered)})\b\.?"
