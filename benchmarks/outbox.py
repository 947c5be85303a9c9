"""Ten thousand notices to a homeserver that fails a fifth of all requests: does each arrive, and once?

`python -m benchmarks.outbox [NOTICES] [SEED]`: a real Synapse on PostgreSQL behind a proxy that answers 429 and 502,
breaks connections and lets time run out, before a request is done or after. What counts is Synapse's own table.
"""

import asyncio
import secrets
import sys
import time
from base64 import b64encode

import psycopg
from pydantic import SecretStr
from sqlalchemy import text

import migrations
from appservice.matrix import api
from appservice.outgoing import Reply, post
from appservice.registration import registration
from benchmarks.ending import own_folder
from core.database import Database
from core.settings import DatabaseSettings, Http, MatrixSettings, RecordsSettings, Settings
from demo.child import free_port
from demo.client import Person
from demo.homeserver import Homeserver
from demo.postgres import Postgres
from demo.proxy import Proxy
from tests.integration.appservice.matrix.echo import serving
from tests.integration.appservice.matrix.faults import Faults

_ROOMS = 20
_SHARE = 0.2
_PATIENCE = 3.0
"""Seconds that the service waits for an answer here: in a deployment a minute, which ten thousand would feel."""


def _settings(database_url: str, homeserver: str, port: int) -> Settings:
    return Settings(
        http=Http(port=port),
        database=DatabaseSettings(url=SecretStr(database_url)),
        matrix=MatrixSettings(
            homeserver_url=homeserver,
            **{name: SecretStr(secrets.token_urlsafe(32)) for name in ("as_token", "hs_token", "store_key")},  # type: ignore[arg-type]
        ),
        records=RecordsSettings(key=SecretStr(b64encode(secrets.token_bytes(32)).decode())),
    )


async def _rooms(homeserver: Homeserver, bot: str) -> dict[str, str]:
    """People in direct rooms with the bot: {room: person}. Their keys stay published when they have gone."""
    found = {}
    for n in range(_ROOMS):
        async with await Person.registered(homeserver.url, f"nora{n}", "pw") as person:
            room = await person.direct_room(bot)
            await person.hears("joined", room=room)
            found[room] = person.mxid
    return found


async def _measure(settings: Settings, homeserver: Homeserver, synapse: str, faults: Faults, notices: int) -> None:
    database = Database(settings.database.url.get_secret_value(), pool=4)
    async with serving(settings) as (_, echo):
        rooms = await _rooms(homeserver, settings.matrix.bot_id)
        before = _sent(synapse, settings.matrix.bot_id)
        faults.share = _SHARE
        async with database.transaction() as tx:
            for n in range(notices):
                room, mxid = [*rooms.items()][n % _ROOMS]
                subject, reply = echo.people.id_of(mxid), Reply(f"notice {n}", notice=True)
                await post(tx, echo.people.vault, subject=subject, room_id=room, key=f"notice {n}", reply=reply)
        began, left = time.monotonic(), notices
        while left:
            await asyncio.sleep(1)
            async with database.transaction() as tx:
                open_rows = text("SELECT count(*) FROM outbox WHERE state NOT IN ('done', 'failed')")
                left = (await tx.conn.execute(open_rows)).scalar_one()
        took = time.monotonic() - began
        async with database.transaction() as tx:
            done = await tx.conn.execute(text("SELECT result FROM outbox WHERE kind = 'matrix.message'"))
            recorded = [row.result for row in done]
    sent = _sent(synapse, settings.matrix.bot_id) - before
    lost, doubled = len(set(recorded) - sent - before), len(sent - set(recorded))
    happened = ", ".join(f"{kind} {times}" for kind, times in sorted(faults.happened.items()))
    print(f"{notices} notices in {took:.0f} s ({notices / took:.0f}/s); faults: {happened}")
    print(f"{len(sent)} arrived, {lost} lost, {doubled} doubled")
    await database.close()


def _sent(synapse: str, bot: str) -> set[str]:
    """The ids of all messages of the bot's that the homeserver has."""
    with psycopg.connect(synapse) as connection:
        query = "SELECT event_id FROM events WHERE sender = %s AND type = 'm.room.encrypted'"
        return {event for (event,) in connection.execute(query, (bot,))}


def main(notices: int, seed: int) -> None:
    api._TIMEOUT = _PATIENCE
    with own_folder() as folder:
        server, homeserver = Postgres(folder / "postgres", alone=True), None
        try:
            for name in ("careconnect", "synapse"):
                server.create(name)
            migrations.upgrade(server.url("careconnect"))
            faults, port = Faults(0.0, seed, silence=_PATIENCE + 1), free_port()
            registered = folder / "registration.yaml"
            behind, before = free_port(), free_port()
            settings = _settings(server.url("careconnect"), f"http://127.0.0.1:{before}", port)
            registered.write_text(registration(settings.matrix, f"http://127.0.0.1:{port}"))
            homeserver = Homeserver(
                folder / "synapse", port=behind, database=server.url("synapse"), registrations=[registered]
            )
            homeserver.start()
            with Proxy(before, lambda _: [f"http://127.0.0.1:{behind}"], faults.meddle):
                asyncio.run(_measure(settings, homeserver, server.url("synapse"), faults, notices))
        finally:
            if homeserver:
                homeserver.stop()
            server.stop()


if __name__ == "__main__":
    main(*(int(given) for given in (*sys.argv[1:], *("10000", "1")[len(sys.argv) - 1 :])))
