"""Each person has one room with the bot: the one where they talk, or one that the bot makes."""

from contextlib import suppress

from appservice.matrix.service import MatrixService
from appservice.outgoing import Reply, post
from core.database import Database
from demo.client import Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo

Running = tuple[MatrixService, Echo]


async def notify(running: Running, database: Database, person: Person, words: str) -> str:
    """Say something that nobody asked for, as a reminder does."""
    service, echo = running
    who = echo.people.id_of(person.mxid)
    async with database.transaction() as tx:
        room = await service.rooms.direct_room(tx, who, person.mxid)
        await post(tx, echo.people.vault, subject=who, room_id=room, key=f"notice:{words}", reply=Reply(words))
    return room


async def test_somebody_new_is_invited_to_an_encrypted_room(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await notify(running, database, anna, "first")
    assert await notify(running, database, anna, "second") == room
    assert await anna.invitation(by=running[0].bots.number(0).user_id) == room
    await anna.join(room)
    heard = [await anna.hears(words, room=room) for words in ("first", "second")]
    assert all(message.encrypted for message in heard)
    await anna.ask(room, "hello", "you said hello")


async def test_a_notice_comes_to_where_the_person_talks(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(running[0].bots.number(0).user_id)
    await anna.ask(room, "hello", "you said hello")
    assert await notify(running, database, anna, "reminder") == room
    await anna.hears("reminder", room=room)


async def test_one_who_has_left_is_invited_anew(running: Running, database: Database, new_person: NewPerson) -> None:
    anna = await new_person("anna")
    room = await anna.direct_room(running[0].bots.number(0).user_id)
    await anna.ask(room, "hello", "you said hello")
    await anna.leave(room)
    other = await new_person("boris")  # served after anna's leaving was
    await other.ask(await other.direct_room(running[0].bots.number(0).user_id), "hello", "you said hello")
    again = await notify(running, database, anna, "reminder")
    assert again != room
    await anna.join(await anna.invitation())
    await anna.hears("reminder", room=again)


async def test_a_room_is_made_once_though_writing_it_down_failed(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, echo = running
    anna = await new_person("anna")
    who = echo.people.id_of(anna.mxid)
    rooms = set()
    for _ in range(2):
        with suppress(KeyError):
            async with database.transaction() as tx:
                rooms.add(await service.rooms.direct_room(tx, who, anna.mxid))
                raise KeyError("killed before it was written down")
    rooms.add(await notify(running, database, anna, "reminder"))
    assert len(rooms) == 1
