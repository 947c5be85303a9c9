"""careConnect, Synapse and PostgreSQL are killed at random while people talk and book; then the history is checked.

`python -m tests.chaos.storm SECONDS [SEED]` does it for so long in a folder of its own. The seed decides who is killed,
when, and for how long it stays away; what that meets is up to the machine.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.ending import own_folder
from demo.ports import Ports
from demo.run import Demo
from demo.spoken import choice_of
from demo.stripe.payer import pay
from tests.chaos.asking import Asker, all_settled, askers, insist
from tests.chaos.booking import PATIENCE, count, link_in
from tests.chaos.replicas import Replicas, replicated

_PEOPLE = 4
_VICTIMS = ("leader", "other", "Synapse", "PostgreSQL")
_CALM = (1.5, 4.0)
"""Seconds between two deaths."""
_AWAY = (0.2, 2.0)
"""Seconds that the dead stay away."""
_LONG = 2 * PATIENCE


@dataclass
class Traveller:
    """Somebody who tells names, and now and then books a time that nobody else wants."""

    asker: Asker
    bookings: int = 0
    cards: list[str] = field(default_factory=list)

    async def book(self, demo: Demo, days: int) -> None:
        """Look for a time in so many days, and have the first one held."""
        person, room = self.asker.person, self.asker.room
        doctor = demo.accounts.doctor.name
        since = len(person.heard)
        await insist(person, room, f"cardiologist near Berlin in {days} days online under 60")
        found = await person.hears(  # news of an earlier visit names the doctor, too
            lambda heard: choice_of(heard.body, doctor) is not None, room=room, since=since, seconds=_LONG
        )
        since = len(person.heard)
        await insist(person, room, str(choice_of(found.body, doctor)))
        await person.hears("Answer with a number to book", room=room, since=since, seconds=_LONG)
        since = len(person.heard)
        await insist(person, room, "1")
        answer = await person.hears(
            lambda heard: "Held for you" in heard.body or "There is already a visit" in heard.body,
            room=room,
            since=since,
            seconds=_LONG,
        )
        if "Held for you" not in answer.body:
            await insist(person, room, "yes")
        card = await person.hears("Held for you", room=room, since=since, seconds=_LONG)
        linked = card
        if link_in(demo, card) is None:  # Stripe was slow: the card is edited once the page is there
            linked = await person.hears(
                lambda heard: link_in(demo, heard) is not None, room=room, since=since, seconds=_LONG
            )
        await pay(str(link_in(demo, linked)), come_back=False)  # a browser is not a patient: it does not try again
        await person.hears(
            lambda heard: heard.replaces == card.event and "onfirmed" in heard.body, room=room, seconds=_LONG
        )
        self.bookings += 1
        self.cards.append(card.event)


class Storm:
    """What happens to the demo and its two replicas, and to the people meanwhile."""

    def __init__(self, demo: Demo, replicas: Replicas, seed: int) -> None:
        self._demo = demo
        self._replicas = replicas
        self._chance = random.Random(seed)
        self._days = iter(range(1, 10_000))
        self.deaths: Counter[str] = Counter()

    async def rage(self, seconds: float) -> None:
        """Kill one after the other for so long, each once at least; at the end all are there again."""
        until = time.monotonic() + seconds
        turns: list[str] = []
        while time.monotonic() < until or len(self.deaths) < len(_VICTIMS):
            if not turns:  # each is met in its turn, in an order of chance
                turns = self._chance.sample(_VICTIMS, len(_VICTIMS))
            await asyncio.sleep(self._chance.uniform(*_CALM))
            victim = turns.pop()
            await asyncio.to_thread(self._die, victim, self._chance.uniform(*_AWAY))
            self.deaths[victim] += 1

    def _die(self, victim: str, away: float) -> None:
        """Kill, and start again some time later."""
        if victim == "Synapse":
            self._demo.homeserver.child.kill()
            time.sleep(away)
            self._demo.homeserver.child.start()
            self._demo.homeserver.wait()
        elif victim == "PostgreSQL":
            self._demo.postgres.crash()
            time.sleep(away)
            self._demo.postgres.revive()
        else:
            leader = self._replicas.leader()
            name = next(n for n in self._replicas.names() if (n == leader) == (victim == "leader"))
            self._replicas.kill(name)
            time.sleep(away)
            self._replicas.start(name)

    async def live(self, traveller: Traveller, over: asyncio.Event, chance: random.Random) -> None:
        """Go on until the storm is over."""
        while not over.is_set():
            if chance.random() < 0.25:
                await traveller.book(self._demo, next(self._days) % 25 + 2)
            else:
                await traveller.asker.ask()


async def weather(demo: Demo, replicas: Replicas, seconds: float, seed: int) -> str:
    """Let people talk and book through a storm; check that each command had one effect and one answer.

    Returns what happened, in a sentence.
    """
    demo.postgres.crashproof()
    storm = Storm(demo, replicas, seed)
    async with askers(demo, _PEOPLE) as asking:
        travellers = [Traveller(asker) for asker in asking]
        over = asyncio.Event()
        lives = [storm.live(one, over, random.Random(f"{seed} {n}")) for n, one in enumerate(travellers)]
        life = asyncio.gather(*lives)
        await storm.rage(seconds)
        over.set()
        await life
        await all_settled(demo, asking)
        for traveller in travellers:
            _booked_once(demo, traveller)
    named = sum(len(asker.asked) for asker in asking)
    booked = sum(traveller.bookings for traveller in travellers)
    deaths = ", ".join(f"{victim} {times}" for victim, times in sorted(storm.deaths.items()))
    return f"{named} names and {booked} bookings through {sum(storm.deaths.values())} deaths ({deaths}): each once"


def _booked_once(demo: Demo, traveller: Traveller) -> None:
    """As many visits as were asked for, each booked, paid once and shown by one card, which became one confirmation."""
    person = traveller.asker.person
    of_person = "FROM appointment a JOIN person p ON p.id = a.booked_by WHERE p.mxid = %s"
    assert count(demo, f"SELECT count(*) {of_person}", person.mxid) == traveller.bookings
    assert count(demo, f"SELECT count(*) {of_person} AND a.status = 'booked'", person.mxid) == traveller.bookings
    charges = f"SELECT count(*) FROM ledger_entry WHERE kind = 'charge' AND appointment_id IN (SELECT a.id {of_person})"
    assert count(demo, charges, person.mxid) == traveller.bookings
    confirmed = Counter(heard.replaces for heard in person.heard if heard.replaces and "onfirmed" in heard.body)
    assert confirmed == Counter(traveller.cards)
    cards = [heard.event for heard in person.heard if "Held for you" in heard.body and heard.replaces is None]
    assert cards == traveller.cards


def main(seconds: float, seed: int) -> None:
    with own_folder() as folder:
        demo = Demo(folder, Ports.free())
        try:
            demo.start()
            with replicated(demo, "one", "two") as replicas:
                print(f"seed {seed}: {asyncio.run(weather(demo, replicas, seconds, seed))}")  # noqa: T201
        finally:
            demo.stop()


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
