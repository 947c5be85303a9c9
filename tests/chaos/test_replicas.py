"""Two of careConnect share a database: the one that leads dies, freezes or is replaced while people ask.

Each question is answered once. `python -m benchmarks.takeover` kills more, and measures the longest silence.
"""

import asyncio
import time
from collections.abc import Iterator

import pytest

from benchmarks import takeover
from demo.run import Demo
from tests.chaos.asking import all_settled, askers
from tests.chaos.booking import PATIENCE
from tests.chaos.replicas import Replicas, replicated


@pytest.fixture(scope="module")
def replicas(demo: Demo) -> Iterator[Replicas]:
    with replicated(demo, "one", "two") as both:
        yield both


async def test_another_replica_takes_over_from_one_that_died(demo: Demo, replicas: Replicas) -> None:
    """The benchmark in small: it fails for whatever is lost or said twice."""
    assert await takeover.measure(demo, replicas, commands=12, kills=1, people=3) > 0


async def test_another_replica_takes_over_from_one_that_froze_and_it_does_no_harm_when_it_thaws(
    demo: Demo, replicas: Replicas
) -> None:
    async with askers(demo, 3) as asking:
        load = asyncio.gather(*(asker.keep_asking(4) for asker in asking))
        await asyncio.sleep(0.3)
        frozen = str(replicas.leader())
        replicas.freeze(frozen)
        await asyncio.to_thread(taken_over, replicas, frozen)
        replicas.thaw(frozen)
        await load
        await all_settled(demo, asking)


def taken_over(replicas: Replicas, frozen: str) -> None:
    until = time.monotonic() + PATIENCE
    while replicas.leader() == frozen:
        assert time.monotonic() < until, "nobody took over"
        time.sleep(0.1)


async def test_an_upgrade_one_replica_after_the_other_loses_no_message(demo: Demo, replicas: Replicas) -> None:
    """The old ones run, new ones start beside them, the old ones are asked to end; people ask all the time."""
    old = replicas.names()
    async with askers(demo, 3) as asking:
        load = asyncio.gather(*(asker.keep_asking(8) for asker in asking))
        for name in old:
            await asyncio.to_thread(replicas.start, f"new {name}")
            await asyncio.to_thread(replicas.stop, name)
        await load
        await all_settled(demo, asking)
    assert replicas.names() == [f"new {name}" for name in old]
    for name in old:  # each ended in order: nothing was killed, nothing was reported as a fault
        assert replicas.ended_well(name)
