"""What every endpoint works on: the account's objects, its events, and where it can be reached."""

from dataclasses import dataclass

from demo.stripe.errors import no_such
from demo.stripe.events import Events
from demo.stripe.store import Body, Store


@dataclass(frozen=True, slots=True)
class Shop:
    """One Stripe account in test mode."""

    store: Store
    events: Events
    base_url: str
    """Where people's browsers reach the pay page; no slash at its end."""

    def find(self, kind: str, wanted: str, param: str = "id") -> Body:
        """Return an object. Raises ApiError (404 in the path, 400 elsewhere) if there is none."""
        found = self.store.get(kind, wanted)
        if found is None:
            refusal = no_such(kind, wanted, param)
            refusal.status = 404 if param == "id" else 400
            raise refusal
        return found

    def save(self, body: Body, *happened: str) -> Body:
        """Store the object, and say what happened to it."""
        self.store.put(body)
        for kind in happened:
            self.events.emit(kind, body)
        return body
