"""What an answer costs in the process, from the sentence to what is sent: processor time and statements.

`python -m benchmarks.answering [ROUNDS] [--profile COMMAND]`: makes a country of 1,000 doctors in an embedded
PostgreSQL and has the conversation hear each command so often, without Matrix between: the message is understood,
answered, sealed and written into the outbox, opened again and made into HTML. With `--profile`, prints by function
what takes the time.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import uvloop
from sqlalchemy import event, select, update

from appservice.conversation.service import Conversation
from appservice.incoming import Incoming
from appservice.matrix.markdown import message
from appservice.outgoing import MESSAGE, unseal
from benchmarks.ground import context, database_url
from benchmarks.search import fill
from booking.search.bounds import refresh
from core.database import Database, Tx
from core.outbox import outbox
from core.statements import Statement

_DOCTORS = 1_000
_ANNA = "@anna:localhost"
_ROOM = "!anna:localhost"
_COMMANDS: dict[str, tuple[str, ...]] = {
    "help": ("help",),
    "search": ("cardiologist near Berlin tomorrow under 60",),
    "search, everywhere": ("cardiologist online",),
    "search, then a number": ("cardiologist near Berlin tomorrow under 60", "1"),
    "appointments": ("appointments",),
}


class Talk:
    """One person's talk with the bot, and what it has cost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ctx = context()
        self._count = 0

    async def say(self, text: str) -> None:
        """As appservice.matrix hears a message and sends the answers."""
        self._count += 1
        heard = Incoming(
            event_id=f"$event{self._count}",
            room_id=_ROOM,
            sender=_ANNA,
            display_name="Anna",
            direct=True,
            text=text,
            kind="text",
        )
        async with self._database.transaction() as tx:
            await Conversation(self._ctx, direct_room=_direct_room).hear(tx, heard)
        async with self._database.transaction() as tx:
            for row in await tx.run(_WAITING, {}):
                message((await unseal(tx, self._ctx.vault, row.id, row.payload))["markdown"])
            await tx.run(_DONE, {})


_WAITING = Statement(select(outbox.c.id, outbox.c.payload).where(outbox.c.kind == MESSAGE, outbox.c.state == "waiting"))
_DONE = Statement(update(outbox).where(outbox.c.state == "waiting").values(state="done", payload=b""))


async def _direct_room(_tx: Tx, _person: UUID, _mxid: str) -> str:
    return _ROOM


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are run inside the block."""
    asked: list[str] = []
    engine, run = database.engine.sync_engine, Statement.run

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    async def noted(statement: Statement, *given: Any) -> Any:
        asked.append(statement._compiled[0])
        return await run(statement, *given)

    event.listen(engine, "before_cursor_execute", note)
    Statement.run = noted  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        Statement.run = run  # type: ignore[method-assign]
        event.remove(engine, "before_cursor_execute", note)


async def measure(url: str, rounds: int, profile: str | None) -> None:
    """Print what each command costs; or by function what one does."""
    await fill(url, _DOCTORS)
    database = Database(url)
    while True:
        async with database.transaction() as tx:
            if not await refresh(tx):
                break
    talk = Talk(database)
    print(f"{'command':<24}{'own CPU':>12}{'statements':>12}")
    for name, texts in _COMMANDS.items():
        if profile not in {None, name}:
            continue
        for _ in range(10):
            for text in texts:
                await talk.say(text)
        with counted(database) as asked:
            for text in texts:
                await talk.say(text)
        if profile:
            print("\n\n".join(each.strip() for each in asked))
            profiler = cProfile.Profile()
            profiler.enable()
        began = time.process_time()
        for _ in range(rounds):
            for text in texts:
                await talk.say(text)
        took = (time.process_time() - began) / rounds
        print(f"{name:<24}{took * 1000:>9.2f} ms{len(asked):>12}")
        if profile:
            profiler.disable()
            stats = pstats.Stats(profiler)
            stats.sort_stats("cumulative").print_stats(110)
            stats.sort_stats("tottime").print_stats(60)
    await database.close()


def main(rounds: int, profile: str | None) -> None:
    with database_url() as url:
        uvloop.run(measure(url, rounds, profile))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=200)
    parser.add_argument("--profile", choices=[*_COMMANDS])
    given = parser.parse_args()
    main(given.rounds, given.profile)
