"""What people say to the service, after decryption: what the conversation hears."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from core.database import Tx

Kind = Literal["text", "reaction", "other", "undecryptable", "plaintext", "joined"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event in a room in which the bot is.

    `kind` is "text"; "reaction" (to a message of ours); "other" (an image, a voice message, a poll ...);
    "undecryptable" (its key did not come); "plaintext" (sent without encryption: its words were never kept);
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
    edited: bool = False
    """Whether the text is the new wording of an earlier message of the person's."""


Listener = Callable[[Tx, Incoming], Awaitable[None]]
"""Hears an event within the transaction that marks it as heard. A UserError's sentence becomes the answer."""
