"""The bot reads, writes and asks in polls as people do, on a real Synapse."""

import asyncio
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from nio import KeyVerificationCancel

from appservice.matrix import attention
from appservice.matrix.api import Api
from appservice.matrix.attention import Attention
from core.database import Database
from core.lanes import counts
from core.outbox import outbox
from core.settings import MatrixSettings, Settings
from demo.client import PATIENCE
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo


async def ephemeral(anna: Any, room: str, kind: str, wanted: str, seconds: float = PATIENCE) -> bool:
    """Whether an event of that kind with these words in it comes in a room."""
    since = ""
    async with asyncio.timeout(seconds):
        while True:
            path = f"sync?timeout=2000{f'&since={since}' if since else ''}"
            answer = await anna.call("GET", path)
            since = answer["next_batch"]
            joined = answer.get("rooms", {}).get("join", {}).get(room, {})
            for event in joined.get("ephemeral", {}).get("events", []):
                if event["type"] == kind and wanted in str(event["content"]):
                    return True


async def all_is_said(database: Database) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.transaction() as tx:
                if not (await counts(tx, outbox)).get("waiting"):
                    return
            await asyncio.sleep(0.05)


async def test_what_was_heard_is_shown_as_read_before_a_late_answer(
    echo: Echo, settings: Settings, database: Database, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.hears("joined", room=room)
    await all_is_said(database)  # what is said later than a message is heard is a receipt for it
    event = await anna.say(room, "slowly")
    assert await ephemeral(anna, room, "m.receipt", event)
    echo.go_on.set()
    await anna.hears("you said slowly", room=room)


async def test_an_answer_says_by_itself_that_what_came_before_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "_SOON", 0.1)
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        asked.put_nowait(request.path)
        return web.json_response({})

    homeserver = web.Application()
    homeserver.router.add_post("/{path:.*}", take)
    async with TestServer(homeserver) as server, aiohttp.ClientSession() as http:
        api = Api(http, MatrixSettings(homeserver_url=str(server.make_url("")).rstrip("/")))
        async with Attention(api.acting("@bot:localhost")) as seen, asyncio.timeout(PATIENCE):
            seen.read("!a", "$1")
            seen.said("!a")
            seen.read("!b", "$2")
            seen.read("!b", "$3")
            first = await asked.get()
            seen.read("!a", "$4")
            second = await asked.get()
    base = "/_matrix/client/v3/rooms/!{}/receipt/m.read/${}"
    assert [first, second] == [base.format("b", 3), base.format("a", 4)]
    assert asked.empty()


async def test_who_writes_for_long_is_seen_writing(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "hello", "you said hello")
    seen = asyncio.create_task(ephemeral(anna, room, "m.typing", settings.matrix.bot_id))
    await anna.say(room, "slowly")
    assert await seen
    echo.go_on.set()
    await anna.hears("you said slowly", room=room)


async def test_a_vote_in_a_poll_is_an_answer(echo: Echo, settings: Settings, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(settings.matrix.bot_id)
    await anna.ask(room, "poll", "1. one")
    poll = await anna.event_of_type(room, "org.matrix.msc3381.poll.start")
    vote = {"org.matrix.msc3381.poll.response": {"answers": ["2"]}}
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}}
    await anna.send(room, "org.matrix.msc3381.poll.response", vote | relation)
    answer = await anna.hears("you tapped 2", room=room)
    assert "under answer:poll:$" in answer.body


async def test_who_begins_to_verify_outside_the_chat_is_told_to_do_it_there(
    echo: Echo, settings: Settings, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    room = await anna.direct_room(bot)
    await anna.hears("joined", room=room)
    cancelled: list[KeyVerificationCancel] = []
    anna.client.add_to_device_callback(partial(_note, cancelled), KeyVerificationCancel)
    (device,) = (await anna.keys_of(bot))["device_keys"][bot]
    content = {"from_device": anna.client.device_id, "transaction_id": "t1", "methods": ["m.sas.v1"], "timestamp": 1}
    for number in range(2):  # said again, it is answered once
        body = {"messages": {bot: {device: content}}}
        await anna.call("PUT", f"sendToDevice/m.key.verification.request/{number}", body)
    await anna.ask(room, "hello", "you said hello")
    async with asyncio.timeout(PATIENCE):
        while not cancelled:
            await asyncio.sleep(0.1)
    await anna.ask(room, "more", "you said more")
    ((sender, transaction, reason),) = [(each.sender, each.transaction_id, each.reason) for each in cancelled]
    assert (sender, transaction) == (bot, "t1")
    assert "verify me in our chat" in reason


async def _note(into: list[KeyVerificationCancel], event: KeyVerificationCancel) -> None:
    into.append(event)
