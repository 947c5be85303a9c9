"""Each person has one room with the bot: the one where they talk, or one that the bot makes."""

import asyncio
from contextlib import suppress

import pytest

from appservice.matrix import creation, rooms
from appservice.matrix.api import Actor, AwayError, Json
from appservice.matrix.service import MatrixService
from appservice.outgoing import File, Reply, post
from core.database import Database
from core.settings import Settings
from demo.client import Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo
from tests.integration.appservice.matrix.test_consultation_rooms import until

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
    seen = await anna.call("GET", f"rooms/{room}/state/m.room.history_visibility/")
    assert seen == {"history_visibility": "invited"}
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
    await until(database, f"SELECT count(*) FROM direct_room WHERE room_id = '{room}'", [0])  # her leaving was heard of
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


async def test_two_who_have_something_to_say_to_somebody_new_at_once_make_one_room(
    running: Running, database: Database, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await new_person("anna")
    real, made = rooms.create_once, []

    async def create_once(actor: Actor, alias: str, body: Json) -> str:
        made.append(alias)
        return await real(actor, alias, body)

    monkeypatch.setattr(rooms, "create_once", create_once)
    words = [f"news {n}" for n in range(3)]
    found = await asyncio.gather(*(notify(running, database, anna, each) for each in words))
    assert len(set(found)) == len(made) == 1
    await anna.join(found[0])
    for each in words:
        await anna.hears(each, room=found[0])


async def there(service: MatrixService, new_person: NewPerson) -> Actor:
    """Wait until the bot talks."""
    bot, anna = service.bots.number(0), await new_person("anna")
    await anna.ask(await anna.direct_room(bot.user_id), "hello", "you said hello")
    return bot


async def test_a_room_that_somebody_else_is_making_at_the_moment_is_waited_for(
    running: Running, settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await there(running[0], new_person)
    alias = creation.alias_for(settings.matrix, "a test")
    body = {"preset": "private_chat", "initial_state": [creation.ENCRYPTED]}
    room = await creation.create_once(bot, alias, body)
    real, looks = creation._whole, []

    async def whole(actor: Actor, name: str) -> str | None:
        looks.append(await real(actor, name) if looks else None)  # its alias was there before the rest
        return looks[-1]

    monkeypatch.setattr(creation, "_whole", whole)
    assert await creation.create_once(bot, alias, body) == room
    assert looks == [None, room]


async def test_a_room_that_was_left_half_made_is_made_anew(
    running: Running, settings: Settings, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "_LOOKS", (0.01,))
    bot = await there(running[0], new_person)
    alias = creation.alias_for(settings.matrix, "another test")
    body = {"preset": "private_chat", "initial_state": [creation.ENCRYPTED]}
    room = await creation.create_once(bot, alias, body)
    await creation.leave(bot, room)  # so that it is none of ours
    with pytest.raises(AwayError):
        await creation.create_once(bot, alias, body)
    assert await creation.create_once(bot, alias, body) != room


async def test_nothing_private_is_said_where_a_third_person_was_let_in(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, _ = running
    bot = service.bots.number(0).user_id
    anna, boris = await new_person("anna"), await new_person("boris")
    room = await anna.direct_room(bot)
    await anna.ask(room, "hello", "you said hello")
    await anna.client.room_invite(room, boris.mxid)
    await boris.join(room)
    await until(database, f"SELECT count(*) FROM direct_room WHERE room_id = '{room}'", [0])  # his coming was heard of
    again = await notify(running, database, anna, "your prescription")
    assert again != room
    await anna.join(again)
    await anna.hears("your prescription", room=again)
    assert "your prescription" not in boris.shown(room)


async def test_what_waits_for_a_room_goes_elsewhere_when_it_is_not_private_any_more(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, echo = running
    bot = service.bots.number(0).user_id
    anna, boris = await new_person("anna"), await new_person("boris")
    room = await anna.direct_room(bot)
    await anna.ask(room, "hello", "you said hello")
    await anna.client.room_invite(room, boris.mxid)
    await boris.join(room)
    who = echo.people.id_of(anna.mxid)
    async with database.transaction() as tx:  # decided on before he came
        say = {"subject": who, "room_id": room}
        await post(tx, echo.people.vault, **say, key="result", reply=Reply("your result"))
        file = File("echo", who, "result.txt", "text/plain")
        await post(tx, echo.people.vault, **say, key="file", reply=file)
        await post(tx, echo.people.vault, **say, key="shared", reply=Reply("for all of you", shared=True))
    await boris.hears("for all of you", room=room)
    again = await anna.invitation(by=bot)
    await anna.join(again)
    for words in ("your result", "result.txt"):
        await anna.hears(words, room=again)
    assert boris.shown(room) == ["for all of you"]


async def test_nobody_who_stays_behind_hears_what_was_for_the_one_who_left(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, echo = running
    bot = service.bots.number(0).user_id
    anna, boris = await new_person("anna"), await new_person("boris")
    room = await anna.direct_room(bot)
    await anna.ask(room, "hello", "you said hello")
    await anna.client.room_invite(room, boris.mxid)
    await boris.join(room)
    await anna.leave(room)
    who = echo.people.id_of(anna.mxid)
    async with database.transaction() as tx:
        await post(tx, echo.people.vault, subject=who, room_id=room, key="result", reply=Reply("your result"))
    again = await anna.invitation(by=bot)
    await anna.join(again)
    await anna.hears("your result", room=again)
    assert "your result" not in boris.shown(room)


async def test_what_is_too_large_for_one_message_is_said_in_less_and_the_room_stays(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, echo = running
    anna = await new_person("anna")
    echo.people.languages[anna.mxid] = "de"
    room = await anna.direct_room(service.bots.number(0).user_id)
    await anna.ask(room, "hello", "you said hello")
    who = echo.people.id_of(anna.mxid)

    async def say(key: str, words: str, **more: str) -> None:
        async with database.transaction() as tx:
            reply = Reply(f"{words}\n\nthe end of {key}", **more)  # type: ignore[arg-type]
            await post(tx, echo.people.vault, subject=who, room_id=room, key=key, reply=reply)

    arabic = "**موعد** عند الطبيبة آنا ليندغرين\n" * 120
    await say("arabic", arabic)
    assert (await anna.hears("the end of arabic", room=room)).html
    await say("arabic edit", arabic, edits="arabic")
    assert (await anna.hears("the end of arabic edit", room=room)).html
    await say("day", "**Anna Lindgren**, visit AB2345, in person, booked\n" * 600)
    shown = await anna.hears("the end of day", room=room)
    assert shown.html is None  # the words are all there
    await say("edit", "**Anna Lindgren**, visit AB2345, in person, booked\n" * 610, edits="day")
    edit = await anna.hears("the end of edit", room=room)
    assert edit.replaces == shown.event
    await say("long", "**Anna Lindgren**, visit AB2345, in person, booked\n" * 5000)
    assert "the end" not in (await anna.hears("Der Rest passt nicht in eine Nachricht.", room=room)).body
    echo.people.languages[anna.mxid] = "fr"
    await say("longer", "Anna Lindgren, " * 10_000, edits="edit")
    edit = await anna.hears("Le reste ne tient pas dans un seul message.", room=room)
    assert edit.replaces == shown.event
    assert await notify(running, database, anna, "reminder") == room


async def test_what_the_homeserver_does_not_take_is_admitted_and_the_room_stays(
    running: Running, database: Database, new_person: NewPerson
) -> None:
    service, echo = running
    anna = await new_person("anna")
    room = await anna.direct_room(service.bots.number(0).user_id)
    said = await anna.say(room, "hello")
    await anna.hears("you said hello", room=room)
    edit = await anna.edit(room, said, "hello again")
    who = echo.people.id_of(anna.mxid)
    async with database.transaction() as tx:
        reply = Reply("lost", thread=edit)  # no thread goes out from an edit
        await post(tx, echo.people.vault, subject=who, room_id=room, key="lost", reply=reply)
    await anna.hears("could not be sent", room=room)
    assert await notify(running, database, anna, "reminder") == room
    await anna.hears("reminder", room=room)
    assert "lost" not in anna.shown(room)
