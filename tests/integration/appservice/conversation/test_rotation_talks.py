"""Keys are exchanged by the word of a platform admin: begun, looked at, paused, and told when it is done."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from appservice.rotating import Rotating
from booking.context import Context
from core.ids import id_of, new_id
from records.keys import subject_key
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.prescriptions.model import allergy_list
from records.rotation.replicas import announce, withdraw
from records.rotation.service import Level, open_rotation, start
from records.sealing import Vault
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.booking.clinic import ANNA, BEN, CLARA, PAUL
from tests.integration.booking.town import Town


@pytest.fixture
async def sealed(chat: Chat, town: Town) -> Chat:
    """Something was sealed for two people a minute ago."""
    await chat.say(ANNA, "allergies penicillin")
    await chat.say(BEN, "allergies nuts", name="Ben")
    town.clock.time += timedelta(minutes=1)
    return chat


def driver(chat: Chat) -> Rotating:
    """As a replica has one that starts now."""
    return Rotating(chat.ctx, chat.database)


async def numbers(chat: Chat) -> dict[str, set[int]]:
    """The numbers of the keys that there are, of Anna and of Ben as patients."""
    async with chat.database.transaction() as tx:
        found = {}
        for mxid in (ANNA, BEN):
            whose = id_of_patient(mxid)
            keys = select(subject_key.c.number).where(
                subject_key.c.subject == whose, subject_key.c.wrapped.is_not(None)
            )
            found[mxid] = {*(await tx.conn.execute(keys)).scalars()}
        return found


def id_of_patient(mxid: str) -> UUID:
    return id_of(f"patient:{mxid}")


async def begin(chat: Chat, words: str) -> str:
    assert "Answer yes or no" in await chat.say(PAUL, words)
    return await chat.say(PAUL, "yes")


async def test_everybody_gets_a_new_key_and_who_asked_is_told_when_it_is_done(sealed: Chat) -> None:
    asked = await sealed.say(PAUL, "rotate keys")
    assert "1. The master key" in asked
    assert "2. The patients' keys" in asked
    assert "I exchange the patients' keys. All stays readable meanwhile" in await sealed.say(PAUL, "2")
    assert (await numbers(sealed))[ANNA] == {1}  # nothing before the yes
    assert "Under way: the patients' keys, since 30 Nov 2026: 0 of" in await sealed.say(PAUL, "yes")
    assert "0 of" in await sealed.say(PAUL, "rotation")
    await driver(sealed).go()
    told = await sealed.notices()
    assert "Done: the patients' keys, 30 Nov 2026" in told[PAUL][0].text
    assert [*told] == [PAUL]
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}
    assert "penicillin" in await sealed.say(ANNA, "allergies")
    listed = await sealed.say(PAUL, "rotation")
    assert "Done: the patients' keys" in listed
    assert "Under way" not in listed
    await driver(sealed).go()
    assert await sealed.notices() == {}


async def test_one_persons_keys_alone_and_data_keys(sealed: Chat) -> None:
    assert f"I exchange the patients' keys of {ANNA}" in await sealed.say(PAUL, f"rotate patients of {ANNA}")
    assert "the patients' keys, of one person" in await sealed.say(PAUL, "yes")
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {2}, BEN: {1}}
    before = await envelope(sealed)
    await begin(sealed, "rotate data")
    await driver(sealed).go()
    assert await envelope(sealed) != before
    assert "penicillin" in await sealed.say(ANNA, "allergies")
    assert "Nobody with the Matrix id" in await begin(sealed, "rotate data of @nobody:localhost")
    assert "leave the name out" in await begin(sealed, f"rotate master of {ANNA}")


async def envelope(chat: Chat) -> bytes:
    async with chat.database.transaction() as tx:
        found = await tx.conn.execute(
            select(allergy_list.c.sealed).where(allergy_list.c.patient_id == id_of_patient(ANNA))
        )
        return bytes(found.scalar_one())


async def test_it_can_be_paused_and_gone_on_with(sealed: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No rotation is under way" in await sealed.say(PAUL, "pause rotation")
    assert "No rotation is under way" in await sealed.say(PAUL, "resume rotation")
    await begin(sealed, "rotate patients")
    assert "It is paused" in await sealed.say(PAUL, "pause rotation")
    await driver(sealed).go()
    assert ": 0 of" in await sealed.say(PAUL, "rotation")
    assert await numbers(sealed) == {ANNA: {1}, BEN: {1}}
    assert "“pause rotation” stops it" in await sealed.say(PAUL, "resume rotation")
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}


async def test_what_a_command_of_the_machine_began_is_left_to_it_until_somebody_says_so(sealed: Chat) -> None:
    async with sealed.database.transaction() as tx:
        await start(tx, sealed.ctx.vault, Level.SUBJECTS)
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {1}, BEN: {1}}
    assert "begun by a command on the machine" in await sealed.say(PAUL, "rotation")
    assert "Another rotation is under way" in await begin(sealed, "rotate data")
    await sealed.say(PAUL, "resume rotation")
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}


async def test_none_but_platform_admins(sealed: Chat) -> None:
    for mxid in (CLARA, ANNA):
        for words in ("rotate keys", "rotate patients", "rotation", "pause rotation", "resume rotation"):
            said = await sealed.say(mxid, words)
            assert "I exchange" not in said
            assert "rotation" not in said
    async with sealed.database.transaction() as tx:
        assert await open_rotation(tx) is None
    assert "rotate keys" in await sealed.say(PAUL, "help platform")
    assert "Write which keys" in await sealed.say(PAUL, "rotate everything at once")


async def test_a_value_that_does_not_open_stops_it_and_is_told_once(sealed: Chat) -> None:
    whole = await envelope(sealed)
    await put(sealed, whole[:1] + bytes(4) + whole[5:])  # names a key that there never was
    await begin(sealed, "rotate patients")
    await driver(sealed).go()
    await driver(sealed).go()
    told = (await sealed.notices())[PAUL]
    assert len(told) == 1
    assert "It cannot go on: something does not open with the keys that there are. No key was removed" in told[0].text
    assert await numbers(sealed) == {ANNA: {1, 2}, BEN: {1, 2}}
    await put(sealed, whole)
    assert "It cannot go on" in await sealed.say(PAUL, "rotation")
    assert "It cannot go on" not in await sealed.say(PAUL, "resume rotation")
    await driver(sealed).go()
    assert "Done" in (await sealed.notices())[PAUL][0].text
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}


async def put(chat: Chat, value: bytes) -> None:
    async with chat.database.transaction() as tx:
        whose = allergy_list.c.patient_id == id_of_patient(ANNA)
        await tx.conn.execute(update(allergy_list).where(whose).values(sealed=value))


def with_new_key(chat: Chat) -> Context:
    """The settings after a new master key was written into them: the old one still unwraps."""
    old = chat.ctx.vault.keys.ring.current
    return Context(Vault(Ring(LocalKey(os.urandom(32)), old)), chat.ctx.settings)


async def wrapped_by(chat: Chat) -> set[str]:
    """What wraps the keys of Anna and of Ben, as patients."""
    async with chat.database.transaction() as tx:
        theirs = subject_key.c.subject.in_([id_of_patient(ANNA), id_of_patient(BEN)])
        alive = select(subject_key.c.wrapped_by).where(subject_key.c.wrapped.is_not(None), theirs)
        return {*(await tx.conn.execute(alive)).scalars()}


async def test_the_master_key_is_exchanged_only_when_all_replicas_hold_the_new_one(sealed: Chat, town: Town) -> None:
    before, other = sealed.ctx, new_id()
    async with sealed.database.transaction() as tx:
        await announce(tx, before.vault, other)  # a replica that was not restarted yet
    sealed.ctx = with_new_key(sealed)
    assert "Not every replica of the service wraps with the same master key" in await begin(sealed, "rotate master")
    assert "Not every replica" in await sealed.say(PAUL, "rotation")
    async with sealed.database.transaction() as tx:
        await withdraw(tx, other)
    assert "Under way: the master key" in await begin(sealed, "rotate master")
    async with sealed.database.transaction() as tx:
        await announce(tx, before.vault, other)  # and comes back with the settings of before
    await driver(sealed).go()
    assert len(await wrapped_by(sealed)) == 1
    assert "It waits: not every replica wraps with the same master key yet" in await sealed.say(PAUL, "rotation")
    stale = Rotating(before, sealed.database)
    async with sealed.database.transaction() as tx:
        await stale.announce(tx)
    await stale.go()  # nor does the one with the old key wrap anything back
    assert await wrapped_by(sealed) == {await before.vault.keys.ring.current.current()}
    town.clock.time += timedelta(minutes=2)  # that one was killed: it says nothing any more
    await driver(sealed).go()
    assert await wrapped_by(sealed) == {await sealed.ctx.vault.keys.ring.current.current()}
    assert "Done: the master key" in (await sealed.notices())[PAUL][0].text
    assert "penicillin" in await sealed.say(ANNA, "allergies")


async def test_two_replicas_do_each_step_once_and_tell_once(sealed: Chat) -> None:
    await begin(sealed, "rotate patients")
    await asyncio.gather(*(driver(sealed).go() for _ in range(3)))
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}
    assert len((await sealed.notices())[PAUL]) == 1


_REPLICA = """
import asyncio
from appservice import rotating
from booking.context import Context
from core.database import Database
from core.settings import Settings
from records.sealing import Vault

