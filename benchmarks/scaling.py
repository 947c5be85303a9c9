"""Where each part saturates: a simulation of a peak hour, part by part, for services of different sizes.

`python -m benchmarks.scaling [--centres N ...] [--bots N] [--readers N] [--writers N] [--database N]`: what each part
takes for each piece of work is an estimate, set below, near what `benchmarks.answer_time` shows on an idle machine.
Without numbers of processes it finds the fewest with which 95 % of answers come within a second, and prints how busy
each part is then. Arrivals are random (Poisson), service times vary (lognormal); the seed is fixed.
"""

import argparse
import heapq
import math
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

# What happens on a day. A visit costs its patient's talk and what the service tells on its own.
_VISITS = 40
"""Visits a day and centre: a practice of two doctors."""
_COMMANDS = 6
"""Commands for each visit, of the patient, the doctor and the desk together."""
_NOTICES = 5
"""Messages that the service sends on its own for each visit: confirmations, reminders, the day's list."""
_ROOMS = 0.3
"""Consultation rooms for each visit: those that are online."""
_PEAK = 0.15
"""Part of the day's work in its busiest hour."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds of one processor for a piece of work, in each part that it passes."""

    bot: float
    """The process that leads the bot."""
    reader: float
    """Synapse: /sync, keys, and taking requests in (generic workers)."""
    writer: float
    """Synapse: persisting events (event writers; a room has one)."""
    database: float
    """PostgreSQL, of Synapse and careConnect together."""


COMMAND = Costs(bot=5.0, reader=26.0, writer=9.0, database=11.0)
"""A command and its answer: two events, the bot's and the person's syncs, a transaction."""
NOTICE = Costs(bot=3.5, reader=13.0, writer=5.0, database=7.0)
ROOM = Costs(bot=6.0, reader=60.0, writer=45.0, database=40.0)
"""Making a consultation room: a dozen events, invitations, two who join."""
_SPREAD = 0.5
"""Standard deviation of the logarithm of service times."""


_WAY = (
    *(("reader", 0.5), ("writer", 0.5), ("database", 0.5)),
    ("bot", 1.0),
    *(("reader", 0.5), ("writer", 0.5), ("database", 0.5)),
)
"""An event is taken in, written and told to the bot; the bot answers; the answer is taken in, written and read."""


@dataclass(frozen=True)
class Fleet:
    """How many processes, each of which has a processor."""

    bots: int
    readers: int
    writers: int
    database: int


@dataclass(frozen=True)
class Outcome:
    p50: float
    p95: float
    busy: dict[str, float]


class _Station:
    """Processes of one kind with a queue each (`sticky`: work goes where its key says) or one for all."""

    def __init__(self, servers: int, *, sticky: bool) -> None:
        self._free = [0.0] * servers
        self._sticky = sticky
        self.worked = 0.0

    def serve(self, arrival: float, seconds: float, key: int) -> float:
        """Return when the work is done."""
        self.worked += seconds
        if self._sticky:
            place = key % len(self._free)
            done = max(arrival, self._free[place]) + seconds
            self._free[place] = done
            return done
        begin = max(arrival, heapq.heappop(self._free))
        heapq.heappush(self._free, begin + seconds)
        return begin + seconds

    def busy(self, seconds: float) -> float:
        return self.worked / (seconds * len(self._free))


def rates(centres: int) -> dict[str, float]:
    """Pieces of work a second in the busiest hour."""
    visits = centres * _VISITS * _PEAK / 3600
    return {"commands": visits * _COMMANDS, "notices": visits * _NOTICES, "rooms": visits * _ROOMS}


