"""Days of each week on which a centre is closed: "every friday", "freitags", "tous les samedis". Pure."""

import re
from collections.abc import Sequence

from appservice.conversation.understanding.schedules import hours_in_english
from appservice.conversation.understanding.text import folded
from booking.schedules.dates import DAYS
from core.languages import DEFAULT, spoken_languages

EACH = re.compile(
    r"\b(?:every|each|always|weekends|\w{3,6}days|jeden|immer|\w{3,7}(?:tags|wochs)|chaque|tous les|les \w{3,5}dis"
    r"|cada|todos los|los (?:lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bados|domingos)|siempre|setiap|كل"
    r"|(?:أيام|ايام))\b",
    re.IGNORECASE,
)
"""Of each week: that is a matter of the hours, and no day on which something differs."""
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMES = {name: n for names in (DAYS, _FULL) for n, name in enumerate(names)} | {
    f"{name}s": n for n, name in enumerate(_FULL)
}
_BESIDES = frozenset(
    map(
        folded,
        "on every each always and the jeden immer und am an chaque tous toutes les le la et cada todos los el siempre y"
        " setiap pada hari dan كل يوم أيام ايام في و week daily at".split(),
    )
)
_WORD = re.compile(r"[^\W\d]+")


def every_week(text: str, language: str) -> Sequence[int]:
    """Return the weekdays (0 is Monday) that a text names as those of each week, and nothing else; else nothing.

    In the language, or in any other: who has chosen none is heard, too.
    """
    if not EACH.search(text) or re.search(r"\d", text):
        return ()
    for tag in dict.fromkeys((language.split("-", maxsplit=1)[0], DEFAULT, *sorted(spoken_languages()))):
        words = [folded(each) for each in _WORD.findall(hours_in_english(text, tag))]
        words = [each for word in words for each in (("sat", "sun") if word == "weekends" else (word,))]
        days = {_NAMES[each] for each in words if each in _NAMES}
        if days and all(each in _NAMES or each in _BESIDES for each in words):
            return sorted(days)
    return ()


def in_words(days: Sequence[int]) -> str:
    """As it is written behind a command: "every fri and sat"."""
    return f"every {' and '.join(DAYS[each] for each in days)}"
