"""How offers are ordered and wishes widened, decided without I/O."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from itertools import combinations

from booking.directory.model import Mode, Service
from booking.search.model import Relaxed, Wish
from core.timezones import zone

_KM_A_DEGREE = 6371.0 * math.pi / 180
_WIDER = 4
HALF_WAY_ROUND_KM = 20_100.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that may fit, before anybody looked for free times."""

    service: Service
    distance_km: float | None
    timezone: str
    """The centre's."""


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees that hold every point within a distance of a place. `west` is greater than `east` over the date line."""

    south: float
    north: float
    west: float
    east: float


def box(latitude: float, longitude: float, km: float) -> Box:
    """Return the smallest box around a circle on the earth."""
    reach = km / _KM_A_DEGREE
    south, north = latitude - reach, latitude + reach
    if south <= -90 or north >= 90:
        return Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0)
    aside = math.degrees(math.asin(math.sin(math.radians(reach)) / math.cos(math.radians(latitude))))
    return Box(south, north, (longitude - aside + 180) % 360 - 180, (longitude + aside + 180) % 360 - 180)


def tiers(wish: Wish, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Part candidates into those that fit better and those that fit less, each ordered by price or distance.

    A place without a mode is somewhere to go to: visits in person come first, online ones of the same centres after
    them. Who asks for online at a place gets those within the radius first, and then all others.
    """
    common = Counter(each.service.price.currency for each in candidates)

    def near(each: Candidate) -> float:
        return 0.0 if each.distance_km is None else each.distance_km

    def price(each: Candidate) -> tuple[int, str, int]:
        # Amounts in two currencies cannot be compared: the currency of most comes first.
        money = each.service.price
        return -common[money.currency], money.currency, money.amount

    def order(each: Candidate) -> tuple[object, ...]:
        first = (price(each), near(each)) if wish.sort == "cheapest" else (near(each), price(each))
        return (*first, each.service.id)

    ordered = sorted(candidates, key=order)
    better = [each for each in ordered if _fits_better(wish, each)]
    less = [each for each in ordered if not _fits_better(wish, each)]
    return [tier for tier in (better, less) if tier]


def _fits_better(wish: Wish, each: Candidate) -> bool:
    if wish.place is None:
        return True
    if wish.mode is None:
        return each.service.mode is Mode.IN_PERSON
    return each.distance_km is not None and each.distance_km <= wish.radius_km


def time_of_day(wish: Wish, candidates: Sequence[Candidate]) -> Callable[[Service, datetime], bool] | None:
    """Return what says whether a start of a service is at a time of day that is wished for; None if any is."""
    after, before = wish.after, wish.before
    if after is None and before is None:
        return None
    online = zone(wish.timezone) if wish.timezone else None
    zones = {
        each.service.id: online if online and each.service.mode is Mode.ONLINE else zone(each.timezone)
        for each in candidates
    }

    def fits(service: Service, start: datetime) -> bool:
        wall = start.astimezone(zones[service.id]).time()
        if after is not None and before is not None and before <= after:
            return wall >= after or wall < before
        return (after is None or wall >= after) and (before is None or wall < before)

    return fits


def widenings(wish: Wish) -> Iterator[tuple[Wish, tuple[Relaxed, ...]]]:
    """Yield wishes for more and more: one thing relaxed, then two, in the order of Relaxed; at last any distance.

    What is needed and from whom does not give way: see `core_of`.
    """
    yield from _combined(wish, tuple(Relaxed))
    if _can(wish, Relaxed.DISTANCE):
        anywhere = replace(wish, radius_km=HALF_WAY_ROUND_KM, sort="nearest")
        yield anywhere, (Relaxed.DISTANCE,)
        for wider, relaxed in _combined(anywhere, (Relaxed.PRICE, Relaxed.TIME, Relaxed.LANGUAGE)):
            yield replace(wider, sort="nearest"), (Relaxed.DISTANCE, *relaxed)


def _combined(wish: Wish, things: Iterable[Relaxed]) -> Iterator[tuple[Wish, tuple[Relaxed, ...]]]:
    can = [each for each in things if _can(wish, each)]
    for count in range(1, len(can) + 1):
        for these in combinations(can, count):
            yield reduce(relax, these, wish), these


def _can(wish: Wish, what: Relaxed) -> bool:
    return relax(wish, what) != wish


def core_of(wish: Wish) -> Wish:
    """Return what of a wish never gives way: the specialty, who is named, the doctor's gender."""
    return Wish(specialty=wish.specialty, name=wish.name, gender=wish.gender)


def relax(wish: Wish, what: Relaxed) -> Wish:
    """Let one thing of a wish give way, and sort so that what is nearest to it comes first."""
    match what:
        case Relaxed.DISTANCE if wish.place and wish.mode is not Mode.ONLINE and wish.radius_km < HALF_WAY_ROUND_KM:
            return replace(wish, radius_km=min(wish.radius_km * _WIDER, HALF_WAY_ROUND_KM), sort="nearest")
        case Relaxed.PRICE if wish.max_price:
            return replace(wish, max_price=None, sort="cheapest")
        case Relaxed.TIME if wish.latest or wish.after or wish.before:
            return replace(wish, latest=None, after=None, before=None, sort="soonest")
        case Relaxed.LANGUAGE if wish.language:
            return replace(wish, language=None)
        case Relaxed.MODE if wish.mode is not None:
            return replace(wish, mode=Mode.IN_PERSON if wish.mode is Mode.ONLINE else Mode.ONLINE)
        case Relaxed.MODE if wish.place:
            return replace(wish, mode=Mode.ONLINE)
    return wish
