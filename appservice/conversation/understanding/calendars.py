"""What somebody wants a calendar to show and to tell: "team dr.osei, dr.weber with services, alarm 1h, in German"."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from appservice.conversation.understanding.days import read_days
from appservice.conversation.understanding.durations import read_lengths
from appservice.conversation.understanding.languages import language_name, read_languages
from appservice.conversation.understanding.text import Reading
from booking.calendars.model import Options, Tell
from booking.directory.places import find_place
from core.errors import BadInputError
from core.languages import commas, spoken_languages
from core.timezones import zone

_WORDS = r" (?:with|without|in|time ?zone|zone|until|next|last|busy|open|alarms?|ring|for|ends?|and in|and with)\b"
_NEXT = rf"(?= *(?:$|[|;,])|{_WORDS})"
_NO_LENGTH = rf"(?= *(?:$|[|;]|,(?! *\d))|{_WORDS})"
"""Of lengths there may be several, with commas."""
_ALARM = re.compile(
    rf"\b(?:with |and )?(?:an? )?(?:alarms?|ring(?:ing)?|bells?)\b:? ?(?P<lengths>[^|;]*?)(?: before)?{_NO_LENGTH}",
    re.IGNORECASE,
)
_NO_ALARM = re.compile(r"\b(?:without|no) (?:an? |any )?(?:alarms?|ring(?:ing)?|bells?)\b", re.IGNORECASE)
_ZONE = re.compile(rf"\b(?:in )?(?:the )?(?:time ?zone|zone)(?: of)?:? (?P<zone>[^|;,]+?){_NEXT}", re.IGNORECASE)
_BACK = re.compile(r"\b(?:the )?last (?P<days>\d{1,4}) days?\b", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:the )?next (?P<days>\d{1,4}) days?\b", re.IGNORECASE)
_FOR = re.compile(r"\b(?:ends? in|for) (?P<days>\d{1,4}) days?\b", re.IGNORECASE)
_UNTIL = re.compile(rf"\b(?:until|till|ends?(?: on)?) (?P<day>[^|;,]+?){_NEXT}", re.IGNORECASE)
_LANGUAGE = re.compile(rf"\b(?:and )?(?:in|auf) (?P<language>[^\W\d]+){_NEXT}", re.IGNORECASE)
_BUSY = re.compile(r"\b(?:only busy|busy(?: times?)?(?: only)?|nothing but busy)\b", re.IGNORECASE)
_OPEN = re.compile(r"\b(?:only open|open(?: times?)? only|nothing but open)\b", re.IGNORECASE)
_WITH = re.compile(r"\b(?P<how>with|without|no)\b (?P<what>[^|;]*?)(?=$|[|;]| (?:with|without)\b)", re.IGNORECASE)
_TELLS = {
    "name": {Tell.NAMES},
    "patient": {Tell.NAMES},
    "doctor": {Tell.DOCTORS},
    "centre": {Tell.DOCTORS},
    "center": {Tell.DOCTORS},
    "service": {Tell.SERVICES},
    "kind": {Tell.SERVICES},
    "everything": {Tell.NAMES, Tell.DOCTORS, Tell.SERVICES},
    "all": {Tell.NAMES, Tell.DOCTORS, Tell.SERVICES},
    "nothing": set(),
}
_SAYABLE = "names, doctors, services or everything"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was chosen, on top of what a calendar has anyway."""

    options: Options
    ends_at: datetime | None = None
    """Aware."""
    rest: str = ""
    """What is left of the text: which calendar."""


def read_wanted(text: str, before: Options, now: datetime, here: ZoneInfo, language: str) -> Wanted:
    """Read the choices for a calendar that has `before`. Raises BadInputError, which says what can be chosen."""
    reading, options = Reading(text), before
    if reading.take(_NO_ALARM):
        options = replace(options, alarms=())
    elif found := reading.take(_ALARM):
        options = replace(options, alarms=tuple(sorted(set(read_lengths(found["lengths"])), reverse=True)))
    if found := reading.take(_ZONE):
        town = None if "/" in found["zone"] else find_place(found["zone"])
        options = replace(options, timezone=town.timezone if town else zone(found["zone"]).key)
    if found := reading.take(_BACK):
        options = replace(options, days_back=int(found["days"]))
    if found := reading.take(_AHEAD):
        options = replace(options, days_ahead=int(found["days"]))
    ends_at = read_end(reading, now, here, language)
    if reading.take(_BUSY):
        options = replace(options, tells=frozenset({Tell.BUSY}))
    elif reading.take(_OPEN):
        options = replace(options, tells=frozenset({Tell.OPEN}))
    if found := reading.take(_LANGUAGE):
        [code] = read_languages(found["language"])
        if code not in spoken_languages():
            known = commas(sorted(map(language_name, spoken_languages())))
            raise BadInputError("Calendars are written in one of these: {languages}.", languages=known)
        options = replace(options, language=code)
    while found := reading.take(_WITH):
        options = replace(options, tells=_tells(options.tells, found["how"].casefold(), found["what"]))
    return Wanted(options, ends_at, " ".join(reading.rest.replace("|", " ").split()).strip(" ,;."))


def read_end(reading: Reading, now: datetime, here: ZoneInfo, language: str) -> datetime | None:
    """Take "until 31 Dec" or "for 30 days": the end of that day on the clock of a zone."""
    today = now.astimezone(here).date()
    if found := reading.take(_FOR):
        return _night(today + timedelta(days=int(found["days"])), here)
    if found := reading.take(_UNTIL):
        days = read_days(Reading(found["day"]), today, language)
        if days is None or days.single is None:
            raise BadInputError("Until which day? Write it like: until 31 Dec")
        return _night(days.single, here)
    return None


def _night(day: date, here: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), here)


def _tells(before: frozenset[Tell], how: str, what: str) -> frozenset[Tell]:
    tells = set(before) - ({Tell.BUSY, Tell.OPEN} if how == "with" else set())
    for word in re.split(r"[\s,&]+|\band\b", what.casefold()):
        if not word or word in {"the", "and", "of", "my"}:
            continue
        meant = _TELLS.get(word.removesuffix("s").removesuffix("'")) if word not in _TELLS else _TELLS[word]
        if meant is None:
            raise BadInputError(
                "A calendar can tell more with: {words}. I don't know “{word}”.", words=_SAYABLE, word=word
            )
        tells = tells | meant if how == "with" else tells - meant
    return frozenset(tells)
