"""Which room events are kept, and what of them. Pure.

What a person wrote without encryption is never stored: only that something was written. Of consultation rooms nothing
is kept but who came and went, which whoever stores it sees to (transactions.py).
"""

from collections.abc import Container, Mapping
from typing import Any

EVENT, MEMBER, UNREADABLE = "matrix", "matrix.member", "matrix.unreadable"
"""Kinds of inbox rows: what people say, who comes and goes, and whom to tell that a key did not come."""

VERIFYING = "m.key.verification."
"""Steps of verifying each other by emoji: keys and ids, which clients send in clear."""


def kept(event: Any, ours: Container[str]) -> tuple[str, dict[str, Any]] | None:
    """Return the inbox kind of an event and what is stored of it, or None if it is of no use.

    `ours` are our users' ids.
    """
    if not well_formed(event):
        return None
    content = event.get("content")
    if event["sender"] in ours or not isinstance(content, dict):
        return None
    slim = {name: event.get(name) for name in ("type", "event_id", "room_id", "sender", "origin_server_ts")}
    if event["type"] == "m.room.member":
        what = {"membership": content.get("membership"), "is_direct": content.get("is_direct") is True}
        return MEMBER, slim | {"state_key": event.get("state_key"), "content": what}
    if not content:  # without content: redacted
        return None
    if event["type"] == "m.room.encrypted" and _is_name(content.get("session_id")):
        return EVENT, slim | {"content": content}
    if event["type"].startswith(VERIFYING):
        return EVENT, slim | {"content": content}
    if event["type"] == "m.room.message" and content.get("msgtype") == f"{VERIFYING}request":
        asked = {name: content.get(name) for name in ("msgtype", "to", "from_device", "methods")}
        return EVENT, slim | {"content": asked}
    if event["type"] == "m.reaction":
        return EVENT, slim | {"content": {"m.relates_to": content.get("m.relates_to")}}
    if event["type"] == "m.room.message":
        return EVENT, slim | {"content": {"msgtype": content.get("msgtype")}}
    return None


def is_invitation(event: Mapping[str, Any], user_id: str) -> bool:
    """Whether the event, whole or stripped, invites this user."""
    content = event.get("content")
    membership = content.get("membership") if isinstance(content, dict) else None
    return (event.get("type"), event.get("state_key"), membership) == ("m.room.member", user_id, "invite")


def well_formed(event: Any) -> bool:
    """Whether it is an event with everything that an event has to have."""
    needed = ("type", "event_id", "room_id", "sender")
    return isinstance(event, dict) and all(_is_name(event.get(name)) for name in needed)


def _is_name(value: Any) -> bool:
    """Text that the database can hold: other servers may send anything, and one bad event must not stop the rest."""
    return isinstance(value, str) and value.isprintable()
