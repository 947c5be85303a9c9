"""How fast consultation rooms are opened when many visits of a morning come due together, and what that costs.

`python -m benchmarks.consultations [ROOMS] [MINUTES]`: on a real Synapse over PostgreSQL, with the policy module, it
has ROOMS (1,000) rooms opened, or as many as MINUTES (without an end) allow: each made, encrypted, its two invited and
told. In turn with that, some by some, the same requests are made by a loop that does nothing else, as many at a time,
which shows what the homeserver alone allows. It prints rooms a second and the processor time that the homeserver and
the service took for each; then a few without the module, which shows its cost.
"""

import asyncio
import json
import math
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
import psutil
import uvloop
from pydantic import SecretStr

import migrations
from appservice.matrix.api import Api
from appservice.matrix.consultation import creation
from appservice.matrix.creation import create_once, invite, remove_alias
from appservice.matrix.people import Visit
from appservice.registration import registration
from benchmarks.ending import own_folder
from core.database import Database
from core.outbox import Work, put
from core.settings import DatabaseSettings, Http, MatrixSettings, RecordsSettings, Settings
from demo.child import free_port
from demo.homeserver import Homeserver
from demo.postgres import Postgres
from tests.integration.appservice.matrix.echo import serving

_PEOPLE = 20
_AT_ONCE = 10
"""As many lanes of the outbox as are worked at."""
_IN_TURN = 25
"""Rooms that are opened in one way before as many are in the other."""
_WITHOUT = 50
"""Rooms that are opened without the module."""


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _settings(database_url: str) -> Settings:
    port = free_port()
    tokens = {name: SecretStr(secrets.token_urlsafe(32)) for name in ("as_token", "hs_token", "store_key")}
    return Settings(
        http=Http(port=port, public_url=f"http://127.0.0.1:{port}"),
        database=DatabaseSettings(url=SecretStr(database_url)),
        matrix=MatrixSettings(**tokens),  # type: ignore[arg-type]
        records=RecordsSettings(key=SecretStr("A" * 43 + "=")),
        log_level="ERROR",
    )


@dataclass
class _Turn:
    """What rooms took that were opened in one of both ways."""

    rooms: int = 0
    took: float = 0.0
    synapse: float = 0.0
    own: float = 0.0

    @property
    def rate(self) -> float:
        """Rooms a second."""
        return self.rooms / self.took


@contextmanager
def _counted(turn: _Turn, homeserver: Homeserver, rooms: int) -> Iterator[None]:
    began, synapse, own = time.perf_counter(), _cpu(homeserver.child.pid), _cpu(os.getpid())
    yield
    turn.rooms += rooms
    turn.took += time.perf_counter() - began
    turn.synapse += _cpu(homeserver.child.pid) - synapse
    turn.own += _cpu(os.getpid()) - own


async def measure(
    homeserver: Homeserver, settings: Settings, rooms: int, people: int = _PEOPLE, seconds: float = math.inf
) -> tuple[float, float]:
    """Open so many rooms, and make as many by bare requests: some of these after some of those, until all are there or
    the time is over. Returns the rooms a second of both.
    """
    mxids = [homeserver.register(f"person{n}", "pw") for n in range(people)]
    database = Database(settings.database.url.get_secret_value(), pool=8)
    ours, bare = _Turn(), _Turn()
    until = time.monotonic() + seconds
    async with serving(settings) as (service, echo):
        lobby = await service.keeper.lobby.room_id()
        while ours.rooms < rooms and time.monotonic() < until:
            numbers = range(ours.rooms, min(ours.rooms + _IN_TURN, rooms))
            pairs = [(mxids[n % people], mxids[(n + 1) % people]) for n in numbers]
            works = []
            for n, pair in zip(numbers, pairs, strict=True):
                sides = [{echo.people.id_of(mxid): mxid} for mxid in pair]
                appointment = uuid4()
                echo.people.visits[appointment] = Visit(f"{n:06}", True, *sides)  # noqa: FBT003
                payload = json.dumps({"appointment": str(appointment)}).encode()
                works.append(Work("room.open", f"visit:{appointment}", f"room.open:{appointment}", payload))
            with _counted(ours, homeserver, len(pairs)):
                async with database.transaction() as tx:
                    await put(tx, works)
                while len(echo.notices) < 2 * (numbers.stop):
                    await asyncio.sleep(0.02)
            with _counted(bare, homeserver, len(pairs)):
                await _bare(settings.matrix, lobby, pairs)
    await database.close()
    print(
        f"{ours.rooms} rooms by the service: {ours.rate:.2f} a second; for each {1000 * ours.synapse / ours.rooms:.0f}"
        f" ms of Synapse's processor time, {1000 * ours.own / ours.rooms:.0f} ms of the service's; Synapse's one"
        f" process was busy for {ours.synapse / ours.took:.0%} of the time"
    )
    print(
        f"the same requests without the service, in turn with it: {bare.rate:.2f} a second,"
        f" {1000 * bare.synapse / bare.rooms:.0f} ms of Synapse's, busy for {bare.synapse / bare.took:.0%}; the service"
        f" takes {bare.rate / ours.rate:.2f} times as long"
    )
    print(f"1,000 that come due together are open after {1000 / ours.rate / 60:.1f} minutes")
    return ours.rate, bare.rate


async def _bare(matrix: MatrixSettings, lobby: str, pairs: list[tuple[str, str]]) -> None:
    """What the service asks of the homeserver for each room, as many at a time as it does."""
    left = iter(pairs)
    async with aiohttp.ClientSession() as http:
        keeper = Api(http, matrix).acting(matrix.keeper_id)

        async def one_after_the_other() -> None:
            for pair in left:
                alias = f"#careconnect-{uuid4().hex}:{matrix.server_name}"
                team = dict(zip(pair, ("patient", "practitioner"), strict=True))
                body = creation(keeper.user_id, uuid4().hex[:6], lobby=lobby, team=team)
                room = await create_once(keeper, alias, body)
                for mxid in pair:
                    await invite(keeper, room, mxid)
                await remove_alias(keeper, alias, room)

        await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))


def main(rooms: int, minutes: float) -> None:
    with own_folder() as folder:
        server = Postgres(folder / "postgres")
        try:
            for name, policy in (("with the module", {"patients_invite": "anyone"}), ("without it", None)):
                print(name)
                here = folder / name.replace(" ", "-")
                here.mkdir()
                databases = [f"{kind}{uuid4().hex[:8]}" for kind in ("c", "s")]
                for database in databases:
                    server.create(database)
                migrations.upgrade(server.url(databases[0]))
                settings = _settings(server.url(databases[0]))
                file = here / "registration.yaml"
                file.write_text(registration(settings.matrix, settings.http.public_url))
                homeserver = Homeserver(here, registrations=[file], database=server.url(databases[1]), policy=policy)
                matrix = settings.matrix.model_copy(update={"homeserver_url": homeserver.url})
                homeserver.start()
                try:
                    count = rooms if policy else min(rooms, _WITHOUT)
                    settings = settings.model_copy(update={"matrix": matrix})
                    uvloop.run(measure(homeserver, settings, count, seconds=minutes * 60))
                finally:
                    homeserver.stop()
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, float(sys.argv[2]) if len(sys.argv) > 2 else math.inf)
