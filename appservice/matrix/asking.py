"""Asking people's clients for keys that did not come, and telling them of our device; never in the way of the work.

None of it is kept: what is lost is asked for again with the next message that cannot be read.
"""

import asyncio

from cachetools import TTLCache
from psycopg import OperationalError

from appservice.matrix.api import AwayError, Json, MatrixError
from appservice.matrix.exchange import KeyExchange
from appservice.matrix.machine import SafeOlm
from core.logs import log

_REMEMBERED = 10_000
_AGAIN_AFTER = 300
"""Seconds until somebody is asked again for the same session, whatever they send."""
_AT_ONCE = 20
"""More than so many at a time are strangers' doing: those over it are not asked."""
_log = log("appservice.matrix")


class Asking:
    """Of the bot's device, in the process that leads."""

    def __init__(self, olm: SafeOlm, keys: KeyExchange) -> None:
        self._olm = olm
        self._keys = keys
        self._asked: TTLCache[tuple[str, str], bool] = TTLCache(_REMEMBERED, _AGAIN_AFTER)
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, event: Json) -> None:
        """Ask the device that sent this event for its key; see to it that it knows ours."""
        once = event["sender"], event["content"]["session_id"]
        if once in self._asked or len(self._tasks) >= _AT_ONCE:
            return
        self._asked[once] = True
        task = asyncio.create_task(self._ask(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> "Asking":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Forget what is under way."""
        for task in self._tasks:
            task.cancel()

    async def _ask(self, event: Json) -> None:
        try:
            await self._keys.look_up([event["sender"]], again=True)
            self._olm.ask_for_key(event)
            await self._keys.send_waiting()
        except (AwayError, MatrixError, OperationalError) as away:
            _log.warning("a key could not be asked for", error=type(away).__name__)