async def main():
    settings = Settings()
    database = Database(settings.database.url.get_secret_value(), pool=4)
    rotating._AT_ONCE = 1
    ctx = Context(Vault.from_settings(settings.records), settings)
    step = rotating.Rotating._step
    async def told(self):
        now = await step(self)
        print(now and now.done, flush=True)
        return now
    rotating.Rotating._step = told
    await rotating.Rotating(ctx, database).go()

asyncio.run(main())
"""


async def test_a_replica_that_is_killed_at_it_leaves_it_to_another(sealed: Chat) -> None:
    await begin(sealed, "rotate patients")
    environment = {
        **os.environ,
        "CARECONNECT_DATABASE__URL": sealed.database.url,
        "CARECONNECT_RECORDS__KEY": sealed.ctx.settings.records.key.get_secret_value(),
    }
    child = subprocess.Popen([sys.executable, "-c", _REPLICA], env=environment, stdout=subprocess.PIPE, cwd=Path.cwd())
    assert child.stdout
    for _ in range(4):
        assert child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert "penicillin" in await sealed.say(ANNA, "allergies")
    assert "Under way" in await sealed.say(PAUL, "rotation")
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {2}, BEN: {2}}
    assert len((await sealed.notices())[PAUL]) == 1
    assert "nuts" in await sealed.say(BEN, "allergies")


async def test_who_does_not_know_all_tables_leaves_it_to_a_replica_that_does(sealed: Chat) -> None:
    await begin(sealed, "rotate patients")
    async with sealed.database.transaction() as tx:
        await tx.conn.execute(text("CREATE TABLE unheard_of (id uuid PRIMARY KEY)"))
    await driver(sealed).go()
    assert await numbers(sealed) == {ANNA: {1, 2}, BEN: {1, 2}}
    assert "Under way" in await sealed.say(PAUL, "rotation")
    assert await sealed.notices() == {}
