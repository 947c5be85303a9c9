"""What becomes of a prescription, in talks: renewed, put on hold, withdrawn."""

import re
from datetime import timedelta

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, OSEI
from tests.integration.booking.town import Town, at

LINE = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"


@pytest.fixture
async def visit(chat: Chat, town: Town) -> str:
    """The code of Anna's visit with Dr Osei, which has begun; she can sign."""
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.signs(OSEI)
    await chat.say(OSEI, f"arrived {code}")
    return code


@pytest.fixture
async def code(chat: Chat, town: Town, visit: str) -> str:
    """The code of what Dr Osei prescribed to Anna."""
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {visit} {LINE}")
    signed = re.search(r"prescription (\w{6})", await chat.sign(OSEI))
    assert signed
    town.clock.time += timedelta(minutes=1)
    await chat.notices()
    return signed[1]


async def test_a_patient_asks_for_it_once_more_and_the_doctor_signs_it(chat: Chat, town: Town, code: str) -> None:
    listed = await chat.say(ANNA, "prescriptions")
    assert f"1. {code} amoxicillin 500 mg" in listed
    assert "asked Dr Ama Osei" in await chat.say(ANNA, "renew 1")
    assert "already" in await chat.say(ANNA, f"renew {code}")
    asked = (await chat.notices())[OSEI][-1]
    assert "To renew?" in asked.text
    assert "21 capsules" in asked.text
    await chat.say(ANNA, "allergies penicillin")
    shown = await chat.say(OSEI, "1")
    assert "six digits" in shown
    assert "allergic to penicillin" in shown
    assert "already has" not in shown
    assert "Signed: prescription" in await chat.sign(OSEI)
    told = (await chat.notices())[ANNA]
    assert "21 capsules" in told[-2].text
    assert told[-1].fields["mimetype"] == "application/pdf"
    assert (await chat.say(ANNA, "prescriptions")).count("active") == 2
    assert "answered already" in await chat.tap(OSEI, "1", asked)


async def test_a_doctor_declines_and_the_patient_is_told(chat: Chat, code: str) -> None:
    await chat.say(ANNA, f"renew {code}")
    await chat.notices()
    assert "Not renewed" in await chat.say(OSEI, "2")
    assert "does not renew" in (await chat.notices())[ANNA][-1].text


async def test_nobody_asks_for_what_is_anothers(chat: Chat, code: str) -> None:
    assert "may not do that" in await chat.say(BEN, f"renew {code}", name="Ben")
    assert "no prescriptions" in await chat.say(BEN, "renew 1", name="Ben")
    assert "Which one?" in await chat.say(ANNA, "renew")


async def test_it_is_put_on_hold_and_taken_up_again(chat: Chat, town: Town, code: str) -> None:
    assert "To put it on hold: blood test first" in await chat.say(OSEI, f"hold {code} blood test first")
    assert "is on-hold" in await chat.sign(OSEI)
    told = (await chat.notices())[ANNA][-1].text
    assert "It is on-hold" in told
    assert "blood test first" in told
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"resume {code} all is well")
    assert "is active" in await chat.sign(OSEI)
    assert "active" in await chat.say(ANNA, "prescriptions")


async def test_a_change_needs_a_reason_and_can_be_left(chat: Chat, code: str) -> None:
    assert "Say in a few words why" in await chat.say(OSEI, f"hold {code}")
    assert "and then why" in await chat.say(OSEI, "hold")
    await chat.say(OSEI, f"hold {code} because")
    assert "stays as it is" in await chat.say(OSEI, "stop")
    assert "Signed" not in await chat.sign(OSEI)
    assert "active" in await chat.say(ANNA, "prescriptions")


async def test_the_number_of_a_prescription_shows_all_of_it_with_the_paper(chat: Chat, code: str) -> None:
    await chat.say(ANNA, "prescriptions")
    assert "21 capsules" in await chat.say(ANNA, "1")
    assert chat.last[-1].fields["kind"] == "prescription"


async def test_who_is_not_the_patient_gets_a_copy_that_no_pharmacy_takes(chat: Chat, code: str) -> None:
    assert "21 capsules" in await chat.say(OSEI, f"prescription {code}")
    assert chat.last[-1].fields["kind"] == "prescription copy"


