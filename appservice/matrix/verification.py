"""Verifying each other by emoji, in the chat, as Element does it: the person begins, the bot goes along.

https://spec.matrix.org/v1.16/client-server-api/#short-authentication-string-sas-verification, in rooms, with the key
agreement curve25519-hkdf-sha256 and hkdf-hmac-sha256.v2. What is under way lives in memory: after ten minutes, or with
a new leader, the person's client is told that it is over, and the person begins anew. Clients send their steps in
clear, which the steps allow for.
"""

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import Any

from cachetools import TTLCache
from nio.api import Api as Canonical
from nio.crypto import Sas as Pictures
from unpaddedbase64 import encode_base64
from vodozemac import Curve25519PublicKey, EstablishedSas, Sas, SasException

from appservice.matrix import cross_signing
from appservice.matrix.api import Actor, Json, MatrixError
from appservice.matrix.cross_signing import Seeds
from appservice.matrix.filtering import VERIFYING
from appservice.matrix.machine import SafeOlm, UndecryptableError
from appservice.matrix.markdown import message
from appservice.matrix.room_cipher import RoomCipher
from appservice.matrix.views import RoomViews
from core.languages import _
from core.logs import log

REQUEST, _KIND = f"{VERIFYING}request", VERIFYING
_METHOD, _AGREEMENT, _MAC = "m.sas.v1", "curve25519-hkdf-sha256", "hkdf-hmac-sha256.v2"
_AT_ONCE = 200
_REMEMBERED = 10_000
_SECONDS = 600
_GOES_ON = frozenset(f"{_KIND}{step}" for step in ("start", "key", "mac"))
"""Steps that wait for one of ours."""
_log = log("appservice.matrix")


@dataclass
class _Running:
    """One verification, by the event that asked for it."""

    id: str
    user: str
    device: str
    ours: Sas = field(default_factory=Sas)
    public: str = ""
    theirs: str = ""
    established: EstablishedSas | None = None
    step: str = "asked"
    """How far it is: once all was sent that a step takes. One that finds the homeserver away is taken anew."""


