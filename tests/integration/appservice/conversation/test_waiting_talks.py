"""Waiting for a place in the chat: asked for, offered, taken, left, and stopped."""

from datetime import timedelta

import pytest

from booking.appointments.sweep import sweep
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import NEAR, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

TIME = "Tue 1 Dec, 09:00"


async def _booked(chat: Chat, mxid: str) -> str:
    """Book the first time there is; return the visit's code."""
    await chat.say(mxid, NEAR)
    await chat.say(mxid, "1")
    await chat.say(mxid, "1")
    await chat.notices()
    return str((await visits(chat, mxid))[0].code)


async def test_a_time_that_comes_free_is_offered_and_taken_with_a_word(chat: Chat) -> None:
    code = await _booked(chat, ANNA)
    said = await chat.say(BEN, "wait for dr.osei tomorrow before 9:30")
    assert "You are on the waiting list: Dr Ama Osei (Cardiology), on Tue 1 Dec, before 09:30." in said
    assert BEN not in await chat.offers()
    assert "Dr Ama Osei" in await chat.say(BEN, "waiting")
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    told = await chat.offers()
    assert told[BEN][-1].text.startswith(f"A time came free: {TIME} with Dr Ama Osei")
    assert "It is kept for you until 10:30" in told[BEN][-1].text
    assert "Next: Tue 1 Dec 09:30" in await chat.say(ANNA, NEAR)
    await chat.say(BEN, "yes")
    told = await chat.notices()
    assert any(each.text.startswith(f"Confirmed: {TIME}") for each in told[BEN])
    assert "New visit" in told[CLARA][-1].text
    assert "You wait for nothing" in await chat.say(BEN, "waiting")


async def test_what_nobody_takes_goes_to_the_next_in_line_and_back_to_all(chat: Chat, town: Town) -> None:
    code = await _booked(chat, ANNA)
    for mxid in (BEN, CLARA):
        await chat.say(mxid, "wait for dr.osei tomorrow before 9:30")
        town.clock.time += timedelta(seconds=1)
    await chat.offers()
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    told = await chat.offers()
    assert "A time came free" in told[BEN][-1].text
    assert "A time came free" not in "".join(each.text for each in told.get(CLARA, []))
    assert "next in line" in await chat.say(BEN, "no")
    assert "A time came free" in (await chat.offers())[CLARA][-1].text
    town.clock.time += timedelta(minutes=31)
    assert "came too late" in await chat.say(CLARA, "1")
    async with chat.database.transaction() as tx:
        assert await sweep(tx, chat.ctx) == 1
    told = await chat.offers()
    assert "went to the next in line, as you did not take it" in told[CLARA][-1].text
    assert BEN not in told
    assert "Next: Tue 1 Dec 09:00" in await chat.say(ANNA, NEAR)
    assert "Dr Ama Osei" in await chat.say(BEN, "waiting")
    assert "no longer" in await chat.say(BEN, "1")
    assert "You wait for nothing" in await chat.say(BEN, "waiting")


async def test_a_time_that_is_offered_is_taken_in_ones_own_words(chat: Chat) -> None:
    await chat.say(BEN, "wait for dr.osei on saturday")
    await chat.say(CLARA, "hours dr.osei mon-sat 9-17")
    await chat.offers()
    await chat.say(BEN, "I'll take it")
    assert any(each.text.startswith("Confirmed: Sat 5 Dec") for each in (await chat.notices())[BEN])


async def test_days_that_do_not_suit_are_not_offered(chat: Chat) -> None:
    await chat.say(CLARA, "hours dr.osei closed until 31 Dec")
    said = await chat.say(BEN, "wait for dr.osei next week, not monday and not 8 Dec")
    assert "Mon 7 Dec to Sun 13 Dec, not on Mon or Tue 8 Dec" in said
    assert "not on Mon or Tue 8 Dec" in await chat.say(BEN, "waiting")
    await chat.say(CLARA, "hours dr.osei mon, tue 9-17 until 31 Dec")
    assert BEN not in await chat.offers()
    await chat.say(CLARA, "hours dr.osei mon-wed 9-17 until 31 Dec")
    assert any("Wed 9 Dec" in each.text for each in (await chat.offers())[BEN])


async def test_what_is_offered_is_among_ones_visits_and_taken_there(chat: Chat) -> None:
    await chat.say(BEN, "wait for dr.osei on saturday")
    await chat.say(CLARA, "hours dr.osei mon-sat 9-17")
    await chat.offers()
    assert "offered to you, not taken yet" in await chat.say(BEN, "appointments")
    assert "1. Take it" in await chat.say(BEN, "1")
    await chat.say(BEN, "1")
    assert any(each.text.startswith("Confirmed: Sat 5 Dec") for each in (await chat.notices())[BEN])


