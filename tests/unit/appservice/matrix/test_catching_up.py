"""Which invitations that /sync shows are taken up, and when; and how long a room may take."""

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from appservice.matrix.api import Api
from appservice.matrix.catching_up import CatchingUp, Patience


def test_an_invitation_is_left_to_a_transaction_for_one_look() -> None:
    patience = Patience()
    assert (patience.ripe({"a"}), patience.settle({"a"})) == (set(), False)
    assert (patience.ripe({"a", "b"}), patience.settle({"a", "b"})) == ({"a"}, False)
    assert (patience.ripe({"b"}), patience.settle({"b"})) == ({"b"}, True)
    assert (patience.ripe({"b"}), patience.settle({"b"})) == (set(), False), "invited once more, elsewhere in time"


def test_one_that_a_transaction_brought_meanwhile_is_not_taken_up() -> None:
    patience = Patience()
    assert (patience.ripe({"a"}), patience.settle({"a"})) == (set(), False)
    assert (patience.ripe(set()), patience.settle(set())) == (set(), True)


def test_invitations_without_end_hold_nothing_up_for_long_and_none_is_lost() -> None:
    patience, invited, taken = Patience(), set[str](), set[str]()
    for look in range(100):
        invited = invited | {str(look)}
        taken |= patience.ripe(invited)
        if patience.settle(invited):
            break
    assert look < 10
    assert taken == invited


async def test_a_room_that_answers_page_by_page_for_ever_is_left() -> None:
    """Each page comes in good time."""
    pages = 0

    async def page(_request: web.Request) -> web.Response:
        nonlocal pages
        pages += 1
        await asyncio.sleep(0.1)
        return web.json_response({"chunk": [{"event_id": f"${pages}"}], "end": f"t{pages}"})

    app = web.Application()
    app.router.add_get("/{rest:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as http:
        settings: Any = SimpleNamespace(homeserver_url=site.name, as_token=SecretStr("t"))
        device: Any = SimpleNamespace(bot=Api(http, settings).acting("@bot:a"))
        nothing: Any = None
        with pytest.raises(TimeoutError):
            await CatchingUp(nothing, device, settings, nothing)._before("!a:b", "t0", "s0", 1.0)
    await runner.cleanup()
