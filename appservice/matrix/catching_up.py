"""What the homeserver did not bring us by transactions is fetched: each few seconds, and after every trouble.

Synapse repeats transactions until they are answered, but it makes them from events in its memory: those that it holds
when it, or its database, dies are never sent. And after a restart it goes on with what it could not deliver only once
somebody says something new. So the bot's rooms are also read by /sync, from the place up to which all is known to be in
the inbox. What came before is no repeat: an event has one row by its id.

The /sync is one without a device: it must not acknowledge keys, which are the key loop's to take in.

An invitation comes by /sync as stripped state, without its id, so one that a transaction brings as well would be two.
It is left to the transaction at first: the next look begins at the same place, and takes what is still open then.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Set
from typing import Any

from cachetools import TTLCache
from sqlalchemy.exc import DBAPIError

from appservice.matrix import missed
from appservice.matrix.api import Actor, AwayError, ForbiddenError, Json, MatrixError, NotFoundError
from appservice.matrix.device import Device
from appservice.matrix.filtering import is_invitation
from appservice.matrix.missed import Gap
from appservice.matrix.transactions import keep
from core import figures
from core.database import Database
from core.logs import log
from core.settings import MatrixSettings

_EVERY = 5.0
"""Seconds between two looks."""
_OVERDUE = 5.0
"""Seconds after which a transaction should have brought an event, were all well."""
_LOOKS = 6
"""How often at most a look begins at the same place: where somebody sends invitations without end, the rest matters."""
_PAGES = 50
_SILENCE = 10.0
"""Seconds for all of a room. Of one of another server's that withholds its state Synapse answers nothing, ever."""
_APART, _APART_AT_ONCE = 300.0, 2
"""Seconds that a room may take which is looked at apart; so many are at a time, the others wait (matrix/missed.py)."""
_REMEMBERED, _HOUR = 10_000, 3600
_NO: Json = {"types": []}
_KINDS = ["m.room.encrypted", "m.room.message", "m.reaction", "m.room.member"]
_FILTER = json.dumps(
    {
        "presence": _NO,
        "account_data": _NO,
        "room": {
            "timeline": {"types": _KINDS, "limit": 50},
            "state": {**_NO, "lazy_load_members": True},
            "ephemeral": _NO,
            "account_data": _NO,
        },
    }
)
_log = log("appservice.matrix")


class Patience:
    """Which invitations are to be taken up, and whether the next look begins where this one ends. Pure."""

    def __init__(self) -> None:
        self.looks = 0
        """How often the same place was looked at."""
        self._open: frozenset[str] = frozenset()

    def ripe(self, invited: Set[str]) -> Set[str]:
        """Those that were open at the last look already; all of them at the last look of its place."""
        return invited & self._open if self._waits(invited) else invited

    def settle(self, invited: Set[str]) -> bool:
        """Say that the look has ended well; false if the next one begins at the same place."""
        self.looks = self.looks + 1 if self._waits(invited) else 0
        self._open = frozenset(invited) if self.looks else frozenset()
        return not self.looks

    def _waits(self, invited: Set[str]) -> bool:
        return self.looks < _LOOKS and not invited <= self._open


