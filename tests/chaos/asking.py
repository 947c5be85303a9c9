"""People who ask one thing after the other, whatever happens to the service; and whether each was answered once."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp
from nio import RoomSendResponse
from nio.exceptions import ProtocolError

from demo.client import Person
from demo.run import Demo
from tests.chaos.booking import PATIENCE, count, newcomer


async def insist(person: Person, room: str, text: str) -> None:
    """Say something as a client does whose homeserver may be away: again under the same id, until it is taken."""
    once = uuid4().hex
    content = {"msgtype": "m.text", "body": text}
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, ProtocolError):
                if await person.share_key(room):
                    answer = await person.client.room_send(
                        room, "m.room.message", content, tx_id=once, ignore_unverified_devices=True
                    )
                    if isinstance(answer, RoomSendResponse):
                        return
            await asyncio.sleep(0.3)


@dataclass
class Asker:
    """Somebody who tells the bot one name after the other. Each name is another, so each answer can be told apart."""

    person: Person
    room: str
    since: int
    asked: list[str] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    """When each was answered, by time.monotonic."""

    async def ask(self) -> None:
        """Say the next name, and wait for its answer."""
        name = f"Ida Storm {self.person.mxid[1:].partition(':')[0][-8:]} n{len(self.asked)}."
        self.asked.append(name)
        since = len(self.person.heard)
        await insist(self.person, self.room, f"name {name}")
        await self.person.hears(name, room=self.room, since=since, seconds=PATIENCE)
        self.answered.append(time.monotonic())

    async def keep_asking(self, times: int) -> None:
        for _ in range(times):
            await self.ask()

    def times_answered(self) -> dict[str, int]:
        """How often each name was answered: nothing but ones is right."""
        bodies = [heard.body for heard in self.person.heard[self.since :] if heard.room == self.room]
        return {name: sum(name in body for body in bodies) for name in self.asked}


@asynccontextmanager
async def askers(demo: Demo, number: int) -> AsyncIterator[list[Asker]]:
    """So many newcomers, welcomed, whose keys and devices the bot knows."""
    there: list[Asker] = []
    try:
        for _ in range(number):
            person, room = await newcomer(demo)
            there.append(Asker(person, room, len(person.heard)))
            await there[-1].ask()
        yield there
    finally:
        for asker in there:
            await asker.person.close()


async def all_settled(demo: Demo, asking: list[Asker]) -> None:
    """Everybody asks once more: an answer that came a second time would come before that one. Then all is compared."""
    await asyncio.gather(*(asker.ask() for asker in asking))
    for asker in asking:
        wrong = {name: times for name, times in asker.times_answered().items() if times != 1}
        assert wrong == {}, wrong
        assert asker.person.unreadable == []
        # Its effect: the last name stands, whoever was killed in between.
        assert asker.asked
    unanswered = "SELECT count(*) FROM inbox WHERE kind = 'matrix' AND state IN ('waiting', 'failed')"
    assert count(demo, unanswered) == 0


def first_after(asking: list[Asker], moment: float) -> float:
    """Seconds from a moment until the first answer that anybody got after it."""
    return min(when for asker in asking for when in asker.answered if when > moment) - moment
