"""Lengths of time: "24h and 1h before", "24 minutes", "1 day, 2 hours", "1h30", "never"."""

import re

from appservice.conversation.understanding.numbers import NUMBER, number_of
from appservice.conversation.understanding.text import plain, refuse_less_than_nothing
from core.errors import BadInputError
from core.languages import ngettext

_MINUTES = {"m": 1, "h": 60, "d": 1440, "t": 1440, "w": 10080, "s": 60}
_PIECE = re.compile(
    rf"(?<!\w)(?P<n>\d{{1,5}}(?:[.,]\d)? ?|(?:{NUMBER}|half an?) )"
    r"(?P<unit>minutes?|minuten|mins?|m|hours?|hrs?|h|stunden?|std|days?|tagen?|tage?|d|weeks?|wochen?|w)(?P<half> and a half)?"
    r"(?:(?P<rest>\d{1,2})(?: ?(?:m|min|minutes?))?)?(?![^\W\d])",
    re.IGNORECASE,
)
_NONE = re.compile(r"^(?:never|none|no|off|nothing|not at all|don't|do not|stop|nie|aus|0)\b", re.IGNORECASE)
_MOST = 100_000


def read_lengths(text: str) -> list[int]:
    """Return the lengths that a text names, in minutes; none for "never". Raises BadInputError when it names none."""
    text = plain(text, 200)
    if _NONE.match(text):
        return []
    found: list[int] = []
    for match in _PIECE.finditer(text):
        refuse_less_than_nothing(text, match)
        unit = _MINUTES[match["unit"][0].lower()]
        number = match["n"].strip().lower()
        if number.startswith("half a"):
            amount = 0.5
        else:
            amount = float(number.replace(",", ".")) if number[0].isdigit() else float(number_of(number))
        minutes = amount * unit + (unit / 2 if match["half"] else 0) + (int(match["rest"]) if match["rest"] else 0)
        found.append(min(_MOST, round(minutes)))
    if not found:
        raise BadInputError("How long before? Write it like: remind me 24h and 1h before")
    return found


def say_length(minutes: int) -> str:
    """Return a length as people say it: "24 hours", "1 hour 30 minutes", "24 minutes", "2 days"."""
    if minutes >= 2 * 1440 and minutes % 1440 == 0:
        return ngettext("{count} day", "{count} days", minutes // 1440)
    hours, rest = divmod(minutes, 60)
    pieces = []
    if hours:
        pieces.append(ngettext("{count} hour", "{count} hours", hours))
    if rest or not hours:
        pieces.append(ngettext("{count} minute", "{count} minutes", rest))
    return " ".join(pieces)
