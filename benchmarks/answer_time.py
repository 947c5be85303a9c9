"""How long a person waits for the bot's encrypted answer, beside a bare echo bot on the same Synapse in the same run.

`python -m benchmarks.answer_time [ROUNDS]`: starts the whole demo in a folder of its own, asks both bots in turn, and
prints medians, their ratio, and the processor time that careConnect and Synapse took for each command.
"""

import asyncio
import statistics
import sys
import tempfile
import time
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
        print(f"{'command':<14}{'median':>10}{'p95':>10}{'echo':>10}{'ratio':>8}{'own CPU':>10}{'Synapse':>10}")
        for name, text in _COMMANDS.items():
            ours, theirs = [], []
            own = synapse = 0.0
            for n in range(rounds):
                before = _cpu(demo.careconnect.pid), _cpu(demo.homeserver.child.pid)
                ours.append(await _wait(person, with_bot, text, ""))
                await asyncio.sleep(0.1)
                after = _cpu(demo.careconnect.pid), _cpu(demo.homeserver.child.pid)
                own, synapse = own + after[0] - before[0], synapse + after[1] - before[1]
                theirs.append(await _wait(person, with_echo, f"{n}", f"echo {n}"))
                await asyncio.sleep(0.1)
            median, peer = statistics.median(ours), statistics.median(theirs)
            p95 = statistics.quantiles(ours, n=20)[-1]
            print(
                f"{name:<14}{median * 1000:>7.0f} ms{p95 * 1000:>7.0f} ms{peer * 1000:>7.0f} ms{median / peer:>8.2f}"
                f"{own / rounds * 1000:>7.1f} ms{synapse / rounds * 1000:>7.1f} ms"
            )


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder), Ports.free())
        echo = None
        try:
            demo.start()
            mxid = demo.homeserver.register("echo", "echo-echo")
            command = [sys.executable, str(Path(__file__).with_name("echo_bot.py")), demo.homeserver.url, "echo"]
            store = Path(folder) / "echo"
            store.mkdir()
            echo = Child("echo bot", [*command, "echo-echo", str(store)], Path(folder) / "echo.log")
            echo.start()
            asyncio.run(_measure(demo, mxid, rounds))
        finally:
            if echo:
                echo.stop()
            demo.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
