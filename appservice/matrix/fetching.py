"""From the homeserver to whoever takes files: what people sent is downloaded, decrypted and checked part by part.

What the taker does with the parts and the mark of the row commit together: killed in between, it begins anew.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from appservice.incoming import FileTaker, Incoming
from appservice.matrix.api import AwayError, MatrixError
from appservice.matrix.device import Device
from appservice.matrix.markdown import escape
from appservice.matrix.media import BrokenMediaError, read_locked, unlocked
from appservice.matrix.people import People
from appservice.outgoing import Reply, post, to_fetch
from core.database import Tx
from core.errors import BadInputError, UserError
from core.lanes import HopelessError, Row
from core.languages import _, speak
from records.sealing import ErasedError

_TRIES = 9
"""Attempts, about two minutes, at a file that the homeserver does not hand out: another server's may be away."""


class Fetching:
    """Handler of the outbox kind outgoing.FETCH, for the process that leads."""

    def __init__(self, people: People, device: Device, taker: FileTaker) -> None:
        self._people = people
        self._bot = device.bot
        self._taker = taker

    async def fetch(self, tx: Tx, row: Row) -> str | None:
        """Fetch a file and hand it on; a sentence that is raised meanwhile is the answer, and nothing of it stays."""
        try:
            incoming = await to_fetch(tx, self._people.vault, row.id, row.payload)
        except ErasedError as erased:
            raise HopelessError("the person was erased") from erased
        speak(await self._people.language(tx, incoming.sender))
        try:
            async with tx.conn.begin_nested():
                await self._take(tx, incoming)
        except UserError as sentence:
            await self._answer(tx, incoming, str(sentence))
            return "refused"
        except (BrokenMediaError, MatrixError) as broken:
            await self._answer(tx, incoming, _("That file did not come whole. Please send it again."))
            return str(broken)
        except AwayError as away:
            if row.attempts + 1 < _TRIES:
                raise
            await self._answer(tx, incoming, _("I can't get at that file just now. Please send it again later."))
            return str(away)
        return None

    async def mourn(self, tx: Tx, row: Row) -> None:
        """A fault of ours: admit that the file was not kept."""
        incoming = await to_fetch(tx, self._people.vault, row.id, row.payload)
        speak(await self._people.language(tx, incoming.sender))
        await self._answer(tx, incoming, _("Something went wrong on our side, and your file was not kept."))

    async def _take(self, tx: Tx, incoming: Incoming) -> None:
        if incoming.attached is None:
            raise BadInputError(_("There was no file in that message."))
        locked = read_locked(incoming.attached.where)
        # Both are closed here, whatever happens: else the connection to the homeserver stays until it is collected.
        async with (
            aclosing(cast("AsyncGenerator[bytes]", self._bot.download(locked.server, locked.media_id))) as sealed,
            aclosing(cast("AsyncGenerator[bytes]", unlocked(locked, sealed))) as content,
        ):
            await self._taker(tx, incoming, content)

    async def _answer(self, tx: Tx, incoming: Incoming, sentence: str) -> None:
        person = await self._people.person_of(tx, incoming.sender)
        key = f"not taken:{incoming.event_id}"
        reply = Reply(escape(sentence))
        await post(tx, self._people.vault, subject=person, room_id=incoming.room_id, key=key, reply=reply)
