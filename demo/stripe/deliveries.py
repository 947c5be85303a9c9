"""The queue of webhook deliveries: which are due, how they went, what was delivered."""

from dataclasses import dataclass

from demo.stripe.store import Store

_FIRST_RETRY = 0.5
_LONGEST_RETRY = 60.0
_GIVE_UP_AFTER = 3 * 86_400.0
"""Stripe retries for three days."""


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    event: str
    attempts: int
    due: float


class Deliveries:
    """Survives restarts, as Stripe's own does."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, *, besides: set[int]) -> list[Delivery]:
        """What is to be sent now, in the order in which it fell due."""
        return [each for each in self._waiting(50 + len(besides)) if each.due <= self._now() and each.id not in besides]

    def seconds_to_next(self, *, besides: set[int]) -> float | None:
        """How long there is nothing to do; None if nothing waits."""
        waiting = [each.due for each in self._waiting(1 + len(besides)) if each.id not in besides]
        return max(0.0, min(waiting) - self._now()) if waiting else None

    def delivered(self, delivery: Delivery) -> None:
        self._mark(delivery.id, "delivered", delivery.attempts + 1, delivery.due)

    def failed(self, delivery: Delivery) -> None:
        """Wait twice as long as the last time; after three days give up."""
        attempts = delivery.attempts + 1
        wait = min(_FIRST_RETRY * 2**delivery.attempts, _LONGEST_RETRY)
        given_up = attempts * _LONGEST_RETRY > _GIVE_UP_AFTER
        self._mark(delivery.id, "given_up" if given_up else "waiting", attempts, self._now() + wait)

    def release(self, event: str) -> None:
        """Send this event now, after all that is due."""
        with self._store.transaction():
            self._store.db.execute("DELETE FROM delivery WHERE event = ? AND state = 'held'", (event,))
            self._store.db.execute(
                "INSERT INTO delivery (event, due, state) VALUES (?, ?, 'waiting')", (event, self._now())
            )

    def release_all(self) -> None:
        """Send all that is held."""
        with self._store.transaction():
            self._store.db.execute(
                "UPDATE delivery SET state = 'waiting', due = ? WHERE state = 'held'", (self._now(),)
            )

    def unsuccessful(self) -> set[str]:
        """Events that are pending or have failed: those of `delivery_success=false`."""
        rows = self._store.db.execute("SELECT DISTINCT event FROM delivery WHERE state <> 'delivered'")
        return {row["event"] for row in rows}

    def _waiting(self, limit: int) -> list[Delivery]:
        rows = self._store.db.execute(
            "SELECT id, event, attempts, due FROM delivery WHERE state = 'waiting' ORDER BY due, id LIMIT ?", (limit,)
        )
        return [Delivery(**dict(row)) for row in rows]

    def _mark(self, row: int, state: str, attempts: int, due: float) -> None:
        self._store.db.execute(
            "UPDATE delivery SET state = ?, attempts = ?, due = ? WHERE id = ?", (state, attempts, due, row)
        )

    def _now(self) -> float:
        return self._store.precise_now()
