"""Searching: candidates by the database, free times for as few of them as the page needs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from booking.directory import reading
from booking.directory.model import Mode, Service
from booking.directory.reasons import needs_presence
from booking.schedules.service import free_times_of
from booking.search.candidates import Candidates, candidates_for
from booking.search.model import Found, Offer, Relaxed, Sort, Wish
from booking.search.rules import (
    HALF_WAY_ROUND_KM,
    Candidate,
    Key,
    Tier,
    core_of,
    key,
    tiers,
    time_of_day,
    widenings,
)
from core.database import Tx
from core.errors import BadInputError
from core.timezones import utc

__all__ = ["Found", "Offer", "Relaxed", "Sort", "Wish", "matching", "search"]

_TIMES = 3
_LOOK = timedelta(days=2)
"""How far ahead is looked at first: most are free within it."""
_FURTHER = tuple(timedelta(days=days) for days in (10, 60, 731))
_MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Hit:
    candidate: Candidate
    times: tuple[datetime, ...]


async def search(tx: Tx, wish: Wish, *, page: int = 0, size: int = 5) -> Found:
    """Return a page (the first is 0) of what fits a wish; if nothing does, of the nearest wish that something fits.

    Raises BadInputError for a wish that nothing can fit (no distance, a time that ends before it begins).
    """
    if not 0 < wish.radius_km <= HALF_WAY_ROUND_KM:
        raise BadInputError("A distance is more than 0 km and at most half way around the world.")
    if wish.earliest and wish.latest and utc(wish.earliest) >= utc(wish.latest):
        raise BadInputError("That time ends before it begins. Write the earlier one first.")
    if wish.min_price and wish.max_price and wish.min_price.amount > wish.max_price.amount:
        raise BadInputError("That highest price is below the lowest. Write the lower one first.")
    if page < 0 or size < 1:
        raise ValueError("there is no such page")
    in_person_only = wish.mode is Mode.ONLINE and needs_presence(wish.reason)
    if needs_presence(wish.reason):
        wish = replace(wish, mode=Mode.IN_PERSON)
    hits = await _hits(tx, wish, page * size, size + 1)
    widened: Wish | None = None
    relaxed: tuple[Relaxed, ...] = ()
    if not hits and not page and await _any(tx, core_of(wish)):
        for wider, what in widenings(wish):
            hits = await _hits(tx, wider, 0, size + 1)
            if hits:
                widened, relaxed = wider, what
                break
    offers = await _offers(tx, hits[:size])
    return Found(offers, len(hits) > size, widened, relaxed, in_person_only)


async def matching(tx: Tx, wish: Wish, *, most: int = 20) -> list[Service]:
    """Return services that fit a wish, or at least what of it never gives way, whether or not they have free times.

    To be waited for: days and hours of the wish are not looked at.
    """
    if needs_presence(wish.reason):
        wish = replace(wish, mode=Mode.IN_PERSON)
    found: list[Candidate] = []
    for each in await candidates_for(tx, wish.without_times()):
        if len(found) < most:
            found += [*await each.unsure(), *await each.take(most)]
    if not found and wish != core_of(wish):
        return await matching(tx, core_of(wish), most=most)
    return [each.service for each in found[:most]]


async def _any(tx: Tx, wish: Wish) -> bool:
    return any([await each.take(1) or await each.unsure() for each in await candidates_for(tx, wish)])


async def _hits(tx: Tx, wish: Wish, skip: int, count: int) -> list[_Hit]:
    """Return so many of those that fit and have a free time, in order, after the first `skip`."""
    hits: list[_Hit] = []
    for tier, candidates in zip(tiers(wish), await candidates_for(tx, wish), strict=True):
        missing = skip + count - len(hits)
        if missing > 0:
            hits += await _Tier(tx, wish, tier, candidates).best(missing)
    return hits[skip:]


class _Tier:
    """The search among candidates of one tier."""

    def __init__(self, tx: Tx, wish: Wish, tier: Tier, candidates: Candidates) -> None:
        self._tx = tx
        self._wish = wish
        self._tier = tier
        self._candidates = candidates
        self._tries: Counter[UUID] = Counter()
        self._start = max(tx.now, utc(wish.earliest)) if wish.earliest else tx.now

    async def best(self, count: int) -> list[_Hit]:
        """Return the first so many.

        Best first: those with the lowest bounds are looked at until nobody else's bound is below the times of so many.
        """
        hits: list[_Hit] = []
        waiting = await self._candidates.unsure()
        frontier: Key | None = None
        at_once, more = count + 2, True
        while True:
            waiting.sort(key=self._lower)
            lower = [self._lower(each) for each in waiting[:1]]
            # Those not taken yet come after the last that was.
            if more and frontier is not None:
                lower.append(frontier)
            if len(hits) >= count and (not lower or self._key(hits[count - 1]) <= min(lower)):
                break
            if more and (not waiting or frontier is None or self._lower(waiting[0]) > frontier):
                taken = await self._candidates.take(at_once)
                more = len(taken) == at_once
                frontier = self._lower(taken[-1]) if taken else frontier
                waiting += taken
                continue
            if not waiting:
                break
            found, later = await self._look(waiting[:at_once])
            hits, waiting = sorted([*hits, *found], key=self._key), waiting[at_once:] + later
            at_once = min(at_once * 2, _MOST_AT_ONCE)
        return await self._filled(hits[:count])

    def _lower(self, each: Candidate) -> Key:
        return key(self._wish, self._tier, each, each.bound)

    def _key(self, hit: _Hit) -> Key:
        return key(self._wish, self._tier, hit.candidate, hit.times[0])

    async def _look(self, some: Sequence[Candidate]) -> tuple[list[_Hit], list[Candidate]]:
        """Look a while ahead, further for those who were looked at before: who is free, and who still has to wait."""
        start = max(self._start, min(each.bound for each in some))
        tries = max(self._tries[each.service.id] for each in some)
        end = start + _LOOK * 4**tries
        near = [each for each in some if each.bound < end]
        hits = await self._times(near, start, end)
        free = {hit.candidate.service.id for hit in hits}
        self._tries.update(each.service.id for each in near)
        later = [
            replace(each, bound=max(each.bound, end))
            for each in some
            if each.service.id not in free and end < self._end(each)
        ]
        return hits, later

    async def _filled(self, hits: Sequence[_Hit]) -> list[_Hit]:
        """Look further for those with few times."""
        few = {hit.candidate.service.id: hit.candidate for hit in hits if len(hit.times) < _TIMES}
        known = {hit.candidate.service.id: hit for hit in hits}
        for ahead in _FURTHER:
            if not few:
                break
            start = min(known[each].times[0] for each in few)
            found = await self._times([*few.values()], start, start + ahead)
            known |= {hit.candidate.service.id: hit for hit in found}
            few = {
                each: candidate
                for each, candidate in few.items()
                if len(known[each].times) < _TIMES and start + ahead < self._end(candidate)
            }
        return [known[hit.candidate.service.id] for hit in hits]

    def _end(self, each: Candidate) -> datetime:
        end = self._tx.now + timedelta(days=each.service.window_days)
        return min(end, utc(self._wish.latest)) if self._wish.latest else end

    async def _times(self, some: Sequence[Candidate], start: datetime, end: datetime) -> list[_Hit]:
        """Return those who have a free time."""
        end = min(end, max((self._end(each) for each in some), default=end))
        if not some or start >= end:
            return []
        services = [each.service for each in some]
        fits = time_of_day(self._wish, some)
        found = await free_times_of(self._tx, services, start, end, limit=_TIMES, fits=fits)
        return [_Hit(each, tuple(found[each.service.id])) for each in some if found[each.service.id]]


async def _offers(tx: Tx, hits: Sequence[_Hit]) -> tuple[Offer, ...]:
    who = await reading.who_offers(tx, [hit.candidate.service.id for hit in hits]) if hits else {}
    return tuple(
        Offer(hit.candidate.service, *who[hit.candidate.service.id], hit.candidate.distance_km, hit.times)
        for hit in hits
    )
