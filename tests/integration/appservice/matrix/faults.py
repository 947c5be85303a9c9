"""A homeserver that cannot be relied on: a part of all requests fails, before they are done or only after."""

import asyncio
import random
from collections import Counter

from aiohttp import web

from demo.proxy import Forward

KINDS = ("429", "502", "502 afterwards", "reset", "reset afterwards", "timeout afterwards")
"""What happens to a request. Those afterwards are done, and the asker does not learn of it."""


class Faults:
    """Meddles with a proxy's requests (demo.proxy.Meddle): a `share` of them fails by chance, in all ways by turns."""

    def __init__(self, share: float, seed: int, *, silence: float) -> None:
        self.share = share
        self.happened: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._silence = silence
        """Seconds for which an answer is withheld: longer than the asker's patience."""

    async def meddle(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        if self._chance.random() >= self.share:
            return await forward()
        kind = KINDS[self.happened.total() % len(KINDS)]
        self.happened[kind] += 1
        if kind.endswith("afterwards"):
            await forward()
        if kind == "429":
            return web.json_response({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 50}, status=429)
        if kind.startswith("502"):
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if kind.startswith("timeout"):
            await asyncio.sleep(self._silence)
        elif request.transport:
            request.transport.abort()
        return web.Response(status=504)
