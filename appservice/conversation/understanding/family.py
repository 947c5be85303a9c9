"""A member of the family: "Mia 2018-05-04", "Mia Weber, born 4.5.2018", "my son Ben"."""

import re
from dataclasses import dataclass
from datetime import date

from appservice.conversation.understanding.dates import Dates, read_birthday
from appservice.conversation.understanding.text import plain
from appservice.conversation.understanding.vocabulary import vocabulary
from core.errors import BadInputError

_KIN = re.compile(
    r"^(?:my |our )?(?:daughter|son|child|kid|baby|wife|husband|partner|mother|father|mum|mom|dad|grandmother|grandfather)"
    r"(?: called| named|,|:)? (?=\S)",
    re.IGNORECASE,
)
_BORN = re.compile(
    r"[,(]?\s*\b(?:who (?:is|was) )?(?:born(?: on)?|\*|dob:?|date of birth:?|birthday:?)\s*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Member:
    """A name, and a date of birth where one was given."""

    name: str
    born: date | None


def read_member(text: str, today: date, language: str = "en", *, month_first: bool = False) -> Member:
    """Understand who is to be added. Raises BadInputError without a name, and for an impossible date."""
    text = _KIN.sub("", plain(text, 300))
    born = read_birthday(text, today, language, month_first=month_first)
    if born:
        places = [*Dates(vocabulary(language), today, month_first=month_first, past=True).read(text)]
        text = text[: min(start for start, _, _ in places)]
    name = _BORN.sub("", text).strip(' ,;:("')
    if not name:
        raise BadInputError("What is their name? Write it like: add family Mia 2018-05-04")
    return Member(name, born)
