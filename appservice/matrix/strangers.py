"""How much people of other homeservers may say, and whether theirs is served. Our own people's pace the homeserver sets
(`rc_message`); others' homeservers may set none.

What is over the measure is passed over, and the person is told so, once a minute. Kept in memory: whoever leads anew
begins with full measures.
"""

from dataclasses import dataclass
from enum import Enum, auto

from cachetools import LRUCache

from core.settings import MatrixSettings

_KNOWN = 50_000
"""Senders whose pace is remembered; whoever comes back after so many others begins anew."""
_TELL_EVERY = 60.0
_SERVER = 10
"""A whole homeserver may say so many times as much as one of its people."""
_INVITES = 10.0
"""Invitations at once from one homeserver's person; one more a minute."""


class Verdict(Enum):
    """What is to be done with something that was said."""

    HEAR = auto()
    TELL = auto()
    """Pass it over, and say why."""
    PASS_OVER = auto()


@dataclass(slots=True)
class Measure:
    """A bucket of words: `burst` at once, then `rate` a second. Pure: time is handed in, in seconds."""

    rate: float
    burst: float
    level: float
    at: float

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> "Measure":
        return cls(rate, burst, burst, now)

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        self.level = min(self.burst, self.level + self.rate * (now - self.at))
        self.at = now
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def wait(self) -> float:
        """Seconds until there is one again."""
        return max(0.0, (1 - self.level) / self.rate)


class Strangers:
    """Measures of the people of other homeservers, for the process that leads."""

    def __init__(self, matrix: MatrixSettings) -> None:
        self._matrix = matrix
        self._said: LRUCache[str, Measure] = LRUCache(_KNOWN)
        self._invited: LRUCache[str, Measure] = LRUCache(_KNOWN)
        self._told: LRUCache[str, float] = LRUCache(_KNOWN)

    def serves(self, sender: str) -> bool:
        """Whether the sender's homeserver is one whose people are served."""
        return self._matrix.serves(sender)

    def hear(self, sender: str, now: float) -> Verdict:
        """Count one thing that was said."""
        server = sender.partition(":")[2]
        if server == self._matrix.server_name:
            return Verdict.HEAR
        rate, burst = self._matrix.strangers_per_second, self._matrix.strangers_burst
        # Both are asked: a server of many cannot drown the others, nor one of many its server.
        own = self._measure(self._said, sender, rate, burst, now).take(now)
        whole = own and self._measure(self._said, server, rate * _SERVER, burst * _SERVER, now).take(now)
        return Verdict.HEAR if whole else self._once(sender, now)

    def seconds(self, sender: str) -> int:
        """In how many seconds, at least 1, the sender may write again."""
        measure = self._said.get(sender)
        return max(1, round(measure.wait())) if measure else 1

    def may_invite(self, sender: str, now: float) -> bool:
        """Count one invitation to the bot."""
        server = sender.partition(":")[2]
        if server == self._matrix.server_name:
            return True
        own = self._measure(self._invited, sender, 1 / 60, _INVITES, now).take(now)
        return own and self._measure(self._invited, server, _SERVER / 60, _INVITES * _SERVER, now).take(now)

    def _once(self, sender: str, now: float) -> Verdict:
        if now - self._told.get(sender, -_TELL_EVERY) < _TELL_EVERY:
            return Verdict.PASS_OVER
        self._told[sender] = now
        return Verdict.TELL

    @staticmethod
    def _measure(known: LRUCache[str, Measure], who: str, rate: float, burst: float, now: float) -> Measure:
        measure = known.get(who)
        if measure is None:
            measure = known[who] = Measure.full(rate, burst, now)
        return measure
