"""How fast consultation rooms are opened when many visits of a morning come due together, and what that costs.

`python -m benchmarks.consultations [ROOMS]`: on a real Synapse over PostgreSQL, with the policy module, it has ROOMS
(1,000) rooms opened: each made, encrypted, its two invited and told. It prints rooms a second and the processor time
that the homeserver and the service took for each; then the same requests are made by a loop that does nothing else, as
many at a time, which shows what the homeserver alone allows; and all that without the module, which shows its cost.
"""

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import aiohttp
import psutil
from pydantic import SecretStr

import migrations
from appservice.matrix.api import Api
from appservice.matrix.consultation import creation
from appservice.matrix.creation import create_once, invite, remove_alias
from appservice.matrix.people import Visit
from appservice.registration import registration
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


async def measure(homeserver: Homeserver, settings: Settings, rooms: int, people: int = _PEOPLE) -> tuple[float, float]:
    """Open so many rooms, then make as many by bare requests. Returns the rooms a second of both."""
    mxids = [homeserver.register(f"person{n}", "pw") for n in range(people)]
    pairs = [(mxids[n % people], mxids[(n + 1) % people]) for n in range(rooms)]
    database = Database(settings.database.url.get_secret_value(), pool=8)
    async with serving(settings) as (service, echo):
        lobby = await service.keeper.lobby.room_id()
        works = []
        for n, pair in enumerate(pairs):
            sides = [{echo.people.id_of(mxid): mxid} for mxid in pair]
            appointment = uuid4()
            echo.people.visits[appointment] = Visit(f"{n:06}", True, *sides)  # noqa: FBT003
            payload = json.dumps({"appointment": str(appointment)}).encode()
            works.append(Work("room.open", f"visit:{appointment}", f"room.open:{appointment}", payload))
        before = _cpu(homeserver.child.pid), _cpu(os.getpid())
        began = time.perf_counter()
        async with database.transaction() as tx:
            await put(tx, works)
        while len(echo.notices) < 2 * rooms:
            await asyncio.sleep(0.05)
        took = time.perf_counter() - began
        after = _cpu(homeserver.child.pid), _cpu(os.getpid())
        began = time.perf_counter()
        await _bare(settings.matrix, lobby, pairs)
        bare = time.perf_counter() - began
        alone = _cpu(homeserver.child.pid) - after[0]
    await database.close()
    synapse, own = ((after[n] - before[n]) / rooms * 1000 for n in range(2))
    print(
        f"{rooms} rooms in {took:.0f} s: {rooms / took:.1f} a second; for each {synapse:.0f} ms of Synapse's processor"
        f" time, {own:.0f} ms of the service's; 1,000 take {1000 * took / rooms / 60:.1f} minutes"
    )
    print(
        f"the same requests without the service: {rooms / bare:.1f} a second, {alone / rooms * 1000:.0f} ms of"
        f" Synapse's; the service takes {took / bare:.2f} times as long"
    )
    return rooms / took, rooms / bare


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


def main(rooms: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder) / "postgres")
        try:
            for name, policy in (("with the module", {"patients_invite": "anyone"}), ("without it", None)):
                print(name)
                here = Path(folder) / name.replace(" ", "-")
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
                    asyncio.run(measure(homeserver, settings.model_copy(update={"matrix": matrix}), rooms))
                finally:
                    homeserver.stop()
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
