"""What people say reaches the bot although the homeserver's transactions do not: they fail, or never come."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import uuid4

import aiohttp
import psycopg
import pytest
from aiohttp import web

from appservice.matrix import catching_up, missed
from appservice.matrix.catching_up import CatchingUp
from appservice.matrix.missed import Gap
from core.clock import Clock
from core.database import Database, libpq_url
from core.settings import Settings
from demo.child import free_port
from demo.client import PATIENCE, Person
from demo.homeserver import Homeserver
from demo.proxy import Proxy
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving
from tests.integration.appservice.matrix.withholding import Withholding


class Deaf:
    """Takes the homeserver's transactions and throws them away, as if they had been lost with its memory."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._taken: list[dict[str, Any]] = []

    async def __aenter__(self) -> "Deaf":
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self._taken += (await request.json()).get("events", [])
        return web.json_response({})

    async def hears(self, event_id: str) -> None:
        """Wait until it has taken this event."""
        async with asyncio.timeout(PATIENCE):
            while event_id not in [event["event_id"] for event in self._taken]:
                await asyncio.sleep(0.05)

    async def takes(self, room_id: str, membership: str) -> dict[str, Any]:
        """Wait until it has taken that somebody was invited to the room, or put out; return the event."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self._taken:
                    if (event["room_id"], event["content"].get("membership")) == (room_id, membership):
                        return event
                await asyncio.sleep(0.05)


async def test_a_room_of_which_the_homeserver_never_answers_keeps_no_other_s_events_from_being_fetched(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Synapse never does of a room whose state another server withholds. An answer that comes late is taken, too,
    also by a process that was not there when it was missed."""
    anna, boris = await new_person("anna"), await new_person("boris")
    async with serving(settings):
        silent, room = [await each.direct_room(settings.matrix.bot_id) for each in (anna, boris)]
        for person, where in ((anna, silent), (boris, room)):
            await person.ask(where, "one", "you said one")
    async with Deaf(settings.http.port) as deaf:
        for n in range(51):  # more than one page of a room's timeline
            await anna.say(silent, f"lost {n}")
        await deaf.hears(await boris.say(room, "lost"))
    monkeypatch.setattr(catching_up, "_SILENCE", 2.0)
    monkeypatch.setattr(catching_up, "_APART", 600.0)
    silence = Withholding("messages")
    silence.rooms = [silent]
    with Proxy(free_port(), lambda _: [homeserver.url], silence.meddle) as proxy:
        matrix = settings.matrix.model_copy(update={"homeserver_url": proxy.url})
        elsewhere = settings.model_copy(update={"matrix": matrix})
        async with serving(elsewhere):
            await boris.hears("you said lost", room=room)
            await _is_asked(silence, silent, 2)  # the second time apart, and the place of that look is noted
        assert "you said lost 0" not in anna.shown(silent)
        async with serving(elsewhere):
            await _is_asked(silence, silent, silence.asked[silent] + 1)
            silence.released = True
            await anna.hears("you said lost 0", room=silent)


