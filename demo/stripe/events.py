"""Events: what happened, as a snapshot, written in the same transaction and queued for delivery."""

from dataclasses import dataclass

from demo.stripe.objects import new, shown
from demo.stripe.store import Body, Store

API_VERSION = "2026-10-28.endive"
GATHER_SECONDS = 0.4
"""While `reorder` is on, what happens within this time is delivered the last first."""


@dataclass(slots=True)
class Switches:
    """How webhooks misbehave (POST /_control)."""

    duplicate: int = 0
    """Each event is delivered this many times more."""
    reorder: bool = False
    delay: float = 0.0
    """Seconds before the first attempt."""
    drop: int = 0
    """This many of the next events are never delivered, as if Stripe had given up."""
    hold: bool = False
    """Deliver nothing on one's own: only what POST /_control/deliver names, in its order."""


class Events:
    """Writes events down. Their sending is webhooks.py's."""

    def __init__(self, store: Store, switches: Switches, *, listening: bool) -> None:
        self._store = store
        self._switches = switches
        self._listening = listening
        self.request: str | None = None
        """Id of the API request that is being served, which its events name."""

    def emit(self, kind: str, subject: Body) -> Body:
        """Say that `kind` happened to `subject`, as it is now."""
        event = new(
            "event",
            type=kind,
            api_version=API_VERSION,
            data={"object": shown(subject)},
            pending_webhooks=1 if self._listening else 0,
            request={"id": self.request, "idempotency_key": None},
        )
        self._store.put(event)
        self._queue(event["id"])
        return event

    def _queue(self, event: str) -> None:
        switches, now = self._switches, self._store.precise_now()
        if not self._listening:
            return
        state, due = "waiting", now + switches.delay
        if switches.drop > 0:
            switches.drop -= 1
            state = "dropped"
        elif switches.hold:
            state = "held"
        elif switches.reorder:
            due = self._before_the_others(now)
        for _ in range(1 + switches.duplicate):
            self._store.db.execute("INSERT INTO delivery (event, due, state) VALUES (?, ?, ?)", (event, due, state))

    def _before_the_others(self, now: float) -> float:
        """A time that is due before all that was gathered so far, and is not yet due itself."""
        gathered = self._store.db.execute(
            "SELECT min(due) AS due FROM delivery WHERE state = 'waiting' AND attempts = 0"
        ).fetchone()["due"]
        return float(gathered) - 0.001 if gathered is not None and gathered > now + 0.1 else now + GATHER_SECONDS
