"""People who speak to a homeserver without a client: what is refused is refused to anybody's client."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from appservice.matrix.consultation import creation
from demo.homeserver import Homeserver

Json = dict[str, Any]
CIPHER = {
    "algorithm": "m.megolm.v1.aes-sha2",
    "ciphertext": "AAAA",
    "session_id": "s",
    "sender_key": "k",
    "device_id": "d",
}


class Caller:
    """Somebody with a token; `as_user` for the application service's."""

    def __init__(self, homeserver: Homeserver, token: str, user_id: str, *, masquerade: bool = False) -> None:
        self.homeserver = homeserver
        self.user_id = user_id
        self.token = token
        self._query = {"user_id": user_id} if masquerade else {}

    async def ask(self, method: str, path: str, body: Json | None = None, **query: str) -> tuple[int, Json]:
        """Return status and answer. A path that begins with a slash is from the server's root."""
        base = "" if path.startswith("/") else "/_matrix/client/v3/"
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.token}"} if self.token else {}) as http,
            http.request(
                method, f"{self.homeserver.url}{base}{path}", json=body, params={**self._query, **query}
            ) as answer,
        ):
            if answer.content_type != "application/json":
                return answer.status, {}
            return answer.status, dict(await answer.json())

    async def send(self, room: str, kind: str, content: Mapping[str, Any]) -> tuple[int, Json]:
        return await self.ask("PUT", f"rooms/{quote(room)}/send/{kind}/{uuid4()}", dict(content))

    async def put_state(self, room: str, kind: str, key: str, content: Mapping[str, Any]) -> tuple[int, Json]:
        return await self.ask("PUT", f"rooms/{quote(room)}/state/{kind}/{quote(key)}", dict(content))

    async def invite(self, room: str, other: "Caller") -> int:
        return (await self.ask("POST", f"rooms/{quote(room)}/invite", {"user_id": other.user_id}))[0]

    async def join(self, room: str, via: str = "") -> int:
        return (await self.ask("POST", f"join/{quote(room)}", {}, **({"server_name": via} if via else {})))[0]

    async def leave(self, room: str) -> int:
        return (await self.ask("POST", f"rooms/{quote(room)}/leave", {}))[0]

    async def create(self, **body: Any) -> str:
        status, answer = await self.ask("POST", "createRoom", body)
        assert status == 200, answer
        return str(answer["room_id"])


async def new_caller(homeserver: Homeserver, name: str) -> Caller:
    """Register somebody; `name` begins their Matrix id."""
    localpart = f"{name}-{uuid4().hex[:6]}"
    user_id = homeserver.register(localpart, "pw")
    nobody = Caller(homeserver, "", user_id)
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": localpart}, "password": "pw"}
    _, answer = await nobody.ask("POST", "login", body)
    return Caller(homeserver, answer["access_token"], user_id)


async def consultation_of(keeper: Caller, lobby: str, *people: tuple[Caller, str]) -> str:
    """Make a room as the service does, and let those in; the keeper stays until told otherwise."""
    team = {person.user_id: role for person, role in people}
    room = await keeper.create(**creation(keeper.user_id, "7F3K2A", lobby=lobby, team=team))
    for person, _ in people:
        assert await keeper.invite(room, person) == 200
        assert await person.join(room, keeper.homeserver.server_name) == 200
    return room
