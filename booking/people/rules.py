"""What people may say about themselves. Pure."""

import re
import unicodedata
from calendar import isleap
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from booking.people.languages import LANGUAGES
from core.errors import BadInputError, ConflictError


class Buttons(StrEnum):
    """How a person is shown what they can answer."""

    NUMBERS = "numbers"
    """Numbers under the message, to be tapped."""
    POLLS = "polls"
    NONE = "none"
    """Words and numbers are written."""


_MXID = re.compile(r"^@[a-z0-9._=/+-]+:[A-Za-z0-9.\-\[\]:]+$")
_FAMILY_AT_MOST = 20
_LONGEST_NAME = 100
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs of Unicode's bidirectional algorithm: unclosed in a name, they turn around the rest of its line."""
OF_AGE = 18
"""Article 1 of the UN's Convention on the Rights of the Child; so it is in most countries."""


def checked_name(name: str) -> str:
    """Return a name with its white space in order. Any script is a name; control characters are not."""
    name = " ".join(name.split())
    if not name or not any(unicodedata.category(letter)[0] == "L" for letter in name):
        raise BadInputError("That is no name I can write on an appointment. Write it like: name Ada Lovelace")
    if len(name) > _LONGEST_NAME:
        raise BadInputError("That name is too long; 100 letters are the most.")
    if not _is_seen(name):
        raise BadInputError("That name has signs in it that nobody can read. Please write it again.")
    return name


def name_of_account(display_name: str | None) -> str | None:
    """Return the name that an account goes by, as it can stand in a clinic's list; None for none.

    It may come from any homeserver: what nobody sees, or what turns the letters behind it around, is left out.
    """
    seen = " ".join("".join(filter(_is_seen, display_name or "")).split())
    return seen[:_LONGEST_NAME].strip() or None


def _is_seen(text: str) -> bool:
    return not any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} or letter in _TURNS for letter in text)


def checked_birthday(born: date | None, family: Sequence[str | None], name: str, today: date) -> date | None:
    """Check a new family member's date of birth, and that they are not there already."""
    if name in family:
        raise ConflictError("{name} is in your family already.", name=name)
    if len(family) >= _FAMILY_AT_MOST:
        raise BadInputError("You can book for {most} people at the most.", most=_FAMILY_AT_MOST)
    if born and not today - timedelta(days=366 * 130) <= born <= today:
        raise BadInputError("That date of birth cannot be. Write it like 2018-05-04.")
    return born


def comes_of_age(born: date, age: int = OF_AGE) -> date:
    """Return the day on which somebody comes of age, `age` years after they were born."""
    # Born on 29 February: of age on 1 March, where there is no 29th.
    leap, year = (born.month, born.day) == (2, 29), born.year + age
    return date(year, 3, 1) if leap and not isleap(year) else born.replace(year=year)


def speaks_until(born: date | None, since: date, today: date, age: int = OF_AGE) -> date | None:
    """Return the day from which on a guardian speaks no more for one who is a child now; None for all others.

    `since`: when they became their guardian; see `guardian_of_grown_up`.
    """
    if born is None:
        return None
    day = comes_of_age(born, age)
    return day if since < day and today < day else None


def guardian_of_grown_up(born: date | None, since: date, today: date, age: int = OF_AGE) -> bool:
    """Whether somebody is guardian of one who was a child when that began, and has come of age since.

    Such a guardian speaks for them no more. Of a grown-up, or of one whose date of birth is not known, a guardian
    stays for as long as they are in the family: the family has decided that.
    """
    if born is None:
        return False
    return since < comes_of_age(born, age) <= today


def checked_language(text: str) -> str:
    """Return the ISO 639-1 code of a language given by code (de, de-AT) or by its name in English or in itself."""
    wanted = text.strip().casefold()
    for code, names in LANGUAGES.items():
        if wanted in {code, *(name.casefold() for name in names)}:
            return code
    code = re.split(r"[-_]", wanted)[0]
    if code not in LANGUAGES or not re.fullmatch(r"[a-z]{2}[-_][a-z0-9]{2,8}", wanted):
        raise BadInputError("I don't know that language. Write its name in English, or its code, like de.")
    return code


def checked_reminders(minutes: Sequence[int]) -> list[int]:
    """Return the times before a visit, longest first: up to five, from a minute to thirty days."""
    chosen = sorted(set(minutes), reverse=True)
    if len(chosen) > 5 or any(not 1 <= each <= 30 * 24 * 60 for each in chosen):
        raise BadInputError(
            "I can remind you up to five times, from a minute to 30 days before."
            " Write it like: remind me 24h and 1h before"
        )
    return chosen


def checked_mxid(text: str) -> str:
    """Return a Matrix id as it is. Raises BadInputError for what is none."""
    text = text.strip()
    if len(text) > 255 or not _MXID.match(text):
        raise BadInputError("That is no Matrix id. It looks like @ama:example.org")
    return text
