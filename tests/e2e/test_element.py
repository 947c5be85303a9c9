"""The client that other end-to-end tests steer is what it claims: encrypted, on the crypto that Element uses."""

import asyncio

import pytest

from demo.homeserver import Homeserver
from tests.e2e.element import Element, ElementError


async def test_two_such_clients_talk_encrypted(homeserver: Homeserver) -> None:
    for name in ("elena", "emil"):
        homeserver.register(name, "pw")
    async with Element() as elena, Element() as emil:
        await elena.connect(homeserver.url, "elena", "pw")
        emil_id = await emil.connect(homeserver.url, "emil", "pw", strict=True)
        room = await _meet(elena, emil, emil_id)
        asked = await elena.say(room, "How are you?")
        heard = await emil.wait(room, contains="How")
        assert (heard.event, heard.encrypted, await emil.shield(heard)) == (asked, True, "NONE")
        await emil.say(room, "Well!")
        assert (await elena.wait(sender=emil_id)).body == "Well!"
        assert await emil.undecryptable(room) == []
        assert emil_id in await elena.members(room)


async def test_waiting_in_vain_says_for_what(homeserver: Homeserver) -> None:
    homeserver.register("ernst", "pw")
    async with Element() as ernst:
        await ernst.connect(homeserver.url, "ernst", "pw")
        with pytest.raises(ElementError, match='a message with "godot"'):
            await ernst.wait(contains="godot", seconds=0.2)


async def _meet(one: Element, other: Element, other_id: str) -> str:
    room, joined = await asyncio.gather(one.dm(other_id), other.join())
    assert room == joined
    return room
