"""Talks with the bot: what people write goes in as it does from Matrix, and what the outbox holds is what they read."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import pyotp
from sqlalchemy import select, update

from appservice.conversation import boards
from appservice.conversation.access_news import AccessNews
from appservice.conversation.attachments import attachments
from appservice.conversation.daily import DailyLists
from appservice.conversation.notices import Notices
from appservice.conversation.questions import QuestionNews
from appservice.conversation.service import Conversation
from appservice.conversation.staff import StaffNotices
from appservice.conversation.staff_news import WAY_IN, StaffNews
from appservice.incoming import Attached, Incoming, Kind
from appservice.matrix.markdown import escape, plain
from appservice.matrix.registration_tokens import RegistrationTokens
from appservice.outgoing import FETCH, FILE, MESSAGE, Reply, post, to_fetch, unseal
from booking.context import Context
from booking.people.service import Person, person_of
from booking.questions import service as questions
from booking.questions import waiting
from booking.schedules import freed
from booking.sharing.news import NEWS
from booking.staff import news as staff_news
from booking.staff.room import NOTICE as STAFF_NOTICE
from booking.waiting.offering import handler as offering
from core.database import Database, Tx
from core.errors import UserError
from core.lanes import Row
from core.outbox import outbox


def private_room(mxid: str) -> str:
    """The one room in which the bot and a person are alone."""
    return f"!private:{mxid}"


async def direct_room(_tx: Tx, _person: UUID, mxid: str) -> str:
    return private_room(mxid)


async def _alone(data: bytes) -> AsyncIterator[bytes]:
    yield data


@dataclass
class Message:
    """What the bot said, or a file that it sent."""

    room: str
    fields: dict[str, Any]

    @property
    def text(self) -> str:
        return plain(self.fields["markdown"]) if "markdown" in self.fields else f"[{self.fields['name']}]"

    @property
    def key(self) -> str:
        return str(self.fields["key"])


@dataclass
class Chat:
    """Everybody's talks with the bot, and a transcript of them."""

    database: Database
    ctx: Context
    transcript: list[str] = field(default_factory=list)
    last: list[Message] = field(default_factory=list)
    brought_up_to_date: list[Message] = field(default_factory=list)
    """Edits of earlier messages, which nobody is told of."""
    _authenticators: dict[str, Any] = field(default_factory=dict)
    _count: int = 0
    _read: int = 0

    async def say(self, mxid: str, text: str, **how: Any) -> str:
        """Write something and return all that the bot says to that."""
        shown = text or how.get("reaction") or how.get("kind", "")
        self.transcript.append(f"{mxid}> {shown}")
        await self._hear(mxid, text, **how)
        return await self._read_on()

    async def signs(self, mxid: str) -> None:
        """Set the signing of a doctor up, with an authenticator on the test's own clock."""
        link = re.search(r"otpauth://\S+", await self.say(mxid, "signing set up"))
        assert link
        self.takes(mxid, link[0])
        assert "You can sign now" in await self.sign(mxid)

    def takes(self, mxid: str, link: str) -> None:
        """The link comes into a doctor's authenticator."""
        self._authenticators[mxid] = pyotp.parse_uri(link.strip("`"))

    def code(self, mxid: str) -> str:
        """What the authenticator shows now."""
        return str(self._authenticators[mxid].at(self.database.clock.now()))

    async def sign(self, mxid: str) -> str:
        """Answer with what the authenticator shows."""
        return await self.say(mxid, self.code(mxid))

    async def send_file(self, mxid: str, data: bytes, name: str, *, caption: str = "", size: int | None = None) -> str:
        """Send a file: it is heard of, fetched and taken as appservice.matrix does."""
        self.transcript.append(f"{mxid}> [{name}] {caption}".rstrip())
        attached = Attached(name, caption, len(data) if size is None else size, {})
        await self._hear(mxid, "", kind="file", attached=attached)
        async with self.database.transaction() as tx:
            waits = outbox.c.kind == FETCH, outbox.c.payload != b""
            found = await tx.conn.execute(select(outbox.c.id, outbox.c.payload).where(*waits))
            for row in found.all():
                incoming = await to_fetch(tx, self.ctx.vault, row.id, row.payload)
                await tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(payload=b""))
                try:
                    async with tx.conn.begin_nested():
                        await Conversation(self.ctx, direct_room=direct_room).take(tx, incoming, _alone(data))
                except UserError as sentence:
                    await self._refuse(tx, incoming, sentence)
        return await self._read_on()

    async def file(self, message: Message) -> bytes:
        """What a file that the bot sent holds."""
        async with self.database.transaction() as tx:
            made = await attachments(self.ctx)[message.fields["kind"]](tx, UUID(message.fields["id"]))
            return made if isinstance(made, bytes) else b"".join([part async for part in made.parts])

    async def tap(self, mxid: str, reaction: str, message: Message) -> str:
        """React to a message of the bot's."""
        return await self.say(mxid, "", kind="reaction", reaction=reaction, reacts_to=message.key)

    async def reply(self, mxid: str, text: str, message: Message) -> str:
        """Reply to a message of the bot's."""
        return await self.say(mxid, text, reacts_to=message.key)

    @property
    def said(self) -> str:
        """The event of what was written last."""
        return f"$event{self._count}"

    async def person(self, mxid: str) -> Person:
        async with self.database.transaction() as tx:
            return await person_of(tx, self.ctx, mxid)

    async def _hear(
        self,
        mxid: str,
        text: str,
        *,
        kind: Kind = "text",
        reaction: str | None = None,
        reacts_to: str | None = None,
        edits: str | None = None,
        thread: str | None = None,
        room: str | None = None,
        name: str | None = "Anna",
        attached: Attached | None = None,
    ) -> None:
        """As appservice.matrix.inbound does, with a Conversation that remembers nothing of its own."""
        self._count += 1
        heard = Incoming(
            event_id=f"$event{self._count}",
            room_id=room or private_room(mxid),
            sender=mxid,
            display_name=name,
            direct=room is None,
            text=text,
            reaction=reaction,
            reacts_to=reacts_to,
            edits=edits,
            thread=thread,
            kind=kind,
            attached=attached,
        )
        conversation = Conversation(self.ctx, direct_room=direct_room)
        async with self.database.transaction() as tx:
            try:
                async with tx.conn.begin_nested():
                    await conversation.hear(tx, heard)
            except UserError as sentence:
                await self._refuse(tx, heard, sentence)

    async def _refuse(self, tx: Tx, heard: Incoming, sentence: UserError) -> None:
        person = await person_of(tx, self.ctx, heard.sender)
        reply = Reply(escape(str(sentence)))
        key = f"refusal:{heard.event_id}"
        await post(tx, self.ctx.vault, subject=person.id, room_id=heard.room_id, key=key, reply=reply)

    async def _read_on(self) -> str:
        self.last = await self._new()
        self.transcript += [f"bot> {each.text}\n" for each in self.last]
        return "\n\n".join(each.text for each in self.last)

    async def notices(self) -> dict[str, list[Message]]:
        """Deliver what is to be told, and return it by whom it is told to."""
        async with self.database.transaction() as tx:
            columns = (outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.payload, outbox.c.created_at)
            found = await tx.conn.execute(
                select(*columns, outbox.c.attempts)
                .where(
                    outbox.c.kind.in_(
                        ["notice", "daily", STAFF_NOTICE, questions.NEWS, waiting.LONG, staff_news.NEWS, WAY_IN, NEWS]
                    )
                )
                .order_by(outbox.c.seq)
            )
            http = aiohttp.ClientSession()
            tokens = RegistrationTokens(http, self.ctx.settings.matrix)
            staff = StaffNews(self.ctx, direct_room=direct_room, tokens=tokens)
            handlers = {
                "notice": Notices(self.ctx, direct_room=direct_room).deliver,
                STAFF_NOTICE: StaffNotices(self.ctx).deliver,
                staff_news.NEWS: staff.deliver,
                WAY_IN: staff.way_in,
                NEWS: AccessNews(self.ctx, direct_room=direct_room).deliver,
                questions.NEWS: QuestionNews(self.ctx, direct_room=direct_room).deliver,
                waiting.LONG: QuestionNews(self.ctx, direct_room=direct_room).long,
                "daily": DailyLists(self.ctx, direct_room=direct_room).deliver,
            }
            rows = [Row(*each) for each in found if json.loads(each.payload)]
            for row in rows:
                await handlers[row.kind](tx, row)
            await http.close()
        told: dict[str, list[Message]] = {}
        for each in await self._new():
            told.setdefault(each.room.removeprefix("!private:"), []).append(each)
            self.transcript.append(f"bot to {each.room.removeprefix('!private:')}> {each.text}\n")
        return told

    async def boards(self) -> list[Message]:
        """Have the lists that are kept up to date looked at, and return how they are edited."""
        async with self.database.transaction() as tx:
            columns = (outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.payload, outbox.c.created_at)
            wanted = select(*columns, outbox.c.attempts).where(
                outbox.c.kind == boards.KIND, outbox.c.state == "waiting"
            )
            rows = [Row(*each) for each in await tx.conn.execute(wanted.order_by(outbox.c.seq))]
        for row in rows:
            async with self.database.transaction() as tx:
                await boards.Boards(self.ctx, direct_room=direct_room).deliver(tx, row)
                await tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(state="done"))
        return [each for each in await self._new() if each.fields.get("edits")]

    async def offers(self) -> dict[str, list[Message]]:
        """Have the waiting list looked through, and return what is told, by whom it is told to."""
        async with self.database.transaction() as tx:
            columns = (outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.payload, outbox.c.created_at)
            wanted = select(*columns, outbox.c.attempts).where(outbox.c.kind == freed.KIND, outbox.c.state == "waiting")
            rows = [Row(*each) for each in await tx.conn.execute(wanted.order_by(outbox.c.seq))]
        for row in rows:
            async with self.database.transaction() as tx:
                await offering(self.ctx)(tx, row)
                await tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(state="done"))
        return await self.notices()

    async def _new(self) -> list[Message]:
        async with self.database.transaction() as tx:
            found = await tx.conn.execute(
                select(outbox.c.id, outbox.c.lane, outbox.c.payload, outbox.c.seq)
                .where(outbox.c.kind.in_([MESSAGE, FILE]), outbox.c.seq > self._read)
                .order_by(outbox.c.seq)
            )
            new = []
            for row in found.all():
                self._read = row.seq
                fields = await unseal(tx, self.ctx.vault, row.id, row.payload)
                message = Message(row.lane.removeprefix("room:"), fields)
                (self.brought_up_to_date if fields.get("only_edit") else new).append(message)
        return new
