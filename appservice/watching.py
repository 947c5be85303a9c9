"""For those who keep the service awake: whether it lives, whether it is ready, and figures for Prometheus."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.inbox import inbox
from core.lanes import counts
from core.outbox import outbox

_waiting = Gauge("careconnect_lane_rows_open", "Rows of inbox and outbox that are not done", ["table", "state"])
_STATES = ("waiting", "blocked", "failed")


def routes(database: Database) -> list[web.RouteDef]:
    """`/health/live`, `/health/ready` (the database answers) and `/metrics`; nothing personal in any of them."""

    async def live(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(_request: web.Request) -> web.Response:
        try:
            async with database.transaction() as tx:
                await tx.conn.execute(text("SELECT 1"))
        except (OSError, DBAPIError):
            return web.Response(status=503, text="the database does not answer\n")
        return web.Response(text="ready\n")

    async def metrics(_request: web.Request) -> web.Response:
        async with database.transaction() as tx:
            for table in (inbox, outbox):
                found = await counts(tx, table)
                for state in _STATES:
                    _waiting.labels(table.name, state).set(found.get(state, 0))
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [
        web.get("/health", live),
        web.get("/health/live", live),
        web.get("/health/ready", ready),
        web.get("/metrics", metrics),
    ]
