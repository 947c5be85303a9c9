"""The module's rules, each tried by people of ours, by the keeper and by an admin: Synapse refuses, whoever asks."""

import asyncio
import sqlite3
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.integration.synapse.callers import CIPHER, Caller
from tests.integration.synapse.conftest import NewCaller, Ward

PLAIN = {"msgtype": "m.text", "body": "my secret rash"}


@pytest.fixture
async def pair(new: NewCaller) -> tuple[Caller, Caller]:
    return await new("patient"), await new("doctor")


@pytest.fixture
async def room(ward: Ward, pair: tuple[Caller, Caller]) -> str:
    return await ward.room((pair[0], "patient"), (pair[1], "practitioner"))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.message", PLAIN),
        ("m.sticker", {"body": "words", "url": "mxc://x/y", "info": {}}),
        ("m.poll.start", {"m.text": "words"}),
        ("m.room.encrypted", CIPHER | {"body": "words beside the cipher"}),
        ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$1", "key": "it hurts"}}),
        ("m.room.redaction", {"redacts": "$1", "reason": "words"}),
        ("m.key.verification.key", {"key": "k", "body": "words"}),
    ],
)
async def test_what_could_carry_words_in_clear_is_refused(
    pair: tuple[Caller, Caller], room: str, kind: str, content: dict[str, Any]
) -> None:
    for person in pair:
        status, answer = await person.send(room, kind, content)
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
        assert "encrypted" in answer["error"]


async def test_what_is_encrypted_and_emoji_pass(pair: tuple[Caller, Caller], room: str) -> None:
    for person in pair:
        status, answer = await person.send(room, "m.room.encrypted", CIPHER)
        assert status == 200
        relation = {"rel_type": "m.annotation", "event_id": answer["event_id"], "key": "👍🏽"}
        assert (await person.send(room, "m.reaction", {"m.relates_to": relation}))[0] == 200
        assert (await person.ask("PUT", f"rooms/{room}/redact/{answer['event_id']}/{uuid4()}", {}))[0] == 200
        assert (await person.send(room, "org.matrix.dummy_event", {}))[0] == 200  # Synapse's own, in our name
        assert (await person.send(room, "m.key.verification.key", {"key": "k"}))[0] == 200  # as clients verify by emoji
        assert (await person.send(room, "org.matrix.dummy_event", {"body": "words"}))[0] == 403


@pytest.mark.parametrize(
    ("kind", "content", "left"),
    [
        (
            "m.room.message",
            {"msgtype": "m.key.verification.request", "from_device": "D", "to": "@a:b", "methods": ["m.sas.v1"]},
            {"body": "I would like to verify you. Your client does not show how."},
        ),
        ("m.key.verification.cancel", {"code": "m.user"}, {"reason": "m.user"}),
    ],
)
async def test_what_clients_write_when_they_verify_is_taken_out(
    ward: Ward,
    pair: tuple[Caller, Caller],
    room: str,
    kind: str,
    content: dict[str, Any],
    left: dict[str, Any],
) -> None:
    """All else of it arrives, and in other rooms all of it."""
    words = {"body": PLAIN["body"], "formatted_body": PLAIN["body"]} if "msgtype" in content else {"reason": "my rash"}
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": CIPHER["algorithm"]}}
    with_bot = await pair[0].create(initial_state=[encryption], invite=[ward.bot.user_id])
    for place, arrives in ((room, left), (with_bot, left), (await pair[0].create(initial_state=[encryption]), words)):
        status, sent = await pair[0].send(place, kind, content | words)
        assert status == 200
        _, there = await pair[0].ask("GET", f"rooms/{place}/event/{sent['event_id']}")
        assert there["content"] == content | arrives


async def test_the_keeper_says_nothing(ward: Ward, room: str) -> None:
    for kind, content in (("m.room.message", PLAIN), ("m.room.encrypted", CIPHER)):
        assert (await ward.keeper.send(room, kind, content))[0] == 403


async def test_talk_with_the_bot_is_encrypted_or_refused(ward: Ward, new: NewCaller) -> None:
    anna = await new("anna")
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": CIPHER["algorithm"]}}
    room = await anna.create(preset="trusted_private_chat", initial_state=[encryption], invite=[ward.bot.user_id])
    assert (await anna.send(room, "m.room.message", PLAIN))[0] == 403
    assert await ward.bot.join(room) == 200
    for person in (anna, ward.bot):
        assert (await person.send(room, "m.room.message", PLAIN))[0] == 403
        assert (await person.send(room, "m.room.encrypted", CIPHER))[0] == 200


