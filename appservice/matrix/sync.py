"""The bot's own /sync: keys for reading, changes of devices, key counts, and who came or went. No messages.

Synapse loses to-device messages on the way to application services; through /sync none. The order makes a crash
harmless: keys are in the store before waiting events are woken, and both before the place in the stream is.
"""

import asyncio
import json
import secrets
from collections.abc import Iterable

from sqlalchemy import update

from appservice.matrix.api import AwayError, Json, MatrixError
from appservice.matrix.device import Device
from appservice.matrix.filtering import EVENT
from core import figures
from core.database import Database
from core.inbox import inbox
from core.lanes import backoff, wake_blocked
from core.logs import log

_log = log("appservice.matrix")
_MEMBERS_ONLY = {"types": ["m.room.member"]}
_FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        # Members have to be asked for: without them the homeserver does not say whose devices are new to us.
        "room": {
            "timeline": {**_MEMBERS_ONLY, "limit": 20},
            "state": _MEMBERS_ONLY,
            "ephemeral": {"types": []},
            "account_data": {"types": []},
        },
    }
)
_NO_ROOMS: Json = {"presence": {"types": []}, "account_data": {"types": []}}
_LONG_POLL = 30_000
"""Milliseconds."""


class SyncLoop:
    """Keeps the machine of the bot's device up to date."""

    def __init__(self, database: Database, device: Device) -> None:
        self._database = database
        self._device = device

    async def run(self) -> None:
        """Sync until cancelled; a homeserver that is away is asked again and again."""
        await self._wake_all()
        failures = 0
        while True:
            try:
                await self.once(_LONG_POLL if self._device.caught_up.is_set() else 0)
            except (AwayError, MatrixError) as away:
                _log.warning("cannot sync", error=type(away).__name__, reason=str(away), attempts=failures + 1)
                seconds = away.seconds if isinstance(away, AwayError) else None
                await asyncio.sleep(seconds or min(backoff(failures), 10))  # who leads should not sleep for minutes
                failures += 1
            else:
                failures = 0

    async def once(self, patience: int) -> None:
        """One round: ask, waiting at most `patience` milliseconds, and take in what comes."""
        olm = self._device.olm
        since = olm.store.load_sync_token()
        query = {
            "filter": _FILTER,
            "timeout": patience,
            "set_presence": "offline",
            **({"since": since} if since else {}),
        }
        answer = await self._device.bot.get("sync", query=query, seconds=patience / 1000 + 60)
        figures.synced_at.labels(self._device.localpart).set_to_current_time()
        came = self._take_in(answer)
        if came:
            await self._wake(came)
        olm.store.save_sync_token(answer["next_batch"])
        for room_id in _changed_rooms(answer):
            self._device.views.forget(room_id)
        if not answer.get("to_device", {}).get("events") and not self._device.caught_up.is_set():
            self._device.caught_up.set()
            await self._wake_all()
        unused = answer.get("device_unused_fallback_key_types", ["signed_curve25519"])
        await self._device.keys.maintain(fallback_key_needed="signed_curve25519" not in unused)

    def _take_in(self, answer: Json) -> set[str]:
        """Keys, counts and changed devices into the machine, in one commit. Returns the Megolm sessions that came."""
        olm = self._device.olm
        with olm.store.atomic():
            came = {olm.receive(raw) for raw in answer.get("to_device", {}).get("events", [])}
        olm.add_changed_users(set(answer.get("device_lists", {}).get("changed", [])) & olm.tracked_users)
        # A count of 0 is left out by some servers: what is not said is none.
        olm.uploaded_key_count = answer.get("device_one_time_keys_count", {}).get("signed_curve25519", 0)
        return {session for session in came if session}

    async def _wake(self, sessions: Iterable[str]) -> None:
        async with self._database.transaction() as tx:
            for session in sessions:
                await wake_blocked(tx, inbox, session)

    async def _wake_all(self) -> None:
        """Try every waiting event: its key may have been stored just before a crash."""
        async with self._database.transaction() as tx:
            await tx.conn.execute(
                update(inbox)
                .where(inbox.c.state == "blocked", inbox.c.kind == EVENT)
                .values(state="waiting", waits_for=None, due_at=tx.now)
            )
            tx.wake(inbox.name)


async def keys_lie_there(device: Device) -> bool:
    """Whether the homeserver has anything for our device that the loop has not taken in. Nothing is taken in by this.

    Raises AwayError, MatrixError.
    """
    since = device.olm.store.load_sync_token()
    if since is None:
        return True
    # No two of these questions are the same: Synapse gives the same answer again for two minutes.
    room = {"rooms": [], "timeline": {"limit": secrets.randbelow(1 << 30) + 1}}
    query = {"filter": json.dumps(_NO_ROOMS | {"room": room}), "timeout": 0, "set_presence": "offline", "since": since}
    return bool((await device.bot.get("sync", query=query)).get("to_device", {}).get("events"))


def _changed_rooms(answer: Json) -> set[str]:
    """The rooms in which somebody came or went, and those that the bot has joined or left."""
    rooms = answer.get("rooms", {})
    return {room_id for part in ("join", "leave") for room_id in rooms.get(part, {})}
