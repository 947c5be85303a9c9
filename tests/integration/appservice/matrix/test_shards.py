"""Three bots and two processes: the bots are shared out, each answers its own people, and a person has one chat."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from appservice.outgoing import Reply, lane_of, lanes_of, post
from core.database import Database
from core.ids import dealt_to, id_of, new_id
from core.settings import Settings
from core.shards import shard_of
from demo.child import Child, free_port
from demo.client import PATIENCE
from tests.integration.appservice.matrix import echo as program
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving
from tests.integration.appservice.matrix.test_crashes import shown

_BOTS = 3
_HEARD_BY = text("SELECT shard FROM inbox WHERE kind = 'matrix' AND lane = :lane")
"""Of one room: the homeserver may bring late what was said in another test."""


@pytest.fixture
def sharded(settings: Settings) -> Settings:
    return settings.model_copy(update={"matrix": settings.matrix.model_copy(update={"shards": _BOTS})})


@contextmanager
def another_process(settings: Settings, folder: Path) -> Iterator[Child]:
    """The same service in a process of its own, which the homeserver's transactions do not reach."""
    file = folder / "settings.json"
    elsewhere = settings.model_copy(update={"http": settings.http.model_copy(update={"port": free_port()})})
    file.write_text(json.dumps(elsewhere.model_dump(), default=shown))
    command = [sys.executable, str(program.__file__), str(file)]
    child = Child("another", command, folder / "another.log", env={"PYTHONPATH": str(Path.cwd())})
    child.start()
    try:
        yield child
    finally:
        child.kill()


def holders(url: str) -> list[set[str]]:
    """For each process, the bots whose devices it has."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT a.application_name, l.objid::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()"
            " AND a.application_name LIKE 'careconnect leader %'"
        ).fetchall()
    by_process: dict[str, set[str]] = {}
    for process, lock in found:
        by_process.setdefault(process, set()).add(lock)
    return [*by_process.values()]


async def shared_out(url: str, *parts: int) -> None:
    """Wait until the processes hold so many devices each."""
    async with asyncio.timeout(PATIENCE):
        while sorted(map(len, await asyncio.to_thread(holders, url))) != sorted(parts):
            await asyncio.sleep(0.1)


async def test_bots_are_shared_out_and_each_of_them_answers_whoever_leads(
    sharded: Settings, new_person: NewPerson, database_url: str, tmp_path: Path
) -> None:
    bots = sharded.matrix.bot_ids
    people = [await new_person(f"anna{n}") for n in range(_BOTS)]
    async with serving(sharded):
        await shared_out(database_url, 3)
        rooms = [await person.direct_room(bot) for person, bot in zip(people, bots, strict=True)]
        for person, room in zip(people, rooms, strict=True):
            await person.ask(room, "one", "you said one")
        with another_process(sharded, tmp_path) as other:
            await shared_out(database_url, 2, 1)
            await asyncio.gather(
                *(person.ask(room, "two", "you said two") for person, room in zip(people, rooms, strict=True))
            )
            asking = asyncio.gather(
                *(person.ask(room, "three", "you said three") for person, room in zip(people, rooms, strict=True))
            )
            other.kill()
            await asking
            await shared_out(database_url, 3)
    for person, room, bot in zip(people, rooms, bots, strict=True):
        said = [message for message in person.heard if message.body.startswith("you said")]
        assert [message.body for message in said] == ["you said one", "you said two", "you said three"]
        assert {message.sender for message in said if message.room == room} == {bot}
        assert person.unreadable == []


async def test_a_notice_goes_to_the_chat_that_a_person_has_and_else_to_one_that_is_dealt_to_them(
    sharded: Settings, new_person: NewPerson, database: Database
) -> None:
    bots = sharded.matrix.bot_ids
    anna, boris = await new_person("anna"), await new_person("boris")
    async with serving(sharded) as (service, echo):
        people = echo.people
        room = await anna.direct_room(bots[2])
        await anna.ask(room, "hello", "you said hello")
        async with database.transaction() as tx:
            assert await service.rooms.direct_room(tx, people.id_of(anna.mxid), anna.mxid) == room
            new = await service.rooms.direct_room(tx, people.id_of(boris.mxid), boris.mxid)
            for person, place in ((anna, room), (boris, new)):
                subject = people.id_of(person.mxid)
                reply = Reply("a notice", notice=True)
                await post(tx, people.vault, subject=subject, room_id=place, key=f"notice {subject}", reply=reply)
        inviter = bots[dealt_to(people.id_of(boris.mxid), _BOTS)]
        await boris.join(await boris.invitation(by=inviter))
        assert (await anna.hears("a notice", room=room)).sender == bots[2]
        await boris.ask(new, "hello", "you said hello")
        async with database.transaction() as tx:
            assert await shard_of(tx, lanes_of(new)[0]) == bots.index(inviter)
            found = {
                where: {*(await tx.conn.execute(_HEARD_BY, {"lane": lane_of(where)})).scalars()}
                for where in (room, new)
            }
            assert found == {room: {2}, new: {bots.index(inviter)}}


async def test_who_speaks_in_a_new_room_before_it_is_written_down_is_heard_by_the_bot_that_is_there(
    sharded: Settings, new_person: NewPerson, database: Database
) -> None:
    """As where the disk is slow, or the process was killed after the invitation."""
    async with serving(sharded) as (service, echo):
        boris = await new_person("boris")
        while not (shard := dealt_to(echo.people.id_of(boris.mxid), _BOTS)):  # what is nobody's is the first bot's
            boris = await new_person("boris")
        async with database.transaction() as tx:
            room = await service.rooms.direct_room(tx, echo.people.id_of(boris.mxid), boris.mxid)
            assert await boris.invitation(by=sharded.matrix.bot_ids[shard]) == room
            await boris.join(room)
            await boris.say(room, "hello")
            async with asyncio.timeout(PATIENCE):
                while not (found := (await tx.conn.execute(_HEARD_BY, {"lane": lane_of(room)})).scalars().all()):
                    await asyncio.sleep(0.1)
            assert found == [shard]
        await boris.hears("you said hello", room=room)


async def test_a_centre_keeps_its_bot_when_bots_are_added(sharded: Settings, database: Database) -> None:
    more = sharded.model_copy(update={"matrix": sharded.matrix.model_copy(update={"shards": _BOTS + 4})})
    centres = [id_of(f"centre {n}") for n in range(20)]

    async def bots_of(settings: Settings) -> list[str]:
        async with serving(settings) as (service, _), database.transaction() as tx:
            return [(await service.bots.of_centre(tx, centre)).user_id for centre in centres]

    before = await bots_of(sharded)
    assert len(set(before)) == _BOTS
    assert await bots_of(more) == before


def test_with_one_shard_more_only_what_goes_to_the_new_one_changes_hands() -> None:
    for key in (new_id() for _ in range(200)):
        before, after = dealt_to(key, 4), dealt_to(key, 5)
        assert after in (before, 4)
