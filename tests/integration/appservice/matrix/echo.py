"""A service whose conversation only echoes, on the real Matrix floor. As a process of its own it can be killed.

usage: python echo.py SETTINGS.json [MOMENT MARKER]: at that moment it kills itself, unless the marker file exists.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import aiohttp
from aiohttp import web
from sqlalchemy import select

from appservice.incoming import Incoming
from appservice.matrix.model import device_key
from appservice.matrix.outbound import Outbound
from appservice.matrix.people import Staff, Visit
from appservice.matrix.service import MatrixService
from appservice.matrix.sync import SyncLoop
from appservice.outgoing import File, Reply, Streamed, end_poll, fetch, post
from core.database import Database, Tx
from core.errors import BadInputError
from core.ids import id_of
from core.lanes import Row
from core.languages import speak
from core.logs import set_up_logs
from core.settings import Settings
from records.access import Reader
from records.files.service import Arrival, Limits, content_to_send, keep_file
from records.sealing import Vault


class Directory:
    """Who is who in these tests: everybody's id follows from their name, and visits are as told."""

    def __init__(self, settings: Settings) -> None:
        self.vault = Vault.from_settings(settings.records)
        self.visits: dict[UUID, Visit] = {}
        self._accounts: dict[UUID, str] = {}
        self.centres: dict[UUID, Staff] = {}
        self.kept_out: set[tuple[str, str]] = set()
        self.staff_members: set[str] = set()
        self.languages: dict[str, str] = {}

    def id_of(self, mxid: str) -> UUID:
        who = uuid5(NAMESPACE_URL, mxid)
        self._accounts[who] = mxid
        return who

    async def language(self, tx: Tx, mxid: str) -> str:
        return self.languages.get(mxid, "en")

    async def account(self, tx: Tx, person_id: UUID) -> str | None:
        if person_id not in self._accounts:  # begun anew: from those whose devices are known
            for owner in (await tx.conn.execute(select(device_key.c.owner_id).distinct())).scalars():
                self.id_of(owner)
        return self._accounts.get(person_id)

    async def person_of(self, tx: Tx, mxid: str, display_name: str | None = None) -> UUID:
        return self.id_of(mxid)

    async def staff(self, tx: Tx, centre_id: UUID) -> Staff:
        return self.centres[centre_id]

    async def may_contact(self, tx: Tx, mxid: str, by: str) -> bool:
        return (mxid, by) not in self.kept_out

    async def visit(self, tx: Tx, appointment_id: UUID) -> Visit:
        return self.visits[appointment_id]

    async def all_staff(self, tx: Tx) -> set[str]:
        return self.staff_members

    async def may_be_erased(self, tx: Tx, appointment_id: UUID) -> bool:
        return True


