"""One process has the bot's device at a time; another takes over, and nothing is lost or said twice."""

import asyncio

import aiohttp
import psycopg
from sqlalchemy import select

from appservice.matrix.filtering import EVENT
from appservice.matrix.leader import lead
from appservice.matrix.service import MatrixService
from core.database import Database, Tx
from core.inbox import inbox, receive
from core.lanes import Row
from core.settings import Settings
from demo.client import PATIENCE
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Directory, serving


async def test_one_leads_and_another_takes_over_when_its_connection_is_lost(database_url: str) -> None:
    leading: list[str] = []
    changed = asyncio.Event()

    def work(name: str):
        async def hold(connection: psycopg.Connection) -> None:
            leading.append(name)
            changed.set()
            try:
                await asyncio.Event().wait()
            finally:
                leading.remove(name)

        return hold

    tasks = [asyncio.create_task(lead(database_url, "a lock", work(name))) for name in ("first", "second")]
    await asyncio.wait_for(changed.wait(), PATIENCE)
    await asyncio.sleep(1.0)  # twice as long as each waits between two tries
    assert len(leading) == 1
    before = [*leading]
    changed.clear()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    await asyncio.wait_for(changed.wait(), PATIENCE)
    async with asyncio.timeout(PATIENCE):  # the one before may hear only now that its connection is lost
        while len(leading) != 1:
            await asyncio.sleep(0.01)
    assert before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not leading


async def test_work_that_fails_is_taken_up_again(database_url: str) -> None:
    tries = 0
    done = asyncio.Event()

    async def work(connection: psycopg.Connection) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise KeyError("a fault of ours")
        done.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(lead(database_url, "a lock", work))
    await asyncio.wait_for(done.wait(), PATIENCE)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_losing_the_database_connection_loses_no_message(
    settings: Settings, database_url: str, new_person: NewPerson
) -> None:
    anna, bot = await new_person("anna"), settings.matrix.bot_id
    async with serving(settings):
        room = await anna.direct_room(bot)
        await anna.ask(room, "one", "you said one")
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await anna.ask(room, "two", "you said two")
        await anna.ask(room, "three", "you said three")
    said = [text for text in anna.shown(room) if text != "that was joined"]
    assert said == ["you said one", "you said two", "you said three"]


async def test_payments_are_heard_of_while_the_homeserver_is_away(settings: Settings, database: Database) -> None:
    """Whoever leads from then on needs it for its device, but not for what Stripe says."""
    nobody_there = settings.matrix.model_copy(update={"homeserver_url": "http://127.0.0.1:9"})
    away = settings.model_copy(update={"matrix": nobody_there})
    heard = asyncio.Event()

    async def hear(tx: Tx, row: Row) -> None:
        heard.set()

    async def nothing(*_: object, **__: object) -> None:
        raise AssertionError

    async with database.transaction() as tx:
        await receive(tx, kind="stripe", event_id="evt_1", lane="payment:1", payload=b"{}")
        await receive(tx, kind=EVENT, event_id="$1", lane="room:!a", payload=b"{}")
    async with aiohttp.ClientSession() as http:
        service = MatrixService(away, database, Directory(away), http)
        work = service.run_as_leader(
            nothing, attachments={}, taker=nothing, inbox_handlers={"stripe": hear}, outbox_handlers={}
        )
        task = asyncio.create_task(work)
        await asyncio.wait_for(heard.wait(), PATIENCE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with database.transaction() as tx:
        rows = await tx.conn.execute(select(inbox.c.kind, inbox.c.attempts).where(inbox.c.kind == EVENT))
        assert [*rows] == [(EVENT, 0)]  # what needs the device waits, untouched
