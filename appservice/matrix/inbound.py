"""From the inbox to the conversation: events are decrypted and heard, each once, in the transaction that marks them.

An event whose key is missing waits for it, and the room's other events pass. Its sender's client is asked for the key,
and told of our device; a key that does not come all the same is admitted to the person. That is done at once where no
key can come: for what was said before the bot's device was there, or where the client says that it gives us none.
"""

import json
import math
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Text, bindparam, literal_column, or_, select
from sqlalchemy.exc import DBAPIError

from appservice.incoming import Incoming, Kind, Listener
from appservice.matrix.api import ForbiddenError, Json
from appservice.matrix.device import Device
from appservice.matrix.filtering import UNREADABLE, VERIFYING
from appservice.matrix.machine import Decrypted, UndecryptableError, UnknownDeviceError
from appservice.matrix.markdown import escape
from appservice.matrix.model import bot_message
from appservice.matrix.people import People
from appservice.matrix.reading import Said, read
from appservice.matrix.rooms import DirectRooms
from appservice.matrix.sent_files import addresses_of, note_sent
from appservice.matrix.staff_rooms import centre_of
from appservice.matrix.strangers import Strangers, Verdict
from appservice.matrix.sync import keys_lie_there
from appservice.matrix.views import RoomView
from appservice.outgoing import Reply, lane_of, post, refusal_key
from core import figures
from core.database import Database, Tx
from core.errors import UserError
from core.inbox import inbox, receive
from core.lanes import BlockedError, HopelessError, InsteadError, LaterError, Row, wake_blocked
from core.languages import N_, _, ngettext, speak
from core.outbox import outbox
from core.statements import Statement, is_away
from core.tables import Moment

__all__ = ["Inbound", "Incoming", "Kind", "Listener"]

