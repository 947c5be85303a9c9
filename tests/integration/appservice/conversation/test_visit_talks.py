"""What becomes of visits, said in the chat: approved or declined, in series, missed, overbooked, written down."""

import re

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import NEAR, book, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at


async def _asked_for(chat: Chat) -> str:
    """Ask for a visit that has to be approved; return its code."""
    await chat.say(CLARA, 'edit service dr.osei "A visit" needs approval')
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    if "yes" in await chat.say(ANNA, "1"):
        await chat.say(ANNA, "yes")
    told = await chat.notices()
    assert "Asked for: Tue 1 Dec, 09:00 with Dr Ama Osei" in told[ANNA][0].text
    assert "To approve by" in told[CLARA][0].text
    assert "To approve by" in told[OSEI][0].text
    found = re.search(r"Visit (\w{6})", told[ANNA][0].text)
    assert found
    return found[1]


async def test_a_centre_approves_with_a_word(chat: Chat) -> None:
    code = await _asked_for(chat)
    assert code in await chat.say(CLARA, "requests")
    assert "Next: Tue 1 Dec 09:30, 10:00, 10:30" in await chat.say(BEN, NEAR)
    assert "Approved." in await chat.say(CLARA, f"approve {code}")
    told = await chat.notices()
    assert told[ANNA][-2].text.startswith("Confirmed: Tue 1 Dec, 09:00")
    assert "Nothing waits" in await chat.say(CLARA, "requests")
    assert "Approved." not in await chat.say(OSEI, f"approve {code}")


async def test_a_doctor_declines_with_a_number_and_the_patient_chooses_another_time(chat: Chat) -> None:
    code = await _asked_for(chat)
    assert "the time is free again" in await chat.say(OSEI, "2")
    told = await chat.notices()
    said = told[ANNA][-1].text
    assert f"{code} is not booked" in said
    assert "Other times:" in said
    assert "Next: Tue 1 Dec 09:00, 09:30, 10:00" in await chat.say(BEN, NEAR)


async def test_a_stranger_approves_nothing(chat: Chat) -> None:
    code = await _asked_for(chat)
    assert "Approved" not in await chat.say(BEN, f"approve {code}")
    assert "Approved" not in await chat.say(ANNA, f"approve {code}")


async def test_a_series_is_booked_moved_and_cancelled_together(chat: Chat) -> None:
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    said = await chat.say(ANNA, "1 every 2 weeks 3 times")
    assert "Booked 3 visits: Tue 1 Dec 09:00 · Tue 15 Dec 09:00 · Tue 29 Dec 09:00." in said
    assert len(await visits(chat)) == 3
    told = await chat.notices()
    assert len([each for each in told[ANNA] if "series" in each.text]) == 1
    code = (await visits(chat))[0].code
    assert "Cancel these 3 visits?" in await chat.say(ANNA, f"cancel {code} series")
    assert "Cancelled 3 visits" in await chat.say(ANNA, "yes")
    assert await visits(chat) == []


async def test_a_series_that_meets_a_taken_time_offers_the_nearest(chat: Chat) -> None:
    await chat.say(BEN, "book dr.osei 15.12. 09:00")
    await chat.say(BEN, "yes")
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    said = await chat.say(ANNA, "1 every 2 weeks 3 times")
    assert "Tue 15 Dec, 09:00 is not free" in said
    assert await visits(chat) == []
    assert "Booked 3 visits" in await chat.say(ANNA, "yes")
    assert [f"{each.start:%d %H:%M}" for each in await visits(chat)][1] == "15 08:30"


@pytest.mark.parametrize("words", ["every 2 weeks", "every 0 weeks 3 times", "every week 1000 times", "weekly perhaps"])
async def test_a_series_that_is_none_gets_a_sentence(chat: Chat, words: str) -> None:
    code = await book(chat)
    said = await chat.say(ANNA, f"repeat {code} {words}")
    assert said
    assert "Booked" not in said
    assert len(await visits(chat)) == 1


async def test_a_missed_visit_is_told_counted_and_taken_back(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time = at(1, 9)
    assert "The patient is told." in await chat.say(OSEI, f"missed {code}")
    told = await chat.notices()
    assert f"Visit {code} with Dr Ama Osei" in told[ANNA][-1].text
    assert "nobody came" in told[ANNA][-1].text
    assert "done" in await chat.say(OSEI, f"not missed {code}")
    assert "counts as missed no more" in (await chat.notices())[ANNA][-1].text


async def test_a_clinic_says_why_it_cancels(chat: Chat) -> None:
    code = await book(chat)
    await chat.say(CLARA, f"cancel {code} doctor ill")
    assert "Cancelled." in await chat.say(CLARA, "yes")
    assert "The doctor cannot come." in (await chat.notices())[ANNA][-2].text


async def test_staff_overbook_after_a_question_and_it_is_written_down(chat: Chat) -> None:
    code = await book(chat)
    assert "Write it like" in await chat.say(CLARA, "overbook dr.osei tomorrow 09:00")
    other = await book(chat, BEN, "2")
    asked = await chat.say(CLARA, f"overbook dr.osei tomorrow 09:00 for {other}")
    assert code in asked
    assert "yes" in asked
    said = await chat.say(CLARA, "yes")
    assert "09:00 with Dr Ama Osei" in said
    found = re.search(r"visit (\w{6})", said)
    assert found
    log = await chat.say(CLARA, f"log {found[1]}")
    assert "centre" in log.lower()
    assert "overbooked" in log.lower() or "beside" in log.lower()
    assert "overbook" not in await chat.say(ANNA, f"log {found[1]}")


async def test_a_mistake_is_taken_out_and_all_are_told(chat: Chat) -> None:
    code = await book(chat)
    said = await chat.say(CLARA, f"mistake {code}")
    if "yes" in said:
        said = await chat.say(CLARA, "yes")
    assert code in said
    assert any("entered by mistake" in each.text for each in (await chat.notices())[ANNA])  # and the calendar's file
    assert await visits(chat) == []


async def test_the_log_of_a_visit_is_for_those_who_may_see_it(chat: Chat) -> None:
    code = await book(chat)
    for who in (ANNA, CLARA, OSEI):
        assert "booked" in (await chat.say(who, f"log {code}")).lower()
    assert "booked" not in (await chat.say(BEN, f"log {code}")).lower()
