"""How often one address is answered. Pure: the time is handed in, in seconds of any clock that only goes on."""

from collections import OrderedDict
from collections.abc import Hashable


class Limits:
    """A bucket for each key: a burst, and then so many a second. The least used keys are forgotten.

    Of a bucket only the moment is kept at which it is full again: what there is in it follows from that (the generic
    cell rate algorithm).
    """

    def __init__(self, *, burst: float, rate: float, most: int = 50_000) -> None:
        self._burst = burst
        self._rate = rate
        self._most = most
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Take `cost` from a bucket and return 0; or take nothing and return the seconds until there is enough."""
        known = self._full_at
        full_at = known.get(key, now)
        then = (full_at if full_at > now else now) + cost / self._rate
        lacking = then - now - self._burst / self._rate
        if lacking > _NOTHING:
            return lacking
        known[key] = then
        known.move_to_end(key)
        if len(known) > self._most:
            known.popitem(last=False)
        return 0.0


_NOTHING = 1e-6
"""Seconds that sums of fractions may be off by."""
