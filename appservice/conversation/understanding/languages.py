"""Languages that a doctor should speak: "english speaking", "in German", "speaks Arabic", "en,de"."""

import re
from functools import cache

from appservice.conversation.understanding.text import Reading, folded
from booking.people.languages import LANGUAGES, language_name
from core.errors import BadInputError

__all__ = ["language_name", "read_language", "read_languages"]

_MORE = {"mandarin": "zh", "farsi": "fa", "tagalog": "tl", "bahasa": "ms", "malaysian": "ms"}


@cache
def _names() -> dict[str, str]:
    """Codes by folded name, in English and in the language itself."""
    names = dict(_MORE)
    for code, spelt in LANGUAGES.items():
        for name in spelt:
            names.setdefault(folded(name), code)
    return names


@cache
def _pattern() -> tuple[re.Pattern[str], ...]:
    names = {*_names(), *(own for _, own in LANGUAGES.values())}
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"\b(?:who |that |and )?(?:speaks?|speaking|talks?|spricht|in|auf|bahasa) (?P<name>{one})(?: language)?\b",
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
