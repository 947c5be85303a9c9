"""Whom people let invite them is held by the homeserver, on the word of careConnect's own door."""

import asyncio
import time
from urllib.parse import quote

import pytest
from signedjson.key import encode_verify_key_base64, generate_signing_key, get_verify_key
from signedjson.sign import sign_json

from booking.people.service import person_of
from booking.reach.contacts import choose, let_in
from tests.integration.synapse.callers import Caller
from tests.integration.synapse.conftest import NewCaller, Ward
from tests.integration.synapse.test_policy import make_admin


@pytest.fixture
def staff(ward: Ward) -> tuple[Caller, Caller]:
    """A doctor here and one of another homeserver."""
    return ward.doctor, ward.specialist


async def blocks_all(ward: Ward, somebody: Caller, *but: str) -> None:
    async with ward.database.transaction() as tx:
        person = await person_of(tx, ward.ctx, somebody.user_id)
        await choose(tx, person, allow_all=False)
        for each in but:
            await let_in(tx, person, each, allowed=True)


async def invites(one: Caller, other: Caller) -> int:
    return await one.invite(await one.create(preset="private_chat"), other)


async def test_who_lets_nobody_in_is_invited_by_nobody(
    ward: Ward, new: NewCaller, staff: tuple[Caller, Caller]
) -> None:
    doctor, specialist = staff
    anna, boris = await new("anna"), await new("boris")
    await blocks_all(ward, anna)
    for one in staff:
        assert await invites(one, anna) == 403
        assert await invites(one, boris) == 200
    status, _ = await doctor.ask("POST", "createRoom", {"preset": "private_chat", "invite": [anna.user_id]})
    assert status == 403
    assert await invites(ward.bot, anna) == 200  # the service itself is not kept out
    await blocks_all(ward, specialist)
    assert await invites(anna, specialist) == 403  # who is invited may be of another homeserver, too


async def test_an_admin_invites_nobody_whom_others_may_not(ward: Ward, new: NewCaller) -> None:
    admin, anna, boris = await new("admin"), await new("anna"), await new("boris")
    make_admin(ward, admin)
    assert await invites(admin, boris) == 403  # neither is staff
    await ward.keeper.put_state(ward.lobby, "org.careconnect.staff", admin.user_id[1:], {"since": 1})
    async with asyncio.timeout(60):  # the module reads who is staff every ten seconds
        while await invites(admin, boris) != 200:
            await asyncio.sleep(0.25)
    await blocks_all(ward, anna)
    assert await invites(admin, anna) == 403
    # What the homeserver itself has to say comes all the same.
    notice = {"user_id": anna.user_id, "content": {"msgtype": "m.text", "body": "We move house on Sunday."}}
    assert (await admin.ask("POST", "/_synapse/admin/v1/send_server_notice", notice))[0] == 200


async def test_an_address_that_turns_out_to_be_somebodys_is_no_way_around(ward: Ward, new: NewCaller) -> None:
    """Who was invited by an email address shows what an identity server signed, with a key that the room names."""
    anna, boris, key = await new("anna"), await new("boris"), generate_signing_key("0")
    public = encode_verify_key_base64(get_verify_key(key))
    invitation = {"display_name": "b...@...", "public_key": public, "public_keys": [{"public_key": public}]}
    for inviter, status in ((anna, 403), (ward.doctor, 200)):
        room = await inviter.create(preset="private_chat")
        assert (await inviter.put_state(room, "m.room.third_party_invite", "token", invitation))[0] == 200
        signed = sign_json({"mxid": boris.user_id, "token": "token", "sender": inviter.user_id}, "id.example", key)
        joined = await boris.ask("POST", f"rooms/{quote(room)}/join", {"third_party_signed": signed})
        assert joined[0] == status


async def test_exceptions_hold_within_seconds(ward: Ward, new: NewCaller, staff: tuple[Caller, Caller]) -> None:
    doctor, specialist = staff
    anna = await new("anna")
    await blocks_all(ward, anna, doctor.user_id)
    assert [await invites(one, anna) for one in (doctor, specialist)] == [200, 403]
    async with ward.database.transaction() as tx:
        await let_in(tx, await person_of(tx, ward.ctx, anna.user_id), specialist.user_id, allowed=True)
    async with asyncio.timeout(60):
        while await invites(specialist, anna) != 200:
            await asyncio.sleep(0.5)


async def test_into_a_visits_room_its_care_team_is_let_all_the_same(
    ward: Ward, new: NewCaller, staff: tuple[Caller, Caller]
) -> None:
    doctor, _ = staff
    anna = await new("anna")
    await blocks_all(ward, anna)
    room = await ward.room((anna, "patient"), (doctor, "practitioner"))
    assert await anna.leave(room) == 200
    assert await doctor.invite(room, anna) == 200
    assert await anna.join(room) == 200


async def test_while_careconnect_is_away_nobody_is_invited_and_who_invites_is_told_so(
    ward: Ward, new: NewCaller, staff: tuple[Caller, Caller]
) -> None:
    doctor, _ = staff
    anna = await new("anna")
    room = await doctor.create(preset="private_chat")
    body = {"user_id": anna.user_id}
    async with ward.door.closed():
        status, answer = await doctor.ask("POST", f"rooms/{quote(room)}/invite", body)
        assert status == 503
        assert "later" in answer["error"]
        assert await invites(ward.bot, anna) == 200
        silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", ward.door.port)
        async with silent:  # takes the question, and never answers
            await asyncio.sleep(1.1)
            began = time.monotonic()
            assert await doctor.invite(room, anna) == 503
            assert 2 < time.monotonic() - began < 60
    async with asyncio.timeout(60):
        while await doctor.invite(room, anna) != 200:
            await asyncio.sleep(0.3)
