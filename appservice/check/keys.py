"""The bot's keys: does the homeserver know the identity that we keep, is the device signed by it, are there others."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import psycopg
from cryptography.exceptions import InvalidTag
from sqlalchemy.exc import ArgumentError

from appservice.check.finding import Finding, ok, warning, wrong
from appservice.matrix import cross_signing
from appservice.matrix.api import Api, AwayError, Json, MatrixError
from appservice.matrix.identity import seeds_of
from core.database import libpq_url
from core.settings import MatrixSettings, Settings

_RESTORE = (
    "`careconnect identity restore FILE` brings it back from a backup; without one, `careconnect identity reset`."
)
_STRANGE = (
    "The service takes them away when it next starts. If you did not expect them, somebody may have the as_token:"
    " see “Keys” in docs/operations.md."
)


async def check_keys(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing is said while homeserver or database are away: that others have said already."""
    matrix = settings.matrix
    try:
        async with aiohttp.ClientSession() as http:
            with psycopg.connect(libpq_url(settings.database.url.get_secret_value()), connect_timeout=5) as connection:
                api = Api(http, matrix)
                for bot in matrix.bot_ids:
                    async for finding in _bot(api, matrix, connection, bot):
                        yield finding
                async for finding in _keeper(api, matrix):
                    yield finding
    except (psycopg.Error, ArgumentError, AwayError, MatrixError, OSError, ValueError):
        return


async def _bot(
    api: Api, matrix: MatrixSettings, connection: psycopg.Connection[Any], bot: str
) -> AsyncIterator[Finding]:
    row = connection.execute("SELECT device_id FROM matrix_device WHERE user_id = %s", (bot,)).fetchone()
    if row is None:
        return  # before the first start there is nothing to lose
    device = str(row[0])
    try:
        seeds = seeds_of(matrix, connection, bot)
    except (InvalidTag, ValueError):
        yield wrong(
            "identity", f"That of {bot} cannot be opened: store_key has changed.", "Put the old store_key back."
        )
        return
    known = await api.acting(bot, device).post("keys", "query", body={"device_keys": {bot: []}})
    for finding in _identity(bot, device, seeds, known):
        yield finding
    others = {one["device_id"] for one in (await api.acting(bot).get("devices"))["devices"]} - {device}
    if others:
        yield warning("devices", f"{bot} has {len(others)} devices besides its own.", _STRANGE)


def _identity(bot: str, device: str, seeds: cross_signing.Seeds | None, known: Json) -> Iterator[Finding]:
    master = known.get("master_keys", {}).get(bot, {}).get("keys", {})
    signer = known.get("self_signing_keys", {}).get(bot, {}).get("keys", {})
    signatures = known.get("device_keys", {}).get(bot, {}).get(device, {}).get("signatures", {}).get(bot, {})
    if seeds is None and master:
        yield wrong("identity", f"That of {bot} is lost: its next device could not be signed.", _RESTORE)
    elif seeds and not cross_signing.is_key(seeds["master"], master):
        sentence = f"The homeserver knows {bot} by another identity than the one that is kept here."
        yield wrong("identity", sentence, "Start the service, which publishes its own; if that was restored, wait.")
    elif not set(signer) & set(signatures):
        sentence = f"The device of {bot} is not signed: strict clients give it no keys, so it cannot read."
        yield wrong("identity", sentence, _RESTORE if seeds is None else "Start the service, which signs it.")
    else:
        yield ok(
            "identity", f"{bot} is known by it, and its device is signed. `careconnect identity backup` copies it."
        )


async def _keeper(api: Api, matrix: MatrixSettings) -> AsyncIterator[Finding]:
    """Who opens consultation rooms must own no device: it would be given their keys."""
    try:
        devices = (await api.acting(matrix.keeper_id).get("devices"))["devices"]
    except MatrixError:
        return  # not there before the first start
    if devices:
        yield wrong("devices", f"{matrix.keeper_id} owns {len(devices)} devices, and should own none.", _STRANGE)