class Verifications:
    """Of the bot's device, in the process that leads."""

    def __init__(self, bot: Actor, olm: SafeOlm, seeds: Seeds, views: RoomViews, cipher: RoomCipher) -> None:
        self._bot = bot
        self._olm = olm
        self._seeds = seeds
        self._views = views
        self._cipher = cipher
        self._running: TTLCache[str, _Running] = TTLCache(_AT_ONCE, _SECONDS)
        self._over: TTLCache[tuple[str, str], bool] = TTLCache(_REMEMBERED, _SECONDS)
        """Those that have ended here, and what was found to be none with us, each with who goes on with it."""

    async def take(self, room_id: str, sender: str, event_id: str, event_type: str, content: Json) -> bool:
        """Take an event, decrypted and vouched for; says whether it was one of these. Raises AwayError.

        Where nothing is encrypted none is taken: a request there is a message like any other, and answered as such.
        """
        requested = event_type == "m.room.message" and content.get("msgtype") == REQUEST
        if not requested and not event_type.startswith(_KIND):
            return False
        if not (await self._views.of(room_id)).encrypted:
            return not requested
        if requested:
            await self._requested(room_id, sender, event_id, content)
            return True
        relation = content.get("m.relates_to")
        asked = str(relation.get("event_id")) if isinstance(relation, dict) else ""
        running = self._running.get(asked)
        if running is None and event_type in _GOES_ON and (asked, sender) not in self._over:
            await self._forgotten(room_id, sender, asked)
        if running is None or running.user != sender:
            return True  # not ours, or over
        steps = {"start": self._started, "key": self._key, "mac": self._mac, "cancel": self._cancelled}
        step = steps.get(event_type.removeprefix(_KIND))
        try:
            if step:
                await step(room_id, running, content)
        except (KeyError, TypeError, ValueError, AttributeError, SasException, MatrixError) as bad:
            _log.warning("a verification failed", error=type(bad).__name__)
            await self._cancel(
                room_id, running, "m.key_mismatch" if isinstance(bad, SasException) else "m.invalid_message"
            )
        return True

    async def _forgotten(self, room_id: str, sender: str, asked: str) -> None:
        """Cancel what somebody goes on with whom another process went along with: what was agreed on died with it."""
        try:
            event = await self._bot.get("rooms", room_id, "event", asked)
            opened = self._olm.decrypt_room_event(event) if event["type"] == "m.room.encrypted" else None
            content = opened.content if opened else event["content"]
            ours = content.get("msgtype") == REQUEST and content.get("to") == self._olm.user_id
        except (KeyError, TypeError, AttributeError, MatrixError, UndecryptableError):
            ours = False
        if ours and event["sender"] == sender:
            await self._cancel(room_id, _Running(asked, sender, ""), "m.unknown_transaction")
        self._over[asked, sender] = True

    async def _requested(self, room_id: str, sender: str, event_id: str, content: Json) -> None:
        methods, device = content.get("methods"), content.get("from_device")
        if content.get("to") != self._olm.user_id or not isinstance(methods, list) or _METHOD not in methods:
            return
        if not isinstance(device, str):
            return
        running = self._running.get(event_id) or _Running(event_id, sender, device)
        if running.step != "asked":
            return
        running.public = running.ours.public_key.to_base64()
        self._running[event_id] = running
        await self._send(room_id, running, "ready", from_device=self._olm.device_id, methods=[_METHOD])
        running.step = "ready"

    async def _started(self, room_id: str, running: _Running, content: Json) -> None:
        offered = (
            content["method"] == _METHOD
            and _AGREEMENT in content["key_agreement_protocols"]
            and "sha256" in content["hashes"]
            and _MAC in content["message_authentication_codes"]
            and "emoji" in content["short_authentication_string"]
        )
        if not offered or running.step != "ready":
            await self._cancel(room_id, running, "m.unknown_method" if not offered else "m.unexpected_message")
            return
        running.device = str(content["from_device"])
        # Bound to our key before theirs is known: nobody can choose the pictures.
        committed = running.public.encode() + Canonical.to_canonical_json(content).encode()
        await self._send(
            room_id,
            running,
            "accept",
            method=_METHOD,
            key_agreement_protocol=_AGREEMENT,
            hash="sha256",
            message_authentication_code=_MAC,
            short_authentication_string=["emoji", "decimal"],
            commitment=encode_base64(hashlib.sha256(committed).digest()),
        )
        running.step = "accepted"

    async def _key(self, room_id: str, running: _Running, content: Json) -> None:
        if running.step != "accepted":
            await self._cancel(room_id, running, "m.unexpected_message")
            return
        if running.established is None:  # once: what was agreed on is used up
            running.theirs = str(content["key"])
            running.established = running.ours.diffie_hellman(Curve25519PublicKey.from_base64(running.theirs))
        await self._send(room_id, running, "key", key=running.public)
        shown = "\n".join(f"{n}\\. {emoji} {name}" for n, (emoji, name) in enumerate(self._pictures(running), 1))
        said = _(
            "**We verify each other.** I see these seven pictures; confirm in your client only if it shows the"
            " same ones, in the same order:\n\n{pictures}",
            pictures=shown,
        )
        await self._encrypted(room_id, running, "m.room.message", message(said), "pictures")
        running.step = "compared"

    def _pictures(self, running: _Running) -> list[tuple[str, str]]:
        assert running.established
        theirs = f"{running.user}|{running.device}|{running.theirs}"
        ours = f"{self._olm.user_id}|{self._olm.device_id}|{running.public}"
        info = f"MATRIX_KEY_VERIFICATION_SAS|{theirs}|{ours}|{running.id}"
        return [Pictures.emoji[index] for index in running.established.bytes(info).emoji_indices]

    async def _mac(self, room_id: str, running: _Running, content: Json) -> None:
        """They have confirmed: what they vouch for is checked, and what is ours is vouched for."""
        if running.step != "compared" or running.established is None:
            await self._cancel(room_id, running, "m.unexpected_message")
            return
        macs = dict(content["mac"])
        about = f"{running.user}{running.device}{self._olm.user_id}{self._olm.device_id}{running.id}"
        info = f"MATRIX_KEY_VERIFICATION_MAC{about}"
        running.established.verify_mac(",".join(sorted(macs)), f"{info}KEY_IDS", str(content["keys"]))
        known = await self._keys_of(running.user)
        vouched = {name for name in macs if name in known}
        for name in vouched:
            running.established.verify_mac(known[name], info + name, str(macs[name]))
        if f"ed25519:{running.device}" not in vouched:
            await self._cancel(room_id, running, "m.key_mismatch")
            return
        await self._vouch(room_id, running)
        await self._send(room_id, running, "done")
        await cross_signing.sign_person(self._bot, self._olm, self._seeds, running.user, vouched)
        self._end(running)

    async def _vouch(self, room_id: str, running: _Running) -> None:
        assert running.established
        about = f"{self._olm.user_id}{self._olm.device_id}{running.user}{running.device}{running.id}"
        info = f"MATRIX_KEY_VERIFICATION_MAC{about}"
        ours = {
            f"ed25519:{self._olm.device_id}": self._olm.account.identity_keys["ed25519"],
            cross_signing.name_of(self._seeds["master"]): cross_signing.public_of(self._seeds["master"]),
        }
        macs = {name: running.established.calculate_mac(key, info + name) for name, key in ours.items()}
        keys = running.established.calculate_mac(",".join(sorted(macs)), f"{info}KEY_IDS")
        await self._send(room_id, running, "mac", mac=macs, keys=keys)

    async def _keys_of(self, user: str) -> dict[str, str]:
        """The keys that the homeserver says are somebody's: of devices, and the master key, by their names."""
        answer = await self._bot.post("keys", "query", body={"device_keys": {user: []}})
        found: dict[str, str] = {}
        for name, device in answer.get("device_keys", {}).get(user, {}).items():
            found[f"ed25519:{name}"] = device["keys"][f"ed25519:{name}"]
        return found | dict(answer.get("master_keys", {}).get(user, {}).get("keys", {}))

    async def _cancelled(self, _room_id: str, running: _Running, _content: Json) -> None:
        self._end(running)

    async def _cancel(self, room_id: str, running: _Running, code: str) -> None:
        with contextlib.suppress(MatrixError):  # who has put us out is told nothing
            await self._send(room_id, running, "cancel", code=code, reason=code)
        self._end(running)

    def _end(self, running: _Running) -> None:
        self._running.pop(running.id, None)
        self._over[running.id, running.user] = True

    async def _send(self, room_id: str, running: _Running, kind: str, **content: Any) -> None:
        relation = {"rel_type": "m.reference", "event_id": running.id}
        await self._encrypted(room_id, running, f"{_KIND}{kind}", {**content, "m.relates_to": relation}, kind)

    async def _encrypted(self, room_id: str, running: _Running, event_type: str, content: Json, part: str) -> None:
        view = await self._views.of(room_id)
        sealed = await self._cipher.encrypt(room_id, frozenset(view.members), event_type, content)
        txn = hashlib.sha256(f"{running.id} {part}".encode()).hexdigest()[:32]
        await self._bot.put("rooms", room_id, "send", "m.room.encrypted", txn, body=sealed)
