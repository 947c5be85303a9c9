"""Stripe, PostgreSQL or the homeserver is away for some seconds: nothing is lost, and nothing comes twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from demo.client import Person
from demo.run import Demo
from demo.stripe.payer import pay
from tests.chaos.booking import PATIENCE, count, link_in, looks_for_a_time, newcomer

_GONE = 3.0
"""Seconds for which something is away."""


@asynccontextmanager
async def without_database(demo: Demo) -> AsyncIterator[None]:
    """careConnect's database refuses connections and ends those that there are; Synapse's stays."""

    def set_open(answer: str) -> None:
        with psycopg.connect(demo.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE careconnect ALLOW_CONNECTIONS {answer}")  # type: ignore[arg-type]
            if answer == "false":
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'careconnect'"
                )

    await asyncio.to_thread(set_open, "false")
    try:
        yield
    finally:
        await asyncio.to_thread(set_open, "true")


def answers(person: Person, since: int) -> list[str]:
    """What came after the first `since` messages."""
    return [heard.body for heard in person.heard[since:]]


async def test_who_books_while_stripe_is_away_is_told_so_and_gets_the_link_when_it_is_back(demo: Demo) -> None:
    person, room = await newcomer(demo)
    async with person:
        await looks_for_a_time(demo, person, room, 2)
        demo.stripe.stop()
        try:
            card = await person.ask(room, "1", "as soon as it is", seconds=PATIENCE)
            assert link_in(demo, card) is None
            await asyncio.sleep(_GONE)
        finally:
            demo.stripe.start()
        linked = await person.hears(lambda heard: link_in(demo, heard) is not None, room=room, seconds=PATIENCE)
        await pay(str(link_in(demo, linked)))
        await person.hears(
            lambda heard: heard.replaces == linked.event and "onfirmed" in heard.body, room=room, seconds=PATIENCE
        )
        booked = "SELECT count(*) FROM appointment a JOIN person p ON p.id = a.booked_by WHERE p.mxid = %s"
        assert count(demo, booked, person.mxid) == 1


async def test_who_writes_while_the_database_is_away_is_answered_once_when_it_is_back(demo: Demo) -> None:
    person, room = await newcomer(demo)
    async with person:
        await person.ask(room, "help", seconds=PATIENCE)
        since = len(person.heard)
        async with without_database(demo):
            await person.say(room, "name Ida Storm")
            await asyncio.sleep(_GONE)
        await person.hears("Ida Storm", room=room, since=since, seconds=PATIENCE)
        # An answer that came a second time would come before that to the next question.
        await person.ask(room, "cardiologist near Berlin", "Berlin", seconds=PATIENCE)
        assert sum("Ida Storm" in said for said in answers(person, since)) == 1
        assert len(answers(person, since)) == 2
        assert person.unreadable == []


async def test_notices_wait_for_the_homeserver_and_arrive_once(demo: Demo) -> None:
    person, room = await newcomer(demo)
    async with person:
        await looks_for_a_time(demo, person, room, 3)
        card = await person.ask(room, "1", lambda heard: link_in(demo, heard) is not None, seconds=PATIENCE)
        await asyncio.to_thread(demo.homeserver.stop)
        try:
            await pay(str(link_in(demo, card)))
            waiting = "SELECT count(*) FROM outbox WHERE kind IN ('notice', 'matrix.message') AND state = 'waiting'"
            async with asyncio.timeout(PATIENCE):
                while not count(demo, waiting):
                    await asyncio.sleep(0.1)
            await asyncio.sleep(_GONE)
            assert count(demo, waiting) > 0
        finally:
            await asyncio.to_thread(demo.homeserver.start)
        done = await person.hears(
            lambda heard: heard.replaces == card.event and "onfirmed" in heard.body, room=room, seconds=PATIENCE
        )
        await person.hears(lambda heard: heard.body.endswith(".ics"), room=room, seconds=PATIENCE)
        await person.ask(room, "help", seconds=PATIENCE)
        assert sum(heard.body == done.body and heard.replaces == card.event for heard in person.heard) == 1
        assert sum(heard.body.endswith(".ics") for heard in person.heard) == 1
