"""Doctors, clinic admins and platform admins run their part by talking."""

import re
from datetime import timedelta

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL
from tests.integration.booking.town import Town, at

NOVAK = "@novak:localhost"


@pytest.fixture
async def visit(chat: Chat, town: Town) -> str:
    """The code of Anna's visit with Dr Osei, Tuesday at 9:00 in Berlin; it is that time now."""
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.signs(OSEI)
    town.clock.time += timedelta(minutes=1)
    return code


async def test_a_doctor_sees_the_day_and_notes_how_visits_stand(chat: Chat, visit: str) -> None:
    assert f"09:00-09:30 Anna, visit {visit}, in person, booked" in await chat.say(OSEI, "today")
    assert "No visits." in await chat.say(OSEI, "today friday")
    assert "Anna: arrived" in await chat.say(OSEI, f"arrived {visit}")
    assert "Now: Anna, 09:00" in await chat.say(OSEI, f"start {visit}")
    assert "done" in await chat.say(OSEI, f"done {visit}")


async def test_a_prescription_is_written_step_by_step(chat: Chat, visit: str) -> None:
    await chat.say(OSEI, f"arrived {visit}")
    assert "Which medicine?" in await chat.say(OSEI, f"prescribe {visit}")
    strengths = await chat.say(OSEI, "bisoprolol")
    assert "Which strength?" in strengths
    assert "1. " in strengths
    assert "In which form?" in await chat.say(OSEI, "1")
    assert "How should the patient take it?" in await chat.say(OSEI, "tablets")
    assert "How much should the pharmacy give out?" in await chat.say(OSEI, "1 tablet in the morning")
    assert "How should the patient take it?" in await chat.say(OSEI, "back")
    await chat.say(OSEI, "1 tablet in the evening")
    assert "How many repeats?" in await chat.say(OSEI, "30 tablets")
    preview = await chat.say(OSEI, "none")
    assert "1 tablet in the evening" in preview
    assert "NOT CHECKED: allergies: the patient has not said whether there are any" in preview
    assert "NOT CHECKED: interactions" in preview
    assert "Signed: prescription" in await chat.sign(OSEI)
    told = (await chat.notices())[ANNA]
    assert "1 tablet in the evening" in told[-2].text
    assert told[-1].fields["mimetype"] == "application/pdf"
    assert "active" in await chat.say(ANNA, "prescriptions")


async def test_one_line_prescribes_and_a_second_signature_signs_nothing(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(OSEI, f"arrived {visit}")
    line = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"
    assert "answer with the six digits" in await chat.say(OSEI, f"prescribe {visit} {line}")
    assert "six digits" in await chat.say(OSEI, "sign")
    assert "Signed" in await chat.sign(OSEI)
    town.clock.time += timedelta(minutes=1)
    assert "Signed" not in await chat.sign(OSEI)
    assert (await chat.say(ANNA, "prescriptions")).count("active") == 1


async def test_what_is_stopped_takes_no_more_words(chat: Chat, visit: str) -> None:
    await chat.say(OSEI, f"arrived {visit}")
    await chat.say(OSEI, f"prescribe {visit}")
    assert "Nothing was prescribed" in await chat.say(OSEI, "stop")
    assert visit in await chat.say(OSEI, "today")


async def test_nothing_is_prescribed_before_a_visit(chat: Chat) -> None:
    code = await book(chat)
    assert "once the visit has begun" in await chat.say(OSEI, f"prescribe {code}")


async def test_a_prescription_is_withdrawn_and_the_patient_sees_it(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(OSEI, f"arrived {visit}")
    line = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"
    await chat.say(OSEI, f"prescribe {visit} {line}")
    code = re.search(r"prescription (\w{6})", await chat.sign(OSEI))
    assert code
    town.clock.time += timedelta(minutes=1)
    assert "To withdraw it: wrong strength" in await chat.say(OSEI, f"withdraw {code[1]} wrong strength")
    assert "is cancelled" in await chat.sign(OSEI)
    assert "active" not in await chat.say(ANNA, "prescriptions")


async def test_a_clinic_admin_sets_up_a_doctor_whom_patients_then_find(chat: Chat) -> None:
    added = await chat.say(CLARA, f'add doctor "Dr Iris Novak" dermatology speaks en, de {NOVAK}', name="Clara")
    assert "short name dr.novak" in added
    assert "€45.00, at the desk" in await chat.say(CLARA, 'add service dr.novak "Skin check" 30 min 45 online desk')
    week = await chat.say(CLARA, "hours dr.novak mon-fri 9-12:30, 14-18")
    assert "Mon-Fri | 09:00-12:30, 14:00-18:00" in week
    assert "Dr Iris Novak (dr.novak), Dermatology, speaks English, German, not verified yet\n" in await chat.say(
        CLARA, "doctors"
    )
    assert "Dr Iris Novak" not in await chat.say(ANNA, "dermatologist near Berlin tomorrow")
    assert "is verified" in await chat.say(PAUL, "verify dr.novak", name="Paul")
    assert "Skin check, 30 minutes" in await chat.say(CLARA, "services dr.novak")
    assert "Dr Iris Novak" in await chat.say(ANNA, "dermatologist near Berlin tomorrow")
    assert "No visits." in await chat.say(NOVAK, "today", name="Iris")


async def test_time_off_says_which_visits_are_in_the_way(chat: Chat) -> None:
    code = await book(chat)
    asked = await chat.say(CLARA, "time off dr.osei 1.12. - 3.12.")
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in asked
    away = await chat.say(CLARA, "yes")
    assert "away: Tue 1 Dec to Thu 3 Dec" in away
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in away
    assert "Fri 4 Dec" in await chat.say(ANNA, "dr osei on wednesday")
    assert "Taken back" in await chat.say(CLARA, "time off dr.osei remove 1.12.")


async def test_a_clinic_admin_sees_the_days_bookings_and_sets_the_rule(chat: Chat) -> None:
    code = await book(chat)
    assert f"Anna, visit {code}" in await chat.say(CLARA, "bookings tomorrow")
    rule = await chat.say(CLARA, "cancellation free until 48 h, later refund 25%")
    assert "cancelled free of charge | until 48 hours before" in rule
    assert "refund when cancelled later | 25 %" in rule


async def test_a_clinic_admin_runs_no_other_centre(chat: Chat) -> None:
    other = await chat.say(CLARA, 'add doctor "Dr No" dermatology speaks en at Isar Clinic', name="Clara")
    assert "short name" not in other
    assert "short name" not in await chat.say(CLARA, "hours dr.maier mon-fri 1-2")
    assert "Mon-Fri" not in chat.last[-1].text


async def test_a_platform_admin_registers_a_centre_and_who_runs_it(chat: Chat) -> None:
    made = await chat.say(PAUL, 'add centre "Lung Clinic" Hamburg, Elbchaussee 1', name="Paul")
    assert "Lung Clinic in Hamburg is registered (Europe/Berlin, EUR)" in made
    assert "runs Lung Clinic now" in await chat.say(PAUL, f"add admin {BEN} to Lung Clinic", name="Paul")
    assert "Lung Clinic, Hamburg" in await chat.say(PAUL, "centres", name="Paul")
    assert "Nobody yet" in await chat.say(BEN, "doctors", name="Ben")
