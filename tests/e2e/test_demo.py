"""`make demo` as a process: starts all, says how to use it, stops all, keeps its data, tells of a part that dies."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from demo.state import state_in

UP = "Ctrl-C stops everything"


class Running:
    """A demo in a process of its own, with what it has printed so far."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.folder = folder
        self._output = output
        command = [sys.executable, "-m", "demo", "--folder", str(folder), "--ports-from", "0"]
        with output.open("w") as printed:
            self.process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT)

    def printed(self) -> str:
        return self._output.read_text()

    def wait_until_up(self) -> None:
        until = time.monotonic() + 240
        while UP not in self.printed():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() < until, self.printed()
            time.sleep(0.1)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(120)

    def parts(self) -> list[psutil.Process]:
        """Its children, and PostgreSQL, which is nobody's child."""
        postmaster = int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        return [*psutil.Process(self.process.pid).children(), psutil.Process(postmaster)]


Start = Callable[[], Running]


def alive(parts: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that ended may wait as a zombie for a parent that collects it."""
    return [part for part in parts if part.is_running() and part.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start demos in the folder, each after the last; whatever a failed test leaves is stopped."""
    started: list[Running] = []

    def run() -> Running:
        started.append(Running(folder, folder.with_name(f"{uuid4().hex}.out")))
        return started[-1]

    yield run
    for demo in started:
        if demo.process.poll() is None:
            demo.end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


def test_it_starts_says_how_to_log_in_is_sound_small_and_alone_and_stops_without_a_trace(
    start: Start, folder: Path
) -> None:
    demo = start()
    demo.wait_until_up()
    parts = demo.parts()
    assert len(parts) == 4
    for role, account in state_in(folder).accounts:
        assert re.search(rf"{role} +│ {account.name} +│ {account.mxid} +│ {account.password}", demo.printed())
    assert "@careconnect:localhost" in demo.printed()
    a_second_one_is_refused(start, demo)
    it_passes_its_own_check(folder)
    it_fits_into_a_small_machine(demo)
    assert demo.end(signal.SIGINT) == 0
    assert not alive(parts)


def a_second_one_is_refused(start: Start, demo: Running) -> None:
    second = start()
    assert second.process.wait(120) == 2
    assert f"already runs in {demo.folder} (process {demo.process.pid})" in second.printed().replace("\n", " ")


def it_passes_its_own_check(folder: Path) -> None:
    check = subprocess.run(
        [Path(sys.executable).with_name("careconnect"), "check"],
        env={"CARECONNECT_CONFIG": str(folder / "careconnect.toml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, "wrong" in check.stdout) == (0, False), check.stdout + check.stderr
    assert "reaches careConnect" in check.stdout


def it_fits_into_a_small_machine(demo: Running) -> None:
    parts = demo.parts()
    runner = psutil.Process(demo.process.pid)
    family = {process for part in (runner, *parts) for process in (part, *part.children(recursive=True))}
    # Proportional: what processes share (PostgreSQL's cache) counts once.
    used = {process: process.memory_full_info().pss / 2**20 for process in family}
    assert sum(used.values()) <= 700
    careconnect = next(process for process in family if process.cmdline()[-1:] == ["serve"])
    assert used[careconnect] <= 150


def test_after_a_kill_the_next_start_clears_up_keeps_the_data_and_tells_of_a_part_that_dies(start: Start) -> None:
    killed = start()
    killed.wait_until_up()
    left = killed.parts()
    killed.end(signal.SIGKILL)
    demo = start()
    demo.wait_until_up()
    assert "Ended 3 processes" in demo.printed()
    assert "the directory" not in demo.printed(), "made once"
    parts = demo.parts()
    synapse = next(part for part in parts if "synapse.app.homeserver" in part.cmdline())
    synapse.kill()
    assert demo.process.wait(120) == 1
    assert "Synapse ended by itself" in demo.printed()
    assert not alive(left)
    assert not alive(parts)
