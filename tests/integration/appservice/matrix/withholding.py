"""A homeserver that does not answer some requests, or refuses them, as it does at the mercy of another's."""

import asyncio
from collections import Counter
from collections.abc import Collection
from urllib.parse import unquote

from aiohttp import web

from demo.proxy import Forward


class Withholding:
    """Meddles with a proxy's requests (demo.proxy.Meddle): those for `what` ("members") of `rooms` are not answered."""

    def __init__(self, what: str) -> None:
        self.rooms: Collection[str] = ()
        self.asked: Counter[str] = Counter()
        """How often it was asked about a room."""
        self.released = False
        """Whether who is kept waiting is answered at last."""
        self.most = 0
        """So many were kept waiting at once."""
        self._what = what
        self._waiting = 0

    async def meddle(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        path = unquote(request.path).split("/")
        room = path[-2] if path[-1] == self._what else ""
        if room not in self.rooms:
            return await forward()
        self.asked[room] += 1
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        try:
            while not self.released:  # or whoever asks has gone
                await asyncio.sleep(0.05)
        finally:
            self._waiting -= 1
        return await forward()
