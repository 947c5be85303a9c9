"""What people say to the service, after decryption: what the conversation hears."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.database import Tx

Kind = Literal["text", "reaction", "file", "other", "undecryptable", "withheld", "plaintext", "joined"]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that somebody sent: what their client says of it, which nothing vouches for, and where it lies."""

    name: str
    caption: str
    size: int | None
    """Bytes."""
    where: Mapping[str, Any]
    """Matrix's EncryptedFile (https://spec.matrix.org/v1.16/client-server-api/#sending-encrypted-attachments)."""
    thumbnail: object = None
    """Where a small picture of it lies that their client made: an mxc address, if it is one."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event in a room in which the bot is.

    `kind` is "text"; "reaction" (to a message of ours); "file" (a picture, a PDF, a recording); "other" (a poll, a
    sticker, a file that was not encrypted ...); "undecryptable" (its key did not come); "withheld" (their client does
    not give its keys to the bot); "plaintext" (sent without encryption: its words were never kept);
    "joined" (the bot has just been invited to this room and is in it).
    """

    event_id: str
    room_id: str
    sender: str
    """The person's Matrix id, vouched for by encryption where there was any."""
    display_name: str | None
    direct: bool
    """Whether nobody else is in the room but the person and the bot."""
    text: str
    """The words of a text; of a shared location its geo URI; otherwise empty."""
    reaction: str | None = None
    """The emoji, or for the numbers 1️⃣ to 🔟 the digits: "1" to "10"."""
    reacts_to: str | None = None
    """The key (see outgoing.post) of the message of ours that was reacted or replied to."""
    kind: Kind = "text"
    edits: str | None = None
    """The earlier event of the person's whose new wording the text is."""
    thread: str | None = None
    """The event from which the thread goes out in which it was said."""
    attached: Attached | None = None
    """Of kind "file"."""


Listener = Callable[[Tx, Incoming], Awaitable[None]]
"""Hears an event within the transaction that marks it as heard. A UserError's sentence becomes the answer."""

FileTaker = Callable[[Tx, Incoming, AsyncIterator[bytes]], Awaitable[None]]
"""Takes the content of a file that was heard of, as it comes in. A UserError's sentence becomes the answer."""