async def test_nobody_from_outside_the_care_team_comes_in(
    ward: Ward, new: NewCaller, pair: tuple[Caller, Caller], room: str
) -> None:
    patient, doctor = pair
    stranger = await new("stranger")
    assert [await each.invite(room, stranger) for each in (patient, doctor, ward.keeper)] == [403, 403, 403]
    assert await stranger.join(room) == 403


async def test_patients_invite_nobody_and_doctors_the_care_team(
    ward: Ward, new: NewCaller, pair: tuple[Caller, Caller]
) -> None:
    patient, doctor = pair
    interpreter = await new("interpreter")
    room = await ward.room((patient, "patient"), (doctor, "practitioner"), (interpreter, "guest"))
    assert await interpreter.leave(room) == 200
    assert await patient.invite(room, interpreter) == 403
    await ward.keeper.put_state(ward.lobby, "org.careconnect.staff", doctor.user_id[1:], {"since": 1})
    assert await until_staff(doctor, room, interpreter) == 200
    assert await interpreter.join(room) == 200


async def until_staff(doctor: Caller, room: str, other: Caller) -> int:
    """The module reads the list of staff every ten seconds."""
    for _ in range(240):
        status = await doctor.invite(room, other)
        if status == 200:
            break
        await asyncio.sleep(0.25)
    return status


async def test_not_even_the_keeper_changes_what_protects(ward: Ward, pair: tuple[Caller, Caller], room: str) -> None:
    for person in (*pair, ward.keeper):
        for kind, content in (
            ("m.room.encryption", {"algorithm": "none"}),
            ("m.room.history_visibility", {"history_visibility": "shared"}),
            ("m.room.history_visibility", {"history_visibility": "world_readable"}),
            ("m.room.join_rules", {"join_rule": "public"}),
        ):
            assert (await person.put_state(room, kind, "", content))[0] == 403, (kind, content)


async def test_people_change_no_state_and_give_no_reasons(pair: tuple[Caller, Caller], room: str) -> None:
    for person in pair:
        assert (await person.put_state(room, "m.room.topic", "", {"topic": "my secret rash"}))[0] == 403
        leaving = await person.ask("POST", f"rooms/{room}/leave", {"reason": "my secret rash"})
        assert leaving[0] == 403
        member = {"org.matrix.msc3401.call.member": person.user_id}
        assert (await person.put_state(room, next(iter(member)), person.user_id, {"memberships": []}))[0] == 200
        assert await person.leave(room) == 200


async def test_rooms_are_private_for_everybody(ward: Ward, new: NewCaller) -> None:
    anna, admin = await new("anna"), await new("admin")
    make_admin(ward, admin)
    for person in (anna, admin, ward.bot):
        for how in ({"preset": "public_chat"}, {"visibility": "public"}):
            assert (await person.ask("POST", "createRoom", dict(how)))[0] == 403
        room = await person.create(preset="private_chat")
        assert (await person.put_state(room, "m.room.join_rules", "", {"join_rule": "public"}))[0] == 403
        world = {"history_visibility": "world_readable"}
        assert (await person.put_state(room, "m.room.history_visibility", "", world))[0] == 403
        assert (await person.ask("PUT", f"directory/list/room/{room}", {"visibility": "public"}))[0] == 403
        encryption = {"algorithm": CIPHER["algorithm"]}
        assert (await person.put_state(room, "m.room.encryption", "", encryption))[0] == 200
        assert (await person.put_state(room, "m.room.encryption", "", {"algorithm": "none"}))[0] == 403


async def test_an_admin_is_held_to_the_rules_of_consultations_too(
    ward: Ward, new: NewCaller, pair: tuple[Caller, Caller], room: str
) -> None:
    admin = await new("admin")
    make_admin(ward, admin)
    assert await admin.join(room) == 403
    # Synapse's way in for admins: an invitation in the name of somebody who may invite.
    status, _ = await admin.ask("POST", f"/_synapse/admin/v1/rooms/{room}/make_room_admin", {})
    assert status >= 400
    assert (await admin.ask("POST", f"/_synapse/admin/v1/join/{room}", {"user_id": admin.user_id}))[0] == 403
    members = await pair[0].ask("GET", f"rooms/{room}/joined_members")
    assert admin.user_id not in members[1]["joined"]


