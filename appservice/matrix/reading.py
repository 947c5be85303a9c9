"""What a decrypted event says, as far as the conversation cares. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from appservice.incoming import Attached, Kind
from appservice.matrix.polls import answered
from appservice.matrix.reactions import number_of, plain


@dataclass(frozen=True, slots=True)
class Said:
    """The content of an event in our words; `about` is the event that it replies or reacts to, or edits."""

    kind: Kind
    text: str = ""
    reaction: str | None = None
    about: str | None = None
    edited: bool = False
    attached: Attached | None = None
    thread: str | None = None
    """The event that the thread goes out from in which it was said."""


_FILES = ("m.image", "m.file", "m.audio", "m.video")


def read(event_type: str, content: dict[str, Any]) -> Said | None:
    """Return what was said, or None for what is not said to anybody (calls, verification).

    An edit counts as a new message with the new words: people correct a slip of the finger that the bot did not
    understand. That it is an edit is passed on.
    """
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, dict) else {}
    about = relation.get("event_id")
    if event_type == "m.reaction":
        key = relation.get("key")
        if relation.get("rel_type") != "m.annotation" or not isinstance(key, str) or not isinstance(about, str):
            return None
        return Said("reaction", reaction=number_of(key) or plain(key), about=about)
    if vote := answered(event_type, content):
        return Said("reaction", reaction=vote[0], about=vote[1])
    if event_type in ("m.sticker", "org.matrix.msc3381.poll.start", "m.poll.start", "m.location"):
        return Said("other")
    if event_type != "m.room.message":
        return None
    edited, thread = relation.get("rel_type") == "m.replace", None
    if edited:
        new = content.get("m.new_content")
        content = new if isinstance(new, dict) else content
    else:
        reply = relation.get("m.in_reply_to")
        replied = reply.get("event_id") if isinstance(reply, dict) else None
        # Within a thread the reply is only for clients that know none: what is meant is what the thread is about.
        thread = about if relation.get("rel_type") == "m.thread" and isinstance(about, str) else None
        about = thread if thread and (relation.get("is_falling_back") is True or replied is None) else replied
    said = _message(content, about if isinstance(about, str) else None, edited=edited)
    return replace(said, thread=thread) if said and thread else said


def _message(content: dict[str, Any], about: str | None, *, edited: bool) -> Said | None:
    body, msgtype = content.get("body"), content.get("msgtype")
    if msgtype == "m.notice":  # other bots: answering them could go on for ever
        return None
    where = content.get("geo_uri")
    if msgtype == "m.location" and isinstance(where, str) and where.startswith("geo:"):
        return Said("text", where[:200], about=about, edited=edited)
    if msgtype in _FILES and (attached := _attached(content)):
        return None if edited else Said("file", about=about, attached=attached)  # a new caption is no new file
    if msgtype not in ("m.text", "m.emote") or not isinstance(body, str):
        return Said("other", about=about)
    text = _without_quote(body) if about and not edited else body
    return Said("text", text.strip(), about=about, edited=edited)


def _attached(content: dict[str, Any]) -> Attached | None:
    """The file of a message, if it is encrypted as a file of its own; body is a caption beside a file's name."""
    where, body = content.get("file"), content.get("body")
    if not isinstance(where, dict):
        return None
    body = body if isinstance(body, str) else ""
    name = content.get("filename")
    if not isinstance(name, str) or not name:
        name, body = body, ""
    info = content.get("info")
    size = info.get("size") if isinstance(info, dict) else None
    small = info.get("thumbnail_file") if isinstance(info, dict) else None
    return Attached(
        name,
        "" if body == name else body,
        size if isinstance(size, int) and size >= 0 else None,
        where,
        small.get("url") if isinstance(small, dict) and isinstance(small.get("url"), str) else None,
    )


def _without_quote(body: str) -> str:
    """Take away the quotation that older clients put above a reply ("> <@who:where> what")."""
    lines = body.splitlines()
    while lines and lines[0].startswith("> "):
        lines.pop(0)
    return "\n".join(lines)
