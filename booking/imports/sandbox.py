"""Reading a calendar in a process of its own, which may take a second or 100 MB and not more."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from booking.imports.content import MOST_BYTES, too_large
from booking.imports.opening import Opening
from booking.imports.reading import Read
from core.errors import BadInputError
from core.logs import log

_PATIENCE = 20.0
"""Seconds on the clock: on a machine that is busy, three seconds of processor time take longer."""
_AT_ONCE = asyncio.Semaphore(2)
_LONGEST_ANSWER = 4 * 1024 * 1024
_HANDED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONTZPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
_GAVE_UP = "That calendar takes too much to read. Please export a shorter time of it, or fewer events."
_log = log("booking.imports")

Told = Callable[[int, int], Awaitable[None]]
"""Is told how many events of how many have been gone through."""


async def read_apart(body: bytes, home: str, now: datetime, told: Told | None = None) -> Read:
    """Read a calendar (see reading.read_calendar) in a child. Raises BadInputError with a sentence."""
    if len(body) > MOST_BYTES:
        raise too_large()
    async with _AT_ONCE:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "booking.imports.child", home, now.isoformat()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _HANDED_ON if name in os.environ},
            limit=_LONGEST_ANSWER,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await _answer(child, body, told)
        except (TimeoutError, ValueError) as gave_up:
            _log.warning("a calendar was given up", error=type(gave_up).__name__)
            raise BadInputError(_GAVE_UP) from gave_up
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if "refused" in answer:
        raise BadInputError(answer["refused"], **answer["values"])
    return read_of(answer["read"])


def read_of(written: dict[str, Any]) -> Read:
    """What was read, from its JSON."""
    opening = written["opening"]
    return Read(**{**written, "opening": opening and Opening(**opening)})


async def _answer(child: asyncio.subprocess.Process, body: bytes, told: Told | None) -> dict[str, Any]:
    assert child.stdin
    assert child.stdout
    feeding = asyncio.ensure_future(_feed(child.stdin, body))
    try:
        async for line in child.stdout:
            said: dict[str, Any] = json.loads(line)
            if "done" not in said:
                return said
            if told:
                await told(said["done"], said["of"])
    finally:
        feeding.cancel()
    raise ValueError("the child ended without a word")


async def _feed(stdin: asyncio.StreamWriter, body: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        stdin.write(body)
        await stdin.drain()
        stdin.close()
