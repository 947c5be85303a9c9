"""How offers are ordered and wishes widened, decided without I/O."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import combinations

from booking.directory.model import Mode, Service
from booking.directory.reasons import needs_presence
from booking.search.model import Relaxed, Wish
from core.timezones import zone

_KM_A_DEGREE = 6371.0 * math.pi / 180
_WIDER = 4
HALF_WAY_ROUND_KM = 20_100.0
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that may fit, before anybody looked for free times."""

    service: Service
    distance_km: float | None
    timezone: str
    """The centre's."""
    bound: datetime
    """It has no free start before this; less than now, if nothing is known."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Candidates that fit better than those of the next tier, whatever their times and prices."""

    mode: Mode | None = None
    near: bool | None = None
    """Whether within the radius, or beyond it."""
    currency: bool | None = None
    """Whether with prices in the wish's currency, or in others."""
    in_person_first: bool = False
    """Of both modes, visits in person before all others."""

    def by_distance(self, wish: Wish) -> bool:
        """Whether it matters which is nearer: to who is online far away, only if that is wished for."""
        return wish.place is not None and (self.near is not False or wish.sort == "nearest")


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


def tiers(wish: Wish) -> list[Tier]:
    """Return which candidates come first.

    A place without a mode is somewhere to go to: visits in person come first, online ones of the same centres after
    them. Who asks for online at a place gets those within the radius first, and then all others.
    """
    # Amounts in two currencies cannot be compared.
    apart = wish.sort == "cheapest" and wish.currency is not None and not (wish.max_price or wish.min_price)
    if wish.place is None:
        found = [Tier(wish.mode)]
    elif wish.mode is Mode.ONLINE:
        found = [Tier(Mode.ONLINE, near=True), Tier(Mode.ONLINE, near=False)]
    elif wish.mode is None and not apart:
        found = [Tier(near=True, in_person_first=True)]  # in one go, since those near a place are few
    else:
        modes = [Mode.IN_PERSON, Mode.ONLINE] if wish.mode is None else [wish.mode]
        found = [Tier(mode, near=True) for mode in modes]
    return [replace(tier, currency=same) for tier in found for same in (True, False)] if apart else found


Key = tuple[object, ...]


def key(wish: Wish, tier: Tier, each: Candidate, start: datetime) -> Key:
    """What candidates of a tier are ordered by, with the first free start of each; with its bound, a lower bound of it.

    Those free at the same time come by distance and then by price, the cheapest by price and then by distance.
    """
    money = each.service.price
    price, near = (money.currency, money.amount), (each.distance_km,) if tier.by_distance(wish) else ()
    mode = (each.service.mode is Mode.ONLINE,) if tier.in_person_first else ()
    if wish.sort == "cheapest":
        return (*mode, *price, *near, each.service.id)
    if wish.sort == "nearest" and wish.place is not None:
        return (*mode, *near, *price, each.service.id)
    return (*mode, start, *near, *price, each.service.id)


def time_of_day(wish: Wish, candidates: Sequence[Candidate]) -> Callable[[Service, datetime], bool] | None:
    """Return what says whether a start of a service is on a day and at a time that are wished for; None if any is."""
    after, before = wish.after, wish.before
    if after is None and before is None and not wish.weekdays_off and not wish.days_off:
        return None
    online = zone(wish.timezone) if wish.timezone else None
    zones = {
        each.service.id: online if online and each.service.mode is Mode.ONLINE else zone(each.timezone)
        for each in candidates
    }

    def fits(service: Service, start: datetime) -> bool:
        there = start.astimezone(zones[service.id])
        wall, day = there.time(), there.date()
        if day.weekday() in wish.weekdays_off or any(first <= day <= last for first, last in wish.days_off):
            return False
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
    """Return what of a wish never gives way: what for, who is named, the doctor's gender, what the patient needs."""
    return Wish(
        specialty=wish.specialty,
        reason=wish.reason,
        name=None if _can(wish, Relaxed.DOCTOR) else wish.name,
        gender=wish.gender,
        accessible=wish.accessible,
        known_to=wish.known_to,
        patients=wish.patients,
    )


def relax(wish: Wish, what: Relaxed) -> Wish:
    """Let one thing of a wish give way, and sort so that what is nearest to it comes first."""
    match what:
        case Relaxed.DISTANCE if wish.place and wish.mode is not Mode.ONLINE and wish.radius_km < HALF_WAY_ROUND_KM:
            return replace(wish, radius_km=min(wish.radius_km * _WIDER, HALF_WAY_ROUND_KM), sort="nearest")
        case Relaxed.PRICE if wish.max_price or wish.min_price:
            return replace(wish, max_price=None, min_price=None, sort="cheapest")
        case Relaxed.TIME if wish.latest or wish.after or wish.before or wish.weekdays_off or wish.days_off:
            return replace(wish.without_times(), earliest=wish.earliest, sort="soonest")
        case Relaxed.LANGUAGE if wish.language:
            return replace(wish, language=None)
        case Relaxed.INSURANCE if wish.insurance:
            return replace(wish, insurance=None)
        case Relaxed.DOCTOR if wish.name and wish.reason:
            return replace(wish, name=None)
        case Relaxed.MODE if wish.reason and needs_presence(wish.reason):
            return wish
        case Relaxed.MODE if wish.mode is not None:
            return replace(wish, mode=Mode.IN_PERSON if wish.mode is Mode.ONLINE else Mode.ONLINE)
        case Relaxed.MODE if wish.place:
            return replace(wish, mode=Mode.ONLINE)
    return wish
