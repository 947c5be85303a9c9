"""The client-server API as the application service uses it: any of its users, in its own name or another's device.

Nothing is understood here: paths in, JSON out, and errors sorted by what can be done about them.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from core.lanes import LaterError
from core.settings import MatrixSettings

Json = dict[str, Any]
_TIMEOUT = 60.0
"""Seconds. Synapse's own patience with other servers is shorter for all that we ask."""


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
        self._api = api

    async def get(self, *path: str, query: Json | None = None, seconds: float = _TIMEOUT) -> Json:
        return await self._api.call("GET", path, self._query(query), None, seconds)

    async def put(self, *path: str, body: Json | None = None) -> Json:
        return await self._api.call("PUT", path, self._query(None), body or {}, _TIMEOUT)

    async def post(self, *path: str, body: Json | None = None, query: Json | None = None) -> Json:
        return await self._api.call("POST", path, self._query(query), body or {}, _TIMEOUT)

    async def delete(self, *path: str) -> Json:
        return await self._api.call("DELETE", path, self._query(None), None, _TIMEOUT)

    async def upload(self, content: bytes) -> str:
        """Keep (encrypted) bytes on the homeserver. Returns their mxc address."""
        answer = await self._api.call("POST", ("", "_matrix", "media", "v3", "upload"), self._query(None), content, 300)
        return str(answer["content_uri"])

    def _query(self, query: Json | None) -> Json:
        device = {"device_id": self.device_id} if self.device_id else {}
        return {"user_id": self.user_id, **device, **(query or {})}


class Api:
    """The homeserver, seen with the application service's token."""

    def __init__(self, session: aiohttp.ClientSession, matrix: MatrixSettings) -> None:
        self._session = session
        self._base = matrix.homeserver_url.rstrip("/")
        self._token = matrix.as_token.get_secret_value()

    def acting(self, user_id: str, device_id: str | None = None) -> Actor:
        return Actor(self, user_id, device_id)

    async def call(
        self, method: str, path: tuple[str, ...], query: Json, body: Json | bytes | None, seconds: float
    ) -> Json:
        """Ask. Path segments are quoted here; they start below /_matrix/client/v3, or at the root after an empty one.

        Raises AwayError, ForbiddenError, NotFoundError, MatrixError.
        """
        root = "" if path[0] == "" else "/_matrix/client/v3/"
        place = root + "/".join(quote(part, safe="") for part in path)
        url = URL(f"{self._base}{place}?{urlencode(query)}", encoded=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        if isinstance(body, bytes):
            data: bytes | None = body
            headers["Content-Type"] = "application/octet-stream"
        else:
            data = None if body is None else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=aiohttp.ClientTimeout(total=seconds)
            ) as answer:
                return _read(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as away:
            raise AwayError(type(away).__name__) from away


def _read(status: int, text: bytes) -> Json:
    try:
        body = json.loads(text)
    except ValueError:
        body = None  # a proxy's page
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
