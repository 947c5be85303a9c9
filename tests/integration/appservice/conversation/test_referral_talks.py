"""A patient is referred on, and books from the list."""

import re
from datetime import timedelta

import pytest

from booking.directory.reading import practitioners_named
from booking.directory.service import link_practitioner
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import NEAR, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

WEBER = "@weber:localhost"


async def _seen(chat: Chat, town: Town, mxid: str = ANNA) -> str:
    """A visit with Dr Osei has begun; return its code."""
    await chat.say(mxid, NEAR)
    await chat.say(mxid, "1")
    await chat.say(mxid, "1")
    await chat.notices()
    town.clock.time = at(1, 8, 5)
    return str((await visits(chat, mxid))[0].code)


async def test_a_patient_is_referred_and_books_with_two_numbers(chat: Chat, town: Town) -> None:
    code = await _seen(chat, town)
    said = await chat.say(OSEI, f"refer {code} to a dermatologist, urgent: please look at the mole")
    assert "Referred to Dermatology, urgent." in said
    told = (await chat.notices())[ANNA][-1].text
    assert told.startswith("Referral: Dr Ama Osei refers you to Dermatology, urgent.")
    assert "please look at the mole" in told
    assert "1. Dr Lena Maier" in told
    assert "book it" in await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    confirmed = (await chat.notices())[ANNA]
    assert any("Confirmed" in each.text and "Dr Lena Maier" in each.text for each in confirmed)
    assert "no open referrals" in await chat.say(ANNA, "referrals")
    assert "None of your referrals" in await chat.say(OSEI, "referred")


async def test_a_doctor_of_the_visits_today_needs_no_code_and_takes_a_referral_back(chat: Chat, town: Town) -> None:
    await _seen(chat, town)
    assert "1. Anna" in await chat.say(OSEI, "refer to dermatology")
    assert "Referred to Dermatology" in await chat.say(OSEI, "1")
    await chat.notices()
    assert "Dermatology, from Dr Ama Osei, until Mon 1 Mar" in await chat.say(ANNA, "referrals")
    assert "Anna to Dermatology" in await chat.say(OSEI, "referred")
    assert "Taken back" in await chat.say(OSEI, "1")
    assert "taken the referral back" in (await chat.notices())[ANNA][-1].text
    assert "no open referrals" in await chat.say(ANNA, "referrals")


async def test_a_referral_is_used_once_and_again_when_its_visit_is_cancelled(chat: Chat, town: Town) -> None:
    code = await _seen(chat, town)
    await chat.say(OSEI, f"refer {code} to dr.weber")
    await chat.notices()
    assert "Dr Jonas Weber" in await chat.say(ANNA, "referrals")
    assert "Dr Jonas Weber" in await chat.say(ANNA, "1")
    assert "book it" in await chat.say(ANNA, "1")
    times = chat.last[0]
    await chat.say(ANNA, "1")
    if chat.last and "yes" in chat.last[-1].text:
        await chat.say(ANNA, "yes")
    await chat.notices()
    said = await chat.tap(ANNA, "2", times)
    if "already a visit of the same kind" in said:
        said = await chat.say(ANNA, "yes")
    assert "booked with that referral already" in said
    booked = next(each for each in await visits(chat, ANNA) if each.practitioner.name == "Dr Jonas Weber")
    await chat.say(ANNA, f"cancel {booked.code}")
    await chat.say(ANNA, "yes")
    assert "Dr Jonas Weber" in await chat.say(ANNA, "referrals")


async def test_the_doctor_who_sees_the_patient_next_reads_the_note_and_nobody_else(chat: Chat, town: Town) -> None:
    paul = await town.paul()
    async with town.database.transaction() as tx:
        (weber,) = await practitioners_named(tx, "dr.weber")
        await link_practitioner(tx, town.ctx, paul, weber.id, WEBER)
    await chat.say(ANNA, "dr.weber tomorrow")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    await chat.notices()
    town.clock.time = at(1, 8, 5)
    code = (await visits(chat, ANNA))[0].code
    for nobody in (OSEI, BEN, CLARA, ANNA):
        assert "Referred" not in await chat.say(nobody, f"refer {code} in person: a murmur")
    assert "Referred to Cardiology, in person." in await chat.say(WEBER, f"refer {code} in person: a murmur")
    assert "1. Dr Ama Osei" in (await chat.notices())[ANNA][-1].text
    await chat.say(ANNA, "1")
    if "yes" in await chat.say(ANNA, "1"):
        await chat.say(ANNA, "yes")
    told = await chat.notices()
    assert "Referred by Dr Jonas Weber." in told[OSEI][-2].text
    assert "a murmur" in told[OSEI][-2].text
    assert "murmur" not in told[CLARA][-1].text
    booked = next(each for each in await visits(chat, ANNA) if each.practitioner.name == "Dr Ama Osei")
    assert "a murmur" in await chat.say(OSEI, f"status {booked.code}")
    assert "murmur" not in await chat.say(CLARA, f"status {booked.code}")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("refer {} to xyzzy", "to whom that is"),
        ("refer {}", "to whom that is"),
        ("refer {} to cardiology", "Write to whom you refer"),
        ("refer {} in person", "Write to whom you refer"),
        ("refer {} to dr.nobody", "no doctor of that name"),
        ("refer {} to dermatology: " + "x" * 1001, "1000 letters"),
        ("refer ZZZ999 to dermatology", ""),
    ],
)
async def test_a_referral_to_nowhere_gets_a_sentence(chat: Chat, town: Town, text: str, answer: str) -> None:
    code = await _seen(chat, town)
    said = await chat.say(OSEI, text.format(code))
    assert answer in said
    assert "Referred to" not in said
    assert "no open referrals" in await chat.say(ANNA, "referrals")


async def test_nobody_is_referred_before_they_were_seen(chat: Chat, town: Town) -> None:
    code = await _seen(chat, town)
    town.clock.time -= timedelta(hours=3)
    assert "once the visit has begun" in await chat.say(OSEI, f"refer {code} to dermatology")


async def test_the_rule_of_the_fee_is_drawn_and_changed(chat: Chat) -> None:
    assert re.search(r"a fee at a referral \| not carried over", await chat.say(CLARA, "rules"))
    assert re.search(r"a fee at a referral \| carried over", await chat.say(CLARA, "fee is carried over"))
    assert re.search(r"a fee at a referral \| not carried over", await chat.say(CLARA, "fee is not carried over"))
    assert "Write it like" in await chat.say(CLARA, "fee")