class CatchingUp:
    """Reads after the transactions, for the process that leads. `nudge` has the homeserver try them again."""

    def __init__(
        self, database: Database, device: Device, matrix: MatrixSettings, nudge: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._device = device
        self._matrix = matrix
        self._nudge = nudge
        self._bot: Actor = device.bot.without_device()
        self._patience = Patience()
        self._silent: TTLCache[str, bool] = TTLCache(_REMEMBERED, _HOUR)
        """Rooms of which there was no answer: they are looked at apart, and keep the others waiting no more."""
        self._apart: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        await self._device.caught_up.wait()
        self._begin()
        try:
            while True:
                try:
                    await self.once()
                except (AwayError, MatrixError, OSError, DBAPIError) as away:
                    _log.warning("cannot look for missed events", error=type(away).__name__)
                await asyncio.sleep(_EVERY)
        finally:
            apart = [*self._apart.values()]
            for task in apart:
                task.cancel()
            await asyncio.gather(*apart, return_exceptions=True)

    def _begin(self) -> None:
        """A new device begins where its first /sync ended; written down at once, as the key loop goes on from there."""
        store = self._device.olm.store
        if store.load_heard_token() is None and (begun := store.load_sync_token()):
            store.save_heard_token(begun)

    async def once(self) -> int:
        """Fetch what is missing since the last look. Returns how much of it should have come by itself."""
        store = self._device.olm.store
        since = store.load_heard_token()
        # Synapse gives the same answer to the same question for two minutes, so each look asks another.
        query = {"filter": _FILTER, "timeout": self._patience.looks, "set_presence": "offline", "since": since}
        answer = await self._bot.get("sync", query=query)
        rooms = answer.get("rooms", {})
        invited = rooms.get("invite", {})
        ripe = self._patience.ripe(invited.keys())
        events = self._invitations({room_id: invited[room_id] for room_id in ripe}, str(since))
        known = {*self._silent}
        for room_id, room in (*rooms.get("join", {}).items(), *rooms.get("leave", {}).items()):
            events += await self._in_room(room_id, room.get("timeline", {"events": []}), str(since))
        if {*self._silent} - known:
            raise AwayError("no answer of a room")  # it may be that all is slow just now: once more for all of it
        found = 0
        if events:
            async with self._database.transaction() as tx:
                new = await keep(tx, self._matrix, events)
            found = sum(event["event_id"] in new and self._overdue(event) for event in events)
        if self._patience.settle(invited.keys()):
            store.save_heard_token(answer["next_batch"])
        await self._look_apart()
        if found:
            figures.fetched_events.inc(found)
            _log.warning("fetched what no transaction had brought", count=found)
            await self._nudge()
        return found

    def _invitations(self, rooms: Json, since: str) -> list[Json]:
        """What Synapse leaves out of them is made up, the same each time that one is found at this place."""
        return [
            {**event, "room_id": room_id, "event_id": f"{room_id} since {since}"}
            for room_id, room in rooms.items()
            for event in room.get("invite_state", {}).get("events", [])
            if isinstance(event, dict) and is_invitation(event, self._bot.user_id)
        ]

    def _overdue(self, event: Json) -> bool:
        """Whether a transaction should have brought it: not who came before us, which no transaction tells."""
        ours = event["type"] != "m.room.member" or event.get("state_key") == self._bot.user_id
        return ours and event.get("origin_server_ts", 0) < (time.time() - _OVERDUE) * 1000

    async def _in_room(self, room_id: str, timeline: Json, since: str) -> list[Json]:
        """The room's new events in their order; those that a short timeline leaves out are asked for."""
        events: list[Json] = list(timeline["events"])
        place: Any = timeline.get("prev_batch") if timeline.get("limited") else None
        if place and room_id in self._silent:
            async with self._database.transaction() as tx:
                await missed.note(tx, self._bot.user_id, Gap(room_id, since, str(place)))
        elif place:
            try:
                events = [*await self._before(room_id, place, since, _SILENCE), *events]
            except TimeoutError:
                self._silent[room_id] = True
        return _of_room(room_id, events)

    async def _before(self, room_id: str, place: Any, since: str, seconds: float) -> list[Json]:
        """What was said in a room between two places.

        Raises AwayError, MatrixError, and TimeoutError where it takes longer than so many seconds.
        """
        events: list[Json] = []
        async with asyncio.timeout(seconds):
            for _ in range(_PAGES):
                if not place:
                    break
                query = {"dir": "b", "from": place, "to": since, "limit": 100, "filter": json.dumps({"types": _KINDS})}
                try:
                    page = await self._bot.get("rooms", room_id, "messages", query=query, seconds=2 * seconds)
                except (ForbiddenError, NotFoundError):
                    break
                events = [*reversed(page["chunk"]), *events]
                place = page.get("end") if page["chunk"] else None
        return events

    async def _look_apart(self) -> None:
        """Begin with those that have waited longest of the rooms of which there was no answer."""
        async with self._database.transaction() as tx:
            gaps = await missed.first(tx, self._bot.user_id, _APART_AT_ONCE)
        for gap in gaps:
            if gap.room_id not in self._apart and len(self._apart) < _APART_AT_ONCE:
                self._apart[gap.room_id] = asyncio.create_task(self._look(gap))

    async def _look(self, gap: Gap) -> None:
        try:
            await self._fetch(gap)
        except (OSError, DBAPIError) as away:  # it waits to be looked at still
            _log.warning("cannot look for missed events", error=type(away).__name__)
        finally:
            del self._apart[gap.room_id]

    async def _fetch(self, gap: Gap) -> None:
        """Fetch what is missing of a room of which there was no answer. Raises OSError, DBAPIError."""
        try:
            events = await self._before(gap.room_id, gap.until, gap.since, _APART)
        except (TimeoutError, AwayError, MatrixError) as silent:
            async with self._database.transaction() as tx:
                waits = await missed.put_back(tx, self._bot.user_id, gap)
            if not waits:
                _log.warning("passed over a room of which there is no answer", error=type(silent).__name__)
            return
        async with self._database.transaction() as tx:
            await keep(tx, self._matrix, _of_room(gap.room_id, events))
            await missed.forget(tx, self._bot.user_id, gap)


def _of_room(room_id: str, events: list[Json]) -> list[Json]:
    return [{**event, "room_id": room_id} for event in events if isinstance(event, dict)]
