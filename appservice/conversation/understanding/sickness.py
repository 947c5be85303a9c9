"""Sick notes in a line: "until Friday", "from tomorrow for 5 days, school, no sport: J06.9 cold". Pure."""

import re
from datetime import date, timedelta

from appservice.conversation.understanding.days import HALF_A_YEAR, read_days
from appservice.conversation.understanding.numbers import NUMBER, number_of
from appservice.conversation.understanding.text import Reading, plain
from core.errors import BadInputError
from records.documents.rules import SickNote

_FROM = re.compile(r"\b(?:from|since|starting|ab|seit) (?P<day>.+?)(?= (?:until|till|to|for|bis)\b|$)", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|to|through|bis)(?: and including)? (?P<day>.+)$", re.IGNORECASE)
_FOR = re.compile(rf"\bfor (?P<n>{NUMBER}) (?P<unit>days?|weeks?)\b", re.IGNORECASE)
_ACTIVITY = re.compile(
    r"^(?:(?:not fit|unfit|no|can'?t|cannot|not) (?:for |go to |do )?)?(?P<what>work|school|sports?)$"
)
_LIMIT = re.compile(
    r"^(?:no|not|never|can|may|only|without|half|part|max\w*|at most|up to|from home|\d+ ?(?:h|hours?|%)"
    r"|kein\w*|nicht|nie|kann|darf|nur|ohne|halb\w*|höchstens|\d+ ?(?:stunden?|std)"
    r"|pas|ne|peut|seulement|sans|mi-temps|au plus|no|puede|solo|sólo|sin|media|máximo"
    r"|tidak|tiada|jangan|boleh|hanya|tanpa|separuh|لا|بدون|فقط|يمكن|نصف|دون)(?!\w)",
    re.IGNORECASE,
)
"""How people begin to say in what way somebody cannot do a thing; what begins otherwise may be what they suffer from."""
_BEFORE = timedelta(days=92)
"""A last day that is so little before the first is a slip; further back it is next year's."""
EXAMPLE = "sick note K7QM3F until friday, work: J06.9"


def read_sick_note(text: str, today: date, language: str = "en") -> SickNote:
    """Read the days, what the patient cannot do, in what way, and behind a colon the diagnosis.

    Without a first day it is `today`. Raises BadInputError without a last one, and for what may be a diagnosis that is
    not behind a colon: the employer's copy says all that stands before.
    """
    before, colon, diagnosis = plain(text, 1000).partition(":")
    span, *rest = [part.strip() for part in before.split(",")]
    first, last = _days(span, today, language)
    activity, limits = "work", []
    for part in filter(None, rest):
        named = _ACTIVITY.match(part.lower())
        if named:
            activity = named["what"]
        elif colon or _LIMIT.match(part):
            limits.append(part)
        else:  # it would stand on the employer's copy
            raise BadInputError(
                "“{words}” would stand on the employer's copy. If that is what the patient cannot do, end the line with a"
                " colon; if it is the diagnosis, write it behind one: {example}",
                words=part,
                example=EXAMPLE,
            )
    return SickNote(first, last, activity, ", ".join(limits), diagnosis.strip())


def _days(span: str, today: date, language: str) -> tuple[date, date]:
    first = today
    if named := _FROM.search(span):
        first = _day(named["day"], today, language, today - HALF_A_YEAR)
    if counted := _FOR.search(span):
        days = number_of(counted["n"]) * (7 if counted["unit"].lower().startswith("week") else 1)
        return first, first + timedelta(days=max(1, days) - 1)
    if named := _UNTIL.search(span):
        return first, _day(named["day"], max(first, today), language, first - _BEFORE)
    days_said = read_days(Reading(span), today, language, past=True, since=today - HALF_A_YEAR)
    if days_said and days_said.last:
        return days_said.first, days_said.last
    raise BadInputError("From when until when? Write it like: {example}", example=EXAMPLE)


def _day(text: str, today: date, language: str, since: date) -> date:
    found = read_days(Reading(text), today, language, past=True, since=since)
    if found is None:
        raise BadInputError("Which day? Write it like tomorrow, Friday or 24.11.")
    return found.first
