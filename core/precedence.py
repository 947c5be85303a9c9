"""What goes first where there is more to do than can be done at once: what people wait for, before what adorns it.

Lanes that can wait are taken up when this process has had nothing else under way for a moment: what it has just said is
still on its way to people, through a peer that has its hands full with it. Where that does not happen for a while, they
are taken up a few at a time all the same, so that they come late but come. Pure: time is handed in, in seconds.
"""

from collections.abc import Callable

_AT_ONCE = 2
"""Lanes that can wait and are under way together: what is said meanwhile finds places free, here and at the peer."""
MOMENT = 0.1
"""Seconds without anything that people wait for. Long enough for an answer to be shown, too short to be noticed."""
_LONGEST = 3.0
"""Seconds that such a lane waits for a quiet moment."""

Ring = Callable[[], None]
"""Has a lane's worker ask again whether it may begin."""


class Precedence:
    """Of the workers of one process that stand in each other's way. Each asks before it begins with a lane."""

    def __init__(self, can_wait: Callable[[str], bool] = lambda _: False) -> None:
        self._can_wait = can_wait
        self._first = 0
        self._last = 0
        self._quiet_since = float("-inf")
        self._waiting: dict[str, tuple[float, Ring]] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """The lanes that will be rung for."""
        return (*self._waiting,)

    def may_begin(self, lane: str, now: float, ring: Ring) -> bool:
        """Whether a lane is begun with now, which is counted then until it `ended`; if not, it will be rung for."""
        if not self._can_wait(lane):
            self._first += 1
            return True
        since, _ = self._waiting.get(lane, (now, ring))
        if self._last < _AT_ONCE and self._is_due(since, now):
            self._waiting.pop(lane, None)
            self._last += 1
            return True
        self._waiting[lane] = since, ring
        return False

    def ended(self, lane: str, now: float) -> None:
        """A lane that was begun with has nothing more to do."""
        if self._can_wait(lane):
            self._last -= 1
        else:
            self._first -= 1
            self._quiet_since = now
        self.look(now)

    def look(self, now: float) -> None:
        """Ring for those whose turn it is: call it a moment after anything ended or was refused, and now and then."""
        free = _AT_ONCE - self._last
        if free > 0:
            due = [ring for since, ring in self._waiting.values() if self._is_due(since, now)]
            for ring in due[:free]:
                ring()

    def _is_due(self, since: float, now: float) -> bool:
        quiet = not self._first and now - self._quiet_since >= MOMENT
        return quiet or now - since >= _LONGEST
