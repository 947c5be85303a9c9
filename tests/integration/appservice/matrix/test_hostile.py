"""What strangers may try: it is refused, and honest people are served all the while."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from nio import KeyVerificationCancel

from core.settings import Settings
from demo.client import PATIENCE, Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo


async def encrypted_by(person: Person, room: str, text: str) -> dict[str, Any]:
    """Words as that person's device encrypts them, for whoever wants to misuse them."""
    content = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": text}}
    while not await person.share_key(room):  # its client may hear of who came only now, and begins a new session then
        pass
    return dict(person.client.olm.group_encrypt(room, content))


async def test_a_session_of_one_person_is_refused_under_the_name_of_another(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    eve, victim = await new_person("eve"), await new_person("victim")
    room = await eve.direct_room(settings.matrix.bot_id)
    await eve.client.room_invite(room, victim.mxid)
    await victim.join(await victim.invitation())
    await eve.ask(room, "hello", "you said hello")
    await victim.send_raw(room, "m.room.encrypted", await encrypted_by(eve, room, "forged"))
    await eve.ask(room, "done", "you said done")
    assert "forged" not in [heard.text for heard in echo.heard]


async def test_an_event_sent_again_or_elsewhere_is_refused(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room, other = [await anna.direct_room(settings.matrix.bot_id) for _ in range(2)]
    for place in (room, other):
        await anna.ask(place, "hello", "you said hello")
    once = await encrypted_by(anna, room, "once")
    for place in (room, room, other):
        await anna.send_raw(place, "m.room.encrypted", once)
    await anna.ask(room, "done", "you said done")
    await anna.ask(other, "done", "you said done")
    assert [heard.text for heard in echo.heard].count("once") == 1


def malformed(key: str) -> list[Any]:
    """Contents of to-device messages that kill nio's own sync."""
    olm = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "A" * 43}
    bodies: list[Any] = ["AAAA", "", "!", "é", 7, None, {}, [], "A" * 30_000]
    return [
        *({**olm, "ciphertext": {key: {"type": kind, "body": body}}} for kind in (0, 1, "0") for body in bodies),
        *({**olm, "ciphertext": {key: what}} for what in (None, 1, "x", [])),
        {**olm, "sender_key": 7, "ciphertext": {key: {"type": 0, "body": "AAAA"}}},
        {**olm, "ciphertext": None},
        {"algorithm": None},
        {},
    ]


async def test_malformed_to_device_messages_are_survived(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    eve, anna = await new_person("eve"), await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "hello", "you said hello")
    bot = settings.matrix.bot_id
    ((device, keys),) = (await eve.keys_of(bot))["device_keys"][bot].items()
    for content in malformed(keys["keys"][f"curve25519:{device}"]):
        for kind in ("m.room.encrypted", "m.room_key_request", "m.key.verification.start", "m.room_key"):
            await eve.call("PUT", f"sendToDevice/{kind}/{uuid4()}", {"messages": {bot: {device: content}}})
    await anna.ask(room, "still there?", "you said still there?")
    boris = await new_person("boris")
    await boris.ask(await boris.direct_room(bot), "hello", "you said hello")


async def test_who_cannot_be_answered_by_to_device_messages_keeps_nobody_else_from_it(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    eve, anna, bot = await new_person("eve"), await new_person("anna"), settings.matrix.bot_id
    declined: asyncio.Queue[str] = asyncio.Queue()
    anna.client.add_to_device_callback(lambda event: declined.put(event.transaction_id), KeyVerificationCancel)
    ((to, _),) = (await eve.keys_of(bot))["device_keys"][bot].items()
    # An answer has the same transaction, and would be larger than the homeserver takes.
    for who, transaction in ((eve, "x" * 65_440), (anna, "anna's")):
        content = {"from_device": who.client.device_id, "transaction_id": transaction}
        path = f"sendToDevice/m.key.verification.request/{uuid4()}"
        await who.call("PUT", path, {"messages": {bot: {to: content}}})
    async with asyncio.timeout(PATIENCE):
        assert await declined.get() == "anna's"


@pytest.mark.parametrize("claims", [70])
async def test_new_people_are_served_when_somebody_has_used_up_the_one_time_keys(
    echo: Echo, settings: Settings, new_person: NewPerson, claims: int
) -> None:
    eve, anna = await new_person("eve"), await new_person("anna")
    bot = settings.matrix.bot_id
    await anna.ask(await anna.direct_room(bot), "hello", "you said hello")
    ((device, _),) = (await eve.keys_of(bot))["device_keys"][bot].items()
    for _ in range(claims):
        body = {"one_time_keys": {bot: {device: "signed_curve25519"}}}
        claimed = await eve.call("POST", "keys/claim", body)
        assert claimed["one_time_keys"][bot][device]
    boris = await new_person("boris")
    await boris.ask(await boris.direct_room(bot), "hello", "you said hello")
