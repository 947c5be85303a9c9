"""Whose invitations are followed at a time: one homeserver that lets us wait keeps no other's people from being served.

Kept in memory: whoever leads anew owes nobody a turn, and nobody owes it time.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cachetools import LRUCache

from core.lanes import LaterError

_AT_ONCE, _FROM_ONE_SERVER = 5, 2
"""How many invitations of other homeservers, and of one of them, are followed at a time."""
_AGAIN, _AT_MOST = 1.0, 10.0
"""Seconds until one that has no turn asks for it again, at first and in the end."""
_USUAL = 10.0
"""Seconds that following one may take; what it takes more, its homeserver owes."""
_MAY_OWE = 60.0
_PAID_BACK = 0.1
"""Of each second, so that a homeserver that always keeps us waiting has a tenth of one turn in the long run."""
_PAUSE = 300.0
"""Seconds: the longest pause before it is looked whether a homeserver has paid back enough."""
_KNOWN = 10_000


class Turns:
    """The turns of other homeservers, for the process that leads. `now`: seconds, as of time.monotonic."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._following: Counter[str] = Counter()
        self._owed: LRUCache[str, tuple[float, float]] = LRUCache(_KNOWN)
        """Seconds that a homeserver owed at a moment."""

    @contextmanager
    def of(self, server: str, attempts: int) -> Iterator[None]:
        """Have a turn for an invitation from there. Raises LaterError while others have theirs, or it owes time."""
        owed = self._owes(server) - _MAY_OWE
        if owed > 0:
            raise LaterError("it has kept us waiting", min(owed / _PAID_BACK, _PAUSE))
        if self._following[server] >= _FROM_ONE_SERVER or self._following.total() >= _AT_ONCE:
            raise LaterError("others are followed", min(_AGAIN + attempts / 4, _AT_MOST))
        self._following[server] += 1
        began = self._now()
        try:
            yield
        finally:
            self._following[server] -= 1
            self._following += Counter()  # keeps those that are above 0
            if (late := self._now() - began - _USUAL) > 0:
                self._owed[server] = self._owes(server) + late, self._now()

    def _owes(self, server: str) -> float:
        owed, at = self._owed.get(server, (0.0, 0.0))
        return max(0.0, owed - _PAID_BACK * (self._now() - at))
