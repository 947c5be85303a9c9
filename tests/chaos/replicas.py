"""Replicas of careConnect behind a proxy, as in a deployment: started, frozen and killed where a test says."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.child import Child, free_port
from demo.proxy import Proxy
from demo.run import CARECONNECT, Demo


class Replicas:
    """Each has a name. The homeserver reaches all of them by the address of the demo's own careConnect."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._there: dict[str, tuple[Child, int]] = {}
        self._frozen: set[str] = set()
        self._codes: dict[str, int | None] = {}

    def upstreams(self) -> list[str]:
        """Where they serve; one that does not answer is left out, as a proxy's health checks see to."""
        return [f"http://127.0.0.1:{port}" for name, (_, port) in [*self._there.items()] if name not in self._frozen]

    def start(self, name: str) -> Child:
        """Start one; return when it is ready to serve."""
        port = free_port()
        environment = {**self._demo.environment, "CARECONNECT_HTTP__PORT": str(port)}
        child = Child(f"careConnect {name}", [str(CARECONNECT), "serve"], self._log(name), env=environment)
        child.start()
        child.wait_for(f"http://127.0.0.1:{port}/health/ready")
        self._there[name] = child, port
        return child

    def stop(self, name: str) -> None:
        """As an upgrade does: asked to end (SIGTERM), and waited for."""
        child, _ = self._there[name]
        del self._there[name]  # the proxy sends it nothing new; what it is answering it still answers
        child.stop()
        self._codes[name] = child.exit_code()

    def kill(self, name: str) -> None:
        """As a crash does (SIGKILL)."""
        child, _ = self._there.pop(name)
        child.kill()

    def freeze(self, name: str) -> None:
        """As a machine does that has stalled: its connections stay, and nothing stirs."""
        self._frozen.add(name)
        os.kill(self._there[name][0].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self._there[name][0].pid, signal.SIGCONT)
        self._frozen.discard(name)

    def names(self) -> list[str]:
        return [*self._there]

    def ended_well(self, name: str) -> bool:
        """Whether one that was stopped ended by itself, with nothing given up."""
        return self._codes[name] == 0 and '"given up"' not in self._log(name).read_text()

    def leader(self) -> str | None:
        """The one that took the bot's device last, by the logs; None while nobody has."""
        taken = {name: self._taken(name) for name in self._there}
        led = {name: when for name, when in taken.items() if when}
        return max(led, key=lambda name: led[name]) if led else None

    def _taken(self, name: str) -> str:
        """When it last took the device (an ISO timestamp, UTC), or nothing."""
        lines = [line for line in self._log(name).read_text().splitlines() if '"leading"' in line]
        return lines[-1].partition('"timestamp": "')[2].partition('"')[0] if lines else ""

    def _log(self, name: str) -> Path:
        return self._demo.logs / f"replica-{name}.log"

    def end(self) -> None:
        for child, _ in self._there.values():
            child.kill()


@contextmanager
def replicated(demo: Demo, *names: str) -> Iterator[Replicas]:
    """The demo with these replicas, started in this order, in place of its own careConnect."""
    demo.careconnect.stop()
    replicas = Replicas(demo)
    try:
        with Proxy(demo.ports.careconnect, lambda _: replicas.upstreams()):
            for name in names:
                replicas.start(name)
            yield replicas
    finally:
        replicas.end()
        demo.careconnect.start()
