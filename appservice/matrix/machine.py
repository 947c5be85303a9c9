"""The Olm machine: nio's, made safe against what strangers send. No network here.

What nio lets through and this one does not: a malformed to-device message (nio raises out of the sync, again at each
restart), a Megolm session of one person used under another's name, an event moved to another room or sent again.
"""

import json
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache, TTLCache
from nio.crypto import DeviceStore, InboundGroupSession, Olm, OlmDevice, OutboundGroupSession, OutgoingKeyRequest
from nio.event_builders import RoomKeyRequestMessage, ToDeviceMessage
from nio.events import ForwardedRoomKeyEvent, RoomKeyEvent, ToDeviceEvent
from nio.responses import KeysClaimResponse, KeysQueryResponse, ToDeviceResponse
from psycopg import OperationalError
from vodozemac import MegolmMessage

from appservice.matrix.store import KeyStore
from core.logs import log

_log = log("appservice.matrix")
_BEGINS_VERIFYING = ("m.key.verification.request", "m.key.verification.start")
_IN_THE_CHAT = "Please verify me in our chat: open my profile there, and choose to verify me."
_WITHHELD = ("m.room_key.withheld", "org.matrix.room_key.withheld")
_REMEMBERED = 10_000
_AT_ONCE = 100
_HOUR = 3600


def in_json(said: Any) -> str:
    """Write it with the letters of all scripts as they are, and half letters, which no encoding has, as escapes."""
    words = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return words.encode(errors="backslashreplace").decode()


class UndecryptableError(Exception):
    """No session, or not one that this sender may use."""


