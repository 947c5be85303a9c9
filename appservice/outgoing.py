"""What the service says: written into the outbox with what it follows from, sealed, and sent by appservice.matrix.

And the other way round, through the same box: that a file which somebody sent is to be fetched.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from sqlalchemy import select

from appservice.incoming import Attached, Incoming
from appservice.matrix.model import bot_message
from core.database import Tx
from core.ids import id_of
from core.languages import direction, language
from core.outbox import enqueue, outbox
from records.places import leading_uuid, sealed_column
from records.sealing import Vault

MESSAGE, REACTIONS, FILE, FETCH = "matrix.message", "matrix.reactions", "matrix.file", "matrix.fetch"
UNTAP, END_POLL, LEAVE = "matrix.untap", "matrix.end_poll", "matrix.leave"
WORDS = sealed_column(
    outbox.c.payload,
    subject=leading_uuid(outbox.c.payload),
    row=outbox.c.id,
    where=outbox.c.kind.in_([MESSAGE, FILE]) & (outbox.c.state != "done"),
    prefix=16,
)
"""The subject's id stands before the envelope. What was sent has no payload any more."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of the bot's."""

    markdown: str
    choices: int = 0
    """Put the reactions 1 to this number (at most 10) under it, for people to tap."""
    poll: Mapping[str, str] | None = None
    """Put a poll behind it in place of reactions: the answers by what a vote for them says."""
    taps: tuple[str, ...] = ()
    """Further emoji to put under it, behind the numbers."""
    edits: str | None = None
    """The key of an earlier message of ours that this one replaces. If that never went out, this is sent anew."""
    only_edit: bool = False
    """Whether it is left unsaid if what it would replace never went out."""
    about: str | None = None
    """The key of an earlier message of ours that this one is about: clients show it as a reply to that."""
    thread: str | None = None
    """The event from which the thread goes out in which this is said, as an answer to the event `answers`."""
    answers: str | None = None
    notice: bool = False
    """Something nobody asked for: clients show it quieter, and other bots do not answer."""
    public: bool = False
    """Says nothing about anybody: may go out in a room where the bot is not allowed to turn encryption on."""
    shared: bool = False
    """May be heard by whoever is in the room. All else is said where nobody is but the bot and the subject."""


@dataclass(frozen=True, slots=True)
class File:
    """A file: `attachments[kind](tx, id)` makes its bytes when it is sent, from `about` too where there is some.

    It is made in the language that is spoken when it is posted.
    """

    kind: str
    id: UUID
    name: str
    mimetype: str
    about: str = ""
    """What the file is made of besides what `id` names; sealed with the rest, and gone once the file was sent."""
    thread: str | None = None
    answers: str | None = None
    """As those of Reply."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """The bytes of a file that is too large to be held: they come while the transaction lasts."""

    size: int
    parts: AsyncIterator[bytes]


Attachments = Mapping[str, Callable[..., Awaitable[bytes | Streamed]]]
"""Makers of files by File.kind: each gets the transaction, File.id and, where there is some, File.about."""


async def post(tx: Tx, vault: Vault, *, subject: UUID, room_id: str, key: str, reply: Reply | File) -> None:
    """Say `reply` in a room, after all that was said there before, once for each `key`.

    `subject` is the person whose key the words are sealed with while they wait. The same key again does nothing.
    """
    kind = MESSAGE if isinstance(reply, Reply) else FILE
    matters = isinstance(reply, File) or reply.poll or direction() == "rtl"
    spoken = {"language": language()} if matters else {}
    said = {each.name: getattr(reply, each.name) for each in fields(reply)}
    payload = await _seal(tx, vault, subject, id_of(key), {"key": key, **said, **spoken})
    await enqueue(tx, kind=kind, lane=lane_of(room_id), key=key, payload=payload)


def refusal_key(event_id: str) -> str:
    """The key of the sentence that answers an event which had no effect at all."""
    return f"refusal:{event_id}"


async def was_refused(tx: Tx, event_id: str) -> bool:
    """Whether an event was answered with such a sentence."""
    found = await tx.conn.execute(select(outbox.c.id).where(outbox.c.id == id_of(refusal_key(event_id))))
    return found.first() is not None


async def was_said(tx: Tx, key: str) -> bool:
    """Whether a message of this key went out, or is about to."""
    said = select(bot_message.c.id).where(bot_message.c.id == id_of(key))
    waits = select(outbox.c.id).where(outbox.c.id == id_of(key))
    return (await tx.conn.execute(said.union_all(waits).limit(1))).first() is not None


def said_elsewhere(key: str) -> str:
    """The key under which a message is said in another room, as others were where it was to be said."""
    return f"{key}:alone"


async def end_poll(tx: Tx, room_id: str, key: str) -> None:
    """Close the poll of a message of ours, if it has one: it was answered."""
    payload = json.dumps({"room": room_id, "key": key, "language": language()}).encode()
    await enqueue(tx, kind=END_POLL, lane=lane_of(room_id), key=f"end poll:{key}", payload=payload)


async def untap(tx: Tx, room_id: str, event_id: str) -> None:
    """Take a person's reaction away once it has done its work, so that it can be tapped again: where the bot may."""
    payload = json.dumps({"room": room_id, "event": event_id}).encode()
    await enqueue(tx, kind=UNTAP, lane=f"reactions:{room_id}", key=f"untap:{event_id}", payload=payload)


