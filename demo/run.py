"""The whole of careConnect on loopback: PostgreSQL, Synapse, the stand-in for Stripe, the service, a directory.

Everything lives in one folder and survives there. Tests start it too, in folders of their own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from core.settings import Settings
from demo.accounts import Accounts
from demo.child import Child, ChildError
from demo.homeserver import Homeserver
from demo.leftovers import end_leftovers, forget, remember
from demo.ports import Ports
from demo.postgres import Postgres
from demo.state import SERVER_NAME, settings_from, state_in, write_configuration
from demo.stripe.process import StripeProcess

CARECONNECT = Path(sys.executable).with_name("careconnect")

Say = Callable[[str], None]
"""Told what happens, in words for whoever waits."""


class Demo:
    """`start` it, use its parts, `stop` it. The folder's lock (demo.lock) is the caller's to hold."""

    postgres: Postgres
    homeserver: Homeserver
    stripe: StripeProcess
    careconnect: Child
    settings: Settings
    environment: dict[str, str]
    """With which careConnect's programs find this configuration."""

    def __init__(self, folder: Path, ports: Ports, say: Say = lambda _: None) -> None:
        self.folder = folder.absolute()
        self.ports = ports
        self.logs = self.folder / "logs"
        self._say = say
        self._began: list[Child] = []
        self._ends = ExitStack()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state = state_in(self.folder)

    @property
    def accounts(self) -> Accounts:
        return self._state.accounts

    @property
    def bot_id(self) -> str:
        return self.settings.matrix.bot_id

    def start(self) -> None:
        """Start all parts and return when they answer. Raises PortInUseError or ChildError; `stop` is due then too."""
        left = end_leftovers(self.folder)
        if left:
            self._say(f"Ended {left} processes that an earlier demo had left.")
        self.ports.check()
        self._say("PostgreSQL")
        self.postgres = Postgres(self.folder / "postgres", alone=True)
        self._ends.callback(self._end, "PostgreSQL", self.postgres.stop)
        for name in ("careconnect", "synapse"):
            self.postgres.create(name)
        self.settings = settings_from(self._state, self.ports, self.postgres.url("careconnect"))
        self._lay_out()
        # Synapse takes longest to come up; the database is made ready meanwhile.
        self._say("Synapse, the stand-in for Stripe, the database's schema")
        self._begin(self.homeserver.child)
        self._begin(self.stripe.child)
        self._do("careconnect migrate", str(CARECONNECT), "migrate")
        self._seed()
        self.homeserver.wait()
        self._register()
        self.stripe.child.wait_for(f"{self.stripe.url}/health")
        self._say("careConnect")
        self._begin(self.careconnect)
        self.careconnect.wait_for(f"http://127.0.0.1:{self.ports.careconnect}/health/ready")

    def _lay_out(self) -> None:
        """Write the configuration of all parts, and how each is run."""
        configuration, registered = write_configuration(self.folder, self.settings)
        environment = {"CARECONNECT_CONFIG": str(configuration)}
        self.homeserver = Homeserver(
            self.folder / "synapse",
            port=self.ports.homeserver,
            server_name=SERVER_NAME,
            database=self.postgres.url("synapse"),
            registrations=[registered],
            log=self.logs / "synapse.log",
        )
        self.homeserver.write()
        self.stripe = StripeProcess(
            self.folder / "stripe",
            webhook_url=f"http://127.0.0.1:{self.ports.careconnect}/stripe/webhook",
            port=self.ports.stripe,
            api_key=self._state.stripe_key,
            webhook_secret=self._state.webhook_secret,
        )
        serve = [str(CARECONNECT), "serve"]
        self.careconnect = Child("careConnect", serve, self.logs / "careconnect.log", env=environment)
        self.environment = {**os.environ, **environment}

    def _begin(self, child: Child) -> None:
        child.start()
        self._began.append(child)
        self._ends.callback(self._end, child.name, child.stop)
        remember(self.folder, [begun.pid for begun in self._began])

    def _end(self, name: str, stop: Callable[[], None]) -> None:
        self._say(f"Stopping {name}")
        stop()

    def _do(self, name: str, *command: str) -> None:
        """Run a program to its end. Raises ChildError with its output if it fails."""
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ChildError(f"{name} failed.\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _seed(self) -> None:
        seeded = self.folder / "seeded"
        if not seeded.exists():
            self._say("the directory of centres and doctors")
            self._do("The directory", sys.executable, "-m", "demo.seeding", str(self.folder))
            seeded.touch()

    def _register(self) -> None:
        registered = self.folder / "registered"
        if not registered.exists():
            self._say("the accounts")
            for _, account in self.accounts:
                self.homeserver.register(account.localpart, account.password, display_name=account.name)
            registered.touch()

    def dead(self) -> str | None:
        """Say which part has ended though nobody stopped it, with the last lines of its log; None while all run."""
        for child in self._began:
            code = child.exit_code()
            if code is not None:
                return f"{child.name} ended by itself (code {code}).\n{child.last_lines()}"
        return None if self.postgres.running() else f"PostgreSQL ended by itself. Its log is {self.postgres.log}."

    def watch(self) -> str:
        """Return what `dead` says as soon as a part ends."""
        while (ended := self.dead()) is None:
            time.sleep(0.3)
        return ended

    def stop(self) -> None:
        """Stop all parts, in the order in which they lean on each other: what began last ends first."""
        self._ends.close()
        self._began.clear()
        forget(self.folder)
