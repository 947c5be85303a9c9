"""The bot's device: one, published, cross-signed, and the same after a restart."""

from typing import Any

from nio.api import Api
from vodozemac import Ed25519PublicKey, Ed25519Signature

from core.database import Database
from core.settings import Settings
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving


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
