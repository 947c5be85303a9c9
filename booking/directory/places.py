"""Cities by name, offline, with coordinates and time zone: cities.tsv, made from GeoNames by make_cities.py."""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from booking.directory.specialties import folded

_NICKNAMES = {
    "kl": "kuala lumpur",
    "nyc": "new york city",
    "la": "los angeles",
    "frankfurt": "frankfurt am main",
    "st gallen": "sankt gallen",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A city, or wherever a person shared."""

    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    latitude: float
    longitude: float
    timezone: str


@cache
def _index() -> dict[str, Place]:
    """Every folded name, of the biggest city that bears it; a city's own name goes before another's alias."""
    own: dict[str, Place] = {}
    aliases: dict[str, Place] = {}
    zones: dict[str, str] = {}
    with Path(__file__).with_name("cities.tsv").open(encoding="utf-8") as file:  # the biggest first
        for line in file:
            name, country, latitude, longitude, zone, others = line.rstrip("\n").split("\t")
            place = Place(name, country, float(latitude), float(longitude), zones.setdefault(zone, zone))
            own.setdefault(folded(name), place)
            for other in others.split("|") if others else ():
                aliases.setdefault(other, place)
    for name, place in aliases.items():
        own.setdefault(name, place)
    return own


@cache
def _names() -> dict[str, list[str]]:
    """What a misspelt name may have meant, by first letter: cities' names in Latin letters, the biggest first."""
    names = defaultdict[str, list[str]](list)
    for name in [*(name for name, place in _index().items() if name == folded(place.name)), *_NICKNAMES]:
        names[name[0]].append(name)
    return dict(names)


def find_place(text: str, *, misspelt: bool = True) -> Place | None:
    """Return the biggest city of that name in any common spelling.

    If it may be misspelt, one typing error (a letter missing, wrong, too many, or two exchanged) is forgiven in a
    name of six letters or more, when it begins as it should; two in a name of ten.
    """
    name = folded(text)
    name = _NICKNAMES.get(name, name)
    if not name or len(name) > 80:
        return None
    index = _index()
    if name in index:
        return index[name]
    if len(name) < 6 or not misspelt:
        return None
    errors = 2 if len(name) >= 10 else 1
    alike = [known for known in _names().get(name[0], ()) if abs(len(known) - len(name)) <= errors]
    close = process.extractOne(name, alike, scorer=DamerauLevenshtein.distance, score_cutoff=errors)
    return index[_NICKNAMES.get(close[0], close[0])] if close else None


def place_at(latitude: float, longitude: float) -> Place:
    """Return a place that a person shared, in degrees, with the name, country and time zone of the nearest city."""

    def away(city: Place) -> float:
        aside = abs(city.longitude - longitude)
        return math.hypot(city.latitude - latitude, min(aside, 360 - aside) * math.cos(math.radians(latitude)))

    nearest = min(_index().values(), key=away)
    return replace(nearest, latitude=latitude, longitude=longitude)


def km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two (latitude, longitude) along the earth's surface, by the haversine formula."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(half))
