"""Hours, dates that differ, holidays, services, rooms: written as people say it, and asked about before it breaks."""

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, CLARA, OSEI, PAUL


async def test_hours_with_a_break_from_a_date_until_another_are_drawn_back(chat: Chat) -> None:
    drawn = await chat.say(CLARA, "hours dr.osei mon-fri 9-18, break 12:30-13:30; sat 10-14 from 8 Dec until 19 Dec")
    now, later, after = drawn.split("days | hours")[1:]
    assert "Mon-Fri | 09:00-17:00" in now
    assert "From Tue 8 Dec until Sat 19 Dec:" in now
    assert "Mon-Fri | 09:00-12:30, 13:30-18:00" in later
    assert "Sat | 10:00-14:00" in later
    assert "From Sun 20 Dec:" in later
    assert "Mon-Fri | 09:00-17:00" in after
    assert await chat.say(OSEI, "hours") == drawn.removeprefix("Done.\n\n")
    assert "12:00" in (times := await chat.say(ANNA, "dr osei on 9 Dec after 11:30"))
    assert "12:30" not in times


async def test_dates_that_differ_and_time_off_are_drawn_back_and_taken_back(chat: Chat) -> None:
    assert "Thu 24 Dec: 09:00-12:00" in await chat.say(CLARA, "hours dr.osei on 24 Dec 9-12")
    assert "Tue 22 Dec: closed" in await chat.say(CLARA, "hours dr.osei on 22.12. closed")
    await chat.say(CLARA, "time off dr.osei 28.12. - 31.12.")
    drawn = await chat.say(CLARA, "hours dr.osei")
    assert "Dates that differ:\n\n• Tue 22 Dec: closed\n• Thu 24 Dec: 09:00-12:00" in drawn
    assert "Away:\n\n• Mon 28 Dec to Thu 31 Dec" in drawn
    drawn = await chat.say(CLARA, "hours dr.osei on 22 Dec as usual")
    assert "22 Dec" not in drawn
    assert "Thu 24 Dec: 09:00-12:00" in drawn


async def test_time_off_is_of_days_in_a_row(chat: Chat) -> None:
    assert "is away: Thu 24 Dec to Fri 25 Dec" in await chat.say(CLARA, "time off dr.osei 24. and 25. December")
    assert "not in a row" in await chat.say(CLARA, "time off dr.osei 28.12. and 31.12.")
    assert "not in a row" in await chat.say(CLARA, "dr osei is away on 28. and 31. December")
    assert "28 Dec" not in await chat.say(CLARA, "hours dr.osei")


async def test_time_off_may_be_a_part_of_a_day(chat: Chat) -> None:
    assert "is away: Tue 1 Dec, 14:00 to Tue 1 Dec, 16:30" in await chat.say(
        CLARA, "time off dr.osei tomorrow 14-16:30"
    )
    assert "Next: Tue 1 Dec 16:30" in await chat.say(ANNA, "dr osei on 1 Dec after 14:00")
    assert "is away: Wed 2 Dec, 10:00 to Wed 2 Dec, 12:00" in await chat.say(CLARA, "time off dr.osei 2.12. 10-12")
    assert "Taken back" in await chat.say(CLARA, "time off dr.osei remove 2.12.")
    assert "none on that day" in await chat.say(CLARA, "time off dr.osei remove 2.12.")
    assert "hours of one day" in await chat.say(CLARA, "time off dr.osei 7.12. - 9.12. 14-16")
    assert "hours of one day" in await chat.say(CLARA, "time off dr.osei 7.12. 99")
    assert "Away" in (drawn := await chat.say(CLARA, "hours dr.osei"))
    assert "7 Dec" not in drawn


async def test_time_off_that_is_noted_already_is_not_noted_twice(chat: Chat) -> None:
    await chat.say(CLARA, "time off dr.osei 7.12. - 9.12.")
    again = "Dr Ama Osei is away then already: Mon 7 Dec to Wed 9 Dec."
    assert await chat.say(CLARA, "time off dr.osei 7.12. - 9.12.") == again
    assert await chat.say(OSEI, "time off 8.12. 14-16") == again
    assert "7 Dec to Thu 10 Dec" in await chat.say(CLARA, "time off dr.osei 7.12. - 10.12.")