def simulate(centres: int, fleet: Fleet, *, seconds: float = 120.0, seed: int = 1) -> Outcome:
    """One stretch of the busiest hour. A command's answer waits for each part in turn."""
    chance = random.Random(seed)
    stations = {
        "reader": _Station(fleet.readers, sticky=False),
        "writer": _Station(fleet.writers, sticky=True),
        "database": _Station(fleet.database, sticky=False),
        "bot": _Station(fleet.bots, sticky=True),
    }
    waits = []
    # What comes to a part is served in the order in which it comes there: the heap holds who comes where next.
    coming: list[tuple[float, int, int, float, int, Costs, bool]] = []
    for number, (arrival, costs, command) in enumerate(_arrivals(chance, centres, seconds)):
        heapq.heappush(coming, (arrival, number, 0, arrival, chance.randrange(1 << 30), costs, command))
    while coming:
        at, number, stage, arrival, room, costs, command = heapq.heappop(coming)
        part, share = _WAY[stage]
        done = stations[part].serve(at, _drawn(chance, getattr(costs, part) * share), room)
        if stage + 1 < len(_WAY):
            heapq.heappush(coming, (done, number, stage + 1, arrival, room, costs, command))
        elif command and arrival > seconds / 6:
            waits.append(done - arrival)
    quantiles = statistics.quantiles(waits, n=20)
    return Outcome(statistics.median(waits), quantiles[-1], {name: s.busy(seconds) for name, s in stations.items()})


def _arrivals(chance: random.Random, centres: int, seconds: float) -> Iterator[tuple[float, Costs, bool]]:
    """All work in the order in which it comes."""
    streams = []
    for (_, rate), costs, command in zip(
        rates(centres).items(), (COMMAND, NOTICE, ROOM), (True, False, False), strict=True
    ):
        at, stream = 0.0, []
        while rate and (at := at + chance.expovariate(rate)) < seconds:
            stream.append((at, costs, command))
        streams.append(stream)
    yield from heapq.merge(*streams, key=lambda each: each[0])


def _drawn(chance: random.Random, milliseconds: float) -> float:
    """A service time in seconds around a mean."""
    mean = milliseconds / 1000
    return chance.lognormvariate(math.log(mean) - _SPREAD**2 / 2, _SPREAD)


def fewest(centres: int, wanted: float = 1.0) -> tuple[Fleet, Outcome]:
    """The smallest fleet with which 95 % of answers come within `wanted` seconds, and nothing is busier than 70 %."""
    fleet = Fleet(1, 1, 1, 1)
    while True:
        found = simulate(centres, fleet)
        if found.p95 <= wanted and max(found.busy.values()) <= 0.7:
            return fleet, found
        fullest = max(found.busy, key=lambda name: found.busy[name])
        field = {"bot": "bots", "reader": "readers", "writer": "writers", "database": "database"}[fullest]
        grown = max(getattr(fleet, field) + 1, math.ceil(getattr(fleet, field) * found.busy[fullest] / 0.7))
        fleet = replace(fleet, **{field: grown})


def _show(centres: int, fleet: Fleet, found: Outcome) -> None:
    a_second = rates(centres)
    busy = "".join(f"{found.busy[part]:>8.0%}" for part in ("bot", "reader", "writer", "database"))
    sizes = "".join(f"{n:>8}" for n in (fleet.bots, fleet.readers, fleet.writers, fleet.database))
    print(
        f"{centres:>8}{a_second['commands']:>8.1f}{a_second['notices']:>8.1f}{a_second['rooms']:>7.1f}{sizes}{busy}"
        f"{found.p50 * 1000:>8.0f} ms{found.p95 * 1000:>8.0f} ms"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--centres", type=int, nargs="*", default=[10, 100, 300, 1_000, 3_000, 10_000])
    for part in ("bots", "readers", "writers", "database"):
        parser.add_argument(f"--{part}", type=int)
    given = parser.parse_args(arguments)
    heads = ("bots", "readers", "writers", "DB cores", "bot", "reader", "writer", "DB")
    print(
        f"{'centres':>8}{'cmd/s':>8}{'not/s':>8}{'rooms':>7}{''.join(f'{h:>8}' for h in heads)}{'p50':>11}{'p95':>11}"
    )
    for centres in given.centres:
        fixed = [getattr(given, part) for part in ("bots", "readers", "writers", "database")]
        if all(fixed):
            fleet = Fleet(*fixed)
            _show(centres, fleet, simulate(centres, fleet))
        else:
            _show(centres, *fewest(centres))


if __name__ == "__main__":
    main()
