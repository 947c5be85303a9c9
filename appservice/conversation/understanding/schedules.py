"""Hours and dates as those who run a centre write them in their own language, in the English of booking.schedules.

"Mo-Fr 9-18 Uhr, Pause 12:30-13:30 ab 1. Dezember" is "mon-fri 9-18, break 12:30-13:30 from 1 dec". Names of days and
months are CLDR's. Names of doctors, services and centres are no part of what is put into English here. Pure.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache

from appservice.conversation.understanding.gloss import in_english
from appservice.conversation.understanding.terms import HOURS
from appservice.conversation.understanding.text import folded
from booking.schedules.dates import DAY, DAYS
from booking.schedules.hours import is_date, parse_date, parse_hours
from core.errors import BadInputError
from core.languages import DEFAULT, locale_of, spoken_languages

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ARABIC = str.maketrans("،؛", ",;")
_WHOLE = 6
"""Letters of a day's name at least that an s makes many of: "mars" is a month."""
_AND_IN_ARABIC = "و"
"""Written together with the word behind it."""
_MONTH = re.compile(r"(?P<day>\d{1,2})\.?º? ?(?:de |di |d')?(?P<name>[^\W\d]{3,})\.?(?: (?:de |del )?(?=\d{4}\b))?")
_NAME = re.compile(r"(?<![\w.@:/#])[^\W\d]{2,}\b\.?(?![\w@:/#])")
_CLOCK = re.compile(r"(?P<at>\b\d{1,2}(?::\d{2})?) ?(?:uhr|h)\b|\b(?P<hour>\d{1,2}) ?h ?(?P<minute>\d{2})\b")
_FROM_TIME = re.compile(r"\bfrom (\d{1,2}(?::\d{2})?) (?:until|to) (?=\d)")
_ON_TOO = re.compile(r"\b(from|until) on ")
_FROM_DAY = re.compile(rf"^from (?P<first>{DAY}) (?:until|to) (?P<last>{DAY})(?= )")
_DAY_UNTIL = re.compile(rf"(?<!from )\b(?P<first>{DAY}) until (?P<last>{DAY})(?= )")


def hours_in_english(text: str, language: str) -> str:
    """Return hours, weekly ones or those of a date, as booking.schedules.hours reads them; English stays as it is."""
    tag = language.split("-", maxsplit=1)[0]
    if not _names(tag)[1]:
        return text
    text = days_in_english(text, language)
    text = in_english(text.lower(), language, HOURS)
    text = _CLOCK.sub(lambda found: found["at"] or f"{found['hour']}:{found['minute']}", text)
    text = _FROM_TIME.sub(r"\1-", _ON_TOO.sub(r"\1 ", text))
    return _DAY_UNTIL.sub(r"\g<first>-\g<last>", _FROM_DAY.sub(r"\g<first>-\g<last>", text))


def days_in_english(text: str, language: str, *, shortest: int = 1) -> str:
    """Return a text in small letters, with the names of months and weekdays of a language in English.

    `shortest`: of so many letters a weekday's is at least, where the language may be another one ("me" is French, too).
    """
    months, weekdays = _names(language.split("-", maxsplit=1)[0])
    text = _MONTH.sub(lambda found: _in_month(found, months), text.casefold().translate(_ARABIC))
    return _NAME.sub(
        lambda found: _in_week(found[0], weekdays) if len(found[0].rstrip(".")) >= shortest else found[0], text
    )


def read_in_any(text: str, language: str, today: date) -> str:
    """Return hours in English by the first language that makes sense of them: who has chosen none is heard, too.

    What no language makes sense of comes as the person's own has it.
    """
    own = hours_in_english(text, language)
    for english in (own, *(hours_in_english(text, tag) for tag in sorted(spoken_languages() - {DEFAULT}))):
        try:
            (parse_date if is_date(english, today) else parse_hours)(english, today)
        except BadInputError:
            continue
        return english
    return own


def _in_month(found: re.Match[str], months: Mapping[str, str]) -> str:
    month = months.get(folded(found["name"]))
    gap = " " if found[0].endswith(" ") else ""
    return f"{found['day']} {month.upper()}{gap}" if month else found[0]  # capitals: no day of the week (mar, es)


def _in_week(name: str, weekdays: Mapping[str, str]) -> str:
    if name.isupper():
        return name
    key = folded(name.rstrip("."))
    if key.startswith(_AND_IN_ARABIC) and (day := weekdays.get(key.removeprefix(_AND_IN_ARABIC))):
        return f"and {day}"
    if key not in weekdays and len(key) >= _WHOLE:
        key = key.removesuffix("s")  # montags, lundis
    return weekdays.get(key, name)


@cache
def _names(tag: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """English months and weekdays by the names that a language has, folded; none for English itself."""
    locale = locale_of(tag)
    if locale.language == DEFAULT:
        return {}, {}
    months: dict[str, str] = {}
    weekdays: dict[str, str] = {}
    for width in ("wide", "abbreviated", "short"):
        for context in ("format", "stand-alone"):
            for number, name in (locale.months[context].get(width) or {}).items():
                months.setdefault(folded(name.rstrip(".")), _MONTHS[number - 1])
            for number, name in (locale.days[context].get(width) or {}).items():
                weekdays.setdefault(folded(name.rstrip(".")), DAYS[number])
    return months, weekdays
