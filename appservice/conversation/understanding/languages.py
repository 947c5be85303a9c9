"""Languages that a doctor should speak: "english speaking", "in German", "speaks Arabic", "en,de"."""

import re
from functools import cache

from babel import Locale

from appservice.conversation.understanding.text import Reading, folded
from booking.people.rules import LANGUAGES
from core.errors import BadInputError

_MORE = {"mandarin": "zh", "farsi": "fa", "tagalog": "tl", "bahasa": "ms", "malaysian": "ms"}


@cache
def _names() -> dict[str, str]:
    """Codes by folded name, in English and in the language itself."""
    names = dict(_MORE)
    for code in LANGUAGES:
        for name in (Locale("en").languages.get(code), Locale(code).languages.get(code)):
            if name and len(name) > 1:
                names.setdefault(folded(name), code)
    return names


@cache
def _pattern() -> tuple[re.Pattern[str], ...]:
    names = {*_names(), *(name for code in LANGUAGES if (name := Locale(code).languages.get(code)))}
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\b(?:who |that |and )?(?:speaks?|speaking|talks?|spricht|in|auf) (?P<name>{one})(?: language)?\b",
            rf"\b(?P<name>{one})[- ]?(?:speaking|speaker|sprachige?r?|language)\b",
            rf"(?:^|(?<=[\s|,]))(?P<name>{one})(?=$|[\s|,.!?])",
        )
    )


def read_language(reading: Reading) -> str | None:
    """Take the first language that a text names; return its ISO 639-1 code."""
    for pattern in _pattern():
        if match := reading.take(pattern):
            return _names()[folded(match["name"])]
    return None


def read_languages(text: str) -> list[str]:
    """Return the codes of a list of languages: "en,de", "English and Arabic". Raises BadInputError for an unknown one."""
    codes: list[str] = []
    for word in re.split(r"[\s,;/&+]+|\band\b", text):
        if not word:
            continue
        code = folded(word) if folded(word) in LANGUAGES else _names().get(folded(word))
        if code is None:
            raise BadInputError("I don't know the language {word}. Write it like en,de or English, German.", word=word)
        if code not in codes:
            codes.append(code)
    return codes


def language_name(code: str) -> str:
    """Return a language's name in English."""
    return str(Locale("en").languages.get(code, code))
