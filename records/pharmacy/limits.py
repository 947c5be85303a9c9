"""How often an address may be wrong: against what costs us, as no number of tries finds a secret. Pure."""

from collections import deque
from datetime import datetime, timedelta

_MOST_KEYS = 10_000


class Limiter:
    """Counts events of a key within a span of time, in the memory of this process."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._events: dict[str, deque[datetime]] = {}

    def full(self, key: str, now: datetime) -> bool:
        """Whether the key has had as many as it may within the span that ends now."""
        return len(self._fresh(key, now)) >= self._most

    def count(self, key: str, now: datetime) -> None:
        """One more."""
        events = self._fresh(key, now)
        events.append(now)
        self._events[key] = events
        if len(self._events) > _MOST_KEYS:
            self._events = {each: kept for each in list(self._events) if (kept := self._fresh(each, now))}

    def _fresh(self, key: str, now: datetime) -> deque[datetime]:
        events = self._events.get(key, deque())
        while events and events[0] <= now - self._span:
            events.popleft()
        return events
