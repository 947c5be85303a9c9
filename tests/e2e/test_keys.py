"""The bot's keys are lost, stolen and replaced, by the commands of docs/operations.md, before people's eyes.

People are on the crypto that Element uses, in its strictest mode: it gives keys to signed devices alone, and shows a
shield beside what it does not trust.
"""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from demo.run import CARECONNECT, Demo
from tests.e2e.element import Element

Talk = tuple[Element, str]
_SECONDS = 90


@pytest.fixture
async def talk(demo: Demo) -> AsyncIterator[Talk]:
    """Somebody in a talk with the bot, who trusts what they see."""
    name = f"keys-{uuid4().hex[:6]}"
    demo.homeserver.register(name, "pw-of-the-patient")
    async with Element() as person:
        await person.connect(demo.homeserver.url, name, "pw-of-the-patient", strict=True)
        room = await person.dm(demo.bot_id)
        await person.wait(room, sender=demo.bot_id)
        yield person, room


def careconnect(demo: Demo, *words: str) -> str:
    """Run a command as an operator does; return what it prints."""
    ran = subprocess.run([str(CARECONNECT), *words], env=demo.environment, capture_output=True, text=True, check=True)
    return ran.stdout


def in_database(demo: Demo, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(demo.postgres.url("careconnect"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def identity_lost(demo: Demo) -> None:
    """The seeds are gone, and whoever leads begins anew without them."""
    in_database(demo, "DELETE FROM matrix_cross_signing")
    in_database(
        demo, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'careconnect leader%'"
    )


async def answered(person: Element, room: str, name: str) -> str:
    """Ask something, without waiting for anything; return the shield beside the answer."""
    await person.say(room, f"name {name}")
    heard = await person.wait(room, contains=name, seconds=_SECONDS)
    assert heard.encrypted
    return await person.shield(heard)


async def test_a_new_device_is_trusted_as_the_old_one_was(demo: Demo, talk: Talk) -> None:
    person, room = talk
    assert await answered(person, room, "Vera First") == "NONE"
    before = in_database(demo, "SELECT device_id FROM matrix_device")
    assert "takes it up now" in careconnect(demo, "identity", "new-device")
    assert await answered(person, room, "Vera Second") == "NONE"
    assert in_database(demo, "SELECT device_id FROM matrix_device") != before
    with psycopg.connect(demo.postgres.url("synapse")) as synapse:
        devices = "SELECT device_id FROM devices WHERE user_id = %s AND NOT hidden"
        assert synapse.execute(devices, (demo.bot_id,)).fetchall() == in_database(
            demo, "SELECT device_id FROM matrix_device"
        )
    assert await person.undecryptable(room) == []


async def test_a_lost_identity_is_restored_and_nobody_sees_a_difference(demo: Demo, talk: Talk, tmp_path: Path) -> None:
    person, room = talk
    kept = tmp_path / "identity"
    kept.write_text(careconnect(demo, "identity", "backup"))
    master = await person.identity(demo.bot_id)
    identity_lost(demo)
    # The device is still signed: people notice nothing, and no other identity is made behind the operator's back.
    assert await answered(person, room, "Vera Third") == "NONE"
    assert await person.identity(demo.bot_id) == master
    assert in_database(demo, "SELECT 1 FROM matrix_cross_signing") == []
    checked = subprocess.run([str(CARECONNECT), "check"], env=demo.environment, capture_output=True, check=False)
    assert b"identity: That of" in checked.stdout
    assert checked.returncode == 1
    # Now the device is lost, too: with both gone, only the backup brings the trust back.
    careconnect(demo, "identity", "restore", str(kept))
    careconnect(demo, "identity", "new-device")
    assert await answered(person, room, "Vera Fourth") == "NONE"
    assert await person.identity(demo.bot_id) == master
    assert await person.undecryptable(room) == []
    assert "wrong" not in careconnect(demo, "check")


async def test_an_identity_lost_without_a_backup_is_replaced_and_people_can_go_on(demo: Demo, talk: Talk) -> None:
    person, room = talk
    master = await person.identity(demo.bot_id)
    identity_lost(demo)
    careconnect(demo, "identity", "reset", "--yes")
    shield = await answered(person, room, "Vera Fifth")
    assert await person.identity(demo.bot_id) != master
    assert shield == "NONE"  # who had verified the bot by emoji would be warned; this person had not
    assert "wrong" not in careconnect(demo, "check")


async def test_tokens_in_wrong_hands_are_replaced_and_no_message_is_lost(demo: Demo, talk: Talk) -> None:
    person, room = talk
    stolen = demo.settings.matrix.as_token.get_secret_value()
    assert whoami(demo, stolen) == 200
    careconnect(demo, "rotate-tokens", str(demo.folder))
    # careConnect first: for a while each refuses the other. What is said then waits at the homeserver.
    demo.careconnect.stop()
    demo.careconnect.start()
    await person.say(room, "name Vera Sixth")
    demo.homeserver.stop()
    demo.homeserver.start()
    assert (await person.wait(room, contains="Vera Sixth", seconds=_SECONDS)).encrypted
    assert whoami(demo, stolen) == 401
    assert await answered(person, room, "Vera Seventh") == "NONE"


def whoami(demo: Demo, token: str) -> int:
    """The status with which the homeserver answers to who comes with this token."""
    import urllib.error
    import urllib.request

    url = f"{demo.homeserver.url}/_matrix/client/v3/account/whoami"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
