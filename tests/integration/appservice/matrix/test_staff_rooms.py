"""Staff rooms on a real Synapse: made once, encrypted, and only those who work there are in them."""

import json
from uuid import UUID, uuid4

import pytest

from appservice.matrix.people import Staff
from appservice.outgoing import Reply, post
from core.database import Database
from core.ids import new_id
from core.outbox import enqueue
from core.settings import Settings
from demo.client import Person
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo
from tests.integration.appservice.matrix.test_consultation_rooms import column, until


async def work(database: Database, centre: UUID, *kinds: str, **more: str) -> None:
    async with database.transaction() as tx:
        for kind in kinds:
            payload = json.dumps({"centre": str(centre), **more}).encode()
            await enqueue(tx, kind=kind, lane=f"staff:{centre}", key=f"{kind}:{new_id()}", payload=payload)


def staff(echo: Echo, *people: Person) -> Staff:
    return Staff("Heart Centre", {echo.people.id_of(each.mxid): each.mxid for each in people})


@pytest.fixture
async def two(new_person: NewPerson) -> tuple[Person, Person]:
    return await new_person("clara"), await new_person("osei")


async def test_the_staff_talks_encrypted_and_the_bot_hears_commands(
    echo: Echo, database: Database, settings: Settings, two: tuple[Person, Person]
) -> None:
    clara, osei = two
    centre = uuid4()
    echo.people.centres[centre] = staff(echo, clara, osei)
    await work(database, centre, "staff.open", "staff.open", "staff.sync")
    room = await clara.invitation(named="Heart Centre: staff")
    await clara.join(room)
    await until(database, "SELECT mxid FROM staff_room_member", [clara.mxid])
    # As long as one is alone there with the bot, it is still no private room.
    await clara.appears(room, settings.matrix.bot_id)
    await clara.say(room, "!today")
    await clara.hears("you said !today", room=room)
    assert [heard.direct for heard in echo.heard if heard.kind == "text"] == [False]
    assert await column(database, "SELECT room_id FROM direct_room WHERE room_id IS NOT NULL") == []
    await osei.join(await osei.invitation(named="Heart Centre: staff"))
    await osei.appears(room, clara.mxid)
    async with database.transaction() as tx:
        await post(
            tx, echo.people.vault, subject=centre, room_id=room, key="news", reply=Reply("New visit", shared=True)
        )
    news = await osei.hears("New visit", room=room)
    assert news.encrypted
    assert (await column(database, "SELECT count(*) FROM staff_room")) == [1]
    levels = await clara.call("GET", f"rooms/{room}/state/m.room.power_levels")
    assert levels["users"] == {settings.matrix.bot_id: 100}
    assert levels["invite"] == 100


async def test_who_leaves_the_centre_is_put_out_and_who_left_the_room_stays_out(
    echo: Echo, database: Database, two: tuple[Person, Person]
) -> None:
    clara, osei = two
    centre = uuid4()
    echo.people.centres[centre] = staff(echo, clara, osei)
    await work(database, centre, "staff.open", "staff.sync")
    room = await clara.invitation(named="Heart Centre: staff")
    for person in two:
        await person.join(room if person is clara else await osei.invitation(named="Heart Centre: staff"))
    await until(database, "SELECT count(*) FROM staff_room_member", [2])
    echo.people.centres[centre] = staff(echo, clara)
    await work(database, centre, "staff.sync")
    await until(database, "SELECT mxid FROM staff_room_member", [clara.mxid])
    members = await clara.call("GET", f"rooms/{room}/joined_members")
    assert osei.mxid not in members["joined"]

    await clara.leave(room)
    await until(database, "SELECT count(*) FROM staff_room_member", [0])
    await work(database, centre, "staff.sync")
    await until(database, "SELECT count(*) FROM outbox WHERE state <> 'done'", [0])
    await work(database, centre, "staff.sync", again=str(echo.people.id_of(clara.mxid)))
    await clara.join(await clara.invitation(named="Heart Centre: staff"))
    await until(database, "SELECT mxid FROM staff_room_member", [clara.mxid])


async def test_who_comes_after_having_left_the_centre_does_not_count_as_there(
    echo: Echo, database: Database, two: tuple[Person, Person]
) -> None:
    clara, osei = two
    centre = uuid4()
    echo.people.centres[centre] = staff(echo, clara, osei)
    await work(database, centre, "staff.open", "staff.sync")
    room = await clara.invitation(named="Heart Centre: staff")
    await clara.join(room)
    echo.people.centres[centre] = staff(echo, clara)
    await osei.join(await osei.invitation(named="Heart Centre: staff"))
    await clara.appears(room, osei.mxid)
    await clara.ask(room, "!today", "you said !today")
    assert await column(database, "SELECT mxid FROM staff_room_member") == [clara.mxid]
