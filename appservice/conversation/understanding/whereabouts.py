"""Places in a sentence: "near Berlin", "in Munich", "around KL", "within 10 km of Leeds"; or just "Berlin"."""

import re
from collections.abc import Collection
from itertools import islice

from appservice.conversation.understanding.text import Reading, folded
from booking.directory.places import Place, find_place, place_at
from core.errors import BadInputError

_LONGEST = 4
"""Words of a city's name at most."""
_SHORTEST = 4
"""Letters of a word that counts as a place on its own."""
_FIRST = 60
"""Words among which such a place is looked for: each costs time, which everybody else waits for."""
_RADIUS = re.compile(
    r"\b(?:within|in a radius of|max(?:imum)?|up to|no(?:t)? (?:further|farther|more) than|less than|umkreis(?: von)?) ?(?P<n>\d{1,4}(?:[.,]\d+)?) ?(?P<unit>km|kms|kilomet(?:re|er)s?|mi|miles?)\b"
    r"(?: away(?= |$))?(?P<of> (?:of|from|around)(?= ))?",
    re.IGNORECASE,
)
_ON_FOOT = re.compile(r"\b(?:in |within )?walking distance\b(?P<of> (?:of|from)(?= ))?", re.IGNORECASE)
_ON_FOOT_KM = 2.0
_SHARED = re.compile(r"\bgeo:(?P<latitude>-?\d{1,3}(?:\.\d+)?),(?P<longitude>-?\d{1,3}(?:\.\d+)?)\S*", re.IGNORECASE)
_ME = re.compile(r"\b(?:near|nearby|around|close to) (?:me|here|my place|home)\b|\bnearby\b", re.IGNORECASE)
_NEAR = re.compile(
    r"\b(?P<how>near|nearby|around|close to|next to|nahe|um|of|from|in|at|bei|by) (?P<words>[^|,;!?\d]+)", re.IGNORECASE
)
_SURE = frozenset({"near", "nearby", "around", "close to", "next to", "nahe"})


def read_radius(reading: Reading) -> float | None:
    """Take a distance in kilometres that a text allows."""
    match = reading.take(_RADIUS)
    if not match:
        return _ON_FOOT_KM if reading.take(_ON_FOOT) else None
    number = float(match["n"].replace(",", "."))
    return max(1.0, number * (1.609 if match["unit"].lower().startswith("mi") else 1.0))


def may_be_shared(text: str) -> bool:
    """Whether `read_shared` may find something there."""
    return "geo:" in text.lower()


def read_shared(reading: Reading) -> Place | None:
    """Take a shared location, a geo URI (RFC 5870). Raises BadInputError for one that is not on the earth."""
    match = reading.take(_SHARED)
    if not match:
        return None
    latitude, longitude = float(match["latitude"]), float(match["longitude"])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadInputError('I can\'t read where that is. Name a town, like "near Berlin".')
    return place_at(latitude, longitude)


def read_place(reading: Reading, here: Place | None = None) -> Place | None:
    """Take the place after a word like "near"; `here`: where the person said they are.

    Raises BadInputError for one that nobody knows, and for "near me" when that is not known.
    """
    if reading.take(_ME):
        if here:
            return here
        raise BadInputError('I can\'t see where you are. Share your location, or name a town, like "near Berlin".')
    unknown = ""
    for match in _NEAR.finditer(reading.rest):
        words = [*re.finditer(r"\S+", match["words"])][:_LONGEST]
        for count in range(len(words), 0, -1):
            name = match["words"][words[0].start() : words[count - 1].end()].strip(" .")
            place = find_place(name) if len(name) > 1 else None
            if place:
                reading.cut(match.start(), match.start("words") + words[count - 1].end())
                return place
        if words and match["how"].lower() in _SURE:
            unknown = match["words"].strip()[:40]
    if unknown:
        raise BadInputError("I don't know a town called {name}. Try the nearest bigger one.", name=unknown)
    return None


def read_place_anywhere(reading: Reading, fillers: Collection[str]) -> Place | None:
    """Take a place that stands on its own, written exactly: "cardiologist Berlin"."""
    words = [*islice(re.finditer(r"[^\s|,;!?]+", reading.rest), _FIRST)]
    for count in range(min(3, len(words)), 0, -1):
        for n in range(len(words) - count + 1):
            start, end = words[n].start(), words[n + count - 1].end()
            name = reading.rest[start:end]
            if "|" in name or len(name) < _SHORTEST or folded(name) in fillers:
                continue
            alone = count == 1 and len(name) > 5
            place = find_place(name, misspelt=alone)
            if place and (alone or folded(place.name) == folded(name)):
                reading.cut(start, end)
                return place
    return None
