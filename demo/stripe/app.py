"""Puts the stand-in together: state, API, pay page, webhooks, the clock of sessions, switches."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from demo.stripe import checkout
from demo.stripe.api import Api, Faults
from demo.stripe.control import Control
from demo.stripe.events import Events, Switches
from demo.stripe.page import Page
from demo.stripe.shop import Shop
from demo.stripe.store import Store
from demo.stripe.webhooks import Sender


@dataclass(frozen=True, slots=True)
class Options:
    port: int
    webhook_url: str
    webhook_secret: str
    api_key: str
    state: Path
    host: str = "127.0.0.1"
    public_url: str = ""
    """How browsers reach the pay page; host and port, if empty."""

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def application(options: Options) -> web.Application:
    """The whole of it, ready to run."""
    store, switches, faults = Store(options.state), Switches(), Faults()
    shop = Shop(store, Events(store, switches, listening=bool(options.webhook_url)), options.base_url)
    sender = Sender(store, options.webhook_url, options.webhook_secret)
    app = web.Application()
    app.add_routes(Api(shop, options.api_key, faults, sender).routes())
    app.add_routes(Page(shop, sender).routes())
    app.add_routes(Control(shop, switches, faults, sender).routes())
    app.add_routes([web.get("/health", _health)])

    async def background(_: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sender.run()), asyncio.create_task(_clock(shop, sender))]
        yield
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        store.close()

    app.cleanup_ctx.append(background)
    return app


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _clock(shop: Shop, sender: Sender) -> None:
    while True:
        with shop.store.transaction():
            checkout.close_overdue(shop)
        sender.wake.set()
        await asyncio.sleep(1)
