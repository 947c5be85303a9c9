"""A homeserver of somebody else's that means harm: what it sends, and what honest people feel of it.

`python -m benchmarks.hostile [EVENTS]`: starts the whole service on a federating Synapse and a second, hostile one, and
asks the bot for help while EVENTS (5,000) hostile events come in. It ends with an error if a part of it died, or an
honest person's p95 more than doubled. The kinds are drawn at random with a fixed seed: see `Hostile`.

Who means harm has machines of their own: here their homeserver and their client are processes that get what of the
processors the others leave (nice 19). They do four things at a time, each as soon as one before it is done.
"""

import asyncio
import contextlib
import json
import multiprocessing
import multiprocessing.process
import os
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import psutil
from signedjson.key import read_signing_keys
from signedjson.sign import sign_json
from synapse.api.room_versions import RoomVersions
from synapse.crypto.event_signing import add_hashes_and_signatures

import migrations
from benchmarks.ending import own_folder
from core.database import Database
from demo.certificates import make_certificates
from demo.client import ENCRYPTION, ClientError, Person
from demo.homeserver import Homeserver
from demo.postgres import Postgres
from tests.e2e.federating import Clinic

Json = dict[str, Any]
_ODD: list[Any] = ["", "\u202e\u0000", "x" * 30_000, 7, None, [], {}, [[]], True, "é" * 100, {"a": {"b": "c" * 1000}}]
_MESSAGES = ["m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction", "m.poll.start", "m.sticker", "x.y"]
_TO_DEVICE = [
    "m.room.encrypted",
    "m.room_key",
    "m.room_key_request",
    "m.key.verification.start",
    "m.forwarded_room_key",
]


@dataclass(frozen=True, slots=True)
class Place:
    """A homeserver, as others know it."""

    folder: Path
    server_name: str
    url: str


