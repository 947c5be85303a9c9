"""Broken calendars and bombs, each read in a process as in the service: how long, how much memory, what it said.

`python -m benchmarks.fuzz_calendars [COUNT]` (10,000): children of one clean process, two at a time; prints the slowest
and the largest, and ends with a failure if one took more than a second of processor time or 100 MB, or had no sentence.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from booking.imports.child import MEMORY
from booking.imports.content import MOST_BYTES
from booking.imports.reading import read_calendar
from core.errors import BadInputError
from tests.unit.booking.imports.fuzzing import BOMBS, fuzzed
from tests.unit.booking.imports.made import NOW

_SECONDS = 1.0


@dataclass(frozen=True)
class Took:
    """What one input cost: seconds of processor time, bytes of its process at most, and how it ended."""

    name: str
    seconds: float
    peak: int
    end: str


def _one(name: str, body: bytes) -> Took:
    """Read it in a process of its own, forked from this clean one, under the limits of the real child."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        began = time.process_time()
        try:
            read_calendar(body, "Europe/Berlin", NOW)
            end = "read"
        except BadInputError:
            end = "refused"
        except BaseException as fault:  # noqa: BLE001  (whatever it is, it is counted)
            end = type(fault).__name__
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        os.write(into, f"{time.process_time() - began} {peak} {end}".encode())
        os._exit(0)
    os.close(into)
    said = b""
    while part := os.read(out, 1000):
        said += part
    os.close(out)
    os.waitpid(child, 0)
    seconds, peak, end = (said.decode() or "0 0 killed").split()
    return Took(name, float(seconds), int(peak), end)


def _seeds(first: int, last: int) -> list[Took]:
    return [_one(f"seed {seed}", fuzzed(seed)) for seed in range(first, last)]


def _bomb(name: str) -> list[Took]:
    body = BOMBS[name]()
    if len(body) > MOST_BYTES:
        return [Took(name, 0.0, 0, "refused")]  # before a child is started
    return [_one(name, body)]


def run(count: int, bombs: Sequence[str]) -> list[Took]:
    """Read so many broken calendars and these bombs; say what they cost, and return those that cost too much."""
    began = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = [pool.submit(_bomb, name) for name in bombs]
        work += [pool.submit(_seeds, first, min(first + 100, count)) for first in range(0, count, 100)]
        took = [each for done in work for each in done.result()]
    ends = Counter(each.end for each in took)
    print(f"{len(took)} inputs in {time.perf_counter() - began:.0f} s: {dict(ends)}")
    for title, key in (("slowest", lambda each: each.seconds), ("largest", lambda each: each.peak)):
        print(f"\n{title}:")
        for each in sorted(took, key=key, reverse=True)[:5]:
            print(f"  {each.seconds:6.3f} s {each.peak / 1e6:6.0f} MB  {each.end:8} {each.name}")
    return [
        each for each in took if each.end not in {"read", "refused"} or each.seconds > _SECONDS or each.peak > MEMORY
    ]


def main() -> None:
    bad = run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, list(BOMBS))
    if bad:
        print(f"\n{len(bad)} took too much, or had no sentence: {[each.name for each in bad[:10]]}")
        sys.exit(1)


if __name__ == "__main__":
    main()
