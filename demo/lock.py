"""Only one demo runs in a folder. The lock is the system's, so it is free again when its holder is gone, however."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another demo runs in this folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for as long as the block runs. Raises AlreadyRunningError, which names the holder's process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise AlreadyRunningError(
                f"The demo already runs in {folder} (process {file.read().strip() or 'unknown'}).\n"
                "Stop it with Ctrl-C in its window, or run another beside it: make demo FOLDER=.demo2 PORTS=9000"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)
