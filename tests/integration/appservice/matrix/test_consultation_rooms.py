"""Consultation rooms: one for each visit, for the two alone. The service has no key to it, and goes."""

import asyncio
import json
import sqlite3
from uuid import UUID, uuid4

import pytest

from appservice.matrix import admitting
from appservice.matrix import keeper as keeper_module
from appservice.matrix.people import Visit
from core.database import Database
from core.outbox import enqueue
from core.settings import Settings
from demo.client import Person
from demo.homeserver import Homeserver
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
    async with asyncio.timeout(30):
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


async def test_the_two_talk_alone_and_the_service_is_gone(
    echo: Echo, database: Database, homeserver: Homeserver, settings: Settings, two: tuple[Person, Person]
) -> None:
    patient, doctor = two
    await open_room(database, plan(echo, patient, doctor))
    room = await patient.invitation(named="Visit 7F3K2A")
    await patient.join(room)
    await doctor.join(await doctor.invitation(named="Visit 7F3K2A"))
    await until(database, "SELECT keeper_left_at IS NOT NULL FROM consultation_room", [True])
    for person in two:
        await person.appears(room)
    await patient.say(room, "my secret rash")
    heard = await doctor.hears("my secret rash", room=room)
    assert heard.encrypted
    await doctor.say(room, "show me")
    await patient.hears("show me", room=room)
    assert not patient.unreadable
    assert not doctor.unreadable
    members = await patient.call("GET", f"rooms/{room}/joined_members")
    assert set(members["joined"]) == {patient.mxid, doctor.mxid}
    assert {json.loads(row.payload)["person"] for row in echo.notices} == {
        str(echo.people.id_of(person.mxid)) for person in two
    }

    with sqlite3.connect(homeserver.folder / "homeserver.db") as synapse:
        keeper = settings.matrix.keeper_id
        for table in ("devices", "e2e_device_keys_json", "e2e_one_time_keys_json", "device_inbox"):
            assert synapse.execute(f"SELECT count(*) FROM {table} WHERE user_id = ?", (keeper,)).fetchone() == (0,)
        # The bot has a device, but nobody has sent it anything for this room.
        bot = settings.matrix.bot_id
        assert synapse.execute("SELECT count(*) FROM device_inbox WHERE user_id = ?", (bot,)).fetchone() == (0,)
    assert await column(database, "SELECT room_id FROM matrix_megolm_session") == []
    assert set(await column(database, "SELECT kind FROM inbox")) <= {"matrix.member"}


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