async def test_a_service_has_hours_of_its_own_until_they_are_as_usual(chat: Chat) -> None:
    await chat.say(CLARA, 'add service dr.osei "Check" 30 min 20 in person desk')
    drawn = await chat.say(CLARA, 'hours dr.osei "check" tue 9-10')
    assert "Only “Check”:" in drawn
    assert "Tue | 09:00-10:00" in drawn
    assert "Only “Check”:" in await chat.say(OSEI, 'hours "Check" tue 9-10')
    assert "as usual" in await chat.say(CLARA, 'hours dr.osei "Check" closed')
    assert "Check" not in await chat.say(CLARA, 'hours dr.osei "Check" as usual')
    assert "“A visit”, “Check”" in await chat.say(CLARA, 'hours dr.osei "Chekc" tue 9-10')
    assert "leave the service out" in await chat.say(CLARA, 'hours dr.osei "Check" on 24 Dec 9-12')


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("hours dr.osei wed-fri 9-17", "Mon-Tue | closed"),
        ("hours dr.osei on 1 Dec 14-17", "Tue 1 Dec: 14:00-17:00"),
        ("time off dr.osei 1.12.", "Dr Ama Osei is away: Tue 1 Dec"),
        ('remove service dr.osei "A visit"', "offered no more"),
        ('edit service dr.osei "A visit" 45 min', "is changed"),
    ],
)
async def test_bookings_that_a_change_would_leave_outside_are_listed_and_asked_about(
    chat: Chat, words: str, done: str
) -> None:
    code = await book(chat)
    asked = await chat.say(CLARA, words)
    assert "would leave 1 booking outside" in asked
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in asked
    assert "Nothing has changed" in await chat.say(CLARA, "no")
    drawn = await chat.say(CLARA, "hours dr.osei")
    assert done not in drawn
    assert "A visit, 30 minutes" in await chat.say(CLARA, "services dr.osei")
    await chat.say(CLARA, words)
    made = await chat.say(CLARA, "yes")
    assert done in made
    assert f"“move {code}” or “cancel {code}”" in made
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in made
    assert code in await chat.say(ANNA, "appointments"), "what is booked stays booked"


async def test_whose_bookings_they_are_is_told_only_to_those_who_run_them(chat: Chat) -> None:
    code = await book(chat)
    for who in (PAUL, CLARA):
        asked = await chat.say(who, "hours dr.osei wed-fri 9-17")
        assert "would leave 1 booking outside" in asked
        assert ("Anna" in asked, code in asked) == (who == CLARA, who == CLARA)
    made = await chat.say(PAUL, "yes")
    assert "1 that you may not look into" in made
    assert code not in made


async def test_what_cannot_be_is_refused_before_anybody_is_asked(chat: Chat) -> None:
    await book(chat)
    assert "from today on" in await chat.say(CLARA, "hours dr.osei wed-fri 9-17 from 2026-01-01")
    assert "in order" in await chat.say(CLARA, "hours dr.osei wed-fri 9-17 from 2026-12-01 until 2026-11-30")
    assert "within the next five years" in await chat.say(CLARA, "hours dr.osei on 1 Jan 2050 closed")
    assert "outside the hours" in await chat.say(CLARA, "hours dr.osei wed-fri 9-17, break 18-19")
    assert "Mon-Fri | 09:00-17:00" in await chat.say(CLARA, "hours dr.osei")


async def test_a_centre_closes_on_holidays_and_a_doctor_may_be_there(chat: Chat) -> None:
    assert "Fri 25 Dec" in await chat.say(ANNA, "dr osei on 25.12.")
    assert "is open on public holidays (DE)" in await chat.say(CLARA, "holidays")
    shut = await chat.say(CLARA, "holidays on region Berlin")
    assert "Berlin Heart Centre is closed on public holidays." in shut
    listed = await chat.say(CLARA, "holidays")
    assert "closed on public holidays (DE-BE)" in listed
    assert "Fri 25 Dec 2026, Christmas Day" in listed
    assert "Women's Day" in listed
    assert "Closed on public holidays" in await chat.say(CLARA, "hours dr.osei")
    assert "Fri 25 Dec" not in await chat.say(ANNA, "dr osei on 25.12.")
    await chat.say(OSEI, "hours on 25 Dec 10-11")
    assert "Fri 25 Dec" in await chat.say(ANNA, "dr osei on 25.12.")
    assert "is open on public holidays" in await chat.say(CLARA, "holidays off")
    for words in ("holidays on region Atlantis", "holidays maybe", "holidays region BE"):
        assert "closed on" not in await chat.say(CLARA, words)
    assert "BE" in await chat.say(CLARA, "holidays on region Atlantis")


