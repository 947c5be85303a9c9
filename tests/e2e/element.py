"""A client on the crypto that Element uses (matrix-js-sdk in Node), steered over a pipe by a test."""

import asyncio
import itertools
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.client import PATIENCE

_DRIVER = Path(__file__).parent / "js" / "driver.mjs"


class ElementError(Exception):
    """The client could not do it, or waited in vain."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came, decrypted."""

    room: str
    event: str
    sender: str
    type: str
    body: str
    html: str | None
    replaces: str | None
    """The event that this one edits."""
    encrypted: bool


class Element:
    """One person's client; each is a process of its own. Use it as `async with`."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> "Element":
        self._process = await asyncio.create_subprocess_exec(
            "node", str(_DRIVER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**20
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 10)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._waiting.pop(answer["id"])
            if "error" in answer:
                waiting.set_exception(ElementError(answer["error"]))
            else:
                waiting.set_result(answer["result"])
        for waiting in self._waiting.values():
            waiting.set_exception(ElementError("the client's process has ended"))

    async def _do(self, command: str, **parameters: Any) -> Any:
        assert self._process.stdin
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        given = {name: value for name, value in parameters.items() if value is not None}
        self._process.stdin.write(json.dumps({"id": number, "do": command, **given}).encode() + b"\n")
        return await self._waiting[number]

    async def connect(self, homeserver: str, user: str, password: str, *, strict: bool = False) -> str:
        """Log in, cross-sign this device, sync; return the user's id. `strict`: no keys for unsigned devices."""
        answer = await self._do("connect", homeserver=homeserver, user=user, password=password, strict=strict)
        return str(answer["user_id"])

    async def dm(self, *invite: str) -> str:
        """Make an encrypted direct room; return its id once all have joined."""
        return str(await self._do("dm", invite=invite))

    async def join(self, room: str | None = None) -> str:
        """Join that room, or the next one that we are invited to; return its id."""
        return str((await self._do("join", room=room))["room"])

    async def verify(self, user: str, room: str) -> tuple[list[str], bool]:
        """Verify somebody by emoji in a direct room; return the emoji, and whether they are verified now."""
        done = await self._do("verify", user=user, room=room)
        return list(done["emoji"]), bool(done["verified"])

    async def members(self, room: str) -> set[str]:
        return set(await self._do("members", room=room))

    async def say(self, room: str, text: str) -> str:
        """Send a message; return its event's id."""
        return str(await self._do("say", room=room, text=text))

    async def react(self, room: str, event: str, key: str) -> None:
        await self._do("react", room=room, event=event, key=key)

    async def wait(
        self,
        room: str | None = None,
        *,
        sender: str | None = None,
        contains: str | None = None,
        seconds: float = PATIENCE,
    ) -> Heard:
        """Return the first message, not yet returned, that fits. Raises ElementError when the time is over."""
        return Heard(**await self._do("wait", room=room, sender=sender, contains=contains, seconds=seconds))

    async def shield(self, heard: Heard) -> str:
        """What Element shows beside the message: NONE, GREY or RED."""
        return str((await self._do("shield", room=heard.room, event=heard.event))["colour"])

    async def identity(self, user: str) -> str:
        """Return the public key by which somebody is known, whatever devices they have."""
        return str(await self._do("identity", user=user))

    async def undecryptable(self, room: str) -> list[str]:
        """Events of a room that came and could not be read until now.

        What was said in other rooms before this device was there, it cannot read, rightly.
        """
        return list(await self._do("undecryptable", room=room))