async def test_a_doctor_is_warned_of_an_allergy_and_of_the_same_twice(chat: Chat, visit: str, code: str) -> None:
    assert "not checked" in await chat.say(ANNA, "allergies")
    assert "Stated for Anna: penicillin" in await chat.say(ANNA, "allergies penicillin")
    shown = await chat.say(OSEI, f"prescribe {visit} {LINE}")
    assert "WARNING: the patient says they are allergic to penicillin" in shown
    assert f"WARNING: the patient already has amoxicillin ({code})" in shown
    assert "no allergies" in await chat.say(ANNA, "allergies none")
    assert "Allergies, as the patient says: none." in await chat.say(OSEI, f"!prescribe {visit} {LINE}")


async def test_allergies_of_a_child_are_stated_by_its_parent(chat: Chat) -> None:
    await chat.say(ANNA, "add family Mia 2018-05-04")
    assert "Stated for Mia: nuts" in await chat.say(ANNA, "allergies nuts for Mia")
    assert "Nothing is stated for Anna" in await chat.say(ANNA, "allergies")
    assert "nobody of that name" in await chat.say(ANNA, "allergies nuts for Max")


async def test_what_was_prescribed_before_is_prescribed_with_a_number_and_a_code(
    chat: Chat, town: Town, visit: str, code: str
) -> None:
    asked = await chat.say(OSEI, f"prescribe {visit}")
    assert "1. amoxicillin 500 mg, capsules, 1 capsule three times daily for 7 days, 21 capsules" in asked
    assert "21 capsules" in await chat.say(OSEI, "1")
    assert "Signed: prescription" in await chat.sign(OSEI)


async def test_another_medicine_than_the_ones_at_hand_is_just_written(chat: Chat, visit: str, code: str) -> None:
    await chat.say(OSEI, f"prescribe {visit}")
    assert "Which strength?" in await chat.say(OSEI, "bisoprolol")


async def test_favourites_come_first(chat: Chat, visit: str, code: str) -> None:
    assert "no favourites" in await chat.say(OSEI, "favourites")
    assert "1. amoxicillin 500 mg" in await chat.say(OSEI, f"favourite {code}")
    assert "1. amoxicillin 500 mg" in await chat.say(OSEI, f"prescribe {visit}")
    assert "no favourites" in await chat.say(OSEI, "!favourite remove 1")
    assert "may not do that" in await chat.say(OSEI, "favourite 000000")


async def test_all_that_is_signed_is_shown(chat: Chat, visit: str, town: Town) -> None:
    shown = await chat.say(OSEI, f"prescribe {visit} {LINE}, 2 repeats, no substitution, valid 30 days, with water")
    for part in ("Repeats: 2 times", "same ingredient: not allowed", "Valid for 30 days", "Note: with water"):
        assert part in shown
    assert "Put down" in await chat.say(OSEI, "stop")
    assert "365 days" in await chat.say(OSEI, f"prescribe {visit} {LINE}, valid 400 days")


async def test_who_speaks_for_a_child_no_more_is_not_told_of_what_is_prescribed(chat: Chat, town: Town) -> None:
    """Mia comes of age on 1 December 2026."""
    await chat.say(ANNA, "add family Mia 2008-12-01")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60 for Mia")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    code = re.search(r"[Vv]isit (\w{6})", (await chat.notices())[ANNA][0].text)
    assert code
    town.clock.time = at(1, 8)
    await chat.signs(OSEI)
    await chat.say(OSEI, f"arrived {code[1]}")
    await chat.say(OSEI, f"summary {code[1]} Nothing is wrong with the heart.")
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {code[1]} {LINE}")
    assert "Signed" in await chat.sign(OSEI)
    assert ANNA not in await chat.notices()


async def test_the_number_of_a_prescription_means_what_it_meant_in_the_list(
    chat: Chat, town: Town, visit: str, code: str
) -> None:
    await chat.say(ANNA, "prescriptions")
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {visit} ibuprofen 400 mg tablets, 1 tablet when needed, 20 tablets")
    assert "Signed" in await chat.sign(OSEI)
    assert "amoxicillin" in await chat.say(ANNA, "renew 1")
