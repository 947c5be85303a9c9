"""Searching: candidates by the database, free times for as few of them as the page needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking.directory import reading
from booking.schedules.service import free_times_of
from booking.search.candidates import candidates_for
from booking.search.model import Found, Offer, Relaxed, Sort, Wish
from booking.search.rules import HALF_WAY_ROUND_KM, Candidate, core_of, tiers, time_of_day, widenings
from core.database import Tx
from core.errors import BadInputError
from core.timezones import utc

__all__ = ["Found", "Offer", "Relaxed", "Sort", "Wish", "search"]

_TIMES = 3
_LOOKS = (2, 7, 30, 120)
"""Days ahead that are looked at, one look after the other, for the soonest: most wishes end at the first."""
_AT_ONCE = 25
"""Candidates whose times are looked at together where their order is known beforehand."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What times are wanted of whom."""

    wish: Wish
    candidates: Sequence[Candidate]
    start: datetime
    end: datetime


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
    if page < 0 or size < 1:
        raise ValueError("there is no such page")
    hits = await _hits(tx, wish, page * size, size + 1)
    if hits or page:
        return await _found(tx, hits, size)
    if not await candidates_for(tx, core_of(wish)):
        return Found((), more=False)
    for wider, relaxed in widenings(wish):
        hits = await _hits(tx, wider, 0, size + 1)
        if hits:
            return await _found(tx, hits, size, wider, relaxed)
    return Found((), more=False)


async def _hits(tx: Tx, wish: Wish, skip: int, count: int) -> list[_Hit]:
    """Return so many of those that fit and have a free time, in order, after the first `skip`."""
    start = max(tx.now, utc(wish.earliest)) if wish.earliest else tx.now
    soonest = wish.sort == "soonest" or (wish.sort == "nearest" and wish.place is None)
    hits: list[_Hit] = []
    for tier in tiers(wish, await candidates_for(tx, wish)):
        end = tx.now + timedelta(days=max(each.service.window_days for each in tier))
        look = _Look(wish, tier, start, min(end, utc(wish.latest)) if wish.latest else end)
        missing = skip + count - len(hits)
        hits += await (_soonest(tx, look, missing) if soonest else _in_order(tx, look, missing))
        if len(hits) >= skip + count:
            break
    return hits[skip : skip + count]


async def _soonest(tx: Tx, look: _Look, count: int) -> list[_Hit]:
    """Look further and further ahead until there are enough: whoever is free in a nearer time goes first."""
    hits: list[_Hit] = []
    left, start = list(look.candidates), look.start
    for end in [*(look.start + timedelta(days=days) for days in _LOOKS), look.end]:
        if not left or len(hits) >= count or start >= look.end:
            break
        until = min(end, look.end)
        found = await _times(tx, _Look(look.wish, left, start, until), limit=1)
        # Sorting keeps the order of those that are free at the same time.
        hits += sorted(found, key=lambda hit: hit.times)
        left = [each for each in left if each not in {hit.candidate for hit in found}]
        start = until
    chosen = _Look(look.wish, [hit.candidate for hit in hits[:count]], look.start, look.end)
    return await _times(tx, chosen, limit=_TIMES)


async def _in_order(tx: Tx, look: _Look, count: int) -> list[_Hit]:
    """Go through candidates as they are sorted until there are enough."""
    hits: list[_Hit] = []
    for at in range(0, len(look.candidates), _AT_ONCE):
        some = _Look(look.wish, look.candidates[at : at + _AT_ONCE], look.start, look.end)
        hits += await _times(tx, some, limit=_TIMES)
        if len(hits) >= count:
            break
    return hits[:count]


async def _times(tx: Tx, look: _Look, *, limit: int) -> list[_Hit]:
    """Return those who have a free time, in the order given."""
    if not look.candidates or look.start >= look.end:
        return []
    services = [each.service for each in look.candidates]
    fits = time_of_day(look.wish, look.candidates)
    found = await free_times_of(tx, services, look.start, look.end, limit=limit, fits=fits)
    hits = [_Hit(each, tuple(found[each.service.id])) for each in look.candidates]
    return [hit for hit in hits if hit.times]


async def _found(
    tx: Tx, hits: Sequence[_Hit], size: int, widened: Wish | None = None, relaxed: tuple[Relaxed, ...] = ()
) -> Found:
    page = hits[:size]
    services = [hit.candidate.service for hit in page]
    doctors = await reading.practitioners_with(tx, {each.practitioner_id for each in services})
    centres = await reading.centres_with(tx, {each.centre_id for each in services})
    offers = tuple(
        Offer(
            service=hit.candidate.service,
            practitioner=doctors[hit.candidate.service.practitioner_id],
            centre=centres[hit.candidate.service.centre_id],
            distance_km=hit.candidate.distance_km,
            next_times=hit.times,
        )
        for hit in page
    )
    return Found(offers, more=len(hits) > size, widened=widened, relaxed=relaxed)
