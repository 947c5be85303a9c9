"""From the outbox to the rooms: messages, files and reactions, each under a transaction id fixed beforehand."""

import contextlib
import json
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import Text, Uuid, bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from appservice.matrix import polls
from appservice.matrix.api import TOO_LARGE, ForbiddenError, Json, MatrixError, NotFoundError
from appservice.matrix.device import Device
from appservice.matrix.direction import from_the_right
from appservice.matrix.markdown import message
from appservice.matrix.media import Locking
from appservice.matrix.model import bot_message
from appservice.matrix.people import People
from appservice.matrix.reactions import NUMBERS
from appservice.matrix.room_cipher import NobodyReadsError
from appservice.matrix.rooms import DirectRooms
from appservice.matrix.sent_files import note_sent
from appservice.matrix.size import smaller
from appservice.matrix.views import RoomView
from appservice.outgoing import (
    REACTIONS,
    Attachments,
    File,
    Reply,
    Streamed,
    post,
    room_of,
    said_elsewhere,
    subject_of,
    unseal,
)
from core.database import Tx
from core.errors import RefusedError
from core.ids import id_of
from core.lanes import HopelessError, LaterError, Row
from core.languages import DEFAULT, _, direction, speak
from core.outbox import enqueue, outbox
from core.statements import Statement
from records.sealing import ErasedError

_WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait for keys of somebody there, try after try; then what is said goes out all the same."""
_AT_ONCE = 10_000

_NOT_IN, _IN_CLEAR, _NOBODY = "not in the room", "the room is not encrypted", "nobody to say it to"
"""Why nothing can be said in a room any more."""
_UNSENT = "not sent:"
"""So begin the keys of what is said instead of what could not be sent."""

_LATE = timedelta(seconds=2)
"""Numbers that are put under a list so long after it come while there is too much to do."""

_LATER_IN_LANE = Statement(
    select(outbox.c.id)
    .where(
        outbox.c.lane == bindparam("lane", type_=Text),
        outbox.c.state == literal_column("'waiting'"),
        outbox.c.id != bindparam("row", type_=Uuid),
        outbox.c.kind == literal_column(f"'{REACTIONS}'"),
    )
    .limit(literal_column("1"))
)
_REMEMBER = Statement(
    insert(bot_message)
    .values({column.name: bindparam(column.name) for column in bot_message.c})
    .on_conflict_do_nothing()
)


class _TooLargeError(HopelessError):
    """Less could be sent."""


class Outbound:
    """Handlers of the outbox kinds of outgoing.MESSAGE, FILE and REACTIONS, for the process that leads."""

    def __init__(self, people: People, device: Device, rooms: DirectRooms, attachments: Attachments) -> None:
        self._people = people
        self._vault = people.vault
        self._bot = device.bot
        self._views = device.views
        self._cipher = device.cipher
        self._attention = device.attention
        self._rooms = rooms
        self._attachments = attachments
        self._waited: LRUCache[UUID, int] = LRUCache(_AT_ONCE)
        """How often a row waited for keys; that the homeserver was away is another thing."""

    async def message(self, tx: Tx, row: Row) -> str:
        """Send a Reply. Returns the id of the event that shows it: for an edit, of the first one."""
        said, room_id = await self._unsealed(tx, row), room_of(row.lane)
        speak(said.pop("language", DEFAULT))
        private = not (said.get("shared") or said["public"])
        if private and (elsewhere := await self._not_alone(tx, row)):
            return await self._say_there(tx, row, elsewhere, said["key"], Reply(**_without_key(said)))
        content = message(said["markdown"], notice=said["notice"])
        if direction() == "rtl":
            content = from_the_right(content)
        edited = await self._event_of(tx, said["edits"], room_id) if said["edits"] else None
        if edited:
            content = replacing(edited, content)
        elif said.get("only_edit"):
            return "there is nothing to edit"
        else:
            content |= await self._relation(tx, said, room_id)
        room = await self._encrypted(room_id, public=said["public"])
        try:
            sent = await self._send(row, room, "m.room.message", content)
        except _TooLargeError:
            sent = await self._send_less(tx, row, room, content)
        self._remember(tx, row, said["key"], edited or sent)
        if said["poll"]:
            await self._poll(tx, row, said)
        if said["choices"] or said["taps"]:
            # In a lane of their own: what is said next does not wait for ten reactions.
            emoji = [*NUMBERS[: said["choices"]], *said["taps"]]
            payload = json.dumps({"room": room_id, "event": edited or sent, "emoji": emoji}).encode()
            lane, key = f"reactions:{room_id}", f"{said['key']}:reactions"
            await enqueue(tx, kind=REACTIONS, lane=lane, key=key, payload=payload)
        return edited or sent

    async def _send_less(self, tx: Tx, row: Row, room: tuple[str, RoomView], content: Json) -> str:
        """Say it in less, if need be the beginning of it. Raises as `_send` does."""
        await self._speak_to(tx, row)
        for less in smaller(content, _("The rest does not fit into one message.")):
            with contextlib.suppress(_TooLargeError):
                return await self._send(row, room, "m.room.message", less)
        raise _TooLargeError(TOO_LARGE)

    async def _relation(self, tx: Tx, said: dict[str, Any], room_id: str) -> Json:
        """Where among other messages it stands: https://spec.matrix.org/v1.16/client-server-api/#threading."""
        about = await self._event_of(tx, said["about"], room_id) if said.get("about") else None
        reply = about or said.get("answers")
        if said.get("thread"):
            related = {"rel_type": "m.thread", "event_id": said["thread"], "is_falling_back": about is None}
            return {"m.relates_to": related | {"m.in_reply_to": {"event_id": reply}}}
        return {"m.relates_to": {"m.in_reply_to": {"event_id": about}}} if about else {}

    async def end_poll(self, tx: Tx, row: Row) -> str | None:
        """Close a poll: clients show how it went, and take no vote any more."""
        what = json.loads(row.payload)
        speak(what.get("language", DEFAULT))
        poll = await self._event_of(tx, f"{what['key']}:poll", what["room"])
        if poll is None:
            return None
        room = await self._encrypted(what["room"], public=False)
        return await self._send(row, room, polls.END, polls.end(poll, _("Answered.")))

    async def _poll(self, tx: Tx, row: Row, said: dict[str, Any]) -> None:
        """Send the poll of a message. A vote for an answer of it is one under the message's key."""
        room = await self._encrypted(room_of(row.lane), public=False)
        content = polls.start(_("Your answer"), said["poll"])
        sent = await self._send(row, room, polls.START, content, part="-poll")
        values = {"id": id_of(f"{said['key']}:poll"), "key": said["key"], "room_id": room[0], "event_id": sent}
        tx.last(_REMEMBER, {**values, "sent_at": tx.now})

    async def file(self, tx: Tx, row: Row) -> str:
        """Send a File, encrypted before it leaves, in the language of whom it is for."""
        said, room_id = await self._unsealed(tx, row), room_of(row.lane)
        speak(said.pop("language", DEFAULT))
        if elsewhere := await self._not_alone(tx, row):
            file = File(**_without_key(said) | {"id": UUID(said["id"])})
            return await self._say_there(tx, row, elsewhere, said["key"], file)
        view = await self._encrypted(room_id, public=False)
        try:
            about = [said["about"]] if said["about"] else []
            made = await self._attachments[said["kind"]](tx, UUID(said["id"]), *about)
        except (RefusedError, ErasedError) as gone:
            raise HopelessError("what was to be sent is not there any more") from gone
        where = await self._uploaded(made)
        await note_sent(tx, self._bot.user_id.partition(":")[2], subject_of(row.payload), [where["url"]])
        content = {
            **_shown_as(said["mimetype"], made),
            "body": said["name"],
            "filename": said["name"],
            "file": where,
            **await self._relation(tx, {**said, "about": None}, room_id),
        }
        sent = await self._send(row, view, "m.room.message", content)
        self._remember(tx, row, said["key"], sent)
        return sent

    async def _uploaded(self, made: bytes | Streamed) -> Json:
        """Encrypt a file on its way to the homeserver. Returns where it lies, and what opens it."""
        size, parts = (len(made), _alone(made)) if isinstance(made, bytes) else (made.size, made.parts)
        locking = Locking()
        try:
            return locking.where(await self._bot.upload(locking.locked(parts), size))
        except MatrixError as refused:  # larger than the homeserver takes now, perhaps
            raise HopelessError(refused.code) from refused

    async def reactions(self, tx: Tx, row: Row) -> str | None:
        """Put emoji under a message, in order. They go out unencrypted, as every client sends them."""
        what = json.loads(row.payload)
        if set(what["emoji"]) <= set(NUMBERS) and tx.now - row.created_at >= _LATE and await self._overtaken(tx, row):
            return "a later list has the numbers"
        for number, emoji in enumerate(what["emoji"], 1):
            relation = {"rel_type": "m.annotation", "event_id": what["event"], "key": emoji}
            try:
                await self._bot.put(
                    *("rooms", what["room"], "send", "m.reaction", f"{row.id.hex}-{number}"),
                    body={"m.relates_to": relation},
                )
            except MatrixError as refused:
                if refused.code != "M_DUPLICATE_ANNOTATION":  # there from before the edit
                    raise HopelessError(refused.code) from refused
        return None

    async def _overtaken(self, tx: Tx, row: Row) -> bool:
        """Whether another list came meanwhile: a number means that one, and the homeserver has enough to do."""
        return bool(await tx.run(_LATER_IN_LANE, {"lane": row.lane, "row": row.id}))

    async def untap(self, _tx: Tx, row: Row) -> None:
        """Take a person's reaction away; where the bot has not the power to, it stays."""
        what = json.loads(row.payload)
        with contextlib.suppress(MatrixError):
            await self._bot.put("rooms", what["room"], "redact", what["event"], row.id.hex)

    async def mourn_file(self, tx: Tx, row: Row) -> None:
        """A file could not be sent: who asked for it is told, unless it is the room that is gone."""
        room_id = room_of(row.lane)
        try:
            await self._views.of(room_id)
        except ForbiddenError:
            await self._rooms.forget(tx, room_id)
            return
        said = await unseal(tx, self._vault, row.id, row.payload)
        speak(said.get("language", DEFAULT))
        words = _("**{file}** could not be made, or is not there any more. Please ask for it again.", file=said["name"])
        await self._say_instead(tx, row, Reply(words))

    async def mourn(self, tx: Tx, row: Row) -> None:
        """A message could not be sent: it is admitted, unless nothing can be said there any more. Then, if that was a
        direct room, it is not one any more."""
        found = await tx.conn.execute(select(outbox.c.error).where(outbox.c.id == row.id))
        if found.scalar_one() in (_NOT_IN, _IN_CLEAR, _NOBODY):
            await self._rooms.forget(tx, room_of(row.lane))
            return
        said = await unseal(tx, self._vault, row.id, row.payload)
        if said["key"].startswith(_UNSENT):
            return
        await self._speak_to(tx, row)
        words = _("Something that I was to say here could not be sent. Please ask for it again, or for less at a time.")
        await self._say_instead(tx, row, Reply(words, public=said["public"], shared=True))

    async def _say_instead(self, tx: Tx, row: Row, reply: Reply) -> None:
        room_id, subject = room_of(row.lane), subject_of(row.payload)
        await post(tx, self._vault, subject=subject, room_id=room_id, key=f"{_UNSENT}{row.id}", reply=reply)

    async def _speak_to(self, tx: Tx, row: Row) -> None:
        """Speak the language of whom a message is for: the row does not tell, as its words are there already."""
        if mxid := await self._people.account(tx, subject_of(row.payload)):
            speak(await self._people.language(tx, mxid))

    async def _not_alone(self, tx: Tx, row: Row) -> str | None:
        """Where to say what is for one person alone, when others are in the room that it was written for.

        The person may have let them in, or have left them there. None when it can be said where it was to be.
        """
        room_id, subject = room_of(row.lane), subject_of(row.payload)
        mxid = await self._people.account(tx, subject)
        if mxid is None:
            raise HopelessError(_NOBODY)
        try:
            view = await self._views.of(room_id)
        except ForbiddenError as not_in:
            raise HopelessError(_NOT_IN) from not_in
        if view.members.keys() <= {self._bot.user_id, mxid}:
            return None
        await self._rooms.forget(tx, room_id)
        try:
            return await self._rooms.direct_room(tx, subject, mxid)
        except MatrixError as refused:
            raise HopelessError(_NOBODY) from refused

    async def _say_there(self, tx: Tx, row: Row, room_id: str, key: str, reply: Reply | File) -> str:
        subject = subject_of(row.payload)
        await post(tx, self._vault, subject=subject, room_id=room_id, key=said_elsewhere(key), reply=reply)
        return "others are there: said elsewhere"

    async def _unsealed(self, tx: Tx, row: Row) -> dict[str, Any]:
        try:
            return await unseal(tx, self._vault, row.id, row.payload)
        except ErasedError as erased:
            raise HopelessError(_NOBODY) from erased

    async def _encrypted(self, room_id: str, *, public: bool) -> tuple[str, RoomView]:
        """Return the room after seeing to its encryption; refuse one that stays in clear, but for public words."""
        try:
            view = await self._views.of(room_id)
            if not view.encrypted:
                await self._views.encrypt(room_id)
                self._views.forget(room_id)  # who else may have turned it on meanwhile
                view = await self._views.of(room_id)
        except ForbiddenError as not_in:
            raise HopelessError(_NOT_IN) from not_in
        if not view.encrypted and not public:
            raise HopelessError(_IN_CLEAR)
        return room_id, view

    async def _send(self, row: Row, room: tuple[str, RoomView], event_type: str, content: Json, part: str = "") -> str:
        room_id, view = room
        if view.encrypted:
            members = frozenset(view.members)
            # Who is only invited may come much later, and learns then that there was something: nothing to wait for.
            waited = self._waited.get(row.id, 0)
            unread = waited >= len(_WAITS) or not view.joined - {self._bot.user_id}
            try:
                content = await self._cipher.encrypt(room_id, members, event_type, content, unread=unread)
            except NobodyReadsError as alone:
                self._waited[row.id] = waited + 1
                raise LaterError("nobody there has keys", seconds=_WAITS[waited]) from alone
            event_type = "m.room.encrypted"
        try:
            answer = await self._bot.put("rooms", room_id, "send", event_type, f"{row.id.hex}{part}", body=content)
        except MatrixError as refused:
            if refused.code == TOO_LARGE:
                raise _TooLargeError(TOO_LARGE) from refused
            self._views.forget(room_id)
            not_in = refused.code == "M_FORBIDDEN" or isinstance(refused, NotFoundError)
            raise HopelessError(_NOT_IN if not_in else refused.code) from refused
        self._attention.said(room_id)
        return str(answer["event_id"])

    def _remember(self, tx: Tx, row: Row, key: str, event_id: str) -> None:
        values = {"id": row.id, "key": key, "room_id": room_of(row.lane), "event_id": event_id, "sent_at": tx.now}
        tx.last(_REMEMBER, values)

    async def _event_of(self, tx: Tx, key: str, room_id: str) -> str | None:
        found = await tx.conn.execute(
            select(bot_message.c.event_id).where(bot_message.c.id == id_of(key), bot_message.c.room_id == room_id)
        )
        return found.scalar_one_or_none()