_PATIENCE = 10.0
"""Seconds that a key may take before the person is told."""
_NEW_TO_PEOPLE = timedelta(minutes=10)
_LITTLE_PATIENCE = 2.0
"""The same while our device is new: people's clients have not heard of it, and the next message will be for it."""
_HOUR = 3600.0
_MOMENT = 1.0
_TRIES = 4
"""Attempts at an event that end in a fault of ours, some 8 seconds in all, before it is admitted to the person."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_NOTED_WITHIN = timedelta(seconds=5)
"""How long something about a message that is not known may wait for that it is: ours is seen before it is noted."""
_LOOKS = 6
"""How often it is looked for at least, however late the first look is: others may just have taken over."""
_SORRY = N_(
    "Something went wrong on our side, and nothing was changed. Please try again; if it happens again, "
    "please contact the medical centre directly."
)
_NOT_SERVED = N_(
    "People of your homeserver are not served here. Please write to me from an account of one that works with this"
    " service; your medical centre can say which."
)

_KEY_OF = Statement(
    select(bot_message.c.key)
    .where(bot_message.c.event_id == bindparam("event"), bot_message.c.room_id == bindparam("room"))
    .order_by(bot_message.c.sent_at.desc())
    .limit(1)
)
_BEING_SAID = Statement(
    select(outbox.c.id)
    .where(
        outbox.c.lane == bindparam("lane", type_=Text),
        outbox.c.state == literal_column("'waiting'"),
        or_(outbox.c.due_at <= bindparam("now", type_=Moment()), outbox.c.attempts > literal_column("0")),
    )
    .limit(literal_column("1"))
)


class Inbound:
    """Handlers of the inbox kinds of filtering.EVENT and UNREADABLE, for the process that leads."""

    def __init__(
        self, people: People, device: Device, rooms: DirectRooms, strangers: Strangers, listener: Listener
    ) -> None:
        self._people = people
        self._strangers = strangers
        self._device = device
        self._views = device.views
        self._rooms = rooms
        self._listener = listener
        self._waiting: dict[UUID, tuple[str, float]] = {}
        self._no_keys_at = -math.inf
        """When the homeserver was asked last that had no more keys for us (time.monotonic)."""
        self._learnt: set[str] = set()

    async def event(self, tx: Tx, row: Row) -> None:
        """Handle what a person said or tapped."""
        event: Json = json.loads(row.payload)
        if not await self._is_heard(tx, row, event):
            return
        view = await self._view(event["room_id"], event["sender"])
        if view is None:
            self._waiting.pop(row.id, None)  # who has left waits for no key
            return
        said = await self._said(tx, row, event)
        if said:
            await _admitting_faults(row, self._hear(tx, view, event, said, row))

    async def _is_heard(self, tx: Tx, row: Row, event: Json) -> bool:
        """Whether this is looked at: not what is beyond the measure of a stranger, which costs nothing then."""
        if row.attempts or row.id in self._waiting:
            return True  # counted already
        verdict = self._strangers.hear(event["sender"], time.monotonic())
        if verdict is Verdict.HEAR:
            return True
        if verdict is Verdict.TELL and await self._view(event["room_id"], event["sender"]):
            await self._speak_to(tx, event["sender"])
            seconds = self._strangers.seconds(event["sender"])
            await self._answer(
                tx, event["sender"], event["room_id"], f"slower:{event['event_id']}", _slower(seconds), shared=True
            )
        return False

    async def unreadable(self, tx: Tx, row: Row) -> None:
        """Tell a person that a message of theirs could not be read."""
        event: Json = json.loads(row.payload)
        view = await self._view(event["room_id"], event["sender"])
        if view:
            figures.unreadable_events.inc()
            withheld = event.get("session_id") and (event["sender"], event["session_id"]) in self._device.olm.withheld
            said = Said("withheld" if withheld else "undecryptable")
            await _admitting_faults(row, self._hear(tx, view, event, said))

    async def joined(self, tx: Tx, event: Json) -> None:
        """Let the conversation know that the bot is in a new room, invited by the event's sender."""
        self._views.forget(event["room_id"])
        view = await self._view(event["room_id"], event["sender"])
        if view:
            await self._hear(tx, view, event, Said("joined"))

    async def mourn(self, tx: Tx, row: Row) -> None:
        """Admit to the person that their message failed."""
        event: Json = json.loads(row.payload)
        await self._speak_to(tx, event["sender"])
        await self._answer(tx, event["sender"], event["room_id"], f"sorry:{event['event_id']}", _(_SORRY), shared=True)

    async def wake_overdue(self, database: Database) -> None:
        """Let those events go on whose keys have been waited for long enough."""
        now = time.monotonic()
        late = {session for session, since in self._waiting.values() if now - since >= self._patience()}
        if late:
            async with database.transaction() as tx:
                gone = {session for session in late if not await wake_blocked(tx, inbox, session)}
            # Whoever said it took it back, for one. Not at once: what was woken before may be on its way here.
            over = {row for row, (session, since) in self._waiting.items() if session in gone and now - since >= _HOUR}
            for row in over:
                del self._waiting[row]

    async def _view(self, room_id: str, sender: str) -> RoomView | None:
        """Return the room, or None if the bot or the sender is not in it any more: there is nobody to answer."""
        try:
            view = await self._views.of(room_id)
            if sender not in view.members:
                self._views.forget(room_id)
                view = await self._views.of(room_id)
        except ForbiddenError:
            return None
        return view if sender in view.members else None

    async def _said(self, tx: Tx, row: Row, event: Json) -> Said | None:
        if event["type"] == "m.room.encrypted":
            opened = await self._decrypt(event)
            if opened is None and await self._has_waited(row, event):
                opened = await self._decrypt(event)  # the key may have come meanwhile
            if opened is None:
                await self._give_up(tx, row, event)
                return None
            self._after_those_before(row, event["content"]["session_id"])
            if await self._verifies(event, opened.type, opened.content):
                return None
            return read(opened.type, opened.content)
        if await self._verifies(event, event["type"], event["content"]):
            return None
        said = read(event["type"], event["content"])
        if event["type"] == "m.reaction" or said is None:
            return said
        return Said("plaintext")

    async def _verifies(self, event: Json, event_type: str, content: Json) -> bool:
        """Whether it is a step of verifying each other, which is taken then: these vouch for themselves."""
        verifying = self._device.verifications
        if verifying is None:
            return event_type.startswith(VERIFYING)
        return await verifying.take(event["room_id"], event["sender"], event["event_id"], event_type, content)

    async def _decrypt(self, event: Json) -> Decrypted | None:
        for last in (False, True):
            try:
                return self._device.olm.decrypt_room_event(event)
            except UnknownDeviceError:
                if last:
                    return None
                await self._device.keys.look_up([event["sender"]], again=True)
            except UndecryptableError:
                return None
        return None

    def _after_those_before(self, row: Row, session: str) -> None:
        """Between a key's coming and the waking of who waits for it, a later message must not slip through."""
        self._waiting.pop(row.id, None)
        just_now = time.monotonic() - _MOMENT
        if any(other == session and since > just_now for other, since in self._waiting.values()):
            raise LaterError("one before it is about to wake", _MOMENT / 10)

    async def _has_waited(self, row: Row, event: Json) -> bool:
        """Wait for the key (BlockedError); return True once that was long enough, False if no key can come.

        It is not as long as the homeserver has keys for us that were not taken in yet: it may be slow, or we.
        """
        session = event["content"]["session_id"]
        if row.id not in self._waiting:
            self._waiting[row.id] = session, time.monotonic()
            self._device.asking.ask(event)
        if self._never_comes(event):
            return False
        since = self._waiting[row.id][1]
        if time.monotonic() - since < self._patience() or await self._may_be_there(since):
            raise BlockedError(session)
        return True

    async def _may_be_there(self, since: float) -> bool:
        """Whether keys lie at the homeserver, asked after that moment: a client gives them before it speaks."""
        if self._no_keys_at <= since:
            asked_at = time.monotonic()
            if await keys_lie_there(self._device):
                return True
            self._no_keys_at = asked_at
        return False

    async def _give_up(self, tx: Tx, row: Row, event: Json) -> None:
        """Have the person told that the key did not come: once an hour for each session."""
        session = event["content"]["session_id"]
        self._waiting.pop(row.id, None)
        slim = {name: event[name] for name in ("event_id", "room_id", "sender")} | {"session_id": session}
        once = f"{session}:{tx.now:%Y%m%d%H}"
        await receive(tx, kind=UNREADABLE, event_id=once, lane=row.lane, payload=json.dumps(slim).encode())

    def _patience(self) -> float:
        """Seconds to wait for a key just now."""
        new = datetime.now(UTC) - self._device.created_at < _NEW_TO_PEOPLE
        return min(_PATIENCE, _LITTLE_PATIENCE) if new else _PATIENCE

    def _never_comes(self, event: Json) -> bool:
        """Whether no key of it can come: it was not given to our device, or will not be."""
        before = self._device.created_at - _CLOCKS_DIFFER
        sent_at = event.get("origin_server_ts") or 0
        refused = (event["sender"], event["content"]["session_id"]) in self._device.olm.withheld
        return refused or sent_at < before.timestamp() * 1000

    async def _hear(self, tx: Tx, view: RoomView, event: Json, said: Said, row: Row | None = None) -> None:
        """Hand on to the conversation; a sentence that it raises is the answer, and nothing else of it stays."""
        about = await self._about(tx, event["room_id"], said, row)
        if said.kind == "reaction" and about is None:
            return  # to somebody else's message
        sender, room_id = event["sender"], event["room_id"]
        if not self._strangers.serves(sender):
            await self._speak_to(tx, sender)
            await self._answer(tx, sender, room_id, f"not served:{event['event_id']}", _(_NOT_SERVED), shared=True)
            return
        direct = view.direct(self._device.bot.user_id) == sender
        if direct and room_id not in self._learnt:
            direct = await centre_of(tx, room_id) is None  # one who works alone has a staff room, too
        if direct and room_id not in self._learnt:
            person = await self._people.person_of(tx, sender, view.members[sender])
            await self._rooms.learn(tx, person, room_id)
        incoming = Incoming(
            event_id=event["event_id"],
            room_id=room_id,
            sender=sender,
            display_name=view.members[sender],
            direct=direct,
            text=said.text,
            reaction=said.reaction,
            reacts_to=about,
            kind=said.kind,
            edits=said.about if said.edited else None,
            attached=said.attached,
            thread=said.thread,
        )
        await self._note_file(tx, sender, said)
        if said.kind != "joined":
            self._device.attention.read(room_id, incoming.event_id)
        try:
            async with self._device.attention.writing(room_id):
                await self._listener(tx, incoming)
        except UserError as refusal:
            sentence = str(refusal)

            async def refuse(tx: Tx) -> None:
                await self._note_file(tx, sender, said)
                if direct and room_id not in self._learnt:
                    await self._rooms.learn(tx, await self._people.person_of(tx, sender), room_id)
                key, answered = refusal_key(incoming.event_id), incoming.event_id
                await self._answer(tx, sender, room_id, key, sentence, thread=said.thread, answers=answered)

            raise InsteadError(refuse) from None
        if direct:
            self._learnt.add(room_id)
        else:
            self._learnt.discard(room_id)

    async def _note_file(self, tx: Tx, sender: str, said: Said) -> None:
        """What was sent lies on the homeserver, whether or not it is taken into the records."""
        if said.attached:
            server_name = self._device.bot.user_id.partition(":")[2]
            person = await self._people.person_of(tx, sender)
            await note_sent(tx, server_name, person, addresses_of(said.attached))

    async def _speak_to(self, tx: Tx, sender: str) -> None:
        speak(await self._people.language(tx, sender))

    async def _answer(
        self,
        tx: Tx,
        sender: str,
        room_id: str,
        key: str,
        sentence: str,
        *,
        shared: bool = False,
        thread: str | None = None,
        answers: str = "",
    ) -> None:
        person = await self._people.person_of(tx, sender)
        reply = Reply(escape(sentence), shared=shared, thread=thread, answers=answers)
        await post(tx, self._people.vault, subject=person, room_id=room_id, key=key, reply=reply)

    async def _about(self, tx: Tx, room_id: str, said: Said, row: Row | None) -> str | None:
        """Return the key of the message of ours that this is about, as it was last edited.

        People see a message of ours before what it was is committed, long before where the process was killed
        between the two: as long as something is being said there, one that is not known may become so, and one that
        is tapped may be edited, so that the tap means what it says now.
        """
        if said.about is None or said.edited:
            return None
        which = {"event": said.about, "room": room_id}
        found = await tx.run(_KEY_OF, which)
        may_change = not found or said.kind == "reaction"
        if may_change and row and (row.attempts < _LOOKS or tx.now - row.created_at < _NOTED_WITHIN):
            if await tx.run(_BEING_SAID, {"lane": lane_of(room_id), "now": tx.now}):
                raise LaterError("what it is about may not be noted yet", _MOMENT / 10)
            found = await tx.run(_KEY_OF, which)  # it may have been between the two looks
        return str(found[0].key) if found else None


def _slower(seconds: int) -> str:
    return ngettext(
        "You are writing faster than I can read. What came last I have not read: please write it again in a second.",
        "You are writing faster than I can read. What came last I have not read: please write it again in {count}"
        " seconds.",
        seconds,
    )


async def _admitting_faults(row: Row, work: Awaitable[None]) -> None:
    """Do the work; a fault of ours is tried again a few times, then the row is given up, so that the person hears."""
    try:
        await work
    except (LaterError, BlockedError, HopelessError, InsteadError, OSError):
        raise
    except Exception as fault:
        database_away = isinstance(fault, DBAPIError) and is_away(fault)
        if database_away or row.faults + 1 < _TRIES:
            raise
        raise HopelessError(type(fault).__name__) from fault
