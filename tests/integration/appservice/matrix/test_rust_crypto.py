"""A client on the crypto of Element, in its strict mode, reads the bot without a warning and is read by it."""

import asyncio
from uuid import uuid4

import aiohttp

from appservice.matrix.api import Api
from core.settings import Settings
from demo.homeserver import Homeserver
from tests.e2e.element import Element
from tests.integration.appservice.matrix.echo import Echo


async def test_a_strict_client_talks_with_the_bot_without_a_warning(
    echo: Echo, homeserver: Homeserver, settings: Settings
) -> None:
    name = f"elena-{uuid4().hex[:6]}"
    homeserver.register(name, "pw")
    async with Element() as elena:
        await elena.connect(homeserver.url, name, "pw", strict=True)
        room = await elena.dm(settings.matrix.bot_id)
        assert (await elena.wait(room, contains="that was joined")).encrypted
        await elena.say(room, "list")
        shown = await elena.wait(room, contains="2. two")
        assert shown.encrypted
        assert await elena.shield(shown) == "NONE"
        await elena.react(room, shown.event, "2️⃣")
        await elena.wait(room, contains="you tapped 2")
        await elena.say(room, "hello")
        await elena.wait(room, contains="you said hello")
        assert await elena.undecryptable(room) == []
    assert [heard.kind for heard in echo.heard] == ["joined", "text", "reaction", "text"]


async def test_a_person_and_the_bot_verify_each_other_by_emoji(
    echo: Echo, homeserver: Homeserver, settings: Settings
) -> None:
    name = f"elena-{uuid4().hex[:6]}"
    homeserver.register(name, "pw")
    async with Element() as elena:
        mxid = await elena.connect(homeserver.url, name, "pw")
        room = await elena.dm(settings.matrix.bot_id)
        await elena.wait(room, contains="that was joined")
        emoji, verified = await elena.verify(settings.matrix.bot_id, room)
        assert verified
        shown = await elena.wait(room, contains="We verify each other")
        assert [line.split()[1] for line in shown.body.splitlines() if line[:1].isdigit()] == emoji
        async with aiohttp.ClientSession() as http:
            actor = Api(http, settings.matrix).acting(settings.matrix.bot_id)
            for _ in range(300):
                answer = await actor.post("keys", "query", body={"device_keys": {mxid: []}})
                signed = answer["master_keys"][mxid]["signatures"].get(settings.matrix.bot_id)
                if signed:
                    break
                await asyncio.sleep(0.2)
        assert signed
        await elena.say(room, "hello")
        await elena.wait(room, contains="you said hello")