def _without_key(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "key"}


_SHOWN = {"image": "m.image", "audio": "m.audio", "video": "m.video"}


async def _alone(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _shown_as(mimetype: str, made: bytes | Streamed) -> Json:
    """The kind of message that a file is: clients show a picture where it stands, and play what can be played."""
    if isinstance(made, Streamed):
        info: Json = {"mimetype": mimetype, "size": made.size}
        return {"msgtype": _SHOWN.get(mimetype.partition("/")[0], "m.file"), "info": info}
    data = made
    info = {"mimetype": mimetype, "size": len(data)}
    if mimetype != "image/png":
        return {"msgtype": "m.file", "info": info}
    width, height = struct.unpack(">II", data[16:24])  # https://www.w3.org/TR/png-3/#11IHDR
    return {"msgtype": "m.image", "info": {**info, "w": width, "h": height}}


def replacing(event_id: str, content: Json) -> Json:
    """Return the content of an edit: https://spec.matrix.org/v1.16/client-server-api/#event-replacements."""
    fallback = {"body": f"* {content['body']}", "msgtype": content["msgtype"]}
    if "formatted_body" in content:
        fallback |= {"format": content["format"], "formatted_body": f"* {content['formatted_body']}"}
    relation = {"rel_type": "m.replace", "event_id": event_id}
    return fallback | {"m.new_content": content, "m.relates_to": relation}
