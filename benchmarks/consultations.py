"""How fast consultation rooms are opened when many visits of a morning come due together, and what that costs.

`python -m benchmarks.consultations [ROOMS]`: on a real Synapse over PostgreSQL, with the policy module, it has ROOMS
(1,000) rooms opened: each made, encrypted, its two invited and told. It prints rooms a second and the processor time
that the homeserver and the service took for each; the same without the module shows its cost.
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

import psutil
from pydantic import SecretStr

import migrations
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


async def _measure(homeserver: Homeserver, settings: Settings, rooms: int) -> None:
    people = [homeserver.register(f"person{n}", "pw") for n in range(_PEOPLE)]
    database = Database(settings.database.url.get_secret_value(), pool=8)
    async with serving(settings) as (service, echo):
        await service.keeper.lobby.room_id()
        works = []
        for n in range(rooms):
            patient, doctor = people[n % _PEOPLE], people[(n + 1) % _PEOPLE]
            sides = [{echo.people.id_of(mxid): mxid} for mxid in (patient, doctor)]
            appointment = uuid4()
            echo.people.visits[appointment] = Visit(f"{n:06}", True, *sides)  # noqa: FBT003
            payload = json.dumps({"appointment": str(appointment)}).encode()
            works.append(Work("room.open", f"visit:{appointment}", f"room.open:{appointment}", payload))
        before = _cpu(homeserver.child.pid), _cpu(os.getpid())
        began = time.perf_counter()
        async with database.transaction() as tx:
            await put(tx, works)
        while len(echo.notices) < 2 * rooms:
            await asyncio.sleep(0.2)
        took = time.perf_counter() - began
        after = _cpu(homeserver.child.pid), _cpu(os.getpid())
    await database.close()
    synapse, own = ((after[n] - before[n]) / rooms * 1000 for n in range(2))
    print(
        f"{rooms} rooms in {took:.0f} s: {rooms / took:.1f} a second; for each {synapse:.0f} ms of Synapse's processor"
        f" time, {own:.0f} ms of the service's; 1,000 take {1000 * took / rooms / 60:.1f} minutes"
    )


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
                    asyncio.run(_measure(homeserver, settings.model_copy(update={"matrix": matrix}), rooms))
                finally:
                    homeserver.stop()
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
