"""Encryption of what the bot says in a room: the Megolm session is given to every device there, then used."""

import asyncio
from collections import defaultdict

from nio.crypto import OutboundGroupSession

from appservice.matrix.api import Json
from appservice.matrix.exchange import KeyExchange
from appservice.matrix.machine import SafeOlm


class NobodyReadsError(Exception):
    """No device of the others in the room can be given the key: who has just logged in has not published keys yet."""


class RoomCipher:
    """Encrypts for rooms. Outbound sessions live in memory only: after a restart new ones are made."""

    def __init__(self, olm: SafeOlm, keys: KeyExchange) -> None:
        self._olm = olm
        self._keys = keys
        # nio's bookkeeping of a session is spread over awaits: one at a time for each room.
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def encrypt(
        self, room_id: str, members: frozenset[str], event_type: str, content: Json, *, unread: bool = False
    ) -> Json:
        """Return the content of an m.room.encrypted event that all devices of `members` can read.

        Devices are not verified by us: who is in the room may read what is said there. Raises AwayError, MatrixError,
        and, unless `unread` says that it does not matter, NobodyReadsError; then nothing is left behind that could keep
        the next try from working.
        """
        async with self._locks[room_id]:
            await self._keys.look_up(members)
            session = self._session(room_id, members)
            if not session.shared or self._targets(members) - session.users_shared_with:
                await self._keys.open_sessions(members)
                await self._share(room_id, session, members)
            if not session.users_shared_with and members - {self._olm.user_id} and not unread:
                raise NobodyReadsError
            session.shared = True
            payload = {"type": event_type, "content": content}
            return _outside(content) | dict(self._olm.group_encrypt(room_id, payload))

    def _session(self, room_id: str, members: frozenset[str]) -> OutboundGroupSession:
        """Return the room's session; a new one if it is used up, or if a device that has it has left."""
        session = self._olm.outbound_group_sessions.get(room_id)
        if session is None or session.expired or session.users_shared_with - self._targets(members):
            self._olm.create_outbound_group_session(room_id)
            session = self._olm.outbound_group_sessions[room_id]
        return session

    def _targets(self, members: frozenset[str]) -> set[tuple[str, str]]:
        return {(device.user_id, device.id) for device in self._olm.devices_of(members)}

    async def _share(self, room_id: str, session: OutboundGroupSession, members: frozenset[str]) -> None:
        """Give the session to the devices that lack it. Those that came later read from here on only."""
        newcomers = self._targets(members) - session.users_shared_with
        devices = [device for device in self._olm.devices_of(members) if (device.user_id, device.id) in newcomers]
        with self._olm.store.atomic():  # the ratchets are stored before anything is sent
            messages = self._olm.room_keys_for(devices, room_id, session)
        await self._keys.send_to_devices(messages)
        session.users_shared_with |= {(user, device) for user, theirs in messages.items() for device in theirs}


def _outside(content: Json) -> Json:
    return {"m.relates_to": content["m.relates_to"]} if "m.relates_to" in content else {}
