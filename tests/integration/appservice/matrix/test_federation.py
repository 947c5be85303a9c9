"""People of other homeservers are first-class: they talk with the bot, and consult."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from aiohttp import web
from sqlalchemy import update

from appservice.matrix import admitting, members, turns, views
from appservice.matrix.filtering import MEMBER
from appservice.matrix.people import Visit
from appservice.outgoing import lane_of
from appservice.registration import registration
from benchmarks.hostile import Hostile, attack
from core import lanes
from core.database import Database, libpq_url
from core.inbox import inbox
from core.settings import DatabaseSettings, Settings
from demo.certificates import Certificates
from demo.child import free_port
from demo.client import ENCRYPTION, PATIENCE, Person
from demo.homeserver import Homeserver
from demo.proxy import Forward, Proxy
from tests.conftest import HomeserverFactory
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving
from tests.integration.appservice.matrix.test_consultation_rooms import open_room, until
from tests.integration.appservice.matrix.withholding import Withholding


@pytest.fixture(scope="module")
def federating(
    service: Settings, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Homeserver, Settings]]:
    """A homeserver with the service registered, for all tests here: it federates."""
    folder = tmp_path_factory.mktemp("here")
    homeserver = Homeserver(folder, registrations=[folder / "registration.yaml"], certificates=certificates)
    port = free_port()
    matrix = service.matrix.model_copy(update={"homeserver_url": homeserver.url, "server_name": homeserver.server_name})
    (folder / "registration.yaml").write_text(registration(matrix, f"http://127.0.0.1:{port}"))
    homeserver.start()
    http = service.http.model_copy(update={"port": port})
    yield homeserver, service.model_copy(update={"matrix": matrix, "http": http})
    homeserver.stop()


@pytest.fixture
def here(federating: tuple[Homeserver, Settings], database_url: str) -> tuple[Homeserver, Settings]:
    """The same, with a database and a bot of this test's own."""
    homeserver, settings = federating
    matrix = settings.matrix.model_copy(update={"bot": f"{settings.matrix.bot}-{uuid4().hex[:8]}"})
    update = {"matrix": matrix, "database": DatabaseSettings(url=database_url)}  # type: ignore[arg-type]
    return homeserver, settings.model_copy(update=update)


@pytest.fixture(scope="module")
def elsewhere(start_homeserver: HomeserverFactory, certificates: Certificates) -> Homeserver:
    """Somebody else's."""
    return start_homeserver(certificates=certificates)


async def test_somebody_of_another_homeserver_talks_with_the_bot_and_consults(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
    database: Database,
) -> None:
    homeserver, settings = here
    async with serving(settings) as (service, echo):
        bela = await new_person("bela", on=elsewhere)
        room = await bela.direct_room(settings.matrix.bot_id)
        answer = await bela.ask(room, "hello", "you said hello")
        assert answer.encrypted
        file = await bela.ask(room, "file", "echo.txt")
        assert (await bela.download(file)).startswith(b"the file of")
        assert echo.heard[-1].direct
        # What our homeserver refuses its own people, others' may send: it is answered, and never stored.
        await bela.send_in_clear(room, "my secret rash")
        assert (await bela.hears("that was plaintext", room=room)).encrypted
        assert "my secret rash" not in [heard.text for heard in echo.heard]

        doctor = await new_person("doctor", on=homeserver)
        await consult(echo, database, doctor, bela)

        anna = await new_person("anna", on=elsewhere)
        async with database.transaction() as tx:
            made = await service.rooms.direct_room(tx, echo.people.id_of(anna.mxid), anna.mxid)
        await anna.join(await anna.invitation())
        await anna.ask(made, "found you", "you said found you")


