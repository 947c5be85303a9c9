"""careConnect is killed between every two steps of hold, pay, confirm, room and notices; nobody notices but by waiting.

Each patient's journey meets one death. In the end each has exactly one booking, one payment, one room, and each message
once.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

_IN_ANOTHER_PLAY = ("stripe.delay",)
"""Work that comes seconds later and does nothing where the link came in time."""


class Mortal:
    """careConnect under somebody who starts it again whenever it has died."""

    def __init__(self, demo: Demo, folder: Path) -> None:
        self.plan, self.trace = folder / "plan", folder / "trace"
        self.trace.touch()
        self.deaths = 0
        command = [sys.executable, "-m", "tests.chaos.mortal", str(self.plan), str(self.trace)]
        environment = {"CARECONNECT_CONFIG": str(demo.folder / "careconnect.toml")}
        self._child = Child("careConnect", command, folder / "mortal.log", env=environment)
        self._health = f"http://127.0.0.1:{demo.ports.careconnect}/health"

    async def live(self) -> None:
        """Start it, and start it again after each death that was planned; any other end is a failure."""
        while True:
            await asyncio.to_thread(self._child.start)
            while (code := self._child.exit_code()) is None:
                await asyncio.sleep(0.02)
            assert code == -9, self._child.last_lines()
            self.deaths += 1

    async def ready(self) -> None:
        await asyncio.to_thread(self._child.wait_for, self._health)

    def end(self) -> None:
        self._child.kill()


@asynccontextmanager
async def living(demo: Demo, folder: Path) -> AsyncIterator[Mortal]:
    mortal = Mortal(demo, folder)
    life = asyncio.create_task(mortal.live())
    await asyncio.sleep(0.1)
    try:
        await mortal.ready()
        yield mortal
        if life.done():
            life.result()
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        mortal.end()


async def journey(demo: Demo, number: int) -> tuple[Person, str]:
    """A patient books and pays; returns them with the visit's code once all has reached them."""
    person, room = await newcomer(demo)
    await looks_for_a_time(demo, person, room, days=number % 20 + 1)
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


@pytest.mark.timeout(600)  # some forty journeys, each with a death in it
async def test_a_death_between_any_two_steps_is_noticed_by_nobody(demo: Demo, tmp_path: Path) -> None:
    demo.careconnect.stop()
    async with living(demo, tmp_path) as mortal:
        await undisturbed(demo, 0)  # what is done once for all (the doctor's and the clinic's rooms) is done
        mortal.trace.write_text("")
        await undisturbed(demo, 1)
        steps = list(dict.fromkeys(mortal.trace.read_text().splitlines()))
        steps = [step for step in steps if not step.startswith(_IN_ANOTHER_PLAY)]
        wanted = {"stripe.checkout", "stripe", "room.open", "notice held", "notice booked", "matrix.message"}
        assert wanted <= {step.partition(":")[0] for step in steps}
        for number, step in enumerate(steps, 2):
            mortal.plan.write_text(step)
            deaths = mortal.deaths
            await undisturbed(demo, number)
            assert mortal.deaths == deaths + 1, f"nobody died at {step}"


async def undisturbed(demo: Demo, number: int) -> None:
    """A journey, whatever happens to the service meanwhile, and its end."""
    person, code = await journey(demo, number)
    async with person:
        await quiet(demo)
        await check(demo, person, code)