async def test_a_service_is_set_up_with_all_that_it_needs_and_changed_later(chat: Chat) -> None:
    assert "Room 3 is at Berlin Heart Centre" in await chat.say(CLARA, 'add room "Room 3"')
    assert "Ultrasound (2) is at Berlin Heart Centre" in await chat.say(CLARA, 'add device "Ultrasound" 2')
    assert "there already" in await chat.say(CLARA, 'add device "ultrasound"')
    assert "• Room 3\n• Ultrasound (2)" in await chat.say(CLARA, "rooms")
    made = await chat.say(
        CLARA,
        'add service dr.osei "Heart group" 45 min 20 in person pay at the desk, group of 8, needs approval, for new'
        " patients, 5 min before, 10 min after, every 15 min, notice 2 h, 90 days ahead, with Ultrasound and Room 3",
    )
    said = (
        "Heart group, 45 minutes, in person, €20.00, at the desk, group of 8, needs approval, for new patients, every"
        " 15 min, 5 min before, 10 min after, notice 2 hours, 90 days ahead, with "
    )
    assert said in made
    assert "Ultrasound" in made
    assert "Room 3" in made
    assert said in await chat.say(CLARA, "services dr.osei")
    assert "is changed" in await chat.say(
        CLARA, 'edit service dr.osei "heart group" price 70, 50 min, without Room 3, no approval, all patients'
    )
    changed = await chat.say(CLARA, "services dr.osei")
    assert "Heart group, 50 minutes, in person, €70.00, at the desk, group of 8, every 15 min" in changed
    assert "with Ultrasound" in changed
    assert "Room 3" not in changed
    assert "Heart circle" in await chat.say(CLARA, 'edit service dr.osei "Heart group" name "Heart circle"')
    assert "Take it out there first" in await chat.say(CLARA, 'remove device "Ultrasound"')
    assert "is there no more" in await chat.say(CLARA, 'remove room "Room 3"')
    assert "• Room 3" not in await chat.say(CLARA, "devices")


@pytest.mark.parametrize(
    "words",
    [
        'add service dr.osei "X" 30 min',
        'add service dr.osei "X" 60',
        "add service dr.osei 30 min 60",
        'add service dr.osei "X" 30 min sixty',
        'add service dr.osei "X" 30 min -60',
        'add service dr.osei "X" 3 min 60',
        'add service dr.osei "X" 99999 min 60',
        'add service dr.osei "X" 30 min 60 group of 500',
        'add service dr.osei "X" 30 min 60 notice 9999 days',
        'add service dr.osei "X" 30 min 60 every 1 min',
        'add service dr.osei "X" 30 min 60 with Laser',
        'add service dr.osei "X" 30 min 60 9999 days ahead',
        'edit service dr.osei "X" 40 min',
        'edit service dr.osei "A visit"',
        'edit service dr.osei "A visit" blue',
        'edit service dr.osei "A visit" price blue',
        'edit service dr.osei "A visit" without Laser',
        'remove service dr.osei "X"',
        "remove service dr.osei",
        "add room",
        'add room "Room 3" many',
        'add device "Ultrasound" 0',
        'add device "Ultrasound" 999',
        'remove room "Room 9"',
        'hours dr.osei "A visit" mon 25-26',
        "hours dr.osei on 24 Dec",
        "hours dr.osei on 31.2. closed",
        "hours dr.osei on 24 Dec 12-9",
        "hours dr.osei on 28 Mar 2-3",
        "time off dr.osei 28.3. 2:30-4",
        f'add service dr.osei "{"x" * 500}" 30 min 60',
        f"hours dr.osei {'mon 9-12; ' * 200}",
        "hours dr.osei mon 9-12 at Isar Clinic",
        "hours dr.osei مرحبا 🙂",
    ],
)
async def test_what_makes_no_sense_is_answered_with_a_sentence_and_nothing_is_done(chat: Chat, words: str) -> None:
    before = await chat.say(CLARA, "services dr.osei"), await chat.say(CLARA, "hours dr.osei")
    answer = await chat.say(CLARA, words)
    assert 20 < len(answer) < 300
    assert (await chat.say(CLARA, "services dr.osei"), await chat.say(CLARA, "hours dr.osei")) == before
    assert "No rooms or devices yet" in await chat.say(CLARA, "rooms")


