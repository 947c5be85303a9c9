"""Who is staff: what the keeper wrote into the lobby, the service's own room, read from this homeserver's database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from careconnect_policy.rules import KIND, LOBBY, STAFF

if TYPE_CHECKING:
    from synapse.module_api import ModuleApi

_FRESH = 10.0
"""Seconds for which what was read is good."""


class Staff:
    """Answers from memory; reads anew after a while. Before there is a lobby, nobody is staff."""

    def __init__(self, api: ModuleApi, keeper: str) -> None:
        self._api = api
        self._keeper = keeper
        self._lobby: str | None = None
        self._members: frozenset[str] = frozenset()
        self._read_at = -_FRESH

    async def members(self) -> frozenset[str]:
        """Return the Matrix ids of doctors and of those who run centres or the platform."""
        now = time.monotonic()
        if now - self._read_at >= _FRESH:
            self._lobby = self._lobby or await self._find()
            if self._lobby:
                state = await self._api.get_room_state(self._lobby, [(STAFF, None)])
                self._members = frozenset(f"@{key}" for (_, key), event in state.items() if event.content.get("since"))
            self._read_at = now  # not before: who asks meanwhile would be told what is not so
        return self._members

    async def _find(self) -> str | None:
        # The keeper is in the lobby, and besides in rooms only that it is opening or closing just now.
        for room in await self._api._store.get_rooms_for_user(self._keeper):  # type: ignore[call-arg, arg-type, misc]
            state = await self._api.get_room_state(room, [("m.room.create", "")])
            create = state.get(("m.room.create", ""))
            if create and create.sender == self._keeper and create.content.get(KIND) == LOBBY:
                return str(room)
        return None
