"""The audit's public key and its newest head, for anybody: they say how many entries there are, and nothing of them."""

from aiohttp import web

from appservice.auditing.heads import head_key
from booking.context import Context
from core.database import Database
from records.audit.heads import newest_head


def routes(database: Database, ctx: Context) -> list[web.RouteDef]:
    """GET /audit/key and /audit/head; without a key in the configuration there is neither."""
    key = head_key(ctx.settings)

    async def public_key(_request: web.Request) -> web.Response:
        return _text(str(key.public) + "\n" if key else None)

    async def head(_request: web.Request) -> web.Response:
        async with database.transaction() as tx:
            newest = await newest_head(tx) if key else None
        return _text(newest.signed if newest else None)

    return [web.get("/audit/key", public_key), web.get("/audit/head", head)]


def _text(said: str | None) -> web.Response:
    if said is None:
        raise web.HTTPNotFound
    return web.Response(text=said, headers={"Cache-Control": "no-store"})
