"""A doctor sets signing up in the chat, signs with codes, and gets a new key when the phone is lost."""

import re
from datetime import timedelta

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI
from tests.integration.booking.town import Town, at

LINE = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"
WRONG = "000000"


@pytest.fixture
async def visit(chat: Chat, town: Town) -> str:
    """Anna is with Dr Osei, who cannot sign yet."""
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    return code


async def test_who_cannot_sign_yet_sets_it_up_on_the_way_and_comes_back_to_the_prescription(
    chat: Chat, town: Town, visit: str
) -> None:
    assert "You cannot sign yet" in await chat.say(OSEI, f"prescribe {visit} {LINE}")
    begun = await chat.say(OSEI, "sign")
    assert chat.last[-1].fields["mimetype"] == "image/png"
    link = re.search(r"otpauth://totp/\S+", begun)
    assert link
    chat.takes(OSEI, link[0])
    shown = await chat.sign(OSEI)
    assert "You can sign now" in shown
    assert "Amoxicillin" in shown or "amoxicillin" in shown
    town.clock.time += timedelta(minutes=1)
    assert "Signed: prescription" in await chat.sign(OSEI)
    assert "active" in await chat.say(ANNA, "prescriptions")


async def test_a_wrong_code_signs_nothing_and_the_next_right_one_does(chat: Chat, town: Town, visit: str) -> None:
    await chat.signs(OSEI)
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {visit} {LINE}")
    assert "not right" in await chat.say(OSEI, WRONG)
    assert "no prescriptions" in await chat.say(ANNA, "prescriptions")
    assert "Signed" in await chat.sign(OSEI)


async def test_five_wrong_codes_lock_also_though_each_was_answered(chat: Chat, town: Town, visit: str) -> None:
    await chat.signs(OSEI)
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {visit} {LINE}")
    for _ in range(4):
        assert "not right" in await chat.say(OSEI, WRONG)
    assert "Too many wrong codes" in await chat.say(OSEI, WRONG)
    assert "Too many wrong codes" in await chat.sign(OSEI)
    town.clock.time += timedelta(minutes=15)
    assert "Signed" in await chat.sign(OSEI)


async def test_a_code_of_one_signature_is_none_for_the_next(chat: Chat, town: Town, visit: str) -> None:
    await chat.signs(OSEI)
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {visit} {LINE}")
    code = chat.code(OSEI)
    assert "Signed" in await chat.say(OSEI, code)
    await chat.say(OSEI, f"prescribe {visit} {LINE}")
    assert "used already" in await chat.say(OSEI, code)


async def test_a_key_is_replaced_with_a_code_of_the_old_phone(chat: Chat, town: Town) -> None:
    assert "You cannot sign yet" in await chat.say(OSEI, "signing")
    await chat.signs(OSEI)
    first = await chat.say(OSEI, "signing")
    assert "You sign with key" in first
    town.clock.time += timedelta(minutes=1)
    asked = await chat.say(OSEI, "signing set up")
    assert "otpauth" not in asked
    begun = await chat.sign(OSEI)
    link = re.search(r"otpauth://totp/\S+", begun)
    assert link
    chat.takes(OSEI, link[0])
    assert "You can sign now" in await chat.sign(OSEI)
    assert await chat.say(OSEI, "signing") != first


async def test_whoever_runs_the_centre_ends_the_key_of_a_lost_phone(chat: Chat, town: Town) -> None:
    assert "has no signing key" in await chat.say(CLARA, "signing reset dr.osei")
    await chat.signs(OSEI)
    assert "may not do that" in await chat.say(CLARA, "signing reset dr.maier")
    assert "signs no more" in await chat.say(CLARA, "signing reset dr.osei")
    assert "You cannot sign yet" in await chat.say(OSEI, "signing")
    await chat.signs(OSEI)


async def test_patients_have_nothing_to_do_with_signing(chat: Chat) -> None:
    assert "otpauth" not in await chat.say(ANNA, "signing set up")
    assert "signs no more" not in await chat.say(ANNA, "signing reset dr.osei")