class Hostile:
    """Eve, who runs her homeserver: she says anything as herself, and her server says anything to ours."""

    def __init__(
        self,
        eve: Person,
        elsewhere: Homeserver | Place,
        victim: Homeserver | Place,
        bot: str,
        rooms: Sequence[str],
        seed: int,
    ) -> None:
        """`rooms`: one with the bot, and one of ours in which she has no power, if there is one."""
        self._eve = eve
        self._from = elsewhere
        self._to = victim
        self._bot = bot
        self._rooms = rooms
        self._dice = random.Random(seed)
        with (elsewhere.folder / "signing.key").open() as file:
            (self._key,) = read_signing_keys(file)
        self._device: tuple[str, str] = ("", "")
        self._kinds = [
            self._say,
            self._say,
            self._say,
            self._tell_device,
            self._tell_device,
            self._invite,
            self._change,
        ]
        self._kinds += [self._forge_event, self._forge_to_device]
        if len(rooms) > 1:
            self._kinds.append(self._reset_state)

    async def come_in(self) -> None:
        """Learn the bot's device, as anybody can."""
        ((device, keys),) = (await self._eve.keys_of(self._bot))["device_keys"][self._bot].items()
        self._device = device, keys["keys"][f"curve25519:{device}"]

    async def one(self) -> None:
        """Do one hostile thing. That it is refused, or waited for in vain, is as good as that we survive it."""
        with contextlib.suppress(ClientError, aiohttp.ClientError, TimeoutError):
            await self._dice.choice(self._kinds)()

    @property
    def _room(self) -> str:
        return self._dice.choice(self._rooms)

    def _odd(self) -> Any:
        return self._dice.choice(_ODD)

    def _content(self) -> Json:
        """Something that looks like what an event may have, with a part or all of it wrong."""
        dice = self._dice
        whole: Json = {
            "msgtype": "m.text",
            "body": "help",
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": "AwgAEpAB" + "A" * dice.choice([0, 100, 40_000]),
            "session_id": uuid4().hex,
            "sender_key": self._device[1],
            "device_id": self._device[0],
            "m.relates_to": {"rel_type": "m.annotation", "event_id": "$none", "key": "1"},
        }
        for name in dice.sample([*whole], dice.randint(0, 4)):
            whole[name] = self._odd()
        for name in dice.sample([*whole], dice.randint(0, 4)):
            del whole[name]
        return whole

    async def _say(self) -> None:
        await self._eve.send_raw(self._room, self._dice.choice(_MESSAGES), self._content())

    async def _tell_device(self) -> None:
        device, key = self._device
        cipher = self._dice.choice([{key: {"type": self._dice.choice([0, 1, 7]), "body": self._odd()}}, self._odd()])
        content: Any = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "A" * 43, "ciphertext": cipher}
        if self._dice.random() < 0.3:
            content |= {"action": "request", "body": self._odd(), "request_id": uuid4().hex, "transaction_id": "t"}
        path = f"sendToDevice/{self._dice.choice(_TO_DEVICE)}/{uuid4()}"
        await self._eve.call("PUT", path, {"messages": {self._bot: {device: content}}})

    async def _invite(self) -> None:
        """An invitation that is good for nothing any more when it is taken up."""
        made = await self._eve.call("POST", "createRoom", {"initial_state": [ENCRYPTION], "invite": [self._bot]})
        await self._eve.call("POST", f"rooms/{quote(made['room_id'])}/leave", {})

    async def _change(self) -> None:
        name = {"membership": "join", "displayname": self._dice.choice(["", "\u202e" * 50, "careConnect", "x" * 200])}
        path = f"rooms/{quote(self._room)}/state/m.room.member/{self._eve.mxid}"
        await self._eve.call("PUT", path, name)

    # What her server says to ours, past all that a client could.

    async def _transaction(self, pdus: list[Any], edus: list[Any]) -> None:
        path = f"/_matrix/federation/v1/send/{uuid4().hex}"
        origin, destination = self._from.server_name, self._to.server_name
        content = {"origin": origin, "origin_server_ts": int(time.time() * 1000), "pdus": pdus, "edus": edus}
        request: Json = {"method": "PUT", "uri": path, "origin": origin, "destination": destination, "content": content}
        sign_json(request, origin, self._key)
        key_id, signature = next(iter(request["signatures"][origin].items()))
        header = f'X-Matrix origin="{origin}",destination="{destination}",key="{key_id}",sig="{signature}"'
        async with (
            aiohttp.ClientSession() as http,
            http.put(f"{self._to.url}{path}", data=json.dumps(content), headers={"Authorization": header}) as answer,
        ):
            await answer.read()

    async def _forge_event(self) -> None:
        """In the name of one of ours, or of nobody."""
        sender = self._dice.choice([self._bot, f"@anna:{self._to.server_name}", "@x:nowhere.example", "", 7])
        event = {
            "type": "m.room.message",
            "room_id": self._room,
            "sender": sender,
            "content": self._content(),
            "depth": 9,
        }
        event |= {"prev_events": [], "auth_events": [], "origin_server_ts": 1, "hashes": {}, "signatures": {}}
        await self._transaction([event, self._odd()], [])

    async def _forge_to_device(self) -> None:
        device, _ = self._device
        sender = self._dice.choice([f"@anna:{self._to.server_name}", self._eve.mxid])
        message = {"sender": sender, "type": self._dice.choice(_TO_DEVICE), "message_id": uuid4().hex}
        message |= {"messages": self._dice.choice([{self._bot: {device: self._content()}}, self._odd()])}
        kinds = [("m.direct_to_device", message), ("m.device_list_update", self._content()), ("m.receipt", self._odd())]
        kind, content = self._dice.choice(kinds)
        await self._transaction([], [{"edu_type": kind, "content": content}])

    async def _reset_state(self) -> None:
        """A change of power that she has not the power for, at the room's beginning, rightly signed."""
        room = self._rooms[1]
        state = await self._eve.call_list("GET", f"rooms/{quote(room)}/state")
        mine = {(event["type"], event["state_key"]): event["event_id"] for event in state}
        needed = (("m.room.create", ""), ("m.room.power_levels", ""), ("m.room.member", self._eve.mxid))
        event: Json = {
            "type": "m.room.power_levels",
            "state_key": "",
            "room_id": room,
            "sender": self._eve.mxid,
            "content": {"users": {self._eve.mxid: 100}, "users_default": 100},
            "prev_events": [mine[needed[0]]],
            "auth_events": [mine[key] for key in needed if key in mine],
            "depth": self._dice.choice([2, 2**53]),
            "origin_server_ts": self._dice.choice([1, int(time.time() * 1000)]),
        }
        add_hashes_and_signatures(RoomVersions.V11, event, self._from.server_name, self._key)
        await self._transaction([event], [])


