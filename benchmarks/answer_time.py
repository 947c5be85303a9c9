"""How long people wait for the bot's encrypted answer, beside a bare echo bot on the same Synapse in the same run.

`python -m benchmarks.answer_time [ROUNDS] [OF_MANY]`: starts the whole demo in a folder of its own; one person asks
both bots in turn, ROUNDS (50) times; then fifty people at once ask one bot and then the other, OF_MANY (2) times. It
prints medians, their ratio, and the own processor time of a command for both bots, which shows what the library itself
takes: all that a bot takes from the homeserver's push of the command to the last that follows from it (numbers under a
list, receipts, our own events that come back), until it is at rest again, without what it takes at rest (its clock, its
looks at the tables), which is printed before. Of one person's commands both are medians: what the service does now and
then, a tenth of a second at times, falls on a few of them, and is no command's. "Floor" is what the echo bot takes when
it makes the same requests, the numbers under a list among them: what is left to save lies between. And what Synapse and
PostgreSQL take meanwhile.

A bot's turn ends when all that follows from its answers is done (the numbers under a list are reactions, a request to
the homeserver each), so that nothing of it is laid on the other.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from benchmarks.ending import own_folder
from demo.child import Child
from demo.client import Person
from demo.ports import Ports
from demo.run import Demo

_COMMANDS = {
    "help": "help",
    "search": "cardiologist near Berlin tomorrow under 60",
    "appointments": "appointments",
}
_MANY = 50
_EACH = 4
"""Commands of each of the many in a round."""
_RESTS = 40
_REST = 0.25
"""Seconds of each look at what is taken at rest."""


@dataclass
class Bots:
    """Both bots, and what serves them."""

    demo: Demo
    echo: Child
    echo_id: str
    rest: float = 0.0
    """The part of a processor that careConnect mostly takes while nobody asks for anything."""

    async def settled(self) -> None:
        """Return when careConnect has nothing more to do."""
        due = "SELECT FROM {} WHERE state = 'waiting' AND due_at <= now()"
        query = f"SELECT EXISTS ({due.format('inbox')}) OR EXISTS ({due.format('outbox')})"
        with psycopg.connect(self.demo.postgres.url("careconnect"), autocommit=True) as connection:
            while (connection.execute(query).fetchone() or (False,))[0]:
                await asyncio.sleep(0.02)

    def cpu(self) -> "Spent":
        demo = self.demo
        return Spent(
            time.perf_counter(),
            *(
                _all_cpu(pid)
                for pid in (demo.careconnect.pid, self.echo.pid, demo.homeserver.child.pid, demo.postgres.pid)
            ),
        )


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time since the start, and the clock's."""

    at: float
    ours: float
    echo: float
    synapse: float
    postgres: float

    def since(self, other: "Spent") -> "Spent":
        return Spent(*(getattr(self, name) - getattr(other, name) for name in self.__dataclass_fields__))


