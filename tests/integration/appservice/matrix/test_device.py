"""The bot's device: one, published, cross-signed, and the same after a restart."""

import asyncio
import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from nio.api import Api
from nio.crypto import GroupSessionStore
from sqlalchemy import insert, select
from vodozemac import Ed25519PublicKey, Ed25519Signature

from appservice.matrix import identity, inbound
from appservice.matrix.api import Actor
from appservice.matrix.model import bot_message
from appservice.matrix.store import KeyStore, prune
from core.database import Database, libpq_url
from core.settings import Settings
from demo.client import PATIENCE, Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving
from tests.integration.appservice.matrix.test_consultation_rooms import until


def signed_by(public_key: str, user: str, signed: dict[str, Any]) -> bool:
    bare = {name: value for name, value in signed.items() if name not in ("signatures", "unsigned")}
    signature = signed["signatures"][user][f"ed25519:{public_key}"]
    Ed25519PublicKey.from_base64(public_key).verify_signature(
        Api.to_canonical_json(bare).encode(), Ed25519Signature.from_base64(signature)
    )
    return True


async def test_the_device_is_signed_by_the_bots_own_identity(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    await anna.direct_room(bot)
    keys = await anna.keys_of(bot)
    (master,) = keys["master_keys"][bot]["keys"].values()
    (signer,) = keys["self_signing_keys"][bot]["keys"].values()
    ((_, device),) = keys["device_keys"][bot].items()
    assert signed_by(master, bot, keys["self_signing_keys"][bot])
    assert signed_by(signer, bot, device)


async def test_at_no_moment_is_a_device_seen_that_the_bots_identity_has_not_signed(
    settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clients give such a device no keys: it would be told so in place of what was said."""
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    seen: list[dict[str, Any]] = []
    post = Actor.post

    async def watched(self: Actor, *path: str, **more: Any) -> Any:
        answer = await post(self, *path, **more)
        if path[0] == "keys" and path[-1] == "upload":
            seen.append(await anna.keys_of(bot))
        return answer

    monkeypatch.setattr(Actor, "post", watched)
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
    with psycopg.connect(libpq_url(settings.database.url.get_secret_value())) as connection:
        identity.reset(settings.matrix, connection, bot)
    async with serving(settings):
        await anna.ask(room, "two", "you said two")
    new_device(settings)
    async with serving(settings):
        await anna.ask(room, "three", "you said three")
    identities, devices = set(), set()
    for keys in seen:
        for signer in keys["self_signing_keys"].get(bot, {"keys": {}})["keys"].values():
            identities.add(signer)
            for name, device in keys["device_keys"][bot].items():
                devices.add(name)
                assert signed_by(signer, bot, device)
    assert (len(identities), len(devices)) == (2, 2)


async def test_a_restart_keeps_the_device_and_goes_on(settings: Settings, new_person: NewPerson) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
        before = await anna.keys_of(bot)
    await anna.say(room, "two")  # while nobody is there
    async with serving(settings):
        await anna.hears("you said two", room=room)
        await anna.ask(room, "three", "you said three")
    after = await anna.keys_of(bot)
    assert after["device_keys"] == before["device_keys"]
    assert after["master_keys"] == before["master_keys"]
    assert [text for text in anna.shown(room) if text.startswith("you said")] == [
        f"you said {number}" for number in ("one", "two", "three")
    ]


async def test_many_keys_are_read_without_silence(
    settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database takes the lead from a process that is silent: one that has more keys than it reads in that time
    could never lead."""
    begun, stirred, read = threading.Event(), threading.Event(), KeyStore.load_inbound_group_sessions

    def slowly(store: KeyStore) -> GroupSessionStore:
        begun.set()
        assert stirred.wait(60), "nothing else was done meanwhile"
        return read(store)

    async def stir() -> None:
        while not begun.is_set():
            await asyncio.sleep(0.01)
        stirred.set()

    monkeypatch.setattr(KeyStore, "load_inbound_group_sessions", slowly)
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with asyncio.TaskGroup() as tasks, serving(settings):
        tasks.create_task(stir())
        await anna.ask(await anna.direct_room(bot), "one", "you said one")


async def test_what_is_old_is_dropped_in_portions(database: Database) -> None:
    async with database.transaction() as tx:
        days = (1, 200, 201, 202)
        rows = [(uuid4(), tx.now - timedelta(days=each)) for each in days]
        values = [{"id": id_, "key": "k", "room_id": "!r", "event_id": "$e", "sent_at": at} for id_, at in rows]
        await tx.conn.execute(insert(bot_message), values)
        assert [await prune(tx, most=2) for _ in range(3)] == [2, 1, 0]
        assert (await tx.conn.execute(select(bot_message.c.id))).scalars().all() == [rows[0][0]]


async def test_lost_keys_mean_a_new_device_of_the_same_identity(
    settings: Settings, new_person: NewPerson, database: Database
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
        before = await anna.keys_of(bot)
    async with database.transaction() as tx:
        for table in ("account", "session"):
            await tx.conn.exec_driver_sql(f"DELETE FROM matrix_olm_{table}")
        await tx.conn.exec_driver_sql("DELETE FROM matrix_megolm_session")
    async with serving(settings):
        boris = await new_person("boris")
        await boris.ask(await boris.direct_room(bot), "hello", "you said hello")
        after = await boris.keys_of(bot)
        assert after["master_keys"][bot]["keys"] == before["master_keys"][bot]["keys"]
        assert set(after["device_keys"][bot]) != set(before["device_keys"][bot])
        await anna.ask(room, "two", "you said two")


def new_device(settings: Settings) -> None:
    """Give the bot a new device, as `careconnect identity new-device` does."""
    with psycopg.connect(libpq_url(settings.database.url.get_secret_value()), autocommit=True) as connection:
        identity.new_device(connection, settings.matrix.bot_id)


async def test_what_is_said_by_a_client_that_has_not_heard_of_a_new_device_is_read(
    settings: Settings, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
        before = await anna.keys_of(bot)
    new_device(settings)
    async with anna.out_of_touch():
        await anna.say(room, "two")  # before the new device is there
        async with serving(settings) as (_, echo):
            await said(echo, "two")
            await anna.say(room, "three")  # the client believes that the old one is
            await said(echo, "three")
    async with serving(settings):
        await anna.hears("you said three", room=room)
        await anna.ask(room, "four", "you said four")
    assert set((await anna.keys_of(bot))["device_keys"][bot]) != set(before["device_keys"][bot])
    assert not anna.unreadable


async def said(echo: Echo, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while text not in [heard.text for heard in echo.heard]:
            await asyncio.sleep(0.05)


async def test_who_gives_a_new_key_to_an_old_device_is_told_at_once_and_learns_of_the_new_one(
    settings: Settings, new_person: NewPerson, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "_PATIENCE", 3600.0)  # what an old device would wait for
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
    new_device(settings)
    async with serving(settings):
        async with anna.out_of_touch():
            while not await is_there(anna, bot):
                await asyncio.sleep(0.1)
            anna.client.invalidate_outbound_session(room)
            await anna.say(room, "two")
        await anna.hears("that was undecryptable", room=room)
        await anna.ask(room, "three", "you said three")
        # Noted once it was sent; that one's key, too, may have been asked for before it came.
        await until(database, "SELECT DISTINCT room_id FROM matrix_key_request", [room])
    assert not anna.unreadable


async def is_there(anna: Person, bot: str) -> bool:
    """Whether the new device is published, and the old one gone."""
    devices = (await anna.keys_of(bot))["device_keys"].get(bot, {})
    return bool(devices) and set(devices).isdisjoint(set(anna.client.device_store[bot]))


async def test_who_gives_the_bot_no_keys_is_told_what_to_do(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    room = await anna.direct_room(bot)
    await anna.ask(room, "one", "you said one")
    (device,) = (await anna.keys_of(bot))["device_keys"][bot]
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": room,
        "session_id": "a session that is not given",
        "sender_key": anna.client.olm.account.identity_keys["curve25519"],
    }
    withheld = content | {"code": "m.unverified", "reason": "The sender has not verified the device."}
    body = {"messages": {bot: {device: withheld}}}
    await anna.call("PUT", "sendToDevice/m.room_key.withheld/1", body)
    await anna.send_raw(room, "m.room.encrypted", content | {"ciphertext": "AwgA", "device_id": anna.client.device_id})
    await anna.hears("that was withheld", room=room)