async def test_names_may_be_of_any_letters(chat: Chat) -> None:
    assert "فحص القلب 🫀" in await chat.say(CLARA, 'add service dr.osei "فحص القلب 🫀" 30 min 20 desk')
    assert "غرفة 3" in await chat.say(CLARA, 'add room "غرفة 3"')
    assert "with غرفة 3" in await chat.say(CLARA, 'edit service dr.osei "فحص القلب 🫀" with غرفة 3')
    assert "فحص القلب 🫀" in await chat.say(CLARA, "services dr.osei")


async def test_a_doctor_comes_to_another_centre_only_by_who_runs_both(chat: Chat) -> None:
    assert "is at" not in await chat.say(CLARA, "add doctor dr.maier to Berlin Heart Centre")
    assert "is at" not in await chat.say(CLARA, "add doctor dr.osei to Isar Clinic")
    assert "I know no doctor" in await chat.say(CLARA, "add doctor dr.nobody to Berlin Heart Centre")
    assert "Dr Lena Maier is at Berlin Heart Centre too" in await chat.say(
        PAUL, "add doctor dr.maier to Berlin Heart Centre"
    )
    assert "dr.maier" in await chat.say(CLARA, "doctors")
    assert "Mon | 09:00-12:00" in await chat.say(CLARA, "hours dr.maier mon 9-12")


async def test_of_a_doctor_at_two_centres_the_one_that_is_meant_is_asked_for(chat: Chat) -> None:
    await chat.say(PAUL, "add doctor dr.osei to Isar Clinic")
    both = await chat.say(OSEI, "hours")
    assert "at Berlin Heart Centre" in both
    assert "at Isar Clinic" in both
    assert "At which centre?" in await chat.say(OSEI, "hours mon 9 to 12")
    assert "Dr Ama Osei at Isar Clinic" in await chat.say(OSEI, "hours mon 9 to 12 at Isar Clinic")
    added = await chat.say(PAUL, 'add service dr.osei "Check" 30 min 60 at Isar Clinic, needs approval')
    assert "needs approval" in added
    listed = await chat.say(OSEI, "services")
    assert "A visit, 30 minutes, in person, €48.00, at the desk, 60 days ahead, at Berlin Heart Centre" in listed
    assert "60 days ahead, at Isar Clinic" in listed


async def test_plain_sentences_of_an_admin_are_shown_as_commands_and_done(chat: Chat) -> None:
    assert "closed days on 24.12." in await chat.say(CLARA, "we are closed on 24.12.")
    assert "no closed days" in await chat.say(CLARA, "closed days")
    await chat.say(CLARA, "we are closed on 24.12.")
    assert "is closed: Thu 24 Dec" in await chat.say(CLARA, "yes")
    assert "edit service dr osei price 70" in await chat.say(CLARA, "set the price of Dr. osei to 70")
    assert "€70.00" in await chat.say(CLARA, "yes")
    assert "Mon-Fri | 09:00-17:00" in await chat.say(CLARA, "when does dr osei work?")
    await chat.say(CLARA, "dr. osei is on holiday next week")
    assert "Mon 7 Dec to Sun 13 Dec" in await chat.say(CLARA, "yes")
    await chat.say(CLARA, "change hours of dr.osei to mon-fri 9-16")
    assert "09:00-16:00" in await chat.say(CLARA, "yes")
    assert "Did you mean" not in await chat.say(ANNA, "dr.osei is on holiday next week")


