"""How often one address is answered. Pure: the time is handed in, in seconds of any clock that only goes on."""

from collections.abc import Hashable


class Limits:
    """A bucket for each key: a burst, and then so many a second. Those that are full again are forgotten in time.

    Of a bucket only the moment is kept at which it is full again: what there is in it follows from that (the generic
    cell rate algorithm). It is asked before each answer of a feed, and takes part of a microsecond.
    """

    def __init__(self, *, burst: float, rate: float, most: int = 50_000) -> None:
        self._burst = burst / rate
        self._each = 1.0 / rate
        self._most = most
        self._full_at: dict[Hashable, float] = {}

    def wait(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Take `cost` from a bucket and return 0; or take nothing and return the seconds until there is enough."""
        full_at = self._full_at.get(key, now)
        then = (full_at if full_at > now else now) + cost * self._each
        lacking = then - now - self._burst
        if lacking > _NOTHING:
            return lacking
        self._full_at[key] = then
        if len(self._full_at) > self._most:
            self._forget(now)
        return 0.0

    def lacking(self, key: Hashable, now: float) -> float:
        """Return the seconds until there is one in a bucket, and take nothing; 0: there is one."""
        lacking = max(self._full_at.get(key, now) - now, 0.0) + self._each - self._burst
        return lacking if lacking > _NOTHING else 0.0

    def _forget(self, now: float) -> None:
        """Forget those that are full, which is as if they had never been asked; and a tenth, should hardly any be."""
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        while len(self._full_at) > self._most * 9 // 10:
            del self._full_at[next(iter(self._full_at))]


_NOTHING = 1e-6
"""Seconds that sums of fractions may be off by."""
