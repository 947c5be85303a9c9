"""The bot's device: found or made at start, with its keys published and cross-signed. No login, no password."""

import asyncio
import secrets
from datetime import datetime

import psycopg

from appservice.matrix import cross_signing, identity
from appservice.matrix.api import Actor, Api, MatrixError
from appservice.matrix.asking import Asking
from appservice.matrix.attention import Attention
from appservice.matrix.exchange import KeyExchange
from appservice.matrix.machine import SafeOlm
from appservice.matrix.room_cipher import RoomCipher
from appservice.matrix.sealing import pickle_key
from appservice.matrix.store import KeyStore
from appservice.matrix.verification import Verifications
from appservice.matrix.views import RoomViews
from core.logs import log
from core.settings import MatrixSettings

_log = log("appservice.matrix")


class Device:
    """The bot's device, and what it sees and says with it: of the process that leads, for as long as it leads."""

    def __init__(self, bot: Actor, olm: SafeOlm, created_at: datetime) -> None:
        self.bot = bot
        self.olm = olm
        self.keys = KeyExchange(bot, olm)
        self.views = RoomViews(bot)
        self.cipher = RoomCipher(olm, self.keys)
        self.attention = Attention(bot)
        self.asking = Asking(olm, self.keys)
        self.verifications: Verifications | None = None
        """None where the seeds of the bot's identity are lost."""
        self.created_at = created_at
        self.localpart = bot.user_id[1:].partition(":")[0]
        self.caught_up = asyncio.Event()
        """Set once all keys that had come before the start have been taken in."""


async def start_device(api: Api, matrix: MatrixSettings, connection: psycopg.Connection, bot: str) -> Device:
    """Return the device of the bot of this localpart, ready to read and to speak.

    Safe to repeat, and to be killed at any line.

    A device whose keys are not those that the homeserver knows (a store lost, or brought back from an old copy) is
    given up for a new one. Raises AwayError, MatrixError.
    """
    user = f"@{bot}:{matrix.server_name}"
    await register(api, bot, user)
    device = await _open(api, matrix, connection, user)
    known = await device.bot.post("keys", "query", body={"device_keys": {user: [device.olm.device_id]}})
    published = known["device_keys"].get(user, {}).get(device.olm.device_id, {}).get("keys", {})
    if published and published != _our_keys(device.olm):
        connection.execute("DELETE FROM matrix_device WHERE user_id = %s", (user,))
        return await start_device(api, matrix, connection, bot)
    if not published:
        device.olm.account.shared = False
    seeds = await _seeds(device.bot, matrix, connection)
    await device.keys.publish(seeds)
    if seeds:
        await cross_signing.ensure(device.bot, device.olm, seeds)
        device.verifications = Verifications(device.bot, device.olm, seeds, device.views, device.cipher)
    await drop_devices(device.bot, but=device.olm.device_id)
    return device


async def drop_devices(actor: Actor, *, but: str | None = None) -> None:
    """Take away the devices of one of our users that should not be there.

    They are old ones whose keys were lost, to which people's clients would go on encrypting, or one that somebody made
    who had our token.
    """
    found = (await actor.get("devices"))["devices"]
    for device_id in (one["device_id"] for one in found if one["device_id"] != but):
        await actor.delete("devices", device_id)
        _log.warning("a device was taken away", kind="old or strange")


async def register(api: Api, localpart: str, user_id: str) -> None:
    """Make the account of one of our users, without a session; that it is there already is fine."""
    body = {"type": "m.login.application_service", "username": localpart, "inhibit_login": True}
    try:
        await api.acting(user_id).post("register", body=body, query={"kind": "user"})
    except MatrixError as taken:
        if taken.code != "M_USER_IN_USE":
            raise


async def _open(api: Api, matrix: MatrixSettings, connection: psycopg.Connection, user: str) -> Device:
    connection.execute(
        "INSERT INTO matrix_device VALUES (%s, %s, now()) ON CONFLICT DO NOTHING", (user, secrets.token_hex(5).upper())
    )
    found = connection.execute("SELECT device_id, created_at FROM matrix_device WHERE user_id = %s", (user,)).fetchone()
    assert found
    device_id, created_at = found
    await api.acting(user).put("devices", device_id, body={"display_name": matrix.display_name})
    # In a thread: a hundred thousand keys take longer than who leads may be silent, and nobody could ever lead.
    store = KeyStore(connection, user, device_id, pickle_key(matrix))
    olm = await asyncio.to_thread(SafeOlm, user, device_id, store)
    return Device(api.acting(user, device_id), olm, created_at)


def _our_keys(olm: SafeOlm) -> dict[str, str]:
    ours = olm.account.identity_keys
    return {f"{name}:{olm.device_id}": ours[name] for name in ("curve25519", "ed25519")}


async def _seeds(bot: Actor, matrix: MatrixSettings, connection: psycopg.Connection) -> cross_signing.Seeds | None:
    """Read the seeds, or make the first ones; they are stored before anything of theirs is uploaded.

    An identity that people know is never replaced by another without the operator's word: a device that it has signed
    stays signed without the seeds.
    """
    user = bot.user_id
    seeds = identity.seeds_of(matrix, connection, user)
    if seeds is None:
        if await cross_signing.published(bot, user):
            _log.error("the bot's identity is lost", reason="see `careconnect identity`")
            return None
        seeds = cross_signing.new_seeds()
        identity.keep(matrix, connection, user, seeds)
    return seeds
