"""The client-server API as the application service uses it: any of its users, in its own name or another's device.

Nothing is understood here: paths in, JSON out, and errors sorted by what can be done about them.
"""

import json
import time
from collections.abc import AsyncIterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from core import figures
from core.lanes import LaterError
from core.settings import MatrixSettings

Json = dict[str, Any]
_TIMEOUT = 60.0
"""Seconds. Synapse's own patience with other servers is shorter for all that we ask."""
_MEDIA = 300.0
_SILENCE = 60.0
"""Seconds without a byte after which a download is given up for now; how long it takes in all is a matter of size."""
_PART = 64 * 1024
TOO_LARGE = "M_TOO_LARGE"


@lru_cache(maxsize=1000)
def _quoted(part: str) -> str:
    """Rooms and users come again and again."""
    return quote(part, safe="")


class AwayError(LaterError):
    """The homeserver does not answer, answers 5xx, asks to wait, or does not know our token: the same call, later."""


class MatrixError(Exception):
    """The homeserver refused: asking again will not help. Carries the code alone; its sentence may hold ids."""

    def __init__(self, status: int, code: str, body: Json | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.body = body or {}


class ForbiddenError(MatrixError):
    """Not allowed: not in the room, too little power, banned."""


class NotFoundError(MatrixError):
    """No such room, event, alias, user or piece of state."""


class Actor:
    """One user of ours, acting through the application service's token; with a device where encryption needs one."""

    def __init__(self, api: "Api", user_id: str, device_id: str | None = None) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self._acting = {"user_id": user_id, **({"device_id": device_id} if device_id else {})}
        self._api = api

    def without_device(self) -> "Actor":
        """The same user, acting with no device."""
        return Actor(self._api, self.user_id)

    async def get(self, *path: str, query: Json | None = None, seconds: float = _TIMEOUT) -> Json:
        return await self._api.call("GET", path, self._query(query), None, seconds)

    async def put(self, *path: str, body: Json | None = None) -> Json:
        return await self._api.call("PUT", path, self._query(None), body or {}, _TIMEOUT)

    async def post(self, *path: str, body: Json | None = None, query: Json | None = None) -> Json:
        return await self._api.call("POST", path, self._query(query), body or {}, _TIMEOUT)

    async def delete(self, *path: str) -> Json:
        return await self._api.call("DELETE", path, self._query(None), None, _TIMEOUT)

    async def upload(self, parts: AsyncIterator[bytes], size: int) -> str:
        """Keep (encrypted) bytes on the homeserver: `size` of them, in parts. Returns their mxc address."""
        answer = await self._api.call("POST", _UPLOAD, self._query(None), (parts, size), None)
        return str(answer["content_uri"])

    def download(self, server: str, media_id: str) -> AsyncIterator[bytes]:
        """Return the bytes of a file in parts, as they come. Raises as `Api.call` does, at any part."""
        return self._api.stream(
            ("", "_matrix", "client", "v1", "media", "download", server, media_id), self._query(None)
        )

    def _query(self, query: Json | None) -> Json:
        return {**self._acting, **(query or {})}


_UPLOAD = ("", "_matrix", "media", "v3", "upload")


class Api:
    """The homeserver, seen with the application service's token."""

    def __init__(self, session: aiohttp.ClientSession, matrix: MatrixSettings) -> None:
        self._session = session
        self._base = matrix.homeserver_url.rstrip("/")
        self._token = matrix.as_token.get_secret_value()

    def acting(self, user_id: str, device_id: str | None = None) -> Actor:
        return Actor(self, user_id, device_id)

    async def call(
        self,
        method: str,
        path: tuple[str, ...],
        query: Json,
        body: Json | tuple[AsyncIterator[bytes], int] | None,
        seconds: float | None,
    ) -> Json:
        """Ask. Path segments are quoted here; they start below /_matrix/client/v3, or at the root after an empty one.

        Raises AwayError, ForbiddenError, NotFoundError, MatrixError.
        """
        headers = self._headers()
        data: bytes | AsyncIterator[bytes] | None
        if isinstance(body, tuple):  # Synapse takes nothing whose length it is not told
            data, size = body
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        else:
            data = None if body is None else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        began = time.monotonic()
        outcome = "away"
        try:
            async with self._session.request(
                method,
                self._url(path, query),
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_read=None if seconds else _MEDIA),
            ) as answer:
                read = read_answer(answer.status, await answer.read())
            outcome = "done"
            return read
        except MatrixError:
            outcome = "refused"
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as away:
            raise AwayError(type(away).__name__) from away
        finally:
            if not query.get("timeout"):  # a long poll takes as long as nothing happens
                figures.homeserver_seconds.labels(outcome).observe(time.monotonic() - began)

    async def stream(self, path: tuple[str, ...], query: Json) -> AsyncIterator[bytes]:
        """Ask for what is no JSON and may be large. Raises as `call` does."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT, sock_read=_SILENCE)
        try:
            async with self._session.get(self._url(path, query), headers=self._headers(), timeout=timeout) as answer:
                if answer.status != 200:
                    read_answer(max(answer.status, 300), await answer.content.read(_PART))
                async for part in answer.content.iter_chunked(_PART):
                    yield part
        except (aiohttp.ClientError, TimeoutError, OSError) as away:
            raise AwayError(type(away).__name__) from away

    def _url(self, path: tuple[str, ...], query: Json) -> URL:
        root = "" if path[0] == "" else "/_matrix/client/v3/"
        place = root + "/".join(map(_quoted, path))
        asked = "&".join(f"{_quoted(name)}={_quoted(str(value))}" for name, value in query.items())
        return URL(f"{self._base}{place}?{asked}", encoded=True)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def read_answer(status: int, text: bytes) -> Json:
    """Sort an answer of the homeserver. Raises AwayError, ForbiddenError, NotFoundError, MatrixError.

    A page of a proxy's says that the homeserver is away, unless it says that what we send is larger than it lets pass.
    """
    try:
        body = json.loads(text)
    except ValueError:
        body = None  # a proxy's page
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise MatrixError(status, TOO_LARGE) from None
    if not isinstance(body, dict):
        raise AwayError(f"status {status}")
    if status < 300:
        return body
    code = str(body.get("errcode", "M_UNKNOWN"))
    if status == 429:
        milliseconds = body.get("retry_after_ms")
        raise AwayError(code, milliseconds / 1000 if isinstance(milliseconds, int | float) else None)
    if status >= 500 or status == 401:
        raise AwayError(f"{status} {code}")
    kind = ForbiddenError if status == 403 else NotFoundError if status == 404 else MatrixError
    raise kind(status, code, body)
