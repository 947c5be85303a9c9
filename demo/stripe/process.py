"""Starts the stand-in as a process of its own: for the demo's parts, the tour and tests."""

import json
import secrets
import sys
import urllib.request
from pathlib import Path
from typing import Any

from demo.child import Child, free_port


class StripeProcess:
    """`start()`, `stop()`, `kill()`; started again with the same folder it has its state back."""

    def __init__(
        self,
        folder: Path,
        *,
        webhook_url: str = "",
        port: int | None = None,
        api_key: str | None = None,
        webhook_secret: str | None = None,
    ) -> None:
        self.port = port or free_port()
        self.api_key = api_key or f"sk_test_{secrets.token_hex(16)}"
        self.webhook_secret = webhook_secret or f"whsec_{secrets.token_hex(16)}"
        self.url = f"http://127.0.0.1:{self.port}"
        """For the SDK: base_addresses={"api": url}."""
        self.child = Child(
            "stand-in for Stripe",
            [
                sys.executable,
                "-m",
                "demo.stripe",
                f"--port={self.port}",
                f"--webhook-url={webhook_url}",
                f"--webhook-secret={self.webhook_secret}",
                f"--api-key={self.api_key}",
                f"--state={folder / 'stripe.sqlite'}",
            ],
            folder / "stripe.log",
            folder=Path(__file__).parents[2],
        )

    def start(self) -> None:
        """Return when it answers. Raises ChildError if it does not."""
        self.child.start()
        self.child.wait_for(f"{self.url}/health", seconds=30)

    def stop(self) -> None:
        self.child.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()

    def control(self, **switches: object) -> dict[str, Any]:
        """Set switches (see events.Switches and api.Faults), return how all stand."""
        return self.call("POST", "/_control", switches)

    def requests(self) -> list[dict[str, Any]]:
        """All requests to the API so far: at, method, path, query, key, body."""
        found: list[dict[str, Any]] = self.call("GET", "/_control/requests")["requests"]
        return found

    def deliver(self, *events: str) -> None:
        """Deliver these events now, in this order (while `hold` is on)."""
        self.call("POST", "/_control/deliver", {"events": events})

    def expire(self, session: str) -> None:
        """Let the session's time be over; within a second or two it is expired and says so."""
        self.call("POST", "/_control/expire", {"session": session})

    def forget(self) -> None:
        """Forget all that was made, and what is still to be told of it."""
        self.call("POST", "/_control/forget")

    def dispute(self, intent: str, amount: int | None = None, *, inquiry: bool = False) -> str:
        """Have the payer's bank take a charge back, or ask about it; return the dispute's id."""
        opened = self.call("POST", "/_control/dispute", {"intent": intent, "amount": amount, "inquiry": inquiry})
        return str(opened["id"])

    def dispute_ends(self, dispute: str, then: str) -> None:
        """Have the bank decide: "won" (by the seller), "lost"; or have an inquiry become a dispute: "escalated"."""
        self.call("POST", "/_control/dispute", {"dispute": dispute, "then": then})

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  (loopback)
            found: dict[str, Any] = json.load(answer)
            return found