async def test_the_keeper_gets_no_device_by_any_way(ward: Ward, new: NewCaller) -> None:
    keeper, admin = ward.keeper, await new("admin")
    make_admin(ward, admin)
    of_keeper = f"/_synapse/admin/v2/users/{quote(keeper.user_id)}"
    assert (await admin.ask("PUT", of_keeper, {"password": "known to the admin"}))[0] == 200
    password = {"type": "m.login.password", "identifier": login_of(keeper), "password": "known to the admin"}
    login = {"type": "m.login.application_service", "identifier": login_of(keeper)}
    ways = [
        await keeper.ask("POST", "login", login),
        await keeper.ask("PUT", "devices/SPY", {"display_name": "spy"}),
        await keeper.ask("POST", "keys/upload", {"device_keys": {}}, device_id="SPY"),
        await keeper.ask(
            "PUT",
            "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device",
            {"device_id": "SPY", "device_data": {"algorithm": "m.dehydration.v1.olm"}, "device_keys": {}},
        ),
        await admin.ask("POST", "login", password),
        await admin.ask("POST", f"{of_keeper}/devices", {"device_id": "SPY"}),
    ]
    assert all(status >= 400 for status, _ in ways), ways
    assert rows(ward, "SELECT count(*) FROM devices WHERE user_id = ?", keeper.user_id) == [(0,)]
    assert rows(ward, "SELECT count(*) FROM e2e_device_keys_json WHERE user_id = ?", keeper.user_id) == [(0,)]


def login_of(person: Caller) -> dict[str, str]:
    return {"type": "m.id.user", "user": person.user_id}


async def test_a_keeper_that_had_a_device_before_the_module_came_makes_no_rooms(ward: Ward) -> None:
    with sqlite3.connect(ward.here.folder / "homeserver.db") as synapse:
        synapse.execute(
            "INSERT INTO devices (user_id, device_id, display_name, hidden) VALUES (?, 'OLD', 'old', 0)",
            (ward.keeper.user_id,),
        )
    try:
        assert (await ward.keeper.ask("POST", "createRoom", {"preset": "private_chat"}))[0] == 403
    finally:
        with sqlite3.connect(ward.here.folder / "homeserver.db") as synapse:
            synapse.execute("DELETE FROM devices WHERE user_id = ?", (ward.keeper.user_id,))


async def test_only_the_keeper_erases_and_only_consultations(
    ward: Ward, pair: tuple[Caller, Caller], room: str
) -> None:
    erase = "/_synapse/careconnect/erase"
    for person in (pair[0], ward.bot):
        assert (await person.ask("POST", erase, {"room_id": room}))[0] == 403
    other = await pair[0].create(preset="private_chat")
    assert (await ward.keeper.ask("POST", erase, {"room_id": other}))[0] == 403
    assert (await ward.keeper.ask("POST", erase, {"room_id": ward.lobby}))[0] == 403


async def test_a_persons_files_are_removed_for_the_keeper_alone_and_nobody_elses(
    ward: Ward, pair: tuple[Caller, Caller], room: str
) -> None:
    forget, (anna, ben) = "/_synapse/careconnect/forget", pair
    hers, the_bots, his = [await upload(each) for each in (anna, ward.bot, ben)]
    for person in (anna, ward.bot):
        assert (await person.ask("POST", forget, {"user_id": anna.user_id, "media": [hers]}))[0] == 403
    of_visit = await upload(anna)
    assert (await anna.send(room, "m.room.encrypted", CIPHER))[0] == 200  # tells of what she uploaded last
    later = await upload(anna)
    wanted = [later, the_bots, his, of_visit, "neverwas"]
    status, answer = await ward.keeper.ask("POST", forget, {"user_id": anna.user_id, "media": wanted})
    assert status == 200
    assert sorted(answer["gone"]) == sorted([later, the_bots, "neverwas"])
    assert sorted(answer["kept"]) == sorted([his, of_visit])
    left = {each[0] for each in rows(ward, "SELECT media_id FROM local_media_repository")}
    assert left & {later, the_bots, his, of_visit} == {his, of_visit}
    for wrong in ({}, {"user_id": anna.user_id, "media": "all"}, {"user_id": anna.user_id, "media": ["x"] * 101}):
        assert (await ward.keeper.ask("POST", forget, wrong))[0] == 400


async def upload(person: Caller) -> str:
    """A file, as clients upload it before they tell of it."""
    status, answer = await person.ask("POST", "/_matrix/media/v3/upload", {"bytes": str(uuid4())})
    assert status == 200
    return str(answer["content_uri"]).rpartition("/")[2]


def make_admin(ward: Ward, person: Caller) -> None:
    with sqlite3.connect(ward.here.folder / "homeserver.db") as synapse:
        synapse.execute("UPDATE users SET admin = 1 WHERE name = ?", (person.user_id,))


def rows(ward: Ward, sql: str, *values: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(ward.here.folder / "homeserver.db") as synapse:
        return synapse.execute(sql, values).fetchall()