async def consult(echo: Echo, database: Database, doctor: Person, patient: Person) -> str:
    appointment = uuid4()
    name = echo.people.id_of
    echo.people.visits[appointment] = Visit(
        "7F3K2A", True, {name(patient.mxid): patient.mxid}, {name(doctor.mxid): doctor.mxid}
    )
    await open_room(database, appointment)
    invited = await patient.invitation(named="Visit 7F3K2A")
    await doctor.join(await doctor.invitation(named="Visit 7F3K2A"))
    # The patient is elsewhere and may take long: the keeper does not stay for that.
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    await patient.join(invited)
    for person, other in ((patient, doctor), (doctor, patient)):
        await person.appears(invited, other.mxid)
    async with asyncio.timeout(PATIENCE):
        while True:  # device lists travel between servers on their own
            await patient.say(invited, "my secret rash")
            if doctor.heard and doctor.heard[-1].body == "my secret rash":
                break
            await asyncio.sleep(0.5)
    await doctor.say(invited, "show me")
    await patient.hears("show me", room=invited)
    return invited


async def test_a_hostile_homeserver_harms_nobody(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
    database: Database,
) -> None:
    homeserver, settings = here
    async with serving(settings) as (_, echo):
        anna, doctor = await new_person("anna", on=homeserver), await new_person("doctor", on=homeserver)
        eve = await new_person("eve", on=elsewhere)
        bot = settings.matrix.bot_id
        honest = await anna.direct_room(bot)
        await anna.ask(honest, "hello", "you said hello")
        consultation = await consult(echo, database, doctor, eve)
        before = await power_in(doctor, consultation)
        rooms = [await eve.direct_room(bot), consultation]
        hostile = Hostile(eve, elsewhere, homeserver, bot, rooms, seed=5)
        await hostile.come_in()
        await attack(hostile, 120, 4)
        await anna.ask(honest, "still there?", "you said still there?")
        assert await power_in(doctor, consultation) == before
        members = await doctor.call("GET", f"rooms/{consultation}/joined_members")
        assert set(members["joined"]) == {doctor.mxid, eve.mxid}
        await doctor.say(consultation, "goodbye")
        await eve.hears("goodbye", room=consultation)
        # Whatever the bot took in of it, it took in as hers.
        assert {heard.sender for heard in echo.heard} <= {anna.mxid, eve.mxid}
        bela = await new_person("bela", on=elsewhere)
        await bela.ask(await bela.direct_room(bot), "hello", "you said hello")