async def fetch(tx: Tx, vault: Vault, *, subject: UUID, incoming: Incoming) -> None:
    """Have the file of an Incoming fetched, one after the other from a room, and handed to the FileTaker."""
    key = f"fetch:{incoming.event_id}"
    payload = await _seal(tx, vault, subject, id_of(key), asdict(incoming))
    await enqueue(tx, kind=FETCH, lane=f"files:{incoming.room_id}", key=key, payload=payload)


async def to_fetch(tx: Tx, vault: Vault, row: UUID, payload: bytes) -> Incoming:
    """Open what `fetch` sealed. Raises as `unseal` does."""
    said = await unseal(tx, vault, row, payload)
    return Incoming(**{**said, "attached": Attached(**said["attached"])})


async def leave(tx: Tx, room_id: str, owner: str) -> None:
    """Have the bot leave a room after all that is said there, and forget the devices and words of who was in it."""
    payload = json.dumps({"room": room_id, "owner": owner}).encode()
    await enqueue(tx, kind=LEAVE, lane=lane_of(room_id), key=f"leave:{room_id}:{tx.now}", payload=payload)


def lane_of(room_id: str) -> str:
    """The lane of what comes from and goes to a room: in order, one at a time."""
    return f"room:{room_id}"


def lanes_of(room_id: str) -> tuple[str, ...]:
    """All lanes of a room whose work is done by the bot that is in it; `lane_of` is the first."""
    return (lane_of(room_id), f"reactions:{room_id}", f"files:{room_id}")


def adorns(lane: str) -> bool:
    """Whether what is done there adorns what was said: nobody waits for it."""
    return lane.startswith("reactions:")


def room_of(lane: str) -> str:
    """The room of such a lane."""
    return lane.removeprefix("room:")


def subject_of(payload: bytes) -> UUID:
    """Whom the words that `post` sealed are for: a person, or a centre."""
    return UUID(bytes=payload[:16])


async def unseal(tx: Tx, vault: Vault, row: UUID, payload: bytes) -> dict[str, Any]:
    """Open what `post` sealed in the outbox row `row`: the fields of Reply or File, `key`, and the `language` where
    that is not English written from the left.

    Raises SealBrokenError, and ErasedError when the person has been erased meanwhile.
    """
    opened = json.loads(await vault.open(tx, subject_of(payload), WORDS.place(row), payload[16:]))
    return dict(opened)


async def _seal(tx: Tx, vault: Vault, subject: UUID, row: UUID, fields: dict[str, Any]) -> bytes:
    plain = json.dumps(fields, default=str).encode()
    return subject.bytes + await vault.seal(tx, subject, WORDS.place(row), plain)
