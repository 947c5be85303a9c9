"""That a feed is as it was: the answer that is given most, and whose octets are therefore put together at once.

aiohttp takes longer to write an answer without a body than we take to find out that there is nothing to say.
"""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

SAME = CIMultiDict({"Cache-Control": "private, max-age=0, must-revalidate", "Vary": "Accept, Accept-Encoding"})
"""What an answer without a body has to say besides its ETag (RFC 9110 section 15.4.5)."""
_HEAD = "".join(("HTTP/1.1 304 Not Modified\r\n", *(f"{name}: {value}\r\n" for name, value in SAME.items())))


def unchanged(request: web.BaseRequest, tag: str) -> web.StreamResponse:
    """Answer that the one who asks has what there is; `tag`: in quotes, the one that they have it under."""
    if request.version == (1, 1) and request.keep_alive:
        return _unchanged(tag)
    same = CIMultiDict(SAME)
    same["ETag"] = tag
    return web.Response(status=304, headers=same)


class _Unchanged(web.StreamResponse):
    """To be sent over a connection that stays open. Signals of the application (`on_response_prepare`) are not sent.

    Nothing of who asks is kept in it, so one serves all who have the same.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(status=304)
        self._octets = f"{_HEAD}ETag: {tag}\r\nDate: ".encode("ascii")

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(self._octets + _date(int(time.time())))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """There is no body."""


_unchanged = lru_cache(maxsize=1000)(_Unchanged)


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    """Return what follows `Date:`, to the end of the head."""
    return f"{formatdate(second, usegmt=True)}\r\n\r\n".encode("ascii")