async def _is_asked(silence: Withholding, room_id: str, times: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while silence.asked[room_id] < times:
            await asyncio.sleep(0.05)


async def test_rooms_that_give_no_answer_are_looked_at_more_and_more_seldom_and_passed_over_in_the_end(
    database: Database,
) -> None:
    bot, clock = "@bot:a", MovedClock(database.clock)
    database.clock = clock
    silent, slow, later = Gap("!silent:a", "s1", "s2"), Gap("!slow:b", "s1", "s3"), Gap("!silent:a", "s1", "s9")
    for gap in (silent, slow):
        clock.move(seconds=1)
        async with database.transaction() as tx:
            await missed.note(tx, bot, gap)
    async with database.transaction() as tx:
        assert await missed.first(tx, bot, 1) == [silent]
        await missed.note(tx, bot, Gap("!silent:a", "s8", "s9"))
        await missed.forget(tx, bot, silent)
        assert await missed.first(tx, bot, 2) == [later, slow], "more has been missed since"
        assert await missed.first(tx, "@another:a", 2) == []
    waited = []
    while later in await _due(database, bot):
        async with database.transaction() as tx:
            waits = await missed.put_back(tx, bot, later)
        minutes = 0
        while waits and later not in await _due(database, bot):
            clock.move(minutes=1)
            minutes += 1
        waited.append(minutes)
    assert waited == [1, 2, 4, 8, 16, 0]
    async with database.transaction() as tx:
        assert await missed.first(tx, bot, 2) == [slow]
        await missed.forget(tx, bot, slow)
        assert await missed.put_back(tx, bot, slow), "fetched meanwhile"
        assert await missed.first(tx, bot, 2) == []


async def _due(database: Database, bot: str) -> list[Gap]:
    async with database.transaction() as tx:
        return await missed.first(tx, bot, 2)


class MovedClock:
    """Goes on only when it is told to."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now()

    def now(self) -> datetime:
        return self._now

    def move(self, **by: float) -> None:
        self._now += timedelta(**by)


async def test_events_that_the_homeserver_lost_are_fetched_once(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson
) -> None:
    anna: Person = await new_person("anna")
    async with serving(settings):
        room = await anna.direct_room(settings.matrix.bot_id)
        await anna.ask(room, "one", "you said one")
    async with Deaf(settings.http.port) as deaf:
        for n in range(60):  # more than one page of a room's timeline
            await anna.say(room, f"lost {n}")
        boris = await new_person("boris")
        made = await boris.client.room_create(is_direct=True, invite=[settings.matrix.bot_id])
        await deaf.takes(made.room_id, "invite")
    async with serving(settings):
        await anna.hears("you said lost 59", room=room)
        await boris.appears(made.room_id, settings.matrix.bot_id)
        await boris.hears("that was joined", room=made.room_id)
        await anna.ask(room, "two", "you said two")
    said = [text for text in anna.shown(room) if text.startswith("you said")]
    assert said == ["you said one", *(f"you said lost {n}" for n in range(60)), "you said two"]


async def test_an_invitation_that_comes_both_ways_is_followed_once(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson
) -> None:
    anna: Person = await new_person("anna")
    async with serving(settings):  # the bot has a device, and a place up to which all is known
        await anna.ask(await anna.direct_room(settings.matrix.bot_id), "one", "you said one")
    async with Deaf(settings.http.port) as deaf:
        made = await anna.client.room_create(is_direct=True, invite=[settings.matrix.bot_id])
        invitation = await deaf.takes(made.room_id, "invite")
    async with serving(settings):
        await anna.hears("that was joined", room=made.room_id)
        await _bring(settings, invitation)
        await anna.ask(made.room_id, "two", "you said two")
    assert anna.shown(made.room_id) == ["that was joined", "you said two"]


async def test_an_invitation_before_the_first_look_of_all_is_followed(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key loop is past it by then; no transaction brings it, as they go elsewhere."""
    anna: Person = await new_person("anna")
    look, may_look = CatchingUp.once, asyncio.Event()

    async def later(self: CatchingUp) -> int:
        await may_look.wait()
        return await look(self)

    monkeypatch.setattr(CatchingUp, "once", later)
    elsewhere = settings.model_copy(update={"http": settings.http.model_copy(update={"port": free_port()})})
    async with Deaf(settings.http.port) as deaf, serving(elsewhere):
        await _until_the_key_loop_is_at(settings, "heard_token IS NOT NULL")
        made = await anna.client.room_create(is_direct=True, invite=[settings.matrix.bot_id])
        await deaf.takes(made.room_id, "invite")
        await _until_the_key_loop_is_at(settings, "heard_token <> sync_token")
        may_look.set()
        await anna.hears("that was joined", room=made.room_id)


async def _until_the_key_loop_is_at(settings: Settings, place: LiteralString) -> None:
    url = libpq_url(settings.database.url.get_secret_value())
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection, asyncio.timeout(PATIENCE):
        while True:
            found = await connection.execute(
                f"SELECT 1 FROM matrix_olm_account WHERE user_id = %s AND {place}", (settings.matrix.bot_id,)
            )
            if await found.fetchone():
                return
            await asyncio.sleep(0.05)


async def test_who_was_put_out_unheard_comes_when_invited_again(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson
) -> None:
    anna: Person = await new_person("anna")
    bot = settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
    async with Deaf(settings.http.port) as deaf:
        await anna.client.room_kick(room, bot)
        await deaf.takes(room, "leave")
        await anna.client.room_invite(room, bot)
        await deaf.takes(room, "invite")
    async with serving(settings):
        await anna.appears(room, bot)
        await anna.ask(room, "two", "you said two")
    assert anna.shown(room) == ["that was joined", "you said one", "that was joined", "you said two"]


async def _bring(settings: Settings, event: dict[str, Any]) -> None:
    """Bring it as the homeserver does."""
    url = f"http://127.0.0.1:{settings.http.port}/_matrix/app/v1/transactions/{uuid4()}"
    headers = {"Authorization": f"Bearer {settings.matrix.hs_token.get_secret_value()}"}
    async with aiohttp.ClientSession() as http, http.put(url, json={"events": [event]}, headers=headers) as answer:
        assert answer.status == 200