async def waits(person: Person, room: str, over: asyncio.Event) -> list[float]:
    """Ask for help again and again until it is over; return how many seconds each answer took."""
    took: list[float] = []
    while not over.is_set():
        began = time.perf_counter()
        await person.ask(room, "help", seconds=60)
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.05)
    return took


async def attack(hostile: Hostile, events: int, at_once: int) -> None:
    """Do so many hostile things, so many at a time."""
    left = iter(range(events))

    async def one_after_the_other() -> None:
        for _ in left:
            await hostile.one()

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))


def _attack_from_elsewhere(elsewhere: Place, victim: Place, bot: str, room: str, events: int) -> None:
    """The process of a client of Eve's."""
    os.setsid()
    _gives_way(os.getpid())

    async def attacks() -> None:
        async with await Person.logged_in(elsewhere.url, "eve", "pw") as eve:
            hostile = Hostile(eve, elsewhere, victim, bot, [room], seed=5)
            await hostile.come_in()
            await attack(hostile, events, 4)

    asyncio.run(attacks())


def _gives_way(pid: int) -> None:
    """Let a process that leads a session get of the processors what others leave."""
    psutil.Process(pid).nice(19)
    session = Path(f"/proc/{pid}/autogroup")
    if session.exists():  # where Linux shares out the processors by sessions, a process is nice to its own session only
        session.write_text("19")


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def _measure(folder: Path, database_url: str, synapse: str, events: int) -> bool:
    for part in ("clinic", "tls"):
        (folder / part).mkdir()
    certificates = make_certificates(folder / "tls")
    clinic = Clinic(folder / "clinic", certificates, database_url, synapse=synapse)
    elsewhere = Homeserver(folder / "elsewhere", certificates=certificates, policy=None)
    database = Database(database_url, pool=4)
    try:
        await clinic.start(database)
        elsewhere.start()
        async with await Person.registered(clinic.homeserver.url, "anna", "pw") as anna:
            honest = await anna.direct_room(clinic.bot_id, 120)
            async with await Person.registered(elsewhere.url, "eve", "pw") as eve:
                room = await eve.direct_room(clinic.bot_id, 120)
            _gives_way(elsewhere.child.pid)
            places = [Place(each.folder, each.server_name, each.url) for each in (elsewhere, clinic.homeserver)]
            attacker = multiprocessing.get_context("spawn").Process(
                target=_attack_from_elsewhere, args=(*places, clinic.bot_id, room, events)
            )
            return await _compare(anna, honest, clinic.homeserver, attacker, events)
    finally:
        elsewhere.stop()
        clinic.stop()
        await database.close()


async def _compare(
    anna: Person, room: str, victim: Homeserver, attacker: multiprocessing.process.BaseProcess, events: int
) -> bool:
    await _meanwhile(anna, room, asyncio.sleep(10))  # to get warm
    before = await _meanwhile(anna, room, asyncio.sleep(30))
    began, spent = time.perf_counter(), _cpu(victim.child.pid)
    attacker.start()
    during = await _meanwhile(anna, room, asyncio.to_thread(attacker.join))
    took, spent = time.perf_counter() - began, _cpu(victim.child.pid) - spent
    p50s = [statistics.median(each) for each in (before, during)]
    p95s = [statistics.quantiles(each, n=20)[-1] for each in (before, during)]
    print(
        f"{events} hostile events in {took:.0f} s ({events / took:.0f}/s, our homeserver {spent / took:.0%} busy);"
        " everybody is answered after them"
    )
    for name, values in (("p50", p50s), ("p95", p95s)):
        times = [f"{value * 1000:.0f} ms" for value in values]
        print(f"honest person's {name}: {times[0]} before, {times[1]} meanwhile: {values[1] / values[0]:.2f} times")
    if attacker.exitcode:
        sys.exit("not all hostile events were sent: who sends them has failed")
    return p95s[1] <= 2 * p95s[0]


async def _meanwhile(anna: Person, room: str, something: Awaitable[object]) -> list[float]:
    over = asyncio.Event()
    asking = asyncio.create_task(waits(anna, room, over))
    await something
    over.set()
    return await asking


def main(events: int) -> None:
    with own_folder() as folder:
        server = Postgres(folder / "postgres")
        try:
            for name in ("careconnect", "synapse"):
                server.create(name)
            url = server.url("careconnect")
            migrations.upgrade(url)
            good = asyncio.run(_measure(folder, url, server.url("synapse"), events))
        finally:
            server.stop()
    sys.exit(0 if good else "honest people waited more than twice as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
