"""Consultation rooms: one for each visit, for the two alone. The service has no key to it, and goes."""

import asyncio
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import unquote
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from appservice.matrix import admitting, regrouping
from appservice.matrix import closing as closing_module
from appservice.matrix import keeper as keeper_module
from appservice.matrix.api import Actor, Json
from appservice.matrix.creation import invite, leave
from appservice.matrix.filtering import MEMBER
from appservice.matrix.people import Visit
from appservice.matrix.regrouping import Regrouping
from appservice.outgoing import lane_of
from core.database import Database
from core.ids import id_of
from core.outbox import enqueue
from core.settings import Settings
from demo.child import free_port
from demo.client import ENCRYPTION, PATIENCE, Person
from demo.homeserver import Homeserver
from demo.proxy import Forward, Proxy
from tests.integration.appservice.matrix.conftest import NewPerson
from tests.integration.appservice.matrix.echo import Echo, serving


async def open_room(database: Database, appointment: UUID, kind: str = "room.open") -> None:
    async with database.transaction() as tx:
        payload = json.dumps({"appointment": str(appointment)}).encode()
        await enqueue(tx, kind=kind, lane=f"visit:{appointment}", key=f"{kind}:{appointment}", payload=payload)


async def column(database: Database, sql: str) -> list[object]:
    async with database.transaction() as tx:
        return [row[0] for row in await tx.conn.exec_driver_sql(sql)]


