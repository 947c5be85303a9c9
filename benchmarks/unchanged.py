"""Answers that nothing is new (304): how quick they are, beside a bare handler of aiohttp in the same process.

It is the server that is measured, so who asks does next to nothing: each connection has its next question ready, and
looks at the first and the last octets of an answer. Both are asked in turn, in many short rounds after one that does
not count, and are compared round by round, so that whatever else the machine does meets both.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import psutil

TAG = '"0123456789abcdef0123456789abcdef01234567"'
"""The bare handler's."""
_WANTED = b"HTTP/1.1 304 "
_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Rounds:
    """How much of it."""

    connections: int = 100
    count: int = 15
    seconds: float = 0.5


class _Asker(asyncio.Protocol):
    """One connection, on which the next question follows each answer until time is up."""

    def __init__(self, questions: Iterator[bytes]) -> None:
        self._questions = questions
        self._transport: asyncio.Transport | None = None
        self._had = b""
        self._until = 0.0
        self.count = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without being named so

    def begin(self, until: float) -> None:
        self._until = until
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._had += data
        if not self._had.startswith(_WANTED[: len(self._had)]):  # what is another answer may end in other words
            self._fail(f"not 304: {self._had[:200]!r}")
            return
        if not self._had.endswith(_END):
            return
        self._had = b""
        self.count += 1
        if time.perf_counter() < self._until:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was lost")

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def _ask(self) -> None:
        assert self._transport
        self._transport.write(next(self._questions))

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(AssertionError(why))


def question(path: str, tag: str) -> bytes:
    """A request as it is sent, by somebody who has what there is."""
    return (f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: Thunderbird/153\r\nIf-None-Match: {tag}\r\n\r\n").encode()


async def compare(port: int, process: psutil.Process, asked: list[tuple[str, str]], rounds: Rounds) -> None:
    """Say how quick answers to those who ask for `asked` (path and tag) are. `process`: the server's.

    There have to be so many of them that none is asked more than 300 times and 4 a second, which is answered with 429.
    """
    questions = {
        "ours": [question(path, tag) for path, tag in asked],
        "bare handler, one address": [question("/bare", TAG)],
        "bare handler, as many addresses": [question(path.replace("/feeds/", "/bare/"), TAG) for path, _ in asked],
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in questions}
    for n in range(rounds.count + 1):
        for name in questions if n % 2 else reversed(questions):  # who comes first has no use of it
            rated = await _rate(port, process, questions[name], rounds)
            if n:
                found[name].append(rated)
    for name, each in found.items():
        middle, cost = (statistics.median(values) for values in zip(*each, strict=True))
        print(
            f"304, {name}: {middle:,.0f} a second ({min(each)[0]:,.0f} to {max(each)[0]:,.0f}),"
            f" {cost:.1f} µs of a processor each"
        )
    for name in list(found)[1:]:
        pairs = list(zip(found["ours"], found[name], strict=True))
        slower = sorted(bare / ours for (ours, _), (bare, _) in pairs)
        dearer = statistics.median(ours / max(bare, 1) for (_, ours), (_, bare) in pairs)
        print(
            f"  beside the {name}: {dearer:.2f} times the processor time, {statistics.median(slower):.2f} times by the"
            f" clock ({slower[0]:.2f} to {slower[-1]:.2f})"
        )


async def _rate(port: int, process: psutil.Process, questions: list[bytes], rounds: Rounds) -> tuple[float, float]:
    """Return answers a second, over several connections at once, and what each costs the server.

    That is in microseconds of a processor.
    """
    loop, turn = asyncio.get_running_loop(), itertools.cycle(questions)
    askers = []
    for _ in range(rounds.connections):
        _, asker = await loop.create_connection(lambda: _Asker(turn), "127.0.0.1", port)
        askers.append(asker)
    used, began = sum(process.cpu_times()[:2]), time.perf_counter()
    for each in askers:
        each.begin(began + rounds.seconds)
    await asyncio.gather(*(each.done for each in askers))
    took = time.perf_counter() - began
    used = sum(process.cpu_times()[:2]) - used
    for each in askers:
        each.close()
    count = sum(each.count for each in askers)
    return count / took, used / count * 1e6
