"""A person's Matrix client on matrix-nio: registers, encrypts, talks with the bot. For the tour and for tests."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from nio import (
    AsyncClient,
    AsyncClientConfig,
    Event,
    LoginResponse,
    MatrixRoom,
    MegolmEvent,
    ReactionEvent,
    RegisterResponse,
    RoomEncryptedMedia,
    RoomKeyEvent,
    RoomMessage,
    SyncResponse,
    ToDeviceEvent,
    UnknownEvent,
)
from nio.crypto import decrypt_attachment, encrypt_attachment
from nio.exceptions import EncryptionError
from nio.store import SqliteMemoryStore

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
PATIENCE = 150.0
"""Seconds that anything may take, unless somebody says otherwise: far more than it does on a machine that is busy."""
_ALL_SAID = {"room": {"timeline": {"limit": 100}}}
"""A filter for sync, which without one leaves out what ten events follow: a list has ten numbers to tap under it."""
_SHARED_ANEW = 10
"""How often a room's key is shared anew when the room's members change meanwhile."""
_SETTLED_AFTER = 30
"""Seconds until a homeserver that has invited somebody elsewhere has surely noted it."""


class ClientError(Exception):
    """The homeserver refused, or what was waited for did not come."""


class _MemoryStore(SqliteMemoryStore):  # type: ignore[misc]
    """Keys that are gone with the process."""

    def __init__(self, user_id: str, device_id: str, _path: str, pickle_key: str = "", _name: str = "") -> None:
        super().__init__(user_id, device_id, pickle_key)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of somebody else's, decrypted."""

    room: str
    event: str
    sender: str
    body: str
    html: str | None
    replaces: str | None
    """The event that this one edits."""
    encrypted: bool
    source: Any
    """The nio event."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """A reaction of somebody else's."""

    room: str
    event: str
    sender: str
    key: str


# What a device cannot read because it came later is nothing to warn of; who waits for a message says so.
logging.getLogger("nio").setLevel(logging.CRITICAL)

T = TypeVar("T")
Wanted = str | Callable[[Heard], bool]
"""Words that the message contains, or a question about it."""


