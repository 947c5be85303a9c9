"""The database: can it be reached, is it new enough, is its schema ours, does its clock agree, is work stuck."""

import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError

import migrations
from appservice.check.finding import Finding, ok, warning, wrong
from core.database import Database, Tx
from core.inbox import inbox
from core.lanes import counts
from core.outbox import outbox
from core.settings import Settings
from core.shards import lane_shard

_OLDEST = 150000
_CLOCKS_AGREE = timedelta(seconds=5)
_STUCK = timedelta(minutes=10)


def clock_finding(whose: str, theirs: datetime, ours: datetime) -> Finding:
    """Judge how far a peer's clock is from ours."""
    apart = abs(theirs - ours)
    if apart > _CLOCKS_AGREE:
        return wrong(
            "clock",
            f"{whose} clock is {apart.total_seconds():.0f} s away from this machine's.",
            "Let both be set by NTP: holds, reminders and signatures of payments hang on the time.",
        )
    return ok("clock", f"{whose} clock agrees with this machine's.")


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        database = Database(settings.database.url.get_secret_value(), pool=4)
    except (ArgumentError, ValueError):  # their messages hold the address, and with it the password
        yield wrong("database", "Its address cannot be read.", "Correct url in [database].")
        return
    try:
        async with database.transaction() as tx:
            async for finding in _findings(tx, settings.matrix.shards):
                yield finding
    except (OSError, asyncpg.PostgresError, DBAPIError) as away:
        yield wrong(
            "database",
            f"It cannot be used: {_reason(away)}.",
            "Start PostgreSQL, or correct url in [database] (host, port, name, user, password).",
        )
    finally:
        await database.close()


def _reason(away: Exception) -> str:
    """Say what is wrong without the address: it holds the password."""
    origin = away.orig.__cause__ if isinstance(away, DBAPIError) and away.orig else away
    known = {
        ConnectionRefusedError: "nobody listens there",
        FileNotFoundError: "there is no such socket",
        asyncpg.InvalidPasswordError: "it refuses the password",
        asyncpg.InvalidCatalogNameError: "there is no database of that name",
        asyncpg.InsufficientPrivilegeError: "the user may not do that",
        TimeoutError: "it does not answer",
        socket.gaierror: "there is no machine of that name",
    }
    return next((words for kind, words in known.items() if isinstance(origin, kind)), type(origin).__name__)


async def _findings(tx: Tx, shards: int) -> AsyncIterator[Finding]:
    version = int((await tx.conn.execute(text("SHOW server_version_num"))).scalar_one())
    name = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version < _OLDEST:
        yield wrong("database", f"{name} answers, which is too old.", "careConnect needs PostgreSQL 15 or newer.")
        return
    yield ok("database", f"{name} answers.")
    began = (await tx.conn.execute(select(func.now()))).scalar_one()
    # `tx.now` was read by us after BEGIN was answered, `now()` by the server when it came: a round trip apart at most.
    yield clock_finding("The database's", began, tx.now)
    finding = await _schema(tx)
    yield finding
    if finding.level == "ok":
        yield await _work(tx)
        yield await _shards(tx, shards)


async def _schema(tx: Tx) -> Finding:
    wanted = set(ScriptDirectory.from_config(migrations.configuration("postgresql://")).get_heads())
    there = (await tx.conn.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL"))).scalar_one()
    found = await tx.conn.execute(text("SELECT version_num FROM alembic_version")) if there else None
    if found is None or {row[0] for row in found} != wanted:
        state = "is not the one of this version" if there else "is not there yet"
        return wrong("schema", f"The schema {state}.", "Run `careconnect migrate`.")
    return ok("schema", "Up to date.")


async def _shards(tx: Tx, shards: int) -> Finding:
    """Rooms of a bot that is not configured any more: nobody would answer there."""
    highest = (await tx.conn.execute(select(func.max(lane_shard.c.shard)))).scalar_one()
    if highest is not None and highest >= shards:
        return wrong(
            "bots",
            f"There are rooms of bot number {highest + 1}, but only {shards} are configured: nobody answers in them.",
            f"Set shards in [matrix] to {highest + 1} or more, in every replica. It may grow, and never shrink.",
        )
    return ok("bots", f"{shards} configured, and no room belongs to another.")


async def _work(tx: Tx) -> Finding:
    """Work that was given up, or that waits longer than any peer should be away."""
    failed = stuck = 0
    for table in (inbox, outbox):
        failed += (await counts(tx, table))["failed"]
        late = select(func.count()).where(table.c.state == "waiting", table.c.created_at < tx.now - _STUCK)
        stuck += (await tx.conn.execute(late.where(table.c.attempts > 0))).scalar_one()
    if failed or stuck:
        return warning(
            "work",
            f"{failed} pieces of work were given up, {stuck} have been retried for more than ten minutes.",
            "The log names each with its reason; what was given up stays in the tables inbox and outbox.",
        )
    return ok("work", "Nothing was given up and nothing is stuck.")