def _all_cpu(pid: int) -> float:
    """Processor time of a process and its children, to the nanosecond: elsewhere the system counts hundredths."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(OSError):
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def _head() -> None:
    columns = ("median", "p95", "echo", "ratio", "own CPU", "echo's", "floor", "Synapse", "PostgreSQL")
    print(f"{'command':<14}" + "".join(f"{column:>12}" for column in columns))


def _line(
    name: str, ours: list[float], theirs: list[float], whole: Spent, turn: Spent, own: float, floor: float | None = None
) -> None:
    """`whole`: what both turns took until all was at rest again; `turn`: what ours did; `own`, `floor`: see above."""
    median, peer = statistics.median(ours), statistics.median(theirs)
    times = (median, statistics.quantiles(ours, n=20)[-1], peer)
    echo = whole.echo / len(theirs)
    spent = (own, echo, echo if floor is None else floor, turn.synapse / len(ours), turn.postgres / len(ours))
    print(
        f"{name:<14}"
        + "".join(f"{each * 1000:>9.0f} ms" for each in times)
        + f"{median / peer:>12.2f}"
        + "".join(f"{each * 1000:>9.1f} ms" for each in spent)
    )


async def _wait(person: Person, room: str, text: str, wanted: str) -> float:
    began = time.perf_counter()
    await person.ask(room, text, wanted)
    return time.perf_counter() - began


async def _measure(bots: Bots, rounds: int) -> None:
    demo = bots.demo
    patient = demo.accounts.patient
    async with await Person.logged_in(demo.homeserver.url, patient.localpart, patient.password) as person:
        with_bot, with_echo = await person.direct_room(demo.bot_id), await person.direct_room(bots.echo_id)
        for text in (*_COMMANDS.values(), *_COMMANDS.values()):
            await person.ask(with_bot, text)
        await person.ask(with_echo, "warm", "echo warm")
        await bots.settled()
        await asyncio.sleep(2)
        bots.rest = statistics.median([await _resting(bots) for _ in range(_RESTS)])
        print(f"at rest careConnect takes {bots.rest * 1000:.1f} ms of processor time a second")
        print(f"one person, {rounds} times each:")
        _head()
        for name, text in _COMMANDS.items():
            ours: list[float] = []
            theirs: list[float] = []
            turns: list[Spent] = []
            before = bots.cpu()
            for n in range(rounds):
                began = bots.cpu()
                ours.append(await _wait(person, with_bot, text, ""))
                await bots.settled()
                await asyncio.sleep(0.1)  # our last event comes back
                turns.append(bots.cpu().since(began))
                theirs.append(await _wait(person, with_echo, f"{n}", f"echo {n}"))
                await asyncio.sleep(0.1)
            own = statistics.median(turn.ours - bots.rest * turn.at for turn in turns)
            whole = bots.cpu().since(before)
            answer = next(heard.event for heard in reversed(person.heard) if heard.room == with_bot)
            numbers = sum(tap.event == answer for tap in person.tapped)
            floor = await _floor(bots, person, with_echo, numbers, rounds) if numbers else None
            _line(name, ours, theirs, whole, _sum(turns), own, floor)


async def _resting(bots: Bots) -> float:
    """The part of a processor that careConnect takes for a moment."""
    began = bots.cpu()
    await asyncio.sleep(_REST)
    rested = bots.cpu().since(began)
    return rested.ours / rested.at


async def _floor(bots: Bots, person: Person, room: str, numbers: int, rounds: int) -> float:
    """Seconds of processor time for which the echo bot answers and puts so many reactions under its answer."""
    before = bots.cpu()
    for n in range(rounds):
        said = f"list {numbers} {n}"
        answer = await person.ask(room, said, f"echo {said}")
        await person.taps(answer.event, numbers)
        await asyncio.sleep(0.1)
    return bots.cpu().since(before).echo / rounds


def _sum(turns: list[Spent]) -> Spent:
    return Spent(*(sum(getattr(turn, name) for turn in turns) for name in Spent.__dataclass_fields__))


async def _ask_all(people: list[tuple[Person, str]], said: Callable[[int, int], str], *, echo: bool) -> list[float]:
    """Everybody asks as often as they do in a round, each waiting for an answer before the next; returns the waits."""

    async def one(person: Person, room: str, n: int) -> list[float]:
        waits = []
        for turn in range(_EACH):
            text = said(n, turn)
            since = len(person.heard)
            began = time.perf_counter()
            await person.say(room, text)
            await person.hears(f"echo {text}" if echo else "", room=room, since=since, seconds=120)
            waits.append(time.perf_counter() - began)
        return waits

    found = await asyncio.gather(*(one(person, room, n) for n, (person, room) in enumerate(people)))
    return [wait for waits in found for wait in waits]


async def _measure_many(bots: Bots, rounds: int) -> None:
    demo = bots.demo
    people, with_echo = [], []
    for n in range(_MANY):
        person = await Person.registered(demo.homeserver.url, f"many{n}", "pw")
        people.append((person, await person.direct_room(demo.bot_id, 60)))
        with_echo.append((person, await person.direct_room(bots.echo_id, 60)))
    for person, room in people:
        await person.ask(room, "help", "", 60)
    for n, (person, room) in enumerate(with_echo):
        await person.ask(room, f"w{n}", f"echo w{n}", 60)
    await bots.settled()
    await asyncio.sleep(2)
    print(f"{_MANY} people at once, {_EACH * rounds} times each:")
    _head()
    for name, text in _COMMANDS.items():
        ours: list[float] = []
        theirs: list[float] = []
        turns: list[Spent] = []
        answered = 0.0
        before = bots.cpu()
        for _ in range(rounds):
            began = bots.cpu()
            ours += await _ask_all(people, lambda _n, _turn: text, echo=False)  # noqa: B023
            answered += time.perf_counter() - began.at
            await bots.settled()
            await asyncio.sleep(1)  # the last receipts
            turns.append(bots.cpu().since(began))
            theirs += await _ask_all(with_echo, lambda n, turn: f"{name} {n} {turn} {len(theirs)}", echo=True)  # noqa: B023
        spent = _sum(turns)
        _line(name, ours, theirs, bots.cpu().since(before), spent, (spent.ours - bots.rest * spent.at) / len(ours))
        print(
            f"{'':<14}{len(ours) / answered:.0f} answers a second; all that follows from them was done"
            f" {(spent.at - answered) / rounds - 1:.1f} s after the last"
        )
    for person, _ in people:
        await person.close()


def main(rounds: int, of_many: int) -> None:
    with own_folder() as folder:
        demo = Demo(folder, Ports.free())
        echo = None
        try:
            demo.start()
            # The policy lets nobody talk to a stranger, which the echo bot is: the homeserver does without, for both.
            demo.homeserver.stop()
            demo.homeserver._policy = None
            demo.homeserver.start()
            mxid = demo.homeserver.register("echo", "echo-echo")
            command = [sys.executable, str(Path(__file__).with_name("echo_bot.py")), demo.homeserver.url, "echo"]
            store = folder / "echo"
            store.mkdir()
            echo = Child("echo bot", [*command, "echo-echo", str(store)], folder / "echo.log")
            echo.start()
            bots = Bots(demo, echo, mxid)
            asyncio.run(_measure(bots, rounds))
            if of_many:
                asyncio.run(_measure_many(bots, of_many))
        finally:
            if echo:
                echo.stop()
            demo.stop()


if __name__ == "__main__":
    main(*(int(given) for given in (*sys.argv[1:], *("50", "2")[len(sys.argv) - 1 :])))
