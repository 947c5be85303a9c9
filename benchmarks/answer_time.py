"""How long people wait for the bot's encrypted answer, beside a bare echo bot on the same Synapse in the same run.

`python -m benchmarks.answer_time [ROUNDS]`: starts the whole demo in a folder of its own; one person asks both bots in
turn, then fifty people at once ask one bot and then the other. Prints medians, their ratio, and the processor time that
careConnect, Synapse and PostgreSQL took for each command: careConnect's without what it takes at rest in the same time
(its clock, its looks at the tables), which is printed before.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from demo.child import Child
from demo.client import Person
from demo.ports import Ports
from demo.run import Demo

_COMMANDS = {
    "help": "help",
    "search": "cardiologist near Berlin tomorrow under 60",
    "appointments": "appointments",
}


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def _at_rest(demo: Demo, seconds: float) -> float:
    """The part of a processor that careConnect takes while nobody asks for anything."""
    before = _cpu(demo.careconnect.pid)
    await asyncio.sleep(seconds)
    return (_cpu(demo.careconnect.pid) - before) / seconds


async def _wait(person: Person, room: str, text: str, wanted: str) -> float:
    began = time.perf_counter()
    await person.ask(room, text, wanted)
    return time.perf_counter() - began


async def _measure(demo: Demo, echo: str, rounds: int) -> None:
    patient = demo.accounts.patient
    async with await Person.logged_in(demo.homeserver.url, patient.localpart, patient.password) as person:
        with_bot, with_echo = await person.direct_room(demo.bot_id), await person.direct_room(echo)
        for text in _COMMANDS.values():
            await person.ask(with_bot, text)
        await person.ask(with_echo, "warm", "echo warm")
        await asyncio.sleep(2)
        rest = await _at_rest(demo, 10)
        print(f"at rest careConnect takes {rest * 1000:.1f} ms of processor time a second")
        print(f"{'command':<14}{'median':>10}{'p95':>10}{'echo':>10}{'ratio':>8}{'own CPU':>10}{'Synapse':>10}")
        for name, text in _COMMANDS.items():
            ours, theirs = [], []
            own = synapse = 0.0
            for n in range(rounds):
                before = _cpu(demo.careconnect.pid), _cpu(demo.homeserver.child.pid)
                began = time.perf_counter()
                ours.append(await _wait(person, with_bot, text, ""))
                await asyncio.sleep(0.1)
                after = _cpu(demo.careconnect.pid), _cpu(demo.homeserver.child.pid)
                own += after[0] - before[0] - rest * (time.perf_counter() - began)
                synapse += after[1] - before[1]
                theirs.append(await _wait(person, with_echo, f"{n}", f"echo {n}"))
                await asyncio.sleep(0.1)
            median, peer = statistics.median(ours), statistics.median(theirs)
            p95 = statistics.quantiles(ours, n=20)[-1]
            print(
                f"{name:<14}{median * 1000:>7.0f} ms{p95 * 1000:>7.0f} ms{peer * 1000:>7.0f} ms{median / peer:>8.2f}"
                f"{own / rounds * 1000:>7.1f} ms{synapse / rounds * 1000:>7.1f} ms"
            )


_MANY = 50
_EACH = 4
"""Commands of each of the many in a round."""


def _all_cpu(pid: int) -> float:
    """Processor time of a process and its children, those that have ended included as far as the system tells."""
    total = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


async def _ask_all(people: list[tuple[Person, str]], text: str, wanted: str) -> list[float]:
    """Everybody asks as often as they do in a round, each waiting for an answer before the next; returns the waits."""

    async def one(person: Person, room: str, n: int) -> list[float]:
        waits = []
        for turn in range(_EACH):
            said = f"{text} {n} {turn}" if wanted == "echo" else text
            since = len(person.heard)
            began = time.perf_counter()
            await person.say(room, said)
            await person.hears(f"echo {said}" if wanted == "echo" else wanted, room=room, since=since, seconds=120)
            waits.append(time.perf_counter() - began)
        return waits

    found = await asyncio.gather(*(one(person, room, n) for n, (person, room) in enumerate(people)))
    return [wait for waits in found for wait in waits]


async def _measure_many(demo: Demo, echo: str) -> None:
    people, with_echo = [], []
    for n in range(_MANY):
        person = await Person.registered(demo.homeserver.url, f"many{n}", "pw")
        people.append((person, await person.direct_room(demo.bot_id, 60)))
        with_echo.append((person, await person.direct_room(echo, 60)))
    for person, room in people:
        await person.ask(room, "help", "", 60)
    for n, (person, room) in enumerate(with_echo):
        await person.ask(room, f"w{n}", f"echo w{n}", 60)
    postmaster = demo.postgres.pid
    print(f"{_MANY} people at once, {_EACH} commands each:")
    for name, text in _COMMANDS.items():
        ours: list[float] = []
        theirs: list[float] = []
        spent = [0.0, 0.0, 0.0]
        took = 0.0
        for turn in range(2):
            pids = demo.careconnect.pid, demo.homeserver.child.pid, postmaster
            before, began = [_all_cpu(pid) for pid in pids], time.perf_counter()
            ours += await _ask_all(people, text, "")
            took += time.perf_counter() - began
            spent = [s + _all_cpu(pid) - b for s, pid, b in zip(spent, pids, before, strict=True)]
            theirs += await _ask_all(with_echo, f"{name} {turn}", "echo")
        median, peer = statistics.median(ours), statistics.median(theirs)
        own, synapse, postgres = (s / len(ours) * 1000 for s in spent)
        print(
            f"{name:<14}{median * 1000:>7.0f} ms{statistics.quantiles(ours, n=20)[-1] * 1000:>7.0f} ms"
            f"{peer * 1000:>7.0f} ms{median / peer:>8.2f}{own:>7.1f} ms{synapse:>7.1f} ms{postgres:>7.1f} ms PostgreSQL"
            f"{len(ours) / took:>7.0f}/s"
        )
    for person, _ in people:
        await person.close()


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), Ports.free())
        echo = None
        try:
            demo.start()
            # The policy lets nobody talk to a stranger, which the echo bot is: the homeserver does without, for both.
            demo.homeserver.stop()
            demo.homeserver._policy = None
            demo.homeserver.start()
            mxid = demo.homeserver.register("echo", "echo-echo")
            command = [sys.executable, str(Path(__file__).with_name("echo_bot.py")), demo.homeserver.url, "echo"]
            store = Path(folder) / "echo"
            store.mkdir()
            echo = Child("echo bot", [*command, "echo-echo", str(store)], Path(folder) / "echo.log")
            echo.start()
            asyncio.run(_measure(demo, mxid, rounds))
            asyncio.run(_measure_many(demo, mxid))
        finally:
            if echo:
                echo.stop()
            demo.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
