"""A benchmark leaves nothing running and no folder behind, however it ends: done, Ctrl-C, a time limit, kill -9.

What a time limit or a closed terminal sends (SIGTERM, SIGHUP) ends it as Ctrl-C does, by its own `finally`. For what
nothing can be done about, another process waits until we are gone, and then ends all that was ours and is still there.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

DONE = b"done"
_MARK = "CARECONNECT_BENCHMARK"
"""In the environment of all that we start: the folder in which we do."""

_PATIENCE = 10.0
"""Seconds that they have to end by themselves."""


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder of one's own. When the block ends, or the process does, it is gone, with every process of it."""
    folder = Path(tempfile.mkdtemp(prefix="careconnect-benchmark-"))
    folder.chmod(0o755)  # PostgreSQL is run by a user of its own where we are root
    waiting = watched(_MARK, folder)
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield folder
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        assert waiting.stdin
        waiting.stdin.close()
        waiting.wait()
        del os.environ[_MARK]


def watched(mark: str, folder: Path) -> subprocess.Popen[bytes]:
    """Have all ended that we start from now on, and all that lives in a folder, once we are gone, whatever ends us.

    `mark`: what is put into the environment of what we start. To the process that is returned, `DONE` says that
    nothing is left to be ended.
    """
    os.environ[mark] = str(folder)
    # Its input ends when we do.
    command = [sys.executable, str(Path(__file__).absolute()), mark, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)


def _end(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: what follows needs its time
    sys.exit(128 + number)


def _clear(mark: str, folder: Path) -> None:
    """End what is left there, and remove the folder."""
    left = [each for each in psutil.process_iter() if each.pid != os.getpid() and _is_of(each, mark, folder)]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    until = time.monotonic() + _PATIENCE
    while any(map(_lives, left)) and time.monotonic() < until:
        time.sleep(0.05)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)
    for beside in folder.parent.glob(f"{folder.name}.*"):  # locks
        beside.unlink(missing_ok=True)


def _lives(process: psutil.Process) -> bool:
    """Whether it has not ended; that whoever began it has not asked for its end yet is no life."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _is_of(process: psutil.Process, mark: str, folder: Path) -> bool:
    """Whether it was started with the mark, or lives there, as PostgreSQL does, which writes over its environment."""
    with suppress(psutil.Error, OSError):
        if process.environ().get(mark) == str(folder):
            return "multiprocessing.resource_tracker" not in " ".join(process.cmdline())  # ends with us by itself
    with suppress(psutil.Error, OSError):
        return Path(process.cwd()).is_relative_to(folder)
    return False


if __name__ == "__main__":
    if sys.stdin.buffer.read() != DONE:
        _clear(sys.argv[1], Path(sys.argv[2]))
