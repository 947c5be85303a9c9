"""How often and how many times: "every 2 weeks 6 times", "weekly, 8x", "every other week for six visits". Pure."""

import re

from appservice.conversation.understanding.numbers import NUMBER, number_of
from appservice.conversation.understanding.text import Reading
from booking.appointments.rhythm import Rhythm

_EVERY = re.compile(
    rf"\b(?:(?:every|each|alle|jede) (?:(?P<other>other|second|zweite) |(?P<n>{NUMBER}) )?"
    r"(?P<unit>days?|tage?|weeks?|wochen?|fortnight)"
    r"|(?P<word>daily|weekly|fortnightly|biweekly|täglich|wöchentlich))\b",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"\b(?:for |in all )?(?P<n>{NUMBER}) ?(?:times?|visits?|appointments?|x|mal)(?: in all| altogether)?\b",
    re.IGNORECASE,
)
_DAYS = {"d": 1, "t": 1, "w": 7, "f": 14, "b": 14}


def take_rhythm(reading: Reading) -> Rhythm | None:
    """Take how often and how many times a text says; None unless it says both."""
    every, times = _EVERY.search(reading.rest), _TIMES.search(reading.rest)
    if not every or not times:
        return None
    unit = _DAYS[(every["unit"] or every["word"])[0].lower()]
    if (every["word"] or "").lower() == "täglich":
        unit = 1
    steps = 2 if every["other"] else number_of(every["n"]) if every["n"] else 1
    for found in sorted((every, times), key=lambda each: -each.start()):
        reading.cut(found.start(), found.end())
    return Rhythm(unit * steps, number_of(times["n"]))
