"""What another homeserver does is not refused, and harms nobody: the rooms' own power levels hold it."""

import asyncio
from typing import Any
from urllib.parse import quote

from appservice.matrix.consultation import power_levels
from demo.client import PATIENCE
from tests.integration.synapse.callers import CIPHER, Caller
from tests.integration.synapse.conftest import NewCaller, Ward

PLAIN = {"msgtype": "m.text", "body": "hello in clear"}


async def state_of(person: Caller, room: str) -> dict[tuple[str, str], Any]:
    _, events = await person.ask("GET", f"rooms/{quote(room)}/members")
    return {event["state_key"]: event["content"]["membership"] for event in events["chunk"]}


async def agree(one: Caller, other: Caller, room: str) -> None:
    """Wait until both servers see the same members."""
    async with asyncio.timeout(PATIENCE):
        while await state_of(one, room) != await state_of(other, room):
            await asyncio.sleep(0.2)


async def seen(person: Caller, room: str, event_id: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            status, event = await person.ask("GET", f"rooms/{quote(room)}/event/{quote(event_id)}")
            if status == 200:
                return event
            await asyncio.sleep(0.2)


async def test_a_remote_plain_event_is_taken_and_the_servers_stay_of_one_mind(ward: Ward, new: NewCaller) -> None:
    doctor, patient = await new("doctor"), await new("bela", on=ward.elsewhere)
    room = await ward.room((doctor, "practitioner"), (patient, "patient"))
    status, answer = await patient.send(room, "m.room.message", PLAIN)
    assert status == 200  # their homeserver has no such rules
    assert (await seen(doctor, room, answer["event_id"]))["content"] == PLAIN
    assert (await doctor.send(room, "m.room.message", PLAIN))[0] == 403
    _, answer = await doctor.send(room, "m.room.encrypted", CIPHER)
    await seen(patient, room, answer["event_id"])
    await agree(doctor, patient, room)


async def test_a_remote_server_brings_nobody_in_and_changes_nothing(ward: Ward, new: NewCaller) -> None:
    doctor, patient = await new("doctor"), await new("bela", on=ward.elsewhere)
    spy = await new("spy", on=ward.elsewhere)
    room = await ward.room((doctor, "practitioner"), (patient, "patient"))
    assert await ward.keeper.leave(room) == 200
    await agree(doctor, patient, room)
    assert await patient.invite(room, spy) == 403
    assert await spy.join(room, ward.here.server_name) == 403
    for kind, content in (
        ("m.room.power_levels", {"users": {patient.user_id: 100}}),
        ("m.room.join_rules", {"join_rule": "public"}),
        ("m.room.history_visibility", {"history_visibility": "world_readable"}),
    ):
        assert (await patient.put_state(room, kind, "", content))[0] == 403


async def test_read_only_holds_on_each_server(ward: Ward, new: NewCaller) -> None:
    doctor, patient = await new("doctor"), await new("bela", on=ward.elsewhere)
    room = await ward.room((doctor, "practitioner"), (patient, "patient"))
    assert await ward.keeper.leave(room) == 200
    assert await ward.keeper.join(room) == 200  # by the lobby
    _, back = await ward.keeper.ask(
        "GET", f"rooms/{quote(room)}/state/m.room.member/{ward.keeper.user_id}", format="event"
    )
    for person in (doctor, patient):  # everybody sees it
        assert (await seen(person, room, back["event_id"]))["content"]["membership"] == "join"
    closed = power_levels(ward.keeper.user_id, [doctor.user_id, patient.user_id], closed=True)
    status, answer = await ward.keeper.put_state(room, "m.room.power_levels", "", closed)
    assert status == 200
    assert await ward.keeper.leave(room) == 200
    await seen(patient, room, answer["event_id"])
    await agree(doctor, patient, room)
    for person in (doctor, patient):
        assert (await person.send(room, "m.room.encrypted", CIPHER))[0] == 403


async def test_patients_do_not_invite_patients(ward: Ward, new: NewCaller) -> None:
    anna, boris, doctor = await new("anna"), await new("boris"), ward.doctor
    stranger, specialist = await new("stranger", on=ward.elsewhere), ward.specialist
    for inviter, invitee, good in (
        (anna, boris, False),
        (anna, stranger, False),
        (stranger, anna, False),
        (anna, doctor, True),
        (doctor, anna, True),
        (doctor, stranger, True),
        (stranger, doctor, True),
        (specialist, anna, True),
        (anna, ward.bot, True),
        (ward.bot, anna, True),
        (stranger, ward.bot, True),
    ):
        room = await inviter.create(preset="private_chat")
        status = await inviter.invite(room, invitee)
        assert (status == 200) is good, (inviter.user_id, invitee.user_id)
