"""The client of the tour and of the tests is read by all who are in a room, and misses nothing that is said there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from nio import RoomPreset, ShareGroupSessionResponse, SyncResponse

from demo.client import ENCRYPTION, PATIENCE, ClientError, Person
from demo.homeserver import Homeserver


@pytest.fixture
async def people(homeserver: Homeserver) -> AsyncIterator[list[Person]]:
    """Anna, Ben and Carl."""
    there = [await Person.registered(homeserver.url, f"{name}-{uuid4().hex[:6]}", "pw") for name in ("a", "b", "c")]
    yield there
    for person in there:
        await person.close()


async def _meet(anna: Person, ben: Person) -> str:
    made = await anna.client.room_create(preset=RoomPreset.public_chat, initial_state=[ENCRYPTION])
    await ben.join(made.room_id)
    await anna.appears(made.room_id, ben.mxid)
    return str(made.room_id)


def _while_sharing(person: Person, what: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have something happen once, when the key is on its way; the list gets an entry then."""
    send, happened = person.client._send, []

    async def disturbed(response: type, *request: Any, **more: Any) -> Any:
        answer = await send(response, *request, **more)
        if response is ShareGroupSessionResponse and not happened:
            happened.append("once")
            await what()
        return answer

    monkeypatch.setattr(person.client, "_send", disturbed)
    return happened


async def test_who_comes_while_the_key_is_shared_reads_it_too(
    people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, carl = people
    room = await _meet(anna, ben)

    async def carl_comes() -> None:
        await carl.join(room)
        await anna.appears(room, carl.mxid)

    happened = _while_sharing(anna, carl_comes, monkeypatch)
    said = await anna.say(room, "good day")
    assert happened
    for person in (ben, carl):
        heard = await person.hears("good day", room=room)
        assert (heard.event, heard.encrypted) == (said, True)
        assert person.unreadable == []


async def test_a_key_that_is_thrown_away_as_it_is_shared_is_shared_anew(
    people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does nio when it hears of a member between two of the requests that it takes."""
    anna, ben, _ = people
    room = await _meet(anna, ben)

    async def thrown_away() -> None:
        del anna.client.olm.outbound_group_sessions[room]

    happened = _while_sharing(anna, thrown_away, monkeypatch)
    said = await anna.say(room, "good day")
    assert happened
    assert (await ben.hears("good day", room=room)).event == said
    assert ben.unreadable == []


async def test_who_has_just_come_is_given_the_key_before_the_client_has_asked_for_their_devices(
    people: list[Person],
) -> None:
    anna, ben, carl = people
    room = await _meet(anna, ben)
    await anna.say(room, "for two")
    async with anna.out_of_touch():  # all that its sync did: it heard who is there
        await carl.join(room)
        while carl.mxid not in anna.client.rooms[room].users:
            await anna.client.sync(timeout=1000)
        assert anna.client.should_query_keys
        await anna.say(room, "for three")
    assert (await carl.hears("for three", room=room)).encrypted


async def test_what_came_before_its_key_is_read_when_that_comes_and_before_what_was_said_later(
    people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two homeservers tell each other of messages and of keys apart."""
    anna, ben, _ = people
    room = await _meet(anna, ben)
    take, kept = anna.client._handle_to_device, []

    async def late(answer: SyncResponse) -> None:
        kept.append(answer)
        if anna.unreadable:
            while kept:
                await take(kept.pop(0))

    monkeypatch.setattr(anna.client, "_handle_to_device", late)
    said = await ben.say(room, "good day")
    await anna._until(lambda: anna.unreadable or None, PATIENCE, "it was read without its key")
    await ben.say(room, "good night")  # this comes together with the key
    await anna.hears("good night", room=room)
    first, second = anna.heard
    assert (first.body, first.event, first.encrypted) == ("good day", said, True)
    assert second.body == "good night"
    assert anna.unreadable == []


async def test_who_waits_is_told_when_nothing_can_come_any_more(
    people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, _ = people
    room = await _meet(anna, ben)

    async def trip(_: SyncResponse) -> None:
        raise KeyError("a fault of nio's")

    monkeypatch.setattr(anna.client, "_handle_to_device", trip)
    waiting = asyncio.ensure_future(anna.hears("good day", room=room))
    await ben.say(room, "good day")
    with pytest.raises(ClientError, match="a fault of nio's"):
        await waiting


async def test_what_a_dozen_numbers_follow_is_heard_by_who_was_out_of_touch(people: list[Person]) -> None:
    anna, ben, _ = people
    room = await _meet(anna, ben)
    async with anna.out_of_touch():
        said = await ben.say(room, "choose")
        for number in range(12):
            await ben.react(room, said, str(number))
    assert (await anna.hears("choose", room=room)).event == said
