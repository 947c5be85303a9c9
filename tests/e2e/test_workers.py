"""A visit is booked, paid and talked about through a Synapse of six processes, as production configures them."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from demo.accounts import new_accounts
from demo.certificates import Certificates
from demo.child import free_port
from demo.client import Person
from demo.ports import Ports
from demo.run import Demo
from demo.spoken import address_in, choice_of, code_in, time_in
from demo.state import state_in
from demo.stripe.payer import pay
from demo.workers import ManyProcesses
from tests.conftest import HomeserverFactory

_SECONDS = 90


class Many(Demo):
    """The demo on such a Synapse."""

    homeserver: ManyProcesses

    def __init__(self, folder: Path, ports: Ports, certificates: Certificates) -> None:
        self._certificates, self._tls_port = certificates, free_port()
        self._name = f"localhost:{self._tls_port}"  # by which other homeservers find it
        state = replace(state_in(folder), accounts=new_accounts(self._name))
        (folder / "state.json").write_text(json.dumps(asdict(state)))
        super().__init__(folder, ports)

    def _lay_out(self) -> None:
        matrix = self.settings.matrix.model_copy(update={"server_name": self._name})
        self.settings = self.settings.model_copy(update={"matrix": matrix})
        super()._lay_out()
        self.homeserver = ManyProcesses(
            self.folder / "synapse",
            port=self.ports.homeserver,
            certificates=self._certificates,
            tls_port=self._tls_port,
            database=self.postgres.url("synapse"),
            registrations=[self.folder / "registration.yaml"],
            log=self.logs / "synapse.log",
        )
        self.homeserver.write()

    def stop(self) -> None:
        self.careconnect.stop()
        self.homeserver.stop()
        super().stop()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Many]:
    started = Many(tmp_path_factory.mktemp("workers"), Ports.free(), certificates)
    try:
        started.start()
        yield started
    finally:
        started.stop()


async def test_a_visit_is_booked_through_workers_one_of_which_dies(demo: Many) -> None:
    doctor_account = demo.accounts.doctor
    async with (
        await Person.registered(demo.homeserver.url, "wanda", "pw-of-wanda") as wanda,
        await Person.logged_in(demo.homeserver.url, doctor_account.localpart, doctor_account.password) as doctor,
    ):
        room = await wanda.direct_room(demo.bot_id, seconds=_SECONDS)
        await wanda.hears(room=room, seconds=_SECONDS)
        found = await wanda.ask(room, "cardiologist near Berlin online under 60", doctor_account.name, _SECONDS)
        times = await wanda.ask(room, str(choice_of(found.body, doctor_account.name)), "1. ", _SECONDS)
        card = await wanda.ask(room, str(time_in(times.body)), has_link(demo), _SECONDS)
        await pay(str(link(demo, card)))
        done = await wanda.hears(
            lambda heard: heard.replaces == card.event and "onfirmed" in heard.body, room=room, seconds=_SECONDS
        )
        named = f"Visit {code_in(done.body)}"
        rooms: list[Any] = []
        for person in (wanda, doctor):
            invited = await person.invitation(named=named, seconds=_SECONDS)
            await person.join(invited)
            rooms.append(invited)
        assert rooms[0] == rooms[1]
        await doctor.appears(rooms[0], wanda.mxid)
        await doctor.say(rooms[0], "Good day!")
        assert (await wanda.hears("Good day!", room=rooms[0], seconds=_SECONDS)).encrypted
        entry = await wanda.hears(lambda heard: heard.body.endswith(".ics"), room=room, seconds=_SECONDS)
        assert (await wanda.download(entry)).startswith(b"BEGIN:VCALENDAR")
        # What sends careConnect its transactions and everybody their keys dies, and comes back.
        demo.homeserver.kill_worker("streams")
        restarted = asyncio.to_thread(demo.homeserver.start_worker, "streams")
        since = len(wanda.heard)
        await asyncio.gather(restarted, wanda.say(room, "appointments"))
        await wanda.hears(str(code_in(done.body)), room=room, since=since, seconds=_SECONDS)
        assert wanda.unreadable == []
    # A person's requests go to one process, which follows from their token: with some more people, each has some.
    for n in range(20):
        if not _idle(demo):
            break
        async with await Person.registered(demo.homeserver.url, f"walter{n}", "pw-of-walter"):
            pass
    assert _idle(demo) == set()


async def test_people_of_another_homeserver_are_answered_by_the_federation_sender(
    demo: Many, start_homeserver: HomeserverFactory, certificates: Certificates
) -> None:
    """No other process sends to other homeservers; what comes from them is taken in by the others' routes."""
    elsewhere = start_homeserver(certificates=certificates)
    async with await Person.registered(elsewhere.url, "bela", "pw-of-bela") as bela:
        room = await bela.direct_room(demo.bot_id, seconds=_SECONDS)
        assert (await bela.ask(room, "name Bela Farkas", "Bela Farkas", _SECONDS)).encrypted
        assert bela.unreadable == []


def _idle(demo: Many) -> set[str]:
    busy = {host for host, requests in demo.homeserver.asked.items() if requests}
    return {"synapse", "synapse-generic1", "synapse-generic2", "synapse-media", "synapse-streams"} - busy


def link(demo: Demo, heard: Any) -> str | None:
    return address_in(f"{heard.body} {heard.html}", f":{demo.ports.stripe}/")


def has_link(demo: Demo) -> Any:
    return lambda heard: link(demo, heard) is not None
