"""One process has the bot's device at a time; another takes over, and nothing is lost or said twice."""

import asyncio

import psycopg

from appservice.matrix.leader import lead
from core.settings import Settings
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import serving


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
    await asyncio.wait_for(changed.wait(), 10)
    await asyncio.sleep(1.5)
    assert len(leading) == 1
    before = [*leading]
    changed.clear()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    await asyncio.wait_for(changed.wait(), 10)
    assert len(leading) == 1
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
    await asyncio.wait_for(done.wait(), 10)
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
