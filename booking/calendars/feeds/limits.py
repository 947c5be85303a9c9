"""How often one address is answered. Pure: the time is handed in, in seconds of any clock that only goes on."""

from collections import OrderedDict
from collections.abc import Hashable


class Limits:
    """A bucket for each key: a burst, and then so many a second. The least used keys are forgotten."""

    def __init__(self, *, burst: float, rate: float, most: int = 50_000) -> None:
        self._burst = burst
        self._rate = rate
        self._most = most
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Take `cost` from a bucket and return 0; or take nothing and return the seconds until there is enough."""
        left, at = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        lacking = cost - left
        self._left[key] = (left if lacking > 0 else left - cost, now)
        self._left.move_to_end(key)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return max(0.0, lacking / self._rate)