class Person:
    """Somebody with a client of their own. Make it with `logged_in` or `registered`; `close` it."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.heard: list[Heard] = []
        self.tapped: list[Tapped] = []
        self.unreadable: list[MegolmEvent] = []
        """What came, and its key has not."""
        self.others: list[tuple[str, str, str]] = []
        """Room, event and type of what is no message."""
        self.contents: dict[str, dict[str, Any]] = {}
        """Of those, by event."""
        self._news = asyncio.Condition()
        self._sharing = asyncio.Lock()
        self._syncing: asyncio.Task[None] | None = None
        self._deaf: Exception | None = None
        """Why nothing is heard any more: a fault in what came, or in nio."""

    @property
    def mxid(self) -> str:
        return str(self.client.user_id)

    @classmethod
    async def registered(cls, homeserver: str, localpart: str, password: str) -> Self:
        """Register as a patient does, and come in."""
        person = cls(_client(homeserver, localpart))
        answer = await person.client.register(localpart, password, device_name="test")
        if not isinstance(answer, RegisterResponse):
            await person.client.close()
            raise ClientError(str(answer))
        return await person._come_in()

    @classmethod
    async def logged_in(cls, homeserver: str, localpart: str, password: str) -> Self:
        """Log in with an account that there is."""
        person = cls(_client(homeserver, localpart))
        answer = await person.client.login(password, device_name="test")
        if not isinstance(answer, LoginResponse):
            await person.client.close()
            raise ClientError(str(answer))
        return await person._come_in()

    async def _come_in(self) -> Self:
        self.client.add_event_callback(self._on_event, (RoomMessage, ReactionEvent, MegolmEvent, UnknownEvent))
        self.client.add_to_device_callback(self._read_again, RoomKeyEvent)
        await self._sync_once(0, full=True)
        self._syncing = asyncio.create_task(self._sync())
        return self

    async def _sync(self) -> None:
        try:
            while True:
                try:
                    await self._sync_once(20_000)
                except (aiohttp.ClientError, OSError):  # the homeserver is away: a client tries again, as any does
                    await asyncio.sleep(0.5)
        except Exception as fault:
            async with self._news:  # whoever waits learns of it
                self._deaf = fault
                self._news.notify_all()
            raise

    async def _sync_once(self, patience: int, *, full: bool = False) -> None:
        answer = await self.client.sync(timeout=patience, full_state=full, sync_filter=None if full else _ALL_SAID)
        if not isinstance(answer, SyncResponse):
            await asyncio.sleep(0.2)
            return
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()
        if self.client.should_claim_keys:
            await self.client.keys_claim(self.client.get_users_for_key_claiming())
        await self.client.send_to_device_messages()
        async with self._news:
            self._news.notify_all()

    async def _read_again(self, _key: ToDeviceEvent) -> None:
        """Read what came before its key, as from another homeserver it may; nio itself does not look again.

        At once: what came together with the key, and was said later, is heard after it.
        """
        for event in [*self.unreadable]:
            room = self.client.rooms.get(event.room_id)
            if room and self.client.olm.inbound_group_store.get(event.room_id, event.sender_key, event.session_id):
                with suppress(EncryptionError):
                    read = self.client.decrypt_event(event)
                    self.unreadable.remove(event)
                    await self._on_event(room, read)

    @asynccontextmanager
    async def out_of_touch(self) -> AsyncIterator[None]:
        """Hear nothing from the homeserver for a while, and be able to speak all the same, as a slow client is."""
        await self._stop()
        yield
        self._syncing = asyncio.create_task(self._sync())

    async def _stop(self) -> None:
        if self._syncing:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)

    async def close(self) -> None:
        await self._stop()
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _on_event(self, room: MatrixRoom, event: Event) -> None:
        if event.sender == self.client.user_id:
            return
        if isinstance(event, MegolmEvent):
            self.unreadable.append(event)
        elif isinstance(event, UnknownEvent):
            self.contents[event.event_id] = event.source["content"]
            self.others.append((room.room_id, event.event_id, event.type))
        elif isinstance(event, ReactionEvent):
            self.tapped.append(Tapped(room.room_id, event.reacts_to, event.sender, event.key))
        else:
            self.heard.append(_heard(room.room_id, event))

    # Rooms

    async def direct_room(self, mxid: str, seconds: float = PATIENCE) -> str:
        """Begin an encrypted room for two, and wait until the other is in."""
        made = await self.client.room_create(is_direct=True, invite=[mxid], initial_state=[ENCRYPTION])
        room_id = str(getattr(made, "room_id", ""))
        if not room_id:
            raise ClientError(str(made))
        await self._until(lambda: self._is_in(room_id, mxid) or None, seconds, f"{mxid} did not come")
        return room_id

    def _is_in(self, room_id: str, mxid: str) -> bool:
        room = self.client.rooms.get(room_id)
        return bool(room and room.encrypted and mxid in room.users and mxid not in room.invited_users)

    async def invitation(self, *, named: str | None = None, by: str | None = None, seconds: float = PATIENCE) -> str:
        """Wait for an invitation, by the room's name or by who sent it; return the room's id."""

        def found() -> str | None:
            for room_id, room in self.client.invited_rooms.items():
                if (named is None or room.name == named) and (by is None or room.inviter == by):
                    return str(room_id)
            return None

        return await self._until(found, seconds, "no invitation came")

    async def join(self, room_id: str) -> None:
        """Take an invitation up. One from another homeserver may be here before that one has noted it: then anew."""
        for _ in range(_SETTLED_AFTER):
            answer = await self.client.join(room_id)
            if hasattr(answer, "room_id"):
                return await self.appears(room_id)
            if not self._is_invited_from_afar(room_id):
                break
            await asyncio.sleep(1)
        raise ClientError(str(answer))

    def _is_invited_from_afar(self, room_id: str) -> bool:
        invited = self.client.invited_rooms.get(room_id)
        here = self.mxid.partition(":")[2]
        return bool(invited and invited.inviter and invited.inviter.partition(":")[2] != here)

    async def appears(self, room_id: str, mxid: str | None = None, *, invited: bool = False) -> None:
        """Wait until the client knows that it is in the room, or that somebody else is, or at least is `invited`."""

        def there() -> bool | None:
            room, who = self.client.rooms.get(room_id), mxid or self.mxid
            return (room is not None and who in room.users and (invited or who not in room.invited_users)) or None

        await self._until(there, PATIENCE, "the room did not appear")

    async def leave(self, room_id: str) -> None:
        await self.client.room_leave(room_id)

    # Talking

    async def say(self, room_id: str, text: str, **more: Any) -> str:
        """Say something, encrypted if the room is; return the event's id."""
        return await self.send(room_id, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    async def edit(self, room_id: str, event_id: str, text: str) -> str:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event_id}
        return await self.say(room_id, f"* {text}", **{"m.new_content": new, "m.relates_to": relation})

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation})

    async def send(self, room_id: str, event_type: str, content: dict[str, Any]) -> str:
        """Send an event. Raises ClientError."""
        for _ in range(_SHARED_ANEW):
            if await self.share_key(room_id):
                answer = await self.client.room_send(room_id, event_type, content, ignore_unverified_devices=True)
                event_id = getattr(answer, "event_id", None)
                if not event_id:
                    raise ClientError(str(answer))
                return str(event_id)
        raise ClientError("the room's members changed each time that its key was shared")

    async def share_key(self, room_id: str) -> bool:
        """Give the room's key to all who are there; False if somebody came or went meanwhile: then ask once more.

        nio alone shares it with the devices that it knows by then, and who has just come has none: it asks for them
        only after its sync. Nor does it share with who came while it was at it, and it trips where it throws the key
        away meanwhile.
        """
        room = self.client.rooms.get(room_id)
        if room is None or not room.encrypted:
            return True
        async with self._sharing:
            if not room.members_synced:
                await self.client.joined_members(room_id)
            if self.client.should_query_keys:
                await self.client.keys_query()
            if not self.client.olm.should_share_group_session(room_id):
                return True
            there = set(room.users)
            try:
                await self.client.share_group_session(room_id, ignore_unverified_devices=True)
            except KeyError:
                return False
            finally:
                if left_shut := self.client.sharing_session.pop(room_id, None):  # by a request that failed
                    left_shut.set()
            if set(room.users) == there:
                return True
            self.client.invalidate_outbound_session(room_id)
            return False

    async def send_file(
        self, room_id: str, data: bytes, name: str, mimetype: str, *, caption: str = "", **more: Any
    ) -> str:
        """Send a file as clients do: encrypted by itself, beside a message that says how to open it."""
        sealed, where = encrypt_attachment(data)
        answer, _ = await self.client.upload(
            lambda *_: sealed, "application/octet-stream", encrypt=False, filesize=len(sealed)
        )
        uri = getattr(answer, "content_uri", None)
        if not uri:
            raise ClientError(str(answer))
        kind = mimetype.partition("/")[0]
        content = {
            "msgtype": f"m.{kind}" if kind in ("image", "audio", "video") else "m.file",
            "body": caption or name,
            "filename": name,
            "info": {"mimetype": mimetype, "size": len(data)},
            "file": {**where, "url": uri, **more},
        }
        return await self.send(room_id, "m.room.message", content)

    async def send_in_clear(self, room_id: str, text: str) -> None:
        """Say something without encryption, whatever the room is: what a careless client does."""
        await self.send_raw(room_id, "m.room.message", {"msgtype": "m.text", "body": text})

    async def send_raw(self, room_id: str, event_type: str, content: dict[str, Any]) -> str:
        """Send an event just as it is."""
        answer = await self.call("PUT", f"rooms/{quote(room_id)}/send/{event_type}/{uuid4()}", content)
        return str(answer["event_id"])

    async def keys_of(self, mxid: str) -> dict[str, Any]:
        """Return what the homeserver tells this person of somebody's keys."""
        return await self.call("POST", "keys/query", {"device_keys": {mxid: []}})

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the homeserver something that nio has no word for. Raises ClientError."""
        return dict(await self._ask_server(method, path, body))

    async def call_list(self, method: str, path: str) -> list[dict[str, Any]]:
        """The same, where the answer is a list."""
        return list(await self._ask_server(method, path, None))

    async def _ask_server(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        headers = {"Authorization": f"Bearer {self.client.access_token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        answer = await self.client.send(method, f"/_matrix/client/v3/{path}", data, headers)
        said = await answer.json()
        if answer.status != 200:
            raise ClientError(f"{answer.status}: {said}")
        return said

    async def ask(self, room_id: str, text: str, wanted: Wanted = "", seconds: float = PATIENCE) -> Heard:
        """Say something, and return the first message there after that which is wanted."""
        since = len(self.heard)
        await self.say(room_id, text)
        return await self.hears(wanted, room=room_id, since=since, seconds=seconds)

    async def hears(
        self, wanted: Wanted = "", *, room: str | None = None, since: int = 0, seconds: float = PATIENCE
    ) -> Heard:
        """Wait for a message; `since` is how many had been heard before. Edits are messages with `replaces`."""

        def found() -> Heard | None:
            for message in self.heard[since:]:
                fits = wanted in message.body if isinstance(wanted, str) else wanted(message)
                if fits and room in (None, message.room):
                    return message
            return None

        return await self._until(found, seconds, f"waited in vain for {wanted!r}")

    async def taps(self, event_id: str, count: int, seconds: float = PATIENCE) -> list[str]:
        """Wait until so many reactions of others are under an event; return their keys."""

        def found() -> list[str] | None:
            keys = [tap.key for tap in self.tapped if tap.event == event_id]
            return keys if len(keys) >= count else None

        return await self._until(found, seconds, "the reactions did not come")

    def shown(self, room_id: str) -> list[str]:
        """Return what others said in a room, as it stands after their edits."""
        said: dict[str, str] = {}
        for message in self.heard:
            if message.room == room_id:
                said[message.replaces or message.event] = message.body
        return [*said.values()]

    async def event_of_type(self, room_id: str, kind: str, seconds: float = PATIENCE) -> str:
        """Wait for an event of a type that is no message; return its id."""

        def found() -> str | None:
            there = (event for room, event, type_ in self.others if (room, type_) == (room_id, kind))
            return next(there, None)

        return await self._until(found, seconds, f"no {kind}")

    async def download(self, message: Heard) -> bytes:
        """Fetch and decrypt an encrypted file."""
        event = message.source
        if not isinstance(event, RoomEncryptedMedia):
            raise ClientError("that is no encrypted file")
        answer = await self.client.download(mxc=event.url)
        return bytes(decrypt_attachment(answer.body, event.key["k"], event.hashes["sha256"], event.iv))

    async def _until(self, question: Callable[[], T | None], seconds: float, complaint: str) -> T:
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    while (answer := question()) is None:
                        if self._deaf:
                            raise ClientError(
                                f"{self.mxid}: {complaint}; its sync broke: {self._deaf!r}"
                            ) from self._deaf
                        await self._news.wait()
            except TimeoutError:
                said = [message.body[:80] for message in self.heard[-3:]]
                raise ClientError(f"{self.mxid}: {complaint}; last heard: {said}") from None
        return answer


def _client(homeserver: str, localpart: str) -> AsyncClient:
    config = AsyncClientConfig(encryption_enabled=True, store=_MemoryStore, max_timeouts=3)
    return AsyncClient(homeserver, localpart, store_path="memory", config=config)


def _heard(room_id: str, event: RoomMessage) -> Heard:
    content = event.source.get("content", {})
    relation = content.get("m.relates_to") or {}
    replaces = relation.get("event_id") if relation.get("rel_type") == "m.replace" else None
    new = content.get("m.new_content") if replaces else None
    words = new if isinstance(new, dict) else content
    return Heard(
        room_id,
        event.event_id,
        event.sender,
        str(words.get("body", "")),
        words.get("formatted_body"),
        replaces,
        bool(event.decrypted),
        event,
    )
