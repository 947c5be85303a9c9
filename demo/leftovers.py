"""What a demo that was killed left running is ended by the next one."""

import json
from collections.abc import Iterable
from pathlib import Path

import psutil

_FILE = "processes.json"


def remember(folder: Path, pids: Iterable[int]) -> None:
    """Write down our children; a process is its id together with the time at which it began."""
    known = [(pid, psutil.Process(pid).create_time()) for pid in pids if psutil.pid_exists(pid)]
    (folder / _FILE).write_text(json.dumps(known))


def forget(folder: Path) -> None:
    """All of ours have ended."""
    (folder / _FILE).unlink(missing_ok=True)


def end_leftovers(folder: Path) -> int:
    """End those that are still there. Returns how many. The folder's lock must be held."""
    file = folder / _FILE
    if not file.exists():
        return 0
    left = []
    for pid, began in json.loads(file.read_text()):
        try:
            process = psutil.Process(pid)
            if process.create_time() == began:
                process.terminate()
                left.append(process)
        except psutil.NoSuchProcess:
            continue
    for process in psutil.wait_procs(left, timeout=10)[1]:
        process.kill()
    forget(folder)
    return len(left)
