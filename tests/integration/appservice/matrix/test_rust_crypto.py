"""A client on the crypto of Element, in its strict mode, reads the bot without a warning and is read by it."""

import asyncio
from collections import Counter
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web

from appservice.matrix.api import Api
from core import lanes
from core.settings import Settings
from demo.child import free_port
from demo.homeserver import Homeserver
from demo.proxy import Forward, Proxy
from tests.e2e.element import Element
from tests.integration.appservice.matrix.echo import Echo, serving


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


async def test_each_step_of_verifying_is_taken_anew_that_the_homeserver_was_away_for(
    homeserver: Homeserver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "backoff", lambda _: 0.05)
    monkeypatch.setattr(lanes, "_LOOK_EVERY", 0.1)
    tried: Counter[str] = Counter()

    async def away_at_first(request: web.Request, forward: Forward) -> web.StreamResponse:
        if request.method == "PUT" and "/send/" in request.path:
            tried[request.path] += 1
            if tried[request.path] == 1:
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        return await forward()

    name = f"elena-{uuid4().hex[:6]}"
    homeserver.register(name, "pw")
    with Proxy(free_port(), lambda _: [homeserver.url], away_at_first) as proxy:
        matrix = settings.matrix.model_copy(update={"homeserver_url": proxy.url})
        async with serving(settings.model_copy(update={"matrix": matrix})), Element() as elena:
            await elena.connect(homeserver.url, name, "pw")
            room = await elena.dm(settings.matrix.bot_id)
            await elena.wait(room, contains="that was joined")
            emoji, verified = await elena.verify(settings.matrix.bot_id, room)
            shown = await elena.wait(room, contains="We verify each other")
    assert verified
    assert [line.split()[1] for line in shown.body.splitlines() if line[:1].isdigit()] == emoji
    assert len([path for path in tried if tried[path] > 1]) >= 6  # ready, accept, key, pictures, mac, done


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