async def test_an_earlier_time_than_those_shown_is_waited_for(chat: Chat) -> None:
    code = await _booked(chat, ANNA)
    await chat.say(BEN, NEAR)
    assert "wait" in await chat.say(BEN, "1")
    assert "before Tue 1 Dec, 09:30" in await chat.say(BEN, "wait")
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    assert TIME in (await chat.offers())[BEN][-1].text


async def test_a_doctor_who_has_no_time_at_all_is_waited_for(chat: Chat) -> None:
    for doctor in ("dr.osei", "dr.weber"):
        await chat.say(CLARA, f"hours {doctor} none")
    assert "or write “wait”" in await chat.say(ANNA, "cardiologist in Berlin in person")
    assert "Dr Ama Osei" in await chat.say(ANNA, "wait")
    await chat.offers()
    await chat.say(CLARA, "hours dr.osei mon-fri 9-17")
    assert "Mon 30 Nov, 10:30" in (await chat.offers())[ANNA][-1].text


async def test_new_hours_are_offered_to_who_waits(chat: Chat) -> None:
    assert "waiting list" in await chat.say(BEN, "wait for dr.osei on saturday")
    assert BEN not in await chat.offers()
    await chat.say(CLARA, "hours dr.osei mon-sat 9-17")
    assert "Sat 5 Dec, 09:00" in (await chat.offers())[BEN][-1].text


async def test_a_time_that_the_centre_approves_is_asked_for_when_it_is_taken(chat: Chat) -> None:
    await chat.say(CLARA, 'edit service dr.osei "A visit" needs approval')
    await chat.say(BEN, "wait for dr.osei on saturday")
    await chat.say(CLARA, "hours dr.osei mon-sat 9-17")
    assert "A time came free" in (await chat.offers())[BEN][-1].text
    await chat.say(BEN, "1")
    told = await chat.notices()
    assert "Asked for: Sat 5 Dec" in told[BEN][-1].text
    assert "To approve by" in told[CLARA][-1].text


async def test_a_centre_says_how_long_a_time_is_kept(chat: Chat) -> None:
    assert "for 2 hours" in await chat.say(CLARA, "offers 2 h")
    assert "Write it like" in await chat.say(CLARA, "offers")
    assert "offered" not in await chat.say(ANNA, "offers 10 min")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("wait for", "Write whom you wait for"),
        ("wait for 🦷🦷", "Write which doctor"),
        ("wait for dr.osei yesterday", ""),
        ("wait for oncologist", "nobody like that"),
        ("waiting", "You wait for nothing"),
    ],
)
async def test_what_cannot_be_waited_for_gets_a_sentence(chat: Chat, text: str, answer: str) -> None:
    assert answer in await chat.say(ANNA, text)
    assert "You wait for nothing" in await chat.say(ANNA, "waiting")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("wait for dr.osei", "(Cardiology), until Sun 28 Feb."),
        ("wait for dr.osei next week after 16:00", "Mon 7 Dec to Sun 13 Dec, from 16:00 on."),
        ("wait for a cardiologist in Berlin on Friday", "Dr Ama Osei or Dr Jonas Weber (Cardiology), on Fri 4 Dec."),
    ],
)
async def test_it_is_said_what_is_waited_for(chat: Chat, text: str, days: str) -> None:
    assert days in await chat.say(ANNA, text)


async def test_nobody_stands_in_every_line(chat: Chat) -> None:
    for _ in range(10):
        assert "waiting list" in await chat.say(ANNA, "wait for dr.osei on saturday")
    assert "10 things already" in await chat.say(ANNA, "wait for dr.osei on saturday")


async def test_who_waits_with_a_childs_referral_waits_for_the_child(chat: Chat, town: Town) -> None:
    await chat.say(ANNA, "add family Mia 2018-05-04")
    await chat.say(ANNA, f"{NEAR} for Mia")
    await chat.say(ANNA, "1")
    await chat.say(ANNA, "1")
    await chat.notices()
    code = (await visits(chat, ANNA))[0].code
    town.clock.time = at(1, 8, 5)
    assert "Referred to Dermatology" in await chat.say(OSEI, f"refer {code} to dermatology")
    assert "1. Dr Lena Maier" in (await chat.notices())[ANNA][-1].text
    said = await chat.say(ANNA, "wait")
    assert "You are on the waiting list: Dr Lena Maier (Dermatology)" in said
    assert "for Mia" in said
    offered = (await chat.offers())[ANNA][-1]
    assert offered.text.startswith("A time came free for Mia:")
    await chat.reply(ANNA, "1", offered)
    assert any(each.text.startswith("Confirmed") for each in (await chat.notices())[ANNA])
    assert "no open referrals" in await chat.say(ANNA, "referrals")  # it is what the visit was booked with