class Echo:
    """The conversation: says back what it hears, in the form that the words ask for."""

    def __init__(self, people: Directory) -> None:
        self.people = people
        self.heard: list[Incoming] = []
        self.notices: list[Row] = []
        self.faults = 0
        self.go_on = asyncio.Event()
        """What is asked for slowly waits for this."""

    async def hear(self, tx: Tx, incoming: Incoming) -> None:
        self.heard.append(incoming)
        speak(self.people.languages.get(incoming.sender, "en"))
        text = incoming.text
        if incoming.attached:
            await fetch(tx, self.people.vault, subject=self.people.id_of(incoming.sender), incoming=incoming)
            return
        if text == "bad":
            await self._say(tx, incoming, "never seen")
            raise BadInputError("Say {what} instead.", what="*good*")
        if text == "fault":
            self.faults += 1
            raise KeyError("a fault of ours")
        if text == "file":
            file = File("echo", self.people.id_of(incoming.sender), "echo.txt", "text/plain")
            await post(
                tx,
                self.people.vault,
                subject=self.people.id_of(incoming.sender),
                room_id=incoming.room_id,
                key=f"file:{incoming.event_id}",
                reply=file,
            )
        elif text == "slowly":
            await asyncio.wait_for(self.go_on.wait(), 300)
            await self._say(tx, incoming, "you said slowly")
        elif text == "poll":
            reply = Reply("1. one\n2. two", poll={"1": "one", "2": "two"})
            key, subject = f"answer:poll:{incoming.event_id}", self.people.id_of(incoming.sender)
            await post(tx, self.people.vault, subject=subject, room_id=incoming.room_id, key=key, reply=reply)
        elif text in ("over", "about") and incoming.reacts_to:
            await self._refer(tx, incoming, incoming.reacts_to)
        elif text == "list":
            await self._say(tx, incoming, "1. one\n2. two", choices=2)
        elif text.startswith("edit "):
            await self._say(tx, incoming, "edited", edits=text.removeprefix("edit "))
        elif incoming.kind == "text":
            await self._say(tx, incoming, f"you said **{text}**")
        elif incoming.kind == "reaction":
            await self._say(tx, incoming, f"you tapped {incoming.reaction} under {incoming.reacts_to}")
        else:
            await self._say(tx, incoming, f"that was {incoming.kind}", public=incoming.kind == "plaintext")

    async def _refer(self, tx: Tx, incoming: Incoming, key: str) -> None:
        """Do something about the message of ours that was replied to."""
        if incoming.text == "over":
            await end_poll(tx, incoming.room_id, key)
            return
        subject, mine = self.people.id_of(incoming.sender), f"answer:about:{incoming.event_id}"
        reply = Reply("that one", about=key)
        await post(tx, self.people.vault, subject=subject, room_id=incoming.room_id, key=mine, reply=reply)

    async def take(self, tx: Tx, incoming: Incoming, content: AsyncIterator[bytes]) -> None:
        """Keep the file in the records, and send it back from there."""
        assert incoming.attached
        person = self.people.id_of(incoming.sender)
        reader = Reader(person, own=frozenset({person}), treats=frozenset(), practitioner_id=None)
        arrival = Arrival(id_of(incoming.event_id), person, incoming.attached.name, incoming.attached.caption)
        kept = await keep_file(tx, self.people.vault, reader, arrival, content, Limits(30 << 20, 1 << 30))
        await self._say(tx, incoming, f"kept {kept.name} of {kept.size} bytes, {kept.note}")
        file = File("stored", kept.id, kept.name, kept.mimetype)
        key = f"back:{incoming.event_id}"
        await post(tx, self.people.vault, subject=person, room_id=incoming.room_id, key=key, reply=file)

    async def stored(self, tx: Tx, file_id: UUID) -> Streamed:
        kept, content = await content_to_send(tx, self.people.vault, file_id)
        return Streamed(kept.size, content)

    async def _say(
        self,
        tx: Tx,
        incoming: Incoming,
        words: str,
        *,
        choices: int = 0,
        edits: str | None = None,
        public: bool = False,
    ) -> None:
        await post(
            tx,
            self.people.vault,
            subject=self.people.id_of(incoming.sender),
            room_id=incoming.room_id,
            key=f"answer:{incoming.text or incoming.kind}:{incoming.event_id}",
            reply=Reply(
                words,
                choices=choices,
                edits=edits,
                public=public,
                shared=not incoming.direct,
                thread=incoming.thread,
                answers=incoming.event_id,
            ),
        )

    async def notice(self, tx: Tx, row: Row) -> None:
        self.notices.append(row)

    async def file(self, tx: Tx, file_id: UUID) -> bytes:
        return b"the file of " + file_id.hex.encode()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[MatrixService, Echo]]:
    """Run the echo service in this process."""
    database = Database(settings.database.url.get_secret_value(), pool=4 + 4 * max(settings.matrix.shards, 2))
    people = Directory(settings)
    echo = Echo(people)
    async with aiohttp.ClientSession() as http:
        service = MatrixService(settings, database, people, http)
        app = web.Application(client_max_size=64 << 20)
        app.add_routes(service.routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", settings.http.port, reuse_address=True).start()
        work = service.run_as_leader(
            echo.hear,
            attachments={"echo": echo.file, "stored": echo.stored},
            taker=echo.take,
            inbox_handlers={},
            outbox_handlers={"notice": echo.notice},
        )
        tasks = [asyncio.create_task(work), asyncio.create_task(database.listen())]
        try:
            yield service, echo
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await runner.cleanup()
            await database.close()


def _die(marker: Path) -> None:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def die_once(moment: str, marker: Path) -> None:
    """Arrange to be killed at that moment: the real steps run, and the next one never does."""
    wake, remember, hear, take = SyncLoop._wake, Outbound._remember, Echo.hear, Echo.take

    async def at_key(self: SyncLoop, sessions: set[str]) -> None:
        _die(marker)  # the key is in the store; nobody was woken, and the place in the stream is not saved
        await wake(self, sessions)

    def at_sent(self: Outbound, *what: object) -> None:
        _die(marker)  # the homeserver has the answer; we have not written that down
        remember(self, *what)  # type: ignore[arg-type]

    async def at_heard(self: Echo, tx: Tx, incoming: Incoming) -> None:
        await hear(self, tx, incoming)
        _die(marker)  # decrypted and answered, not committed

    async def at_taken(self: Echo, tx: Tx, incoming: Incoming, content: AsyncIterator[bytes]) -> None:
        await take(self, tx, incoming, content)
        _die(marker)  # the file's pieces are sealed and written, not committed

    if moment == "taken":
        Echo.take = at_taken  # type: ignore[method-assign]
    elif moment == "key":
        SyncLoop._wake = at_key  # type: ignore[method-assign, assignment]
    elif moment == "sent":
        Outbound._remember = at_sent  # type: ignore[method-assign, assignment]
    elif moment == "heard":
        Echo.hear = at_heard  # type: ignore[method-assign]


async def _main() -> None:
    set_up_logs("INFO")
    settings = Settings.model_validate_json(Path(sys.argv[1]).read_text())
    if len(sys.argv) > 2:
        die_once(sys.argv[2], Path(sys.argv[3]))
    async with serving(settings):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
