"""What the bot knows of a room: is it encrypted, who is in it. Asked once, kept until somebody comes or goes."""

import contextlib
from dataclasses import dataclass

from cachetools import LRUCache

from appservice.matrix.api import Actor, ForbiddenError, NotFoundError

_ALGORITHM = "m.megolm.v1.aes-sha2"
_PATIENCE = 5.0
"""Seconds. Synapse says who is in a room of another server's only once it has all of its state: of one that withholds
it, never."""


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as of its last change of members."""

    encrypted: bool
    members: dict[str, str | None]
    """Display names by Matrix id of all who have joined or are invited."""
    joined: frozenset[str]

    def direct(self, bot: str) -> str | None:
        """Return the one other person of a room for two, or None."""
        others = self.members.keys() - {bot}
        return next(iter(others)) if len(others) == 1 and bot in self.members else None


class RoomViews:
    """The bot's views of its rooms, for the process that leads."""

    def __init__(self, bot: Actor) -> None:
        self._bot = bot
        self._views: LRUCache[str, RoomView] = LRUCache(10_000)
        self._changes = 0

    def forget(self, room_id: str) -> None:
        """Somebody came or went, or encryption was turned on: ask again when needed."""
        self._changes += 1
        self._views.pop(room_id, None)

    async def of(self, room_id: str) -> RoomView:
        """Return the view of a room in which the bot is. Raises ForbiddenError when it is not; AwayError."""
        view = self._views.get(room_id)
        if view is None:
            before = self._changes
            view = await self._ask(room_id)
            if before == self._changes:  # else the answer may be older than the change
                self._views[room_id] = view
        return view

    async def encrypt(self, room_id: str) -> None:
        """Turn encryption on, if the bot may."""
        with contextlib.suppress(ForbiddenError):
            await self._bot.put("rooms", room_id, "state", "m.room.encryption", "", body={"algorithm": _ALGORITHM})

    async def _ask(self, room_id: str) -> RoomView:
        answer = await self._bot.get("rooms", room_id, "members", query={"not_membership": "leave"}, seconds=_PATIENCE)
        there = {
            event["state_key"]: event["content"]
            for event in answer["chunk"]
            if event["content"].get("membership") in ("join", "invite")
        }
        members = {user: content.get("displayname") for user, content in there.items()}
        joined = frozenset(user for user, content in there.items() if content["membership"] == "join")
        return RoomView(await self._is_encrypted(room_id), members, joined)

    async def _is_encrypted(self, room_id: str) -> bool:
        try:
            state = await self._bot.get("rooms", room_id, "state", "m.room.encryption", "")
        except NotFoundError:
            return False
        return state.get("algorithm") is not None
