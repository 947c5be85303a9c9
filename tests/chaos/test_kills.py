"""careConnect is killed between every two steps of hold, pay, confirm, room and notices; nobody notices but by waiting.

Each patient's journey meets two deaths. In the end each has exactly one booking, one payment, one room, and each
message once.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import aiohttp
import psycopg
import pytest

from demo.child import Child
from demo.client import Person
from demo.run import Demo
from demo.spoken import code_in
from demo.stripe.payer import pay
from tests.chaos.booking import PATIENCE, count, link_in, looks_for_a_time, newcomer

_IN_ANOTHER_PLAY = ("stripe.delay", "staff.list")
"""Work that comes seconds later: what does nothing where the link came in time, and what the clock finds once for each
who is new among the staff, in whichever journey that is.
"""


class Mortal:
    """careConnect, which lives again whenever it has died as planned (tests.chaos.mortal)."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.plan, self.trace = folder / "plan", folder / "trace"
        self.plan.touch()
        self.trace.touch()
        command = [sys.executable, "-m", "tests.chaos.mortal", str(self.plan), str(self.trace)]
        environment = {"CARECONNECT_CONFIG": str(demo.folder / "careconnect.toml")}
        self._child = Child("careConnect", command, folder / "mortal.log", env=environment)
        self._health = f"http://127.0.0.1:{demo.ports.careconnect}/health"

    def steps(self) -> list[str]:
        """What was done since the last time that the trace was emptied, `died` among it."""
        return self.trace.read_text().splitlines()

    def start(self) -> None:
        self._child.start()
        self._child.wait_for(self._health)

    def lives(self) -> bool:
        return self._child.exit_code() is None

    def end(self) -> None:
        self._child.stop()


@contextmanager
def living(demo: Demo, folder: Path) -> Iterator[Mortal]:
    mortal = Mortal(demo, folder)
    mortal.start()
    try:
        yield mortal
        assert mortal.lives(), (folder / "mortal.log").read_text()[-3000:]
    finally:
        mortal.end()


async def journey(demo: Demo, number: int) -> tuple[Person, str]:
    """A patient books and pays; returns them with the visit's code once all has reached them."""
    person, room = await newcomer(demo)
    await looks_for_a_time(demo, person, room, days=number % 20 + 2)
    await person.say(room, "1")
    card = await person.hears(lambda heard: link_in(demo, heard) is not None, room=room, seconds=PATIENCE)
    await pay(str(link_in(demo, card)), come_back=False)  # a browser is not a patient: it does not try again
    done = await person.hears(
        lambda heard: heard.replaces == card.event and "onfirmed" in heard.body, room=room, seconds=PATIENCE
    )
    code = code_in(done.body)
    assert code, done.body
    await person.invitation(named=f"Visit {code}", seconds=PATIENCE)
    await person.hears(lambda heard: heard.body.endswith(".ics"), room=room, seconds=PATIENCE)
    return person, code


async def quiet(demo: Demo) -> None:
    """Wait until nothing is under way any more."""
    async with asyncio.timeout(PATIENCE):
        while count(
            demo,
            "SELECT count(*) FROM"
            " (SELECT state, due_at, kind FROM inbox UNION ALL SELECT state, due_at, kind FROM outbox) rows"
            " WHERE state = 'waiting' AND due_at < now() + interval '20 s' AND kind <> ALL(%s)",
            [*_IN_ANOTHER_PLAY],
        ):
            await asyncio.sleep(0.1)


async def check(demo: Demo, person: Person, code: str) -> None:
    """One booking, one payment, one room, each message once."""
    booked = "FROM appointment a JOIN person p ON p.id = a.booked_by WHERE p.mxid = %s"
    assert count(demo, f"SELECT count(*) {booked}", person.mxid) == 1
    assert count(demo, f"SELECT count(*) {booked} AND a.status = 'booked' AND a.code = %s", person.mxid, code) == 1
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            f"http://127.0.0.1:{demo.ports.stripe}/v1/checkout/sessions?limit=100",
            headers={"Authorization": f"Bearer {demo.settings.stripe.secret_key.get_secret_value()}"},
        ) as answer,
    ):
        sessions = (await answer.json())["data"]
    with psycopg.connect(demo.postgres.url("careconnect")) as connection:
        row = connection.execute("SELECT id FROM appointment WHERE code = %s", (code,)).fetchone()
        assert row
        appointment_id = row[0]
    paid = [s for s in sessions if s["client_reference_id"] == str(appointment_id)]
    assert [s["payment_status"] for s in paid] == ["paid"]
    charges = "SELECT count(*) FROM ledger_entry WHERE appointment_id = %s AND kind = 'charge'"
    assert count(demo, charges, appointment_id) == 1
    assert count(demo, "SELECT count(*) FROM consultation_room WHERE appointment_id = %s", appointment_id) == 1
    rooms = [room for room in person.client.invited_rooms.values() if room.name == f"Visit {code}"]
    assert len(rooms) == 1
    said = Counter((heard.body, heard.replaces is not None) for heard in person.heard)
    assert {words: n for words, n in said.items() if n > 1} == {}
    assert person.unreadable == []


@pytest.mark.timeout(1200)  # some twenty journeys, each with two deaths in it
async def test_a_death_between_any_two_steps_is_noticed_by_nobody(demo: Demo, tmp_path: Path) -> None:
    demo.careconnect.stop()
    with living(demo, tmp_path) as mortal:
        await undisturbed(demo, 0)  # what is done once for all (the doctor's and the clinic's rooms) is done
        mortal.trace.write_text("")
        await undisturbed(demo, 1)
        steps = [step for step in dict.fromkeys(mortal.steps()) if not step.startswith(_IN_ANOTHER_PLAY)]
        wanted = {"stripe.checkout", "stripe", "room.open", "notice held", "notice booked", "matrix.message"}
        assert wanted <= {step.partition(":")[0] for step in steps}
        half = (len(steps) + 1) // 2  # far apart: who died at an early step has still to come to a late one
        for number, plan in enumerate(zip_longest(steps[:half], steps[half:]), 2):
            planned = [step for step in plan if step]
            mortal.trace.write_text("")
            mortal.plan.write_text("\n".join(planned))
            await undisturbed(demo, number)
            assert mortal.steps().count("died") == len(planned), f"not everybody died at {planned}"


async def undisturbed(demo: Demo, number: int) -> None:
    """A journey, whatever happens to the service meanwhile, and its end."""
    person, code = await journey(demo, number)
    async with person:
        await quiet(demo)
        await check(demo, person, code)