async def test_an_invitation_is_followed_that_is_told_before_its_own_homeserver_has_it(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Minutes later, where that one is busy."""
    monkeypatch.setattr(members, "_SELDOM", 0.1)
    monkeypatch.setattr(lanes, "_LOOK_EVERY", 0.1)
    homeserver, settings = here
    refused, noted = 0, False

    async def early(request: web.Request, forward: Forward) -> web.StreamResponse:
        nonlocal refused
        if "/join/" in request.path and not noted:
            refused += 1
            return web.json_response({"errcode": "M_FORBIDDEN", "error": "You are not invited."}, status=403)
        return await forward()

    async def minutes_pass() -> None:
        async with database.transaction() as tx:
            now = inbox.c.kind == MEMBER, inbox.c.created_at > tx.now - timedelta(minutes=1)
            await tx.conn.execute(update(inbox).where(*now).values(created_at=tx.now - timedelta(minutes=2)))

    with Proxy(free_port(), lambda _: [homeserver.url], early) as proxy:
        async with serving(by_way_of(proxy, settings)):
            bela = await new_person("bela", on=elsewhere)
            coming = asyncio.create_task(bela.direct_room(settings.matrix.bot_id))
            async with asyncio.timeout(PATIENCE):
                while refused < 8:  # it comes by a transaction and by /sync: each would be given up after one more
                    await minutes_pass()
                    await asyncio.sleep(0.05)
            noted = True
            await bela.ask(await coming, "hello", "you said hello")


def by_way_of(proxy: Proxy, settings: Settings) -> Settings:
    matrix = settings.matrix.model_copy(update={"homeserver_url": proxy.url})
    return settings.model_copy(update={"matrix": matrix})


async def test_rooms_that_never_let_themselves_be_seen_keep_nobody_from_being_served_and_are_left(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Synapse keeps one waiting for the members of a room whose state another server withholds."""
    homeserver, settings = here
    bot, silence = settings.matrix.bot_id, Withholding("members")
    monkeypatch.setattr(views, "_PATIENCE", 1.0)
    with Proxy(free_port(), lambda _: [homeserver.url], silence.meddle) as proxy:
        async with serving(by_way_of(proxy, settings)):
            eve, anna = await new_person("eve", on=elsewhere), await new_person("anna", on=homeserver)
            made = [await eve.client.room_create(initial_state=[ENCRYPTION]) for _ in range(lanes._LANES_AT_ONCE)]
            silence.rooms = [str(getattr(each, "room_id", "")) for each in made]
            await asyncio.gather(*(eve.client.room_invite(room, bot) for room in silence.rooms))
            async with asyncio.timeout(PATIENCE):
                while not silence.asked:
                    await asyncio.sleep(0.05)
            await anna.ask(await anna.direct_room(bot), "hello", "you said hello")
            monkeypatch.setattr(members, "_GIVE_UP_AFTER", timedelta(0))
            monkeypatch.setattr(members, "_TRIES", 0)
            async with asyncio.timeout(PATIENCE):
                while silence.asked.keys() != {*silence.rooms}:
                    await asyncio.sleep(0.1)
                for room in silence.rooms:
                    while bot in await _joined(eve, room):
                        await asyncio.sleep(0.1)
    assert silence.most < lanes._LANES_AT_ONCE / 2  # two, and those who have just gone


async def test_an_invitation_is_given_up_only_after_it_was_tried_as_often(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long ago it came, and however often it waited for another's turn to end."""
    homeserver, settings = here
    bot, silence = settings.matrix.bot_id, Withholding("members")
    monkeypatch.setattr(views, "_PATIENCE", 0.3)
    monkeypatch.setattr(lanes, "backoff", lambda _: 0.05)
    monkeypatch.setattr(turns, "_AGAIN", 0.01)
    monkeypatch.setattr(turns, "_FROM_ONE_SERVER", 1)
    monkeypatch.setattr(members, "_GIVE_UP_AFTER", timedelta(0))
    monkeypatch.setattr(members, "_TRIES", 3)
    with Proxy(free_port(), lambda _: [homeserver.url], silence.meddle) as proxy:
        async with serving(by_way_of(proxy, settings)):
            eve = await new_person("eve", on=elsewhere)
            made = [await eve.client.room_create(initial_state=[ENCRYPTION]) for _ in range(2)]
            silence.rooms = [str(getattr(each, "room_id", "")) for each in made]
            await asyncio.gather(*(eve.client.room_invite(room, bot) for room in silence.rooms))
            async with asyncio.timeout(PATIENCE):
                for room in silence.rooms:
                    while silence.asked[room] < 3 or bot in await _joined(eve, room):
                        await asyncio.sleep(0.1)


async def _joined(person: Person, room: str) -> list[str]:
    return [*(await person.call("GET", f"rooms/{room}/joined_members"))["joined"]]


async def power_in(person: Person, room: str) -> dict[str, Any]:
    return await person.call("GET", f"rooms/{room}/state/m.room.power_levels/")


async def test_a_stranger_who_floods_is_told_once_and_heard_again_later(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
) -> None:
    homeserver, settings = here
    limits = {"strangers_per_second": 0.2, "strangers_burst": 3}
    slow = settings.model_copy(update={"matrix": settings.matrix.model_copy(update=limits)})
    async with serving(slow):
        eve, anna = await new_person("eve", on=elsewhere), await new_person("anna", on=homeserver)
        room, honest = await eve.direct_room(slow.matrix.bot_id), await anna.direct_room(slow.matrix.bot_id)
        await asyncio.gather(*(eve.say(room, f"flood {n}") for n in range(8)))
        await eve.hears("You are writing faster than I can read.", room=room)
        for n in range(8):
            await anna.ask(honest, f"{n}", f"you said {n}")
        await all_have_come(slow, room, 8)
        await asyncio.sleep(5.5)  # one more in five seconds
        await eve.ask(room, "slowly now", "you said slowly now")
        said = eve.shown(room)
        assert sum("faster than I can read" in each for each in said) == 1
        assert sum("flood" in each for each in said) <= 6


async def all_have_come(settings: Settings, room: str, count: int) -> None:
    """Wait until so many things that were said in a room were heard or passed over."""
    done = "SELECT count(*) FROM inbox WHERE lane = %s AND kind = 'matrix' AND state = 'done'"
    url = libpq_url(settings.database.url.get_secret_value())
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection, asyncio.timeout(PATIENCE):
        while (await (await connection.execute(done, (lane_of(room),))).fetchone() or (0,))[0] < count:
            await asyncio.sleep(0.1)


async def test_people_of_a_homeserver_that_is_not_served_are_told_so(
    here: tuple[Homeserver, Settings],
    elsewhere: Homeserver,
    new_person: NewPerson,
) -> None:
    homeserver, settings = here
    served = {"federates_with": ["clinic.example"]}
    listed = settings.model_copy(update={"matrix": settings.matrix.model_copy(update=served)})
    async with serving(listed) as (_, echo):
        eve, anna = await new_person("eve", on=elsewhere), await new_person("anna", on=homeserver)
        room = await eve.direct_room(listed.matrix.bot_id)
        await eve.ask(room, "hello", "People of your homeserver are not served here.")
        await anna.ask(await anna.direct_room(listed.matrix.bot_id), "hello", "you said hello")
        assert {heard.sender for heard in echo.heard} == {anna.mxid}


async def test_while_a_homeserver_is_away_the_invitation_waits_and_the_clinic_is_told(
    here: tuple[Homeserver, Settings],
    start_homeserver: HomeserverFactory,
    certificates: Certificates,
    new_person: NewPerson,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admitting, "_TOLD_AFTER", 1)
    monkeypatch.setattr(admitting, "_AGAIN", timedelta(seconds=1))
    monkeypatch.setattr(lanes, "backoff", lambda _: 1.0)  # else the longer it is away, the longer nobody tries again
    homeserver, settings = here
    away = start_homeserver(certificates=certificates)
    async with serving(settings) as (_, echo):
        doctor, bela = await new_person("doctor", on=homeserver), await new_person("bela", on=away)
        await asyncio.to_thread(away.stop)  # who leads must not be silent for so long
        appointment, name = uuid4(), echo.people.id_of
        clinic = [name(doctor.mxid)]
        echo.people.visits[appointment] = Visit(
            "7F3K2A", True, {name(bela.mxid): bela.mxid}, {clinic[0]: doctor.mxid}, {}, clinic
        )
        await open_room(database, appointment)
        room = await doctor.invitation(named="Visit 7F3K2A")
        await doctor.join(room)  # nobody else waits for it
        async with asyncio.timeout(PATIENCE):
            while not (told := [row for row in echo.notices if b"unreachable" in row.payload]):
                await asyncio.sleep(0.1)
        assert {json.loads(row.payload)["person"] for row in told} == {str(clinic[0])}
        await asyncio.to_thread(away.start)
        assert await bela.invitation(named="Visit 7F3K2A") == room
        await bela.join(room)
        assert len({row.id for row in echo.notices if b"unreachable" in row.payload}) == 1


async def test_where_a_homeserver_refuses_the_invitation_the_clinic_is_told(
    here: tuple[Homeserver, Settings],
    start_homeserver: HomeserverFactory,
    certificates: Certificates,
    new_person: NewPerson,
    database: Database,
) -> None:
    homeserver, settings = here
    closed = start_homeserver(certificates=certificates, settings={"block_non_admin_invites": True})
    async with serving(settings) as (_, echo):
        doctor, bela = await new_person("doctor", on=homeserver), await new_person("bela", on=closed)
        appointment, name = uuid4(), echo.people.id_of
        clinic = [name(doctor.mxid)]
        echo.people.visits[appointment] = Visit(
            "7F3K2A", True, {name(bela.mxid): bela.mxid}, {clinic[0]: doctor.mxid}, {}, clinic
        )
        await open_room(database, appointment)
        await doctor.join(await doctor.invitation(named="Visit 7F3K2A"))  # nobody else waits for it
        async with asyncio.timeout(PATIENCE):
            while not (told := [row for row in echo.notices if b"uninvited" in row.payload]):
                await asyncio.sleep(0.1)
        whom = {"person": str(clinic[0]), "about": str(name(bela.mxid)), "appointment": str(appointment)}
        assert [json.loads(row.payload) for row in told] == [{"notice": "uninvited", **whom}]
