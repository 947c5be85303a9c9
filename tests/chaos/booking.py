"""A patient's way to a visit, step by step, as the tests of this folder walk it: they break something between two."""

from uuid import uuid4

import psycopg

from demo.client import Heard, Person
from demo.run import Demo
from demo.spoken import address_in, choice_of

PATIENCE = 120.0
"""Seconds that anything may take while something is broken and mended."""


async def newcomer(demo: Demo) -> tuple[Person, str]:
    """Somebody new, welcomed in a direct room with the bot."""
    person = await Person.registered(demo.homeserver.url, f"traveller-{uuid4().hex[:8]}", "pw-of-the-traveller")
    room = await person.direct_room(demo.bot_id, seconds=PATIENCE)
    await person.hears(room=room, seconds=PATIENCE)
    return person, room


async def looks_for_a_time(demo: Demo, person: Person, room: str, days: int) -> None:
    """The person sees the numbered times of the demo's doctor in so many days; to answer 1 books the first.

    From two days on, no midnight comes between that makes it too close.
    """
    found = await person.ask(room, f"cardiologist near Berlin in {days} days online under 60", seconds=PATIENCE)
    await person.ask(room, str(choice_of(found.body, demo.accounts.doctor.name)), seconds=PATIENCE)


def link_in(demo: Demo, heard: Heard) -> str | None:
    """The address of the page to pay on, if the message has it."""
    return address_in(f"{heard.body} {heard.html}", f":{demo.ports.stripe}/")


def count(demo: Demo, query: str, *values: object) -> int:
    """The single figure that a query of careConnect's database gives."""
    with psycopg.connect(demo.postgres.url("careconnect")) as connection:
        row = connection.execute(query, values).fetchone()  # type: ignore[arg-type]
        assert row
        return int(row[0])
