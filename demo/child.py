"""A child process of the demo or of a test: its log in a file, waited for till it answers, stopped in order."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path


class ChildError(Exception):
    """A child did not start or has died; the message ends with the last lines of its log."""


_kept: list[socket.socket] = []


def free_port() -> int:
    """Return a loopback port that nobody has, and keep others from being given it while this process lives.

    It is bound here, without listening: whoever names it can listen there (with SO_REUSEADDR, as servers do), and the
    kernel gives it to nobody who asks for any port. So it may be some time until it is used, and between two uses.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept.append(keeper)
    return int(keeper.getsockname()[1])


class Child:
    """One program, started in a session of its own so that Ctrl-C reaches it only through us."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = {**os.environ, **(env or {})}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._folder,
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """The code it ended with, or None while it runs (or was never started)."""
        return None if self._process is None else self._process.poll()

    def wait_for(self, url: str, *, seconds: float = 300) -> None:
        """Return when `url` answers with 200. Raises ChildError if the child dies first or the time is over."""
        until = time.monotonic() + seconds
        while True:
            if self.exit_code() is not None:
                raise ChildError(f"{self.name} ended at its start.\n{self.last_lines()}")
            try:
                with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (an address of our own, on loopback)
                    return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > until:
                    raise ChildError(
                        f"{self.name} does not answer at {url} after {seconds:.0f} s.\n{self.last_lines()}"
                    ) from None
                time.sleep(0.05)

    def last_lines(self, count: int = 15) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"The last lines of {self.log}:", *lines[-count:]])

    def stop(self, *, seconds: float = 20) -> None:
        """Ask it to end (SIGTERM), wait, and end it (SIGKILL) if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