async def test_what_a_sentence_would_come_to_is_said_before_it_is_done(chat: Chat) -> None:
    code = await book(chat)
    asked = await chat.say(CLARA, "dr osei is ill tomorrow")
    assert "Did you mean time off dr osei tomorrow?" in asked
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in asked
    assert "Nothing has changed" in await chat.say(CLARA, "no")
    assert "Away" not in await chat.say(CLARA, "hours dr.osei")
    asked = await chat.say(OSEI, "i can't come tomorrow")
    assert code in asked
    done = await chat.say(OSEI, "yes")
    assert "is away: Tue 1 Dec" in done
    assert f"move {code}" in done
    assert "Which doctor?" in await chat.say(CLARA, "dr nobody is ill")
    assert "No visit that is booked" in await chat.say(CLARA, "Dr. Osei ist krank")
    assert "is away: Mon 30 Nov" in await chat.say(CLARA, "yes")


async def test_a_centre_is_closed_on_several_days_and_on_a_day_of_each_week(chat: Chat) -> None:
    code = await book(chat)
    await chat.say(CLARA, "we are closed on 24. and 31. December")
    assert "is closed: Thu 24 Dec 2026, Thu 31 Dec 2026" in await chat.say(CLARA, "yes")
    assert "open again: Thu 24 Dec 2026, Thu 31 Dec 2026" in await chat.say(CLARA, "closed days open 24.12. and 31.12.")
    await chat.say(CLARA, 'add service dr.weber "Check" 30 min 20 in person desk')
    await chat.say(CLARA, 'hours dr.weber "Check" tue 9-12; wed 9-12')
    await chat.say(CLARA, "hours dr.osei mon-fri 8-16 from 14 Dec")
    asked = await chat.say(CLARA, "we are closed on tuesdays")
    assert "Did you mean closed days every tue?" in asked
    assert code in asked
    assert "closed each week on Tuesday" in await chat.say(CLARA, "yes")
    drawn = await chat.say(CLARA, "hours dr.osei")
    assert drawn.count("Tue | closed") == 2
    assert "Wed-Fri | 08:00-16:00" in drawn
    assert "Wed | 09:00-12:00" in (weber := await chat.say(CLARA, "hours dr.weber"))
    assert "Tue | 09:00-12:00" not in weber
    assert "offered on these days alone" in await chat.say(CLARA, "closed days every wed")
    assert "Nobody has hours there" in await chat.say(CLARA, "closed days every tue")
    assert "written anew" in await chat.say(CLARA, "closed days open every tue")


async def test_a_centre_shuts_earlier_or_later_on_one_day(chat: Chat) -> None:
    await chat.say(CLARA, "hours dr.weber mon-fri 9-12")
    assert "closing time 15:00 tomorrow" in await chat.say(CLARA, "we close early tomorrow")
    asked = await chat.say(CLARA, "we close at 3 pm tomorrow")
    assert "Did you mean closing time 15:00 tomorrow?" in asked
    assert "Dates that differ" not in await chat.say(CLARA, "hours dr.osei")
    await chat.say(CLARA, "we close at 3 pm tomorrow")
    assert "• Dr Ama Osei: 09:00-15:00" in (done := await chat.say(CLARA, "yes"))
    assert "Weber" not in done
    assert "Tue 1 Dec: 09:00-15:00" in await chat.say(CLARA, "hours dr.osei")
    assert "• Dr Ama Osei: 09:00-20:00" in await chat.say(CLARA, "closing time 8pm on thursday")
    assert "Nobody has hours there" in await chat.say(CLARA, "closing time 15:00 on saturday")
    both = await chat.say(CLARA, "closing time 10:30 on friday")
    assert "• Dr Jonas Weber: 09:00-10:30" in both
    assert "• Dr Ama Osei: 09:00-10:30" in both
    code = await book(chat)
    assert code in await chat.say(CLARA, "closing time 9:15 tomorrow")
    for words in ("closing time", "closing time 25:00 tomorrow", "closing time 15:00 next week"):
        assert "closing time 15:00 tomorrow" in await chat.say(CLARA, words)
