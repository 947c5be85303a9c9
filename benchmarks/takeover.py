"""How long people wait when the replica that leads is killed under load, and whether anything is lost or said twice.

`python -m benchmarks.takeover [COMMANDS] [KILLS]`: starts the whole demo with two replicas behind a proxy, has twenty
people ask COMMANDS (1,000) in all, kills (SIGKILL) whoever leads KILLS (4) times meanwhile and starts it again, and
prints the time from each death to the next answer that anybody got.
"""

import asyncio
import statistics
import sys
import time

from benchmarks.ending import own_folder
from demo.ports import Ports
from demo.run import Demo
from tests.chaos.asking import Asker, all_settled, askers, first_after
from tests.chaos.replicas import Replicas, replicated

_PEOPLE = 20


async def _deaths(replicas: Replicas, asking: list[Asker], commands: int, kills: int) -> list[float]:
    """Kill the leader each time that so many more commands are answered; return when."""
    died = []
    for death in range(1, kills + 1):
        while sum(len(asker.answered) for asker in asking) < commands * death / (kills + 1):
            await asyncio.sleep(0.05)
        leader = str(replicas.leader())
        await asyncio.to_thread(replicas.kill, leader)
        died.append(time.monotonic())
        while replicas.leader() in (None, leader):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(replicas.start, leader)
    return died


async def measure(demo: Demo, replicas: Replicas, commands: int, kills: int, people: int = _PEOPLE) -> float:
    """Have people ask while leaders are killed; check that each was answered once. Returns the longest silence."""
    async with askers(demo, people) as asking:
        began = time.monotonic()
        load = asyncio.gather(*(asker.keep_asking(commands // people) for asker in asking))
        died = await _deaths(replicas, asking, commands, kills)
        await load
        took = time.monotonic() - began
        await all_settled(demo, asking)
        silences = [first_after(asking, moment) for moment in died]
        print(f"{commands} commands by {people} people in {took:.0f} s, {kills} leaders killed: 0 lost, 0 doubled")
        print(f"to the next answer: median {statistics.median(silences):.2f} s, longest {max(silences):.2f} s")
        return max(silences)


def main(commands: int, kills: int) -> None:
    with own_folder() as folder:
        demo = Demo(folder, Ports.free())
        try:
            demo.start()
            with replicated(demo, "one", "two") as replicas:
                asyncio.run(measure(demo, replicas, commands, kills))
        finally:
            demo.stop()


if __name__ == "__main__":
    main(*(int(given) for given in (*sys.argv[1:], *("1000", "4")[len(sys.argv) - 1 :])))
