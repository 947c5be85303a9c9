"""Calendars from nobody one can trust: read, or refused with a sentence; never a fault, and never for long.

`python -m benchmarks.fuzz_calendars` does the same with 10,000 inputs, and says how long and how much memory each took.
"""

import asyncio
import sys
import textwrap

import pytest

from booking.imports import sandbox
from booking.imports.sandbox import read_apart
from core.errors import BadInputError
from tests.unit.booking.imports.calendars import NOW, calendar, event, read
from tests.unit.booking.imports.fuzzing import BOMBS, fuzzed

READ = {
    "each day since the year 1",
    "a day that never comes",
    "one line",
    "one line, folded",
    "names of zones",
    "emoji",
}


def test_two_hundred_broken_calendars_are_read_or_refused() -> None:
    refused = 0
    for seed in range(200):
        try:
            read(fuzzed(seed))
        except BadInputError:
            refused += 1
    assert 20 < refused < 180, "they are neither all broken nor all whole"


@pytest.mark.parametrize("name", sorted(BOMBS))
async def test_a_bomb_takes_what_it_may_and_is_refused(name: str) -> None:
    """In the child, whose limits end it; those that are refused say why, and not only that it was too much."""
    body = BOMBS[name]()
    if name in READ:
        assert await read_apart(body, "Europe/Berlin", NOW)
        return
    with pytest.raises(BadInputError) as refused:
        await read_apart(body, "Europe/Berlin", NOW)
    assert "takes too much" not in str(refused.value)


@pytest.mark.parametrize("script", ["while True: pass", "x = bytearray(10**9)", "print('{\"read\": ' + 'x' * 10**8)"])
async def test_what_nobody_counted_is_ended_by_the_limits_of_the_process(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that runs wild, in the place of the one that reads."""
    limits = "from resource import *; setrlimit(RLIMIT_CPU, (1, 1)); setrlimit(RLIMIT_DATA, (10**8, 10**8))"
    start = asyncio.create_subprocess_exec

    async def wild(*_: str, **how: object) -> asyncio.subprocess.Process:
        return await start(sys.executable, "-c", f"{limits}\n{textwrap.dedent(script)}", **how)  # type: ignore[arg-type]

    monkeypatch.setattr(sandbox.asyncio, "create_subprocess_exec", wild)
    with pytest.raises(BadInputError, match="takes too much"):
        await read_apart(calendar(), "Europe/Berlin", NOW)


async def test_the_child_says_what_was_read_and_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []

    async def tell(done: int, of: int) -> None:
        told.append((done, of))

    body = calendar(*(event("DTSTART:20261201T080000Z", "DURATION:PT1H", uid=str(n)) for n in range(2_001)))
    found = await read_apart(body, "Europe/Berlin", NOW, tell)
    assert (found.events, [tuple(each) for each in found.busy]) == (2_001, read(body).busy)
    assert told == [(0, 2_001), (1_000, 2_001), (2_000, 2_001)]
