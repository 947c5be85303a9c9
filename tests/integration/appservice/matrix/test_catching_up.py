"""What people say reaches the bot although the homeserver's transactions do not: they fail, or never come."""

from aiohttp import web

from core.settings import Settings
from demo.client import Person
from demo.homeserver import Homeserver
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving


class Deaf:
    """Takes the homeserver's transactions and throws them away, as if they had been lost with its memory."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, _request: web.Request) -> web.Response:
        return web.json_response({})


async def test_events_that_the_homeserver_lost_are_fetched_once(
    settings: Settings, homeserver: Homeserver, new_person: NewPerson
) -> None:
    anna: Person = await new_person("anna")
    async with serving(settings):
        room = await anna.direct_room(settings.matrix.bot_id)
        await anna.ask(room, "one", "you said one")
    async with Deaf(settings.http.port):
        for n in range(60):  # more than one page of a room's timeline
            await anna.say(room, f"lost {n}")
        boris = await new_person("boris")
        made = await boris.client.room_create(is_direct=True, invite=[settings.matrix.bot_id])
    async with serving(settings):
        await anna.hears("you said lost 59", room=room)
        await boris.appears(made.room_id, settings.matrix.bot_id)
        await boris.hears(room=made.room_id)
        await anna.ask(room, "two", "you said two")
    said = [text for text in anna.shown(room) if text.startswith("you said")]
    assert said == ["you said one", *(f"you said lost {n}" for n in range(60)), "you said two"]
