"""Calendars that are read: fetched from the outbox, with a message that changes itself meanwhile; and news of them.

Reading takes a while and goes to other people's servers. What is asked in the end is asked as any question is.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from appservice.conversation.commands.changing import outside_listed
from appservice.conversation.commands.importing import draft_of_file, key_of
from appservice.conversation.commands.previewing import Asked, look_through, not_read, step, which_calendar
from appservice.conversation.dialogue import Question, load, save
from appservice.conversation.rendering.calendars_in import news, under_way
from appservice.conversation.session import Session
from appservice.matrix.markdown import escape
from appservice.outgoing import Reply, post
from booking.context import Context
from booking.imports import service as imports
from booking.imports.caldav import calendars_at, contents
from booking.imports.content import MOST_BYTES, too_large
from booking.imports.fetching import FetchError, fetch
from booking.imports.model import SourceKind
from booking.imports.polling import account_of
from booking.imports.service import Draft
from booking.people.service import Person, person_by_id
from booking.schedules.changes import standing
from core.database import Database, Tx
from core.errors import RefusedError, UserError
from core.lanes import Row
from core.languages import _, speaking
from core.timezones import zone

_SPOKEN_EVERY = 1.0
"""Seconds between two changes of the message that says how far it is."""

DirectRoom = Callable[[Tx, UUID, str], Awaitable[str]]


@dataclass
class Message:
    """The message that says how far reading is, and in the end what was read."""

    ctx: Context
    database: Database | None
    """For what is said while the transaction goes on; None: nothing is."""
    person: Person
    room_id: str
    key: str
    _last: float = field(default_factory=time.monotonic)
    _count: int = 0

    async def progress(self, done: int, of: int) -> None:
        """Say how far it is, in a transaction of its own, so that it is seen meanwhile."""
        if self.database is None or time.monotonic() - self._last < _SPOKEN_EVERY:
            return
        self._last, self._count = time.monotonic(), self._count + 1
        async with self.database.transaction() as tx:
            await self._edit(tx, f"{self.key}:{self._count}", Reply(under_way(done, of), edits=self.key))

    async def end(self, tx: Tx, asked: Asked) -> None:
        """Say what was read, and remember what it can be answered with."""
        key = f"{self.key}:read"
        if asked.choices or asked.words:
            dialogue = await load(tx, self.ctx.vault, self.person.id, self.room_id)
            dialogue.ask(Question(key, tx.now, asked.choices, asked.words))
            await save(tx, self.ctx.vault, self.person.id, self.room_id, dialogue)
        await self._edit(tx, key, Reply(asked.text, choices=min(len(asked.choices), 10), edits=self.key))

    async def _edit(self, tx: Tx, key: str, reply: Reply) -> None:
        await post(tx, self.ctx.vault, subject=self.person.id, room_id=self.room_id, key=key, reply=reply)


class CalendarReading:
    """Handler of the outbox kind READ, for the process that leads."""

    def __init__(self, ctx: Context, database: Database) -> None:
        self._ctx = ctx
        self._database = database

    async def deliver(self, tx: Tx, row: Row) -> str:
        """Fetch and read, say what was found, and ask what to do with it."""
        what = json.loads(row.payload)
        person = await person_by_id(tx, self._ctx, UUID(what["person"]))
        with speaking(person.language):
            message = Message(self._ctx, self._database, person, what["room"], what["key"])
            try:
                draft = await imports.draft_of(tx, self._ctx, person, UUID(what["draft"]))
                await self._read(tx, person, draft, message)
            except FetchError as failed:
                await message.end(tx, Asked(not_read(failed.problem)))
            except UserError as sentence:
                await message.end(tx, Asked(_("{why} Nothing has changed.", why=escape(str(sentence)))))
        return "told"

    async def _read(self, tx: Tx, person: Person, draft: Draft, message: "Message") -> None:
        allowed = self._ctx.settings.imports.allowed_hosts
        if draft.origin["kind"] == SourceKind.CALDAV and "chosen" not in draft.origin:
            found = await calendars_at(account_of(draft.origin), allowed)
            if len(found) > 1:
                await message.end(tx, which_calendar(draft, found))
                return
            draft = replace(draft, origin={**draft.origin, "address": next(iter(found)), "chosen": "yes"})
        body = await self._body(draft.origin, tx.now)
        read = await look_through(tx, self._ctx, person, draft, body, message.progress)
        await message.end(tx, await step(tx, self._ctx, person, read))

    async def _body(self, origin: dict[str, str], now: datetime) -> bytes:
        allowed = self._ctx.settings.imports.allowed_hosts
        if origin["kind"] == SourceKind.CALDAV:
            body = (await contents(account_of(origin), allowed, now, "")).body
        else:
            body = (await fetch(origin["address"], allowed)).body
        assert body is not None
        return body


async def came(session: Session, database: Database | None, content: AsyncIterator[bytes]) -> None:
    """A calendar that was sent as a file, as it comes in: read it, and ask. Nothing of it is kept but times."""
    tx, ctx, person = session.tx, session.ctx, session.person
    message = Message(ctx, database, person, session.room_id, key_of(session.incoming.event_id))
    body = bytearray()
    try:
        async for part in content:
            body += part
            if len(body) > MOST_BYTES:
                raise too_large()
        draft = await look_through(
            tx, ctx, person, await draft_of_file(session), bytes(body), message.progress if database else None
        )
        asked = await step(tx, ctx, person, draft)
    except UserError as sentence:
        asked = Asked(_("{why} Nothing has changed.", why=escape(str(sentence))))
    await message.end(tx, asked)


class CalendarNews:
    """Handler of the outbox kind booking.imports.polling.TOLD."""

    def __init__(self, ctx: Context, *, direct_room: DirectRoom) -> None:
        self._ctx = ctx
        self._direct_room = direct_room

    async def deliver(self, tx: Tx, row: Row) -> str | None:
        """Tell somebody of a calendar whose doctor's or room's times they may set; nothing to who may no more."""
        what = json.loads(row.payload)
        try:
            person = await person_by_id(tx, self._ctx, UUID(what["person"]))
            names = await imports.names_for(tx, self._ctx, person)
        except RefusedError:
            return "gone"
        name = names.get(UUID(what.get("room") or what["practitioner"]))
        if name is None:
            return "sets those times no more"
        room = await self._direct_room(tx, person.id, person.mxid)
        with speaking(person.language):
            listed = await self._visits(tx, person, what)
            if what["news"] == "collides" and not listed:
                return "not true any more"
            reply = Reply(news(what, name, listed))
            await post(tx, self._ctx.vault, subject=person.id, room_id=room, key=f"calendar:{row.id}", reply=reply)
        return None

    async def _visits(self, tx: Tx, person: Person, what: dict[str, Any]) -> str:
        left = await standing(tx, person, [UUID(each) for each in what.get("visits", ())])
        return await outside_listed(tx, self._ctx, zone(person.timezone), left) if left else ""
