"""The bot's dealings in keys with the homeserver: publish ours, look up other people's, open Olm sessions with them.

Every step is written to the store before the homeserver hears of it, so that a crash leaves no key without its half.
"""

import asyncio
import time
from collections.abc import Iterable

from nio.event_builders import ToDeviceMessage

from appservice.matrix.api import Actor, AwayError, Json, MatrixError
from appservice.matrix.cross_signing import Seeds, countersigned
from appservice.matrix.machine import SafeOlm
from core.ids import new_id
from core.logs import log

_ONE_TIME = "signed_curve25519"
_PATIENCE = 60.0
"""Seconds until a person's homeserver is asked again, and at most until a device without one-time keys is."""
_SOON = 0.4
"""Seconds until such a device is asked again the first time: it may just have logged in. Doubled each time."""
_FRESH = 5.0
"""Seconds in which an answer about a person's devices is not asked for again, whatever strangers send."""
_AT_ONCE = 20
"""To-device messages in a request: servers pack them into one event for another server, and events are limited."""

_log = log("appservice.matrix")


class KeyExchange:
    """Keys out and in, for the machine of the bot's device. `bot` acts with that device."""

    def __init__(self, bot: Actor, olm: SafeOlm) -> None:
        self._bot = bot
        self._olm = olm
        self._querying = asyncio.Lock()
        self._claiming = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._asked: dict[str, float] = {}
        self._unreachable: dict[str, float] = {}
        self._keyless: dict[tuple[str, str], tuple[float, float]] = {}

    async def publish(self, seeds: Seeds | None = None) -> None:
        """Upload what the homeserver lacks of our device keys, signed by our identity, and one-time keys."""
        if self._olm.should_upload_keys:
            body = self._olm.share_keys()
            if seeds and "device_keys" in body:
                body["device_keys"] = countersigned(seeds, self._olm.user_id, body["device_keys"])
            self._olm.save_account()
            answer = await self._bot.post("keys", "upload", body=body)
            self._olm.account.shared = True
            self._olm.account.mark_keys_as_published()
            self._olm.save_account()
            self._olm.uploaded_key_count = answer["one_time_key_counts"].get(_ONE_TIME, 0)

    async def publish_fallback_key(self) -> None:
        """Upload a fallback key: what others use to reach us when our one-time keys have run out. nio has none."""
        account = self._olm.account._account  # nio's wrapper does not lead here
        if not account.fallback_key:  # else: one that was made, but perhaps never arrived
            account.generate_fallback_key()
            self._olm.save_account()
        ((key_id, key),) = account.fallback_key.items()
        signed: Json = {"key": key.to_base64(), "fallback": True}
        signed["signatures"] = {self._olm.user_id: {f"ed25519:{self._olm.device_id}": self._olm.sign_json(signed)}}
        await self._bot.post("keys", "upload", body={"fallback_keys": {f"{_ONE_TIME}:{key_id}": signed}})
        self._olm.account.mark_keys_as_published()
        self._olm.save_account()

    async def look_up(self, users: Iterable[str], *, again: bool = False) -> None:
        """See to it that we know the devices of these people; of those we follow, only if theirs have changed.

        People whose homeserver is away are left with the devices known so far. Raises AwayError for our own.
        """
        async with self._querying:  # two at once would see the same people as unknown
            now = time.monotonic()
            for user in users:
                if user not in self._olm.tracked_users or (again and self._asked.get(user, 0) <= now - _FRESH):
                    self._olm.users_for_key_query.add(user)
            wanted = [user for user in self._olm.users_for_key_query if self._unreachable.get(user, 0) <= now]
            if not wanted:
                return
            self._olm.users_for_key_query.difference_update(wanted)  # who comes back meanwhile has changed again
            found: Json = {}
            try:
                body = {"device_keys": dict.fromkeys(wanted, ()), "timeout": 5000}
                found = (await self._bot.post("keys", "query", body=body)).get("device_keys", {})
            finally:
                for user in wanted:
                    self._learn(user, found)

    def _learn(self, user: str, found: Json) -> None:
        self._asked[user] = time.monotonic()
        changed_meanwhile = user in self._olm.users_for_key_query
        if user in found:
            self._olm.learn_devices(user, found[user])
            self._unreachable.pop(user, None)
        else:
            self._unreachable[user] = time.monotonic() + _PATIENCE
        if changed_meanwhile or user not in found:
            self._olm.users_for_key_query.add(user)

    async def open_sessions(self, users: frozenset[str]) -> None:
        """See to it that we have an Olm session with every device of these people that has a key left for us."""
        async with self._claiming:  # two at once would use up two one-time keys and make two sessions
            now = time.monotonic()
            missing: dict[str, list[str]] = {}
            for user, devices in self._olm.get_missing_sessions(list(users)).items():
                waiting = [device for device in devices if self._keyless.get((user, device), (0, 0))[0] <= now]
                if waiting:
                    missing[user] = waiting
            await self._claim(missing)
            for user, devices in self._olm.get_missing_sessions(list(missing)).items():
                for device in devices:
                    pause = min(self._keyless.get((user, device), (0.0, _SOON / 2))[1] * 2, _PATIENCE)
                    self._keyless[user, device] = (now + pause, pause)

    async def _claim(self, wanted: dict[str, list[str]]) -> None:
        if not wanted:
            return
        devices = {user: dict.fromkeys(theirs, _ONE_TIME) for user, theirs in wanted.items()}
        answer = await self._bot.post("keys", "claim", body={"one_time_keys": devices, "timeout": 5000})
        for user, theirs in answer.get("one_time_keys", {}).items():
            for device, keys in theirs.items():
                if device in devices.get(user, {}):
                    self._olm.learn_one_time_key(user, device, keys)

    async def send_to_devices(self, messages: Json) -> None:
        """Send Olm messages: {user: {device: content}}. What they change in the ratchets is in the store already."""
        flat = [(user, device, content) for user, theirs in messages.items() for device, content in theirs.items()]
        for start in range(0, len(flat), _AT_ONCE):
            part: Json = {}
            for user, device, content in flat[start : start + _AT_ONCE]:
                part.setdefault(user, {})[device] = content
            await self._bot.put("sendToDevice", "m.room.encrypted", new_id().hex, body={"messages": part})

    async def maintain(self, *, fallback_key_needed: bool) -> None:
        """Do all that the last sync made necessary. What fails is done after the next one; what waits, waits."""
        try:
            await self.publish()
            if fallback_key_needed:
                await self.publish_fallback_key()
            if self._olm.users_for_key_query:
                await self.look_up(())
            await self.send_waiting()
        except (AwayError, MatrixError) as later:
            _log.warning("keys could not be exchanged", error=type(later).__name__, reason=str(later))

    async def send_waiting(self) -> None:
        """Open the Olm sessions that are wanted, and send what is queued for devices. Raises AwayError, MatrixError."""
        async with self._sending:  # two at once would send the same twice
            await self._unwedge()
            for message in [*self._olm.outgoing_to_device_messages]:
                await self._send_queued(message)

    async def _unwedge(self) -> None:
        """Begin anew with devices whose Olm sessions have broken; those without a key left are given up for now."""
        asked, wedged = [*self._olm.wedged_devices], dict[str, list[str]]()
        for device in asked:
            wedged.setdefault(device.user_id, []).append(device.id)
        async with self._claiming:
            await self._claim(wedged)
        # Not those that broke meanwhile.
        self._olm.wedged_devices[:] = [device for device in self._olm.wedged_devices if device not in asked]

    async def _send_queued(self, message: ToDeviceMessage) -> None:
        try:
            await self._bot.put("sendToDevice", message.type, new_id().hex, body=message.as_dict())
        except MatrixError as refused:  # by what a stranger had put into it, perhaps: the others wait behind it
            _log.warning("a to-device message was refused", reason=refused.code)
            self._olm.outgoing_to_device_messages.remove(message)
            return
        self._olm.sent(message)
