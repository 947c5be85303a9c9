"""For those who keep the service awake: whether it lives, whether it is ready, and figures for Prometheus.

What each figure means stands in core/figures.py; what to watch, in deploy/prometheus and deploy/grafana.
"""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

import migrations
from core import figures
from core.database import Database
from core.inbox import inbox
from core.lanes import counts, longest_due
from core.outbox import outbox


def routes(database: Database) -> list[web.RouteDef]:
    """`/health/live`, `/health/ready` (the database answers, in our schema) and `/metrics`: nothing personal."""
    older = migrations.revisions()[:-1]

    async def live(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(_request: web.Request) -> web.Response:
        """A schema newer than ours is well: that is how an upgrade looks to the old version."""
        try:
            async with database.transaction() as tx:
                there = (await tx.conn.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
        except ProgrammingError:
            there = None
        except (OSError, DBAPIError):
            return web.Response(status=503, text="the database does not answer\n")
        if there is None or there in older:
            return web.Response(status=503, text="the schema is older than this version: careconnect migrate\n")
        return web.Response(text="ready\n")

    async def metrics(_request: web.Request) -> web.Response:
        try:
            await _look(database)
            figures.database_up.set(1)
        except (OSError, DBAPIError):  # the rest is told all the more
            figures.database_up.set(0)
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [
        web.get("/health", live),
        web.get("/health/live", live),
        web.get("/health/ready", ready),
        web.get("/metrics", metrics),
    ]


async def _look(database: Database) -> None:
    """Set the figures that are looked up when they are asked for."""
    figures.connections.set(database.connections())
    async with database.transaction() as tx:
        for table in (inbox, outbox):
            found = await counts(tx, table)
            for state, count in found.items():
                figures.open_rows.labels(table.name, state).set(count)
            figures.oldest_row.labels(table.name).set(await longest_due(tx, table))