class UnknownDeviceError(UndecryptableError):
    """There is a session, but no known device of the sender owns it: their device list may be out of date."""


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What was inside an m.room.encrypted event."""

    type: str
    content: dict[str, Any]


class SafeOlm(Olm):  # type: ignore[misc]
    """nio's Olm machine over our store. It is not re-entrant: see RoomCipher for the locks."""

    store: KeyStore
    device_store: DeviceStore

    def __init__(self, user_id: str, device_id: str, store: KeyStore) -> None:
        super().__init__(user_id, device_id, store)
        self._seen: LRUCache[tuple[str, str, int], str] = LRUCache(100_000)
        self._declined: TTLCache[tuple[str, str], bool] = TTLCache(_REMEMBERED, _HOUR)
        self.withheld: TTLCache[tuple[str, str], str] = TTLCache(_REMEMBERED, _HOUR)
        """Why a person's client will not give us the key of a session, by the person and the session: the spec's code.
        """

    # What comes in

    def receive(self, raw: Any) -> str | None:
        """Take one to-device message, whatever it is.

        Returns the id of the Megolm session whose key it brought, or which it says that we will not get.
        """
        try:
            if raw["type"] in _WITHHELD:
                return self._learn_withheld(raw)
            if raw["type"] in _BEGINS_VERIFYING:
                self._decline_verification(raw)
                return None
            event = ToDeviceEvent.parse_event(raw)
            with self.store.atomic():  # one bad message must not spoil the transaction of the others
                got = self.handle_to_device_event(event) if isinstance(event, ToDeviceEvent) else None
        except OperationalError:
            raise  # not the message's fault: it has to come again
        except Exception as bad:  # noqa: BLE001  anybody may send anything here: contain it, one message at a time
            _log.warning("bad to-device message", error=type(bad).__name__)
            return None
        return str(got.session_id) if isinstance(got, RoomKeyEvent | ForwardedRoomKeyEvent) else None

    def _decline_verification(self, raw: dict[str, Any]) -> None:
        """Queue the word that we verify each other in the chat, where both see who it is: once for each beginning."""
        sender, content = str(raw["sender"]), raw["content"]
        device, transaction = content["from_device"], content["transaction_id"]
        if not isinstance(device, str) or not isinstance(transaction, str) or (sender, transaction) in self._declined:
            return
        self._declined[sender, transaction] = True
        said = {"transaction_id": transaction, "code": "m.unknown_method", "reason": _IN_THE_CHAT}
        if len(self.outgoing_to_device_messages) < _AT_ONCE:  # more are no person's doing
            cancel = ToDeviceMessage("m.key.verification.cancel", sender, device, said)
            self.outgoing_to_device_messages.append(cancel)

    def _learn_withheld(self, raw: dict[str, Any]) -> str | None:
        content = raw["content"]
        session, code = content.get("session_id"), content.get("code")
        if not isinstance(session, str) or not isinstance(code, str):
            return None  # m.no_olm is about a device and names no session
        self.withheld[str(raw["sender"]), session] = code
        return session

    def handle_key_verification(self, event: Any) -> None:
        """Nothing: that is done in the chat (see verification.py); who begins it by to-device messages is told so."""

    def _handle_key_requests(self, event: Any) -> None:
        """Nothing: the bot has one device, and gives its keys to no other."""

    def create_group_session(
        self, sender_key: str, sender_fp_key: str, room_id: str, session_id: str, session_key: str
    ) -> None:
        """Keep a Megolm session for reading, unless one is there that reads as much."""
        if sender_key == self.account.identity_keys["curve25519"]:
            return  # our own: the bot does not read what it said
        session = InboundGroupSession(session_key, sender_fp_key, sender_key, room_id)
        if session.id != session_id:
            return
        known = self.inbound_group_store.get(room_id, sender_key, session_id)
        if known and known.first_known_index <= session.first_known_index:
            return
        self.inbound_group_store.add(session)
        self.save_inbound_group_session(session)

    def _should_accept_forward(self, sender: str, sender_key: str, event: ForwardedRoomKeyEvent) -> bool:
        """Take a key that we asked for from the device whose own it is: as good as an m.room_key from there."""
        asked: OutgoingKeyRequest | None = self.outgoing_key_requests.get(event.session_id)
        owner = event.source["content"].get("sender_key")
        return asked is not None and asked.room_id == event.room_id and owner == sender_key

    def decrypt_room_event(self, event: dict[str, Any]) -> Decrypted:
        """Open an m.room.encrypted event as it came from the homeserver. Raises UndecryptableError."""
        try:
            return self._decrypt_room_event(event)
        except UndecryptableError:
            raise
        except Exception as bad:  # malformed by whoever sent it
            raise UndecryptableError(type(bad).__name__) from bad

    def _decrypt_room_event(self, event: dict[str, Any]) -> Decrypted:
        content, room_id, sender = event["content"], event["room_id"], event["sender"]
        session = self._session_for(room_id, content["session_id"], sender)
        opened = session._session.decrypt(MegolmMessage.from_base64(content["ciphertext"]))
        payload = json.loads(opened.plaintext)
        if payload["room_id"] != room_id:
            raise UndecryptableError("of another room")
        place = (session.sender_key, session.id, opened.message_index)
        if self._seen.setdefault(place, event["event_id"]) != event["event_id"]:
            raise UndecryptableError("sent again under another id")
        if not isinstance(payload["type"], str) or not isinstance(payload["content"], dict):
            raise UndecryptableError("malformed")
        inner: dict[str, Any] = payload["content"]
        if "m.relates_to" in content:  # stands outside, for the homeserver to see
            inner = {"m.relates_to": content["m.relates_to"], **inner}
        return Decrypted(payload["type"], inner)

    def _session_for(self, room_id: str, session_id: str, sender: str) -> InboundGroupSession:
        """Return the session of that id which belongs to a device of `sender`, known or since removed."""
        candidates = [
            theirs[session_id] for theirs in self.inbound_group_store[room_id].values() if session_id in theirs
        ]
        devices = self.device_store[sender].values()
        for session in candidates:
            if any(d.curve25519 == session.sender_key and d.ed25519 == session.ed25519 for d in devices):
                return session
        raise UnknownDeviceError("no device of the sender's") if candidates else UndecryptableError("no session")

    def ask_for_key(self, event: dict[str, Any]) -> None:
        """Queue a request for the key of an event, to the device that sent it, whose person's devices are known.

        A device with which we have no Olm session, or an old one, is marked for a new one: the empty message in it is
        how a client learns of our device that did not know it, and gives its next key to it, too.
        """
        content, sender, room_id = event["content"], event["sender"], event["room_id"]
        session = content["session_id"]
        theirs = self.device_store[sender].get(str(content.get("device_id")))
        # Who sends need not say by which device.
        devices = [theirs] if theirs else [*self.device_store.active_user_devices(sender)]
        for device in devices:
            self._mark_device_for_unwedging(sender, device.curve25519)
        if session not in self.outgoing_key_requests and devices:
            self.outgoing_to_device_messages.append(self._request(sender, theirs, room_id, session))

    def _request(self, user: str, device: OlmDevice | None, room_id: str, session: str) -> RoomKeyRequestMessage:
        wanted = {"algorithm": self._megolm_algorithm, "room_id": room_id, "session_id": session}
        if device:
            wanted["sender_key"] = device.curve25519  # deprecated, and still looked for by older clients
        content = {
            "action": "request",
            "body": wanted,
            "request_id": session,
            "requesting_device_id": self.device_id,
        }
        to = device.id if device else "*"
        return RoomKeyRequestMessage(
            "m.room_key_request", user, to, content, session, session, room_id, self._megolm_algorithm
        )

    # What the homeserver answers

    def learn_devices(self, user_id: str, devices: Any) -> None:
        """Take one user's part of an answer to /keys/query, leaving out what is not well formed."""
        theirs = devices if isinstance(devices, dict) else {}
        good = {name: keys for name, keys in theirs.items() if self._is_device(user_id, name, keys)}
        with self.store.atomic():
            self._handle_key_query(KeysQueryResponse({user_id: good}, {}))

    def _is_device(self, user_id: str, name: str, keys: Any) -> bool:
        try:
            named = keys["user_id"] == user_id and keys["device_id"] == name
            return named and bool(self.verify_json(dict(keys), keys["keys"][f"ed25519:{name}"], user_id, name))
        except Exception:  # noqa: BLE001  malformed by whoever uploaded it
            return False

    def learn_one_time_key(self, user_id: str, device_id: str, keys: Any) -> None:
        """Take one device's part of an answer to /keys/claim: an Olm session, if the key is good."""
        try:
            with self.store.atomic():
                self._handle_key_claiming(KeysClaimResponse({user_id: {device_id: keys}}, {}))
        except OperationalError:
            raise
        except Exception as bad:  # noqa: BLE001  malformed by whoever uploaded it
            _log.warning("bad one-time key", error=type(bad).__name__)

    def sent(self, message: ToDeviceMessage) -> None:
        """A queued to-device message has gone out."""
        self.handle_response(ToDeviceResponse(message))

    def devices_of(self, users: frozenset[str]) -> list[OlmDevice]:
        """Return all present devices of these people but our own."""
        found = [device for user in users for device in self.device_store.active_user_devices(user)]
        return [device for device in found if (device.user_id, device.id) != (self.user_id, self.device_id)]

    # What goes out

    def group_encrypt(self, room_id: str, plaintext_dict: dict[str, Any]) -> dict[str, str]:
        """Encrypt for a room; an Arabic letter takes two octets of an event's 64 KiB so, and six with nio's escapes."""
        session = self.outbound_group_sessions[room_id]
        return {
            "algorithm": self._megolm_algorithm,
            "sender_key": self.account.identity_keys["curve25519"],
            "ciphertext": session.encrypt(in_json(plaintext_dict | {"room_id": room_id})),
            "session_id": session.id,
            "device_id": self.device_id,
        }

    def room_keys_for(self, devices: list[OlmDevice], room_id: str, session: OutboundGroupSession) -> dict[str, Any]:
        """Return {user: {device: encrypted m.room_key}} for those of the devices with which we have an Olm session."""
        key = {
            "algorithm": self._megolm_algorithm,
            "room_id": room_id,
            "session_id": session.id,
            "session_key": session.session_key,
        }
        messages: dict[str, Any] = {}
        for device in devices:
            pairwise = self.session_store.get(device.curve25519)
            if pairwise:
                sealed = self._olm_encrypt(pairwise, device, "m.room_key", key)
                messages.setdefault(device.user_id, {})[device.id] = sealed
        return messages