async def until(database: Database, sql: str, wanted: list[object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await column(database, sql) != wanted:
            await asyncio.sleep(0.1)


def plan(echo: Echo, patient: Person, doctor: Person | None) -> UUID:
    """Write a visit of these two into the directory."""
    appointment = uuid4()
    name = echo.people.id_of
    doctors = {name(doctor.mxid): doctor.mxid} if doctor else {}
    echo.people.visits[appointment] = Visit("7F3K2A", True, {name(patient.mxid): patient.mxid}, doctors)
    return appointment


@pytest.fixture
async def two(new_person: NewPerson) -> tuple[Person, Person]:
    return await new_person("patient"), await new_person("doctor")


@pytest.fixture
async def nothing_for_the_bot(echo: Echo, homeserver: Homeserver, settings: Settings) -> AsyncIterator[None]:
    """Nobody sends the bot a key meanwhile: the homeserver's tables show it also when what came was fetched long ago.

    Who sends a device anything encrypted takes one of its one-time keys first, or its fallback key.
    """
    bot = settings.matrix.bot_id

    def keys() -> list[tuple[object, ...]]:
        with sqlite3.connect(homeserver.folder / "homeserver.db") as synapse:
            once = "SELECT key_id, 0 FROM e2e_one_time_keys_json WHERE user_id = ? ORDER BY key_id"
            always = "SELECT key_id, used FROM e2e_fallback_keys_json WHERE user_id = ?"
            return [*synapse.execute(once, (bot,)), *synapse.execute(always, (bot,))]

    async with asyncio.timeout(PATIENCE):
        while not (before := keys()):
            await asyncio.sleep(0.1)
    yield
    after = keys()
    assert set(before) <= set(after)
    assert not any(used for _, used in after)


@pytest.mark.usefixtures("nothing_for_the_bot")
async def test_the_two_talk_alone_and_the_service_is_gone(
    echo: Echo, database: Database, homeserver: Homeserver, settings: Settings, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    await open_room(database, plan(echo, patient, doctor))
    room = await patient.invitation(named="Visit 7F3K2A")
    await patient.join(room)
    await doctor.join(await doctor.invitation(named="Visit 7F3K2A"))
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    for person, other in ((patient, doctor), (doctor, patient)):
        await person.appears(room, other.mxid)
    await patient.say(room, "my secret rash")
    heard = await doctor.hears("my secret rash", room=room)
    assert heard.encrypted
    await doctor.say(room, "show me")
    await patient.hears("show me", room=room)
    assert not patient.unreadable
    assert not doctor.unreadable
    members = await patient.call("GET", f"rooms/{room}/joined_members")
    assert set(members["joined"]) == {patient.mxid, doctor.mxid}
    both = {str(echo.people.id_of(person.mxid)) for person in two}
    async with asyncio.timeout(PATIENCE):  # who is invited sees it before it is written down whom to tell
        while {json.loads(row.payload)["person"] for row in echo.notices} != both:
            await asyncio.sleep(0.05)

    with sqlite3.connect(homeserver.folder / "homeserver.db") as synapse:
        keeper = settings.matrix.keeper_id
        for table in ("devices", "e2e_device_keys_json", "e2e_one_time_keys_json", "device_inbox"):
            assert synapse.execute(f"SELECT count(*) FROM {table} WHERE user_id = ?", (keeper,)).fetchone() == (0,)
        # The bot has a device, but nobody has sent it anything for this room.
        bot = settings.matrix.bot_id
        assert synapse.execute("SELECT count(*) FROM device_inbox WHERE user_id = ?", (bot,)).fetchone() == (0,)
    assert await column(database, "SELECT room_id FROM matrix_megolm_session") == []
    assert set(await column(database, f"SELECT kind FROM inbox WHERE lane = '{lane_of(room)}'")) == {"matrix.member"}


async def test_the_room_is_encrypted_first_and_nobody_can_change_that(
    echo: Echo, database: Database, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    await open_room(database, plan(echo, patient, doctor))
    room = await patient.invitation()
    await patient.join(room)
    await doctor.join(await doctor.invitation())
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    state = {event["type"]: event["content"] for event in (await patient.client.room_get_state(room)).events}
    assert state["m.room.create"]["room_version"] == "11"
    assert state["m.room.history_visibility"] == {"history_visibility": "invited"}
    assert state["m.room.guest_access"] == {"guest_access": "forbidden"}
    assert state["m.room.join_rules"]["join_rule"] == "restricted"  # to the keeper's own room
    assert state["m.room.name"] == {"name": "Visit 7F3K2A"}
    assert "m.room.topic" not in state
    assert not state.get("m.room.canonical_alias", {}).get("alias")
    for person in two:
        for kind, content in (
            ("m.room.history_visibility", {"history_visibility": "world_readable"}),
            ("m.room.encryption", {"algorithm": "none"}),
            ("m.room.power_levels", {"users": {person.mxid: 100}}),
            ("m.room.join_rules", {"join_rule": "public"}),
        ):
            with pytest.raises(Exception, match="403"):
                await person.call("PUT", f"rooms/{room}/state/{kind}/", content)
    aliases = await patient.call("GET", f"rooms/{room}/aliases")
    assert aliases["aliases"] == []


@pytest.mark.parametrize("moment", ["created", "invited"])
async def test_killed_while_opening_there_is_one_room_in_the_end(
    settings: Settings,
    database: Database,
    two: tuple[Person, Person],
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient, doctor = two
    module, name = (keeper_module, "create_once") if moment == "created" else (admitting, "invite")
    real = getattr(module, name)
    failures = 2

    async def dying(*what: object) -> object:
        nonlocal failures
        done = await real(*what)
        if failures:
            failures -= 1
            raise OSError("killed before it was written down")
        return done

    monkeypatch.setattr(module, name, dying)
    async with serving(settings) as (_, echo):
        await open_room(database, plan(echo, patient, doctor))
        await patient.join(await patient.invitation())
        await doctor.join(await doctor.invitation())
        await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    assert failures == 0
    assert not patient.client.invited_rooms
    assert len(patient.client.rooms) == 1


async def test_a_visit_called_off_before_anybody_came_leaves_no_invitation(
    echo: Echo, database: Database, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    appointment = plan(echo, patient, doctor)
    await open_room(database, appointment)
    await patient.join(await patient.invitation())
    room = await doctor.invitation()
    await open_room(database, appointment, "room.close")
    await until(database, "SELECT closed_at IS NOT NULL FROM consultation_room", [True])
    with pytest.raises(Exception, match="M_FORBIDDEN"):
        await doctor.join(room)
    with pytest.raises(Exception, match="M_FORBIDDEN"):
        await patient.send_raw(room, "m.room.message", {"msgtype": "m.text", "body": "hello?"})


async def test_a_doctor_without_an_account_is_waited_for(
    echo: Echo, database: Database, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admitting, "_NO_ACCOUNT_YET", 0.5)
    patient, doctor = two
    appointment = plan(echo, patient, None)
    await open_room(database, appointment)
    room = await patient.invitation()
    await patient.join(room)
    await asyncio.sleep(1)
    assert await column(database, "SELECT keeper_left_at FROM consultation_room") == [None]
    visit = echo.people.visits[appointment]
    linked = {echo.people.id_of(doctor.mxid): doctor.mxid}
    echo.people.visits[appointment] = Visit(visit.code, True, visit.patient_side, linked)
    await doctor.join(await doctor.invitation())
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])


async def test_whom_the_keeper_invites_as_it_leaves_is_invited_all_the_same(
    echo: Echo, database: Database, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay for who is of another homeserver, and an invitation there may take long."""
    patient, doctor = two
    real, there, overtaken = admitting.invite, asyncio.Event(), []

    async def invite(keeper: Actor, room_id: str, mxid: str) -> None:
        if mxid == doctor.mxid and not overtaken:
            await there.wait()
            overtaken.append(mxid)
            await leave(keeper, room_id)
            async with database.transaction() as tx:
                await tx.conn.exec_driver_sql("UPDATE consultation_room SET keeper_left_at = now()")
        await real(keeper, room_id, mxid)

    monkeypatch.setattr(admitting, "invite", invite)
    await open_room(database, plan(echo, patient, doctor))
    room = await patient.invitation()
    await patient.join(room)
    there.set()
    assert await doctor.invitation() == room
    assert overtaken
    await doctor.join(room)
    await hears_of(patient, room, {patient.mxid, doctor.mxid})


async def consulting(echo: Echo, database: Database, patient: Person, doctor: Person) -> tuple[UUID, str]:
    """Bring the two together; the keeper has left."""
    appointment = plan(echo, patient, doctor)
    await open_room(database, appointment)
    room = await patient.invitation()
    await patient.join(room)
    await doctor.join(await doctor.invitation())
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    for person, other in ((patient, doctor), (doctor, patient)):
        await person.appears(room, other.mxid)
    return appointment, room


async def hears_of(person: Person, room: str, members: set[str]) -> None:
    async with asyncio.timeout(PATIENCE):
        while set((await person.call("GET", f"rooms/{room}/joined_members"))["joined"]) != members:
            await asyncio.sleep(0.1)


def leaving_before(monkeypatch: pytest.MonkeyPatch, kind: str) -> list[str]:
    """Have the keeper leave once, by a step of another lane, just before it writes this state or that of one person.

    Returns where it was made to leave.
    """
    real, left = Actor.put, []

    async def put(self: Actor, *path: str, body: Json | None = None) -> Json:
        if not left and path[0] == "rooms" and kind in path[3:]:
            left.append(path[1])
            await leave(self, path[1])
        return await real(self, *path, body=body)

    monkeypatch.setattr(Actor, "put", put)
    return left


async def test_who_is_brought_in_as_the_keeper_leaves_after_somebody_else_is_invited_all_the_same(
    echo: Echo, database: Database, new_person: NewPerson, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, doctor = two
    ines = await new_person("ines")
    appointment, room = await consulting(echo, database, patient, doctor)
    visit = echo.people.visits[appointment]
    guest = echo.people.id_of(ines.mxid)
    echo.people.visits[appointment] = replace(visit, guests={guest: ines.mxid})
    left = leaving_before(monkeypatch, ines.mxid)
    async with database.transaction() as tx:
        payload = json.dumps({"appointment": str(appointment), "person": str(guest)}).encode()
        await enqueue(tx, kind="room.admit", lane=f"visit:{appointment}", key="admit", payload=payload)
    assert await ines.invitation(named="Visit 7F3K2A") == room
    assert left == [room]


async def test_who_does_not_belong_there_is_put_out_though_the_keeper_is_leaving_at_that_moment(
    echo: Echo,
    database: Database,
    settings: Settings,
    new_person: NewPerson,
    two: tuple[Person, Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient, doctor = two
    weber = await new_person("weber")
    appointment, room = await consulting(echo, database, patient, doctor)
    visit = echo.people.visits[appointment]
    echo.people.visits[appointment] = replace(visit, doctor_side={echo.people.id_of(weber.mxid): weber.mxid})
    left = leaving_before(monkeypatch, "m.room.power_levels")
    await open_room(database, appointment, "room.team")
    assert await weber.invitation(named="Visit 7F3K2A") == room
    assert left == [room]
    await hears_of(patient, room, {patient.mxid, settings.matrix.keeper_id})


async def test_a_room_is_closed_though_the_keeper_is_leaving_at_that_moment(
    echo: Echo, database: Database, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, doctor = two
    appointment, room = await consulting(echo, database, patient, doctor)
    left = leaving_before(monkeypatch, "m.room.power_levels")
    await open_room(database, appointment, "room.close")
    await until(database, "SELECT closed_at IS NOT NULL FROM consultation_room", [True])
    assert left == [room]
    assert await column(database, "SELECT result FROM outbox WHERE kind = 'room.close'") == ["closed"]
    levels = await patient.call("GET", f"rooms/{room}/state/m.room.power_levels/")
    assert levels["events_default"] == 100


@pytest.mark.usefixtures("nothing_for_the_bot")
async def test_a_closed_room_can_be_read_and_the_service_never_had_a_key(
    echo: Echo, database: Database, homeserver: Homeserver, settings: Settings, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    appointment, room = await consulting(echo, database, patient, doctor)
    await patient.say(room, "my secret rash")
    await doctor.hears("my secret rash", room=room)
    await open_room(database, appointment, "room.close")
    await until(database, "SELECT closed_at IS NOT NULL FROM consultation_room", [True])
    for person in two:
        with pytest.raises(Exception, match="M_FORBIDDEN"):
            await person.say(room, "one more thing")
    # The keeper has come back for that and left again, and everybody has seen it; it is let in by nobody's hand.
    messages = await patient.call("GET", f"rooms/{room}/messages?dir=b&limit=50")
    keeper = settings.matrix.keeper_id
    comings = [
        event["content"]["membership"]
        for event in reversed(messages["chunk"])
        if event["type"] == "m.room.member" and event["state_key"] == keeper
    ]
    assert comings == ["join", "leave", "join", "leave"]
    said = [event for event in messages["chunk"] if event["type"] == "m.room.encrypted"]
    assert len(said) == 1
    with sqlite3.connect(homeserver.folder / "homeserver.db") as synapse:
        for user in (keeper, settings.matrix.bot_id):
            assert synapse.execute("SELECT count(*) FROM device_inbox WHERE user_id = ?", (user,)).fetchone() == (0,)
        assert synapse.execute("SELECT count(*) FROM devices WHERE user_id = ?", (keeper,)).fetchone() == (0,)
        bots = "SELECT count(*) FROM room_memberships WHERE room_id = ? AND user_id = ?"
        assert synapse.execute(bots, (room, settings.matrix.bot_id)).fetchone() == (0,)
    assert await column(database, "SELECT room_id FROM matrix_megolm_session") == []
    assert set(await column(database, f"SELECT kind FROM inbox WHERE lane = '{lane_of(room)}'")) == {"matrix.member"}


@pytest.mark.parametrize("moment", ["_silence", "leave"])
async def test_killed_while_closing_it_is_closed_in_the_end(
    settings: Settings,
    database: Database,
    two: tuple[Person, Person],
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient, doctor = two
    async with serving(settings) as (_, echo):
        appointment, room = await consulting(echo, database, patient, doctor)
        place = closing_module.Closing if moment == "_silence" else closing_module
        real, failures = getattr(place, moment), 1

        async def dying(*what: object) -> object:
            nonlocal failures
            done = await real(*what)
            if failures:
                failures -= 1
                raise OSError("killed before it was written down")
            return done

        monkeypatch.setattr(place, moment, dying)
        await open_room(database, appointment, "room.close")
        await until(database, "SELECT closed_at IS NOT NULL FROM consultation_room", [True])
        assert failures == 0
        await hears_of(patient, room, {patient.mxid, doctor.mxid})
        with pytest.raises(Exception, match="M_FORBIDDEN"):
            await doctor.say(room, "one more thing")


@pytest.mark.usefixtures("nothing_for_the_bot")
async def test_an_erased_room_is_gone_with_its_files_and_nothing_else_is(
    echo: Echo, database: Database, homeserver: Homeserver, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    appointment, room = await consulting(echo, database, patient, doctor)
    other = str((await patient.client.room_create(initial_state=[ENCRYPTION])).room_id)
    await patient.appears(other)
    files = {}
    for place in (room, other, room):
        answer = await patient.client.upload(io.BytesIO(b"cipher " * 20), "application/octet-stream", filesize=140)
        files.setdefault(place, []).append(answer[0].content_uri.rpartition("/")[2])
        await patient.say(place, f"a file {answer[0].content_uri}")
    for kind in ("room.close", "room.erase"):
        await open_room(database, appointment, kind)
    await until(database, "SELECT erased_at IS NOT NULL FROM consultation_room", [True])
    assert await column(database, "SELECT result FROM outbox WHERE kind = 'room.erase'") == ["2 files"]
    with sqlite3.connect(homeserver.folder / "homeserver.db") as synapse:
        kept = {row[0] for row in synapse.execute("SELECT media_id FROM local_media_repository")}
        for table in ("events", "event_json", "current_state_events", "room_memberships", "rooms"):
            found = synapse.execute(f"SELECT count(*) FROM {table} WHERE room_id = ?", (room,)).fetchone()
            assert found == (0,), table
    assert kept.isdisjoint(files[room])
    assert set(files[other]) <= kept
    on_disk = {"".join(file.parts[-3:]) for file in (homeserver.folder / "media" / "local_content").rglob("*")}
    assert on_disk.isdisjoint(files[room])
    with pytest.raises(Exception, match=r"M_FORBIDDEN|M_NOT_FOUND"):
        await doctor.call("GET", f"rooms/{room}/messages?dir=b")


async def test_joins_that_nobody_told_of_are_found(
    settings: Settings, database: Database, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    async with serving(settings) as (_, echo):
        appointment = plan(echo, patient, doctor)
        await open_room(database, appointment)
        room = await patient.invitation()
        await patient.join(room)
        await doctor.invitation()
        visits = echo.people.visits
    await doctor.join(room)  # while nobody listens; and the transaction that tells of it is lost
    async with serving(settings) as (service, echo):
        echo.people.visits.update(visits)
        async with database.transaction() as tx:
            await tx.conn.exec_driver_sql(
                "UPDATE consultation_room SET opened_at = opened_at - interval '1 hour', keeper_left_at = NULL"
            )
            assert await service.keeper.look(tx) == 1
        async with database.transaction() as tx:
            assert await service.keeper.look(tx) == 1  # asked for once an hour all the same
        await hears_of(patient, room, {patient.mxid, doctor.mxid})
        await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
        assert await column(database, "SELECT count(*) FROM outbox WHERE kind = 'room.look'") == [1]


@pytest.mark.usefixtures("nothing_for_the_bot")
async def test_a_doctor_whose_visit_was_handed_over_leaves_the_room_to_the_colleague(
    echo: Echo, database: Database, settings: Settings, new_person: NewPerson, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    weber = await new_person("weber")
    appointment, room = await consulting(echo, database, patient, doctor)
    await patient.say(room, "to the first doctor")
    heard = await doctor.hears("to the first doctor", room=room)
    visit = echo.people.visits[appointment]
    echo.people.visits[appointment] = replace(visit, doctor_side={echo.people.id_of(weber.mxid): weber.mxid})
    await open_room(database, appointment, "room.team")
    assert await weber.invitation(named="Visit 7F3K2A") == room
    await hears_of(patient, room, {patient.mxid, settings.matrix.keeper_id})
    await until(database, "SELECT keeper_left_at FROM consultation_room", [None])  # it may be needed once more
    await weber.join(room)
    await hears_of(patient, room, {patient.mxid, weber.mxid})  # the keeper is gone again
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    for person, other in ((patient, weber), (weber, patient)):
        await person.appears(room, other.mxid)
    said = await patient.say(room, "to the second doctor")
    await weber.hears("to the second doctor", room=room)
    assert not [each for each in weber.heard if each.body == "to the first doctor"]
    assert (await doctor.call("GET", f"rooms/{room}/event/{heard.event}"))["event_id"] == heard.event
    with pytest.raises(Exception, match=r"M_NOT_FOUND|M_FORBIDDEN"):
        await doctor.call("GET", f"rooms/{room}/event/{said}")
    with pytest.raises(Exception, match="M_FORBIDDEN"):
        await doctor.call("POST", f"rooms/{room}/join", {})
    state = await patient.call("GET", f"rooms/{room}/state/org.careconnect.team")
    assert state["members"] == {patient.mxid: "patient", weber.mxid: "practitioner"}


async def test_who_comes_while_it_is_written_down_that_the_keeper_stays_has_it_leave(
    echo: Echo, database: Database, new_person: NewPerson, two: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, doctor = two
    weber = await new_person("weber")
    appointment, room = await consulting(echo, database, patient, doctor)
    visit = echo.people.visits[appointment]
    echo.people.visits[appointment] = replace(visit, doctor_side={echo.people.id_of(weber.mxid): weber.mxid})
    real = Regrouping._only

    async def only(self: Regrouping, visit: Visit, room_id: str) -> dict[str, str]:
        there = await real(self, visit, room_id)
        await invite(self._keeper, room_id, weber.mxid)  # as another step may have
        await weber.join(room_id)
        path = f"rooms/{room_id}/state/m.room.member/{weber.mxid}?format=event"
        joined = (await weber.call("GET", path))["event_id"]
        await until(database, f"SELECT state FROM inbox WHERE id = '{id_of(f'{MEMBER}:{joined}')}'", ["done"])
        return there

    monkeypatch.setattr(Regrouping, "_only", only)
    await open_room(database, appointment, "room.team")
    await hears_of(patient, room, {patient.mxid, weber.mxid})
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])


@pytest.mark.parametrize("handing_over", [True, False])
async def test_a_keeper_that_came_back_in_vain_leaves_again(
    settings: Settings,
    database: Database,
    homeserver: Homeserver,
    new_person: NewPerson,
    two: tuple[Person, Person],
    monkeypatch: pytest.MonkeyPatch,
    *,
    handing_over: bool,
) -> None:
    """What it came back for is refused, for good."""
    patient, doctor = two
    refuses = False

    async def meddle(request: web.Request, forward: Forward) -> web.StreamResponse:
        if refuses and unquote(request.path).endswith("/state/m.room.power_levels/"):
            return web.json_response({"errcode": "M_FORBIDDEN", "error": "No."}, status=403)
        return await forward()

    monkeypatch.setattr(regrouping, "_LOOKS", 0)
    with Proxy(free_port(), lambda _: [homeserver.url], meddle) as proxy:
        matrix = settings.matrix.model_copy(update={"homeserver_url": proxy.url})
        async with serving(settings.model_copy(update={"matrix": matrix})) as (_, echo):
            appointment, room = await consulting(echo, database, patient, doctor)
            visit, name = echo.people.visits[appointment], echo.people.id_of
            refuses = True
            if handing_over:
                await open_room(database, appointment, "room.team")
            else:
                ines = await new_person("ines")
                guests = {name(ines.mxid): ines.mxid}
                echo.people.visits[appointment] = replace(visit, guests=guests)
                async with database.transaction() as tx:
                    payload = json.dumps({"appointment": str(appointment), "person": str(name(ines.mxid))}).encode()
                    await enqueue(tx, kind="room.admit", lane=f"visit:{appointment}", key="admit", payload=payload)
            given_up = "SELECT count(*) FROM outbox WHERE kind IN ('room.team', 'room.invite') AND state = 'failed'"
            await until(database, given_up, [1])
            await hears_of(patient, room, {patient.mxid, doctor.mxid})
            await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])


async def test_who_spoke_for_a_patient_leaves_the_room_to_the_patient_who_has_come_of_age(
    echo: Echo, database: Database, settings: Settings, new_person: NewPerson, two: tuple[Person, Person]
) -> None:
    parent, doctor = two
    mia = await new_person("mia")
    appointment, room = await consulting(echo, database, parent, doctor)
    visit = echo.people.visits[appointment]
    echo.people.visits[appointment] = replace(visit, patient_side={echo.people.id_of(mia.mxid): mia.mxid})
    await open_room(database, appointment, "room.team")
    assert await mia.invitation(named="Visit 7F3K2A") == room
    await hears_of(doctor, room, {doctor.mxid, settings.matrix.keeper_id})
    await mia.join(room)
    await hears_of(doctor, room, {doctor.mxid, mia.mxid})
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    await doctor.appears(room, mia.mxid)
    said = await doctor.say(room, "for the grown-up alone")
    await mia.hears("for the grown-up alone", room=room)
    with pytest.raises(Exception, match=r"M_NOT_FOUND|M_FORBIDDEN"):
        await parent.call("GET", f"rooms/{room}/event/{said}")
    with pytest.raises(Exception, match="M_FORBIDDEN"):
        await parent.call("POST", f"rooms/{room}/join", {})


@pytest.mark.usefixtures("nothing_for_the_bot")
async def test_somebody_is_brought_in_by_an_invitation_that_both_see_and_keeps_what_they_heard(
    echo: Echo, database: Database, settings: Settings, new_person: NewPerson, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    ines = await new_person("ines")
    appointment, room = await consulting(echo, database, patient, doctor)
    await patient.say(room, "before she came")
    await doctor.hears("before she came", room=room)
    visit = echo.people.visits[appointment]
    guest = echo.people.id_of(ines.mxid)
    echo.people.visits[appointment] = replace(visit, guests={guest: ines.mxid})
    async with database.transaction() as tx:
        payload = json.dumps({"appointment": str(appointment), "person": str(guest)}).encode()
        await enqueue(tx, kind="room.admit", lane=f"visit:{appointment}", key="admit", payload=payload)
    assert await ines.invitation(named="Visit 7F3K2A") == room
    for person in two:  # they see who is invited before she is in, and by whom
        members = await person.call("GET", f"rooms/{room}/members?membership=invite")
        invited = {event["state_key"]: event["sender"] for event in members["chunk"]}
        assert invited == {ines.mxid: settings.matrix.keeper_id}
    await ines.join(room)
    await hears_of(patient, room, {patient.mxid, doctor.mxid, ines.mxid})
    for person in two:
        await person.appears(room, ines.mxid)
    await doctor.say(room, "while she is there")
    await ines.hears("while she is there", room=room)
    messages = await ines.call("GET", f"rooms/{room}/messages?dir=b&limit=50")
    seen = [event["event_id"] for event in messages["chunk"] if event["type"] == "m.room.encrypted"]
    assert len(seen) == 1  # not what was said before
    await ines.leave(room)
    await hears_of(patient, room, {patient.mxid, doctor.mxid})
    kept = await ines.call("GET", f"rooms/{room}/event/{seen[0]}")
    assert kept["event_id"] == seen[0]
    await asyncio.sleep(0.5)
    after = await patient.say(room, "after she left")
    with pytest.raises(Exception, match=r"M_NOT_FOUND|M_FORBIDDEN"):
        await ines.call("GET", f"rooms/{room}/event/{after}")
