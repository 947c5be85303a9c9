"""Patients find by reason, insurance, price, place and name; centres say what they offer."""

import pytest

from booking.directory.model import Mode
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.booking.clinic import ANNA, CLARA
from tests.integration.booking.town import Town

BERLIN = "geo:52.5200,13.4050;u=35"


async def test_a_reason_that_an_online_visit_cannot_serve_is_told_before_booking(chat: Chat) -> None:
    said = await chat.say(ANNA, "ECG online in Berlin")
    assert said.startswith("An ECG needs a visit in person:")
    assert "1. Dr Ama Osei, Cardiology, in person" in said
    assert "Weber" not in said
    assert "Weber, Cardiology, online" in await chat.say(ANNA, "palpitations, online")


async def test_a_service_is_for_the_reasons_that_its_centre_names(chat: Chat, town: Town) -> None:
    assert "is for “ECG” and “Check-up”" in await chat.say(CLARA, 'service reasons dr.osei "A visit" ecg, check-up')
    assert "Dr Ama Osei" in await chat.say(ANNA, "ecg in Berlin")
    said = await chat.say(ANNA, "palpitations, dr osei")
    assert "There you cannot be seen for that (Palpitations). These offer it:" in said
    assert "1. Dr Jonas Weber" in said
    assert "whatever its specialty" in await chat.say(CLARA, 'service reasons dr.osei "A visit" all')
    assert "Dr Ama Osei" in await chat.say(ANNA, "palpitations, dr osei")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('service reasons dr.osei "A visit" eye test', "That specialty does not know this reason"),
        ('service reasons dr.osei "A visit" xyzzy 🫀 שלום', "I don't know the reason"),
        ('service reasons dr.osei "A visit"', "Write what it is for"),
        ('service reasons dr.osei "Other" ecg', "Which service?"),
        ("centre accepts", "Write which"),
        ("centre accepts " + "x" * 5000, "too long"),
        ("centre accessible perhaps", "Write yes or no"),
        ("centre phone", "Write it like"),
        ("centre phone reception", "Write it like"),
        ("centre phone " + "1" * 50, "Write it like"),
    ],
)
async def test_what_a_centre_cannot_offer_gets_a_sentence(chat: Chat, text: str, answer: str) -> None:
    assert answer in await chat.say(CLARA, text)


async def test_only_who_runs_a_centre_says_what_it_offers(chat: Chat) -> None:
    for text in (
        "centre accepts AOK",
        "centre accessible yes",
        "centre phone 123456",
        'service reasons dr.osei "A visit" ecg',
    ):
        said = await chat.say(ANNA, text)
        assert "Berlin Heart Centre accepts" not in said
        assert "wheelchair" not in said
        assert "is for" not in said
        assert "123456" not in said


async def test_insurance_and_wheelchairs_are_looked_for(chat: Chat) -> None:
    assert "without that insurance" in await chat.say(ANNA, "cardiologist in Berlin who takes AOK")
    assert await chat.say(CLARA, "centre accepts AOK, TK") == "Berlin Heart Centre accepts AOK, TK."
    assert "without that" not in await chat.say(ANNA, "cardiologist in Berlin who takes AOK")
    assert "online or in person, whichever there is" in await chat.say(
        ANNA, "wheelchair accessible cardiologist in person, Berlin"
    )
    assert await chat.say(CLARA, "centre accessible yes") == "Berlin Heart Centre can be used in a wheelchair."
    assert "Dr Ama Osei, Cardiology, in person" in await chat.say(
        ANNA, "wheelchair accessible cardiologist in person, Berlin"
    )
    assert "no insurance by name" in await chat.say(CLARA, "centre accepts none")


async def test_a_centre_says_how_it_is_called(chat: Chat) -> None:
    said = await chat.say(CLARA, "centre phone +49 30 1234567")
    assert said == "Patients are told to call Berlin Heart Centre at +49 30 1234567."
    await chat.say(ANNA, "cardiologist in Berlin")
    assert "Berlin Heart Centre: +49 30 1234567" in await chat.say(ANNA, "phone number")
    assert await chat.say(CLARA, "centre phone none") == "Berlin Heart Centre has no phone number."
    assert "1234567" not in await chat.say(ANNA, "phone number")


async def test_a_range_of_prices_is_looked_for(chat: Chat) -> None:
    said = await chat.say(ANNA, "cardiologist near Berlin between 40 and 60")
    assert "Dr Ama Osei" in said
    assert "Weber" not in said
    assert "lower price comes first" in await chat.say(ANNA, "cardiologist near Berlin between 60€ and 40€")


async def test_a_shared_location_is_answered_with_what_is_near_and_remembered(chat: Chat) -> None:
    said = await chat.say(ANNA, BERLIN)
    assert "1. Dr Ama Osei" in said
    assert "Munich" not in said
    assert "Dr Ama Osei" in await chat.say(ANNA, "cardiologist near me tomorrow")
    assert "Share your location" in await chat.say(CLARA, "cardiologist near me")


async def test_what_sounds_like_an_emergency_gets_a_hint_besides(chat: Chat) -> None:
    said = await chat.say(ANNA, "chest pain now, near Berlin")
    assert "call 112 now" in said
    assert "1. Dr Ama Osei" in said
    assert "call 112 now" in await chat.say(ANNA, "I can't breathe")


async def test_a_service_for_new_patients_is_not_offered_to_known_ones(chat: Chat, town: Town) -> None:
    assert "Dr Ama Osei" in await chat.say(ANNA, "cardiologist in Berlin as a new patient")
    assert "I found nobody" in await chat.say(ANNA, "follow-up with a cardiologist in Berlin")


async def test_the_list_goes_on_back_and_to_another_day(chat: Chat, town: Town) -> None:
    centre = await town.centre("Spree Clinic")
    for letter in "ABCDEF":
        await town.offer(centre, f"Dr Anna {letter * 4}", "mon-fri 9-17", price=20, mode=Mode.ONLINE)
    first = await chat.say(ANNA, "cardiologist, online")
    more = await chat.say(ANNA, "more")
    assert first != more
    assert await chat.say(ANNA, "earlier") == first
    assert "Next: Tue 1 Dec" in await chat.say(ANNA, "another day")


async def test_who_finds_nobody_has_nobody_to_wait_for(chat: Chat) -> None:
    said = await chat.say(ANNA, "oncologist in Berlin")
    assert "I found nobody" in said
    assert "“wait”" not in said


@pytest.mark.parametrize(
    "text", ["dentist " + "🦷" * 3000, "\u202eסרטן dentist", "ecg " * 2000, "geo:1e9,0", "geo:999,999"]
)
async def test_whatever_is_written_gets_an_answer(chat: Chat, text: str) -> None:
    assert await chat.say(ANNA, text)


async def test_who_wants_to_die_is_not_asked_which_doctor_they_would_like(chat: Chat) -> None:
    said = await chat.say(ANNA, "I want to die")
    assert "call 112 now" in said
    assert len(chat.last) == 1
    assert "Did you mean time off" in await chat.say(CLARA, "dr osei is away tomorrow after a heart attack")
    await chat.say(ANNA, "i want a cardiologist, i have chest pain")
    assert len(chat.last) == 2
