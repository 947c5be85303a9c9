"""That the bot has read, and that it writes: what people see of others, too. Never in the way of an answer.

An answer says by itself that its sender has read what came before: clients show so without a receipt (the Rust and the
JavaScript SDK call that an implicit one). A receipt is for what is not answered, or not at once. None of it is kept or
repeated: what is lost is shown with the next message.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from appservice.matrix.api import Actor, AwayError, MatrixError

_SOON = 0.5
"""Seconds after which the receipt of a message goes out, of the last one alone, where nothing was said there since."""
_LONG = 0.8
"""Seconds that an answer may take before it is shown that the bot writes."""
_TYPING = 15_000
"""Milliseconds after which clients stop showing it, should we die meanwhile."""


class Attention:
    """Of the bot, in the process that leads."""

    def __init__(self, bot: Actor) -> None:
        self._bot = bot
        self._newest: dict[str, tuple[str, asyncio.TimerHandle]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def read(self, room_id: str, event_id: str) -> None:
        """An event was heard: show so, with all before it, unless an answer soon does."""
        _, timer = self._newest.get(room_id, ("", None))
        timer = timer or asyncio.get_running_loop().call_later(_SOON, self._show_read, room_id)
        self._newest[room_id] = event_id, timer

    def said(self, room_id: str) -> None:
        """The bot has said something there."""
        _, timer = self._newest.pop(room_id, ("", None))
        if timer:
            timer.cancel()

    @asynccontextmanager
    async def writing(self, room_id: str) -> AsyncIterator[None]:
        """Show that the bot writes, while the block lasts longer than a moment."""
        showing: list[asyncio.Task[None]] = []
        later = asyncio.get_running_loop().call_later(
            _LONG, lambda: showing.append(self._start(self._typing(room_id, shown=True)))
        )
        try:
            yield
        finally:
            later.cancel()
            for task in showing:
                task.cancel()
                self._start(self._typing(room_id, shown=False))

    async def __aenter__(self) -> "Attention":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget what is under way."""
        for waiting in self._newest.values():
            waiting[1].cancel()
        for task in self._tasks:
            task.cancel()

    def _show_read(self, room_id: str) -> None:
        event_id, _ = self._newest.pop(room_id)
        self._start(self._receipt(room_id, event_id))

    async def _receipt(self, room_id: str, event_id: str) -> None:
        try:
            await self._bot.post("rooms", room_id, "receipt", "m.read", event_id)
        except (AwayError, MatrixError):
            return

    async def _typing(self, room_id: str, *, shown: bool) -> None:
        body = {"typing": True, "timeout": _TYPING} if shown else {"typing": False}
        try:
            await self._bot.put("rooms", room_id, "typing", self._bot.user_id, body=body)
        except (AwayError, MatrixError):
            return

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
