"""Calendar addresses as people ask for them, and the files that come with visits."""

import re
import struct
from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import text

from appservice.conversation.attachments import attachments
from booking.calendars.feeds.service import feeds_of
from booking.calendars.model import FeedKind, Options, Tell
from booking.directory.resources import add_resource
from core.ids import secret_hash
from tests.integration.appservice.conversation.chat import Chat, Message
from tests.integration.appservice.conversation.test_booking_talks import NEAR, visits
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town
from tests.judges.readers import judged


async def book(chat: Chat, mxid: str = ANNA, pick: str = "1") -> str:
    """Book with Dr Osei; return the visit's code."""
    await chat.say(mxid, NEAR)
    await chat.say(mxid, "1")
    await chat.say(mxid, pick)
    return (await visits(chat, mxid))[-1].code


async def made(chat: Chat, message: Message) -> bytes:
    """A file's bytes, made as they are when it is sent."""
    fields = message.fields
    async with chat.database.transaction() as tx:
        about = [fields["about"]] if fields["about"] else []
        return await attachments(chat.ctx)[fields["kind"]](tx, fields["id"], *about)


async def entry(chat: Chat, message: Message) -> Calendar:
    """A calendar file, against which no judge says anything."""
    file = await made(chat, message)
    assert judged(file) == {}
    return Calendar.from_ical(file)


def secret_in(said: str) -> str:
    found = re.search(r"/feeds/([\w-]+)\.ics", said)
    assert found
    return found[1]


async def used(chat: Chat, said: str, agent: str) -> None:
    """A calendar has read the address."""
    async with chat.database.transaction() as tx:
        await tx.conn.execute(
            text("UPDATE calendar_feed SET last_used_at = :now, last_used_by = :agent WHERE secret_hash = :hash"),
            {"now": tx.now, "agent": agent, "hash": secret_hash(secret_in(said))},
        )


async def test_an_address_is_shown_once_in_all_the_ways_that_calendars_take(chat: Chat) -> None:
    said = await chat.say(ANNA, "calendar")

    assert said.startswith("Your visits. It tells time, street and code of each visit: no names")
    secret = secret_in(said)
    assert f"Address: http://127.0.0.1:8100/feeds/{secret}.ics" in said
    assert f"webcal://127.0.0.1:8100/feeds/{secret}.ics" in said
    assert f"calendar.google.com/calendar/r?cid=webcal%3A%2F%2F127.0.0.1%3A8100%2Ffeeds%2F{secret}.ics" in said
    picture = await made(chat, chat.last[1])
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24])[0] > 150
    assert secret not in await chat.say(ANNA, "calendar list")


async def test_what_reads_an_address_is_listed_and_it_is_renewed_and_ended_from_there(chat: Chat, town: Town) -> None:
    first = await chat.say(ANNA, "calendar")
    await used(chat, first, "Thunderbird")
    town.clock.time += timedelta(hours=2, minutes=5)
    await chat.say(ANNA, "calendar for me with doctors, alarm 1h and 15 minutes, in German, until 31 Dec")

    listed = await chat.say(ANNA, "calendar list")
    assert "1. Your visits, read by Thunderbird 2 hours ago." in listed
    assert "2. Visits of Anna, never read. It tells time, street and code of each visit, and the doctor" in listed
    assert "It rings 1 hour and 15 minutes before. It is written in German. It ends on 31 Dec 2026." in listed
    assert "1. A new address" in await chat.say(ANNA, "1")
    again = await chat.say(ANNA, "1")
    assert secret_in(again) != secret_in(first)

    await chat.say(ANNA, "calendar list")
    await chat.say(ANNA, "2")
    assert await chat.say(ANNA, "2") == "Done: the address of Visits of Anna leads nowhere any more."
    assert "never read" in await chat.say(ANNA, "calendar list")
    assert "Done" in await chat.say(ANNA, "calendar revoke")
    assert "no calendar addresses" in await chat.say(ANNA, "calendar list")


async def test_one_line_renews_changes_and_ends_too(chat: Chat) -> None:
    first = await chat.say(ANNA, "calendar")
    assert secret_in(await chat.say(ANNA, "calendar rotate 1")) != secret_in(first)
    changed = await chat.say(ANNA, "calendar change 1 busy only, next 90 days")
    assert "Changed: Your visits. It tells when you are busy, and nothing else." in changed
    assert "the last 60 days and the next 90" in changed
    assert await chat.say(ANNA, "calendar end 1 on 24 Dec") == "Done: the address of Your visits ends on 24 Dec 2026."
    assert await chat.say(ANNA, "calendar end 1 never") == "Done: the address of Your visits has no end."
    assert await chat.say(ANNA, "calendar revoke 1") == "Done: the address of Your visits leads nowhere any more."
    assert "There is no number 1" in await chat.say(ANNA, "calendar revoke 1")


async def test_who_runs_a_centre_chooses_from_a_list(chat: Chat) -> None:
    asked = await chat.say(CLARA, "calendar")
    assert "2. All visits: Berlin Heart Centre" in asked
    assert "3. When Berlin Heart Centre is open, and when busy" in asked

    assert (await chat.say(CLARA, "2")).startswith("All visits: Berlin Heart Centre. It tells time, street and code")
    assert "It tells when it is open" in await chat.say(CLARA, "calendar availability")
    assert "busy" in await chat.say(OSEI, "calendar availability")
    assert (await chat.say(OSEI, "calendar doctor")).startswith("Your visits as a doctor.")


async def test_rooms_and_teams_have_calendars(chat: Chat) -> None:
    await room(chat)

    assert (await chat.say(CLARA, "calendar room Echo 1")).startswith("All visits: Echo 1.")
    assert "There is no “Echo 2”" in await chat.say(CLARA, "calendar room Echo 2")
    team = await chat.say(CLARA, "calendar team dr.osei, Dr Jonas Weber with services")
    assert team.startswith("Visits at Berlin Heart Centre: Dr Ama Osei, Dr Jonas Weber. It tells time, street and code")
    assert "the kind of visit" in team


async def room(chat: Chat) -> None:
    clara = await chat.person(CLARA)
    async with chat.database.transaction() as tx:
        await add_resource(tx, chat.ctx, clara, next(iter(clara.administers)), name="Echo 1")


async def last_feed(chat: Chat, mxid: str) -> tuple[FeedKind, Options, str]:
    """Of whom and how the one is that was made last, and the day on which it ends."""
    async with chat.database.transaction() as tx:
        feed = (await feeds_of(tx, chat.ctx, await chat.person(mxid)))[-1]
    return feed.kind, feed.options, f"{feed.expires_at:%Y-%m-%d}" if feed.expires_at else ""


_ALL = frozenset({Tell.NAMES, Tell.SERVICES, Tell.DOCTORS})
_SAID = (
    "with everything, in German, time zone Asia/Tokyo, last 10 days, next 40 days, alarm 1h and 15 min, until 30 Dec"
)
_MIXED = "next 40 days time zone Tokyo until 30 Dec with everything in German last 10 days alarms 15 minutes and 1 hour"


@pytest.mark.parametrize("said", [_SAID, _MIXED])
@pytest.mark.parametrize(
    ("mxid", "which", "kind"),
    [
        (ANNA, "mine", FeedKind.FAMILY),
        (ANNA, "for me", FeedKind.PATIENT),
        (OSEI, "doctor", FeedKind.PRACTITIONER),
        (CLARA, "centre", FeedKind.CENTRE),
        (CLARA, "team dr.osei, dr.weber", FeedKind.TEAM),
        (CLARA, "room Echo 1", FeedKind.RESOURCE),
    ],
)
async def test_each_calendar_of_visits_takes_each_choice(
    chat: Chat, mxid: str, which: str, kind: FeedKind, said: str
) -> None:
    await room(chat)

    told = await chat.say(mxid, f"calendar {which} {said}")

    assert (await last_feed(chat, mxid)) == (kind, Options(_ALL, "de", "Asia/Tokyo", 10, 40, (60, 15)), "2026-12-30")
    for choice in (
        "the doctor and the centre by name, the kind of visit and the patient’s name",
        "rings 1 hour and 15 minutes before",
        "written in German",
        "in the time zone Asia/Tokyo",
        "the last 10 days and the next 40",
        "ends on 30 Dec 2026",
    ):
        assert choice in told
    changed = await chat.say(
        mxid, "calendar change 1 without names, alarm 2h, in French, zone Europe/Paris, last 5 days"
    )
    assert "written in French" in changed
    options = Options(_ALL - {Tell.NAMES}, "fr", "Europe/Paris", 5, 40, (120,))
    assert (await last_feed(chat, mxid)) == (kind, options, "2026-12-30")


@pytest.mark.parametrize(
    ("mxid", "which", "kind"),
    [
        (OSEI, "availability", FeedKind.OPEN_PRACTITIONER),
        (CLARA, "availability of dr.weber", FeedKind.OPEN_PRACTITIONER),
        (CLARA, "availability of the centre", FeedKind.OPEN_CENTRE),
    ],
)
async def test_each_calendar_of_open_times_takes_each_choice_that_it_has(
    chat: Chat, mxid: str, which: str, kind: FeedKind
) -> None:
    told = await chat.say(
        mxid, f"calendar {which} busy only, in Arabic, time zone Asia/Tokyo, next 40 days, for 30 days"
    )

    busy = Options(frozenset({Tell.BUSY}), "ar", "Asia/Tokyo", days_ahead=40)
    assert (await last_feed(chat, mxid))[:2] == (kind, busy)
    for choice in ("tells when it is busy, and nothing else", "written in Arabic", "Asia/Tokyo", "the next 40 days."):
        assert choice in told
    assert "when it is open, and nothing else" in await chat.say(mxid, "calendar change 1 open only, next 20 days")
    for choice in ("with names", "alarm 1h"):
        said = await chat.say(mxid, f"calendar {which} {choice}")
        assert "tells of no visit and does not ring" in said
        assert "tells of no visit" in await chat.say(mxid, f"calendar change 1 {choice}")
    assert (await last_feed(chat, mxid))[1].tells == {Tell.OPEN}


async def test_an_address_says_what_programs_find_beside_it(chat: Chat) -> None:
    mine = await chat.say(ANNA, "calendar")
    assert f"For programs: http://127.0.0.1:8100/feeds/{secret_in(mine)}/freebusy.ics (VFREEBUSY), and .json" in mine
    assert "availability" not in mine
    doctors = await chat.say(OSEI, "calendar doctor")
    assert f"/feeds/{secret_in(doctors)}/availability.ics (VAVAILABILITY)" in doctors


async def test_what_makes_no_sense_is_answered_with_what_does(chat: Chat) -> None:
    assert "Write “calendar” for an address" in await chat.say(ANNA, "calendar moon phases")
    assert "I don't know “gossip”" in await chat.say(ANNA, "calendar with gossip")
    assert "Nobody of that name" in await chat.say(ANNA, "calendar for Bob")
    assert "You may not do that" in await chat.say(ANNA, "calendar centre at Berlin Heart Centre")
    assert "that end has passed" not in (await chat.say(ANNA, "calendar until yesterday")).lower()
    assert "Calendars are written in one of these: Arabic, English" in await chat.say(ANNA, "calendar in Swahili")
    assert "is for a calendar of open and busy times" in await chat.say(ANNA, "calendar mine open only")
    assert "no calendar addresses" in await chat.say(ANNA, "calendar list")


async def test_the_files_of_a_visit_follow_it_from_booking_to_the_end(chat: Chat) -> None:
    code = await book(chat)
    told = await chat.notices()
    files = {who: [each for each in said if each.fields.get("kind") == "visit"] for who, said in told.items()}
    assert {who: len(each) for who, each in files.items()} == {ANNA: 1, OSEI: 1, CLARA: 0}
    first, doctors = [await entry(chat, files[who][0]) for who in (ANNA, OSEI)]
    assert (first["METHOD"], first.events[0]["SEQUENCE"]) == ("REQUEST", 0)
    assert str(first.events[0]["SUMMARY"]) == f"Visit {code}, Dr Ama Osei"
    assert str(first.events[0]["ATTENDEE"]) == "matrix:u/anna:localhost"
    assert str(first.events[0]["ORGANIZER"]) == "matrix:u/careconnect:localhost"
    assert str(doctors.events[0]["SUMMARY"]) == f"Visit {code}"
    assert b"anna" not in doctors.to_ical().lower()

    await chat.say(ANNA, f"move {code}")
    await chat.say(ANNA, "3")
    moved = await entry(chat, chat.last[-1])
    assert (moved["METHOD"], moved.events[0]["SEQUENCE"]) == ("REQUEST", 1)
    assert moved.events[0]["UID"] == first.events[0]["UID"]
    assert moved.events[0]["DTSTART"].dt != first.events[0]["DTSTART"].dt
    assert [each.text for each in (await chat.notices())[OSEI]][-1] == f"[Visit {code}.ics]"

    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    gone = await entry(chat, chat.last[-1])
    assert (gone["METHOD"], gone.events[0]["STATUS"], gone.events[0]["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    told = await chat.notices()
    assert (await entry(chat, told[OSEI][-1]))["METHOD"] == "CANCEL"
    assert len(told[CLARA]) == 1


async def test_a_visit_that_was_a_mistake_is_taken_out_of_the_calendars_that_it_was_put_into(chat: Chat) -> None:
    code = await book(chat)
    first = await entry(chat, (await chat.notices())[ANNA][-1])

    await chat.say(OSEI, f"mistake {code}")
    await chat.say(OSEI, "yes")

    doctors, mine = await entry(chat, chat.last[-1]), await entry(chat, (await chat.notices())[ANNA][-1])
    for gone in (doctors, mine):
        [event] = gone.events
        assert (gone["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
        assert event["UID"] == first.events[0]["UID"]


async def test_a_doctor_who_subscribes_gets_no_files(chat: Chat) -> None:
    said = await chat.say(OSEI, "calendar doctor")
    await used(chat, said, "Outlook")

    await book(chat, BEN)

    assert [each.fields.get("kind") for each in (await chat.notices())[OSEI]] == [None]


async def test_a_series_is_one_file_and_what_differs_from_it_is_sent_alone(chat: Chat, town: Town) -> None:
    code = await book(chat)
    await chat.notices()
    town.clock.time += timedelta(minutes=1)
    await chat.say(ANNA, f"repeat {code} every week 4 times")
    [_, file] = (await chat.notices())[ANNA]
    series = await entry(chat, file)
    [rule] = series.events
    assert rule["RRULE"] == {"FREQ": ["WEEKLY"], "COUNT": [4]}
    assert int(rule["SEQUENCE"]) == 1

    second = (await visits(chat))[1]
    await chat.say(ANNA, f"move {second.code}")
    await chat.say(ANNA, "1")
    alone = await entry(chat, chat.last[-1])
    [differs] = alone.events
    assert differs["UID"] == rule["UID"]
    assert differs["RECURRENCE-ID"].dt == second.start.astimezone(rule["DTSTART"].dt.tzinfo)
    assert int(differs["SEQUENCE"]) == 2

    await chat.say(ANNA, f"cancel {second.code}")
    await chat.say(ANNA, "yes")
    gone = await entry(chat, chat.last[-1])
    assert (gone["METHOD"], [each["UID"] for each in gone.events]) == ("CANCEL", [rule["UID"]])


async def test_a_number_means_the_address_that_it_meant_in_the_list(chat: Chat) -> None:
    await chat.say(OSEI, "calendar mine")
    await chat.say(OSEI, "calendar doctor")
    await chat.say(OSEI, "calendar availability")
    listed = await chat.say(OSEI, "calendar list")
    await chat.say(OSEI, "calendar revoke 1")
    second = next(line for line in listed.splitlines() if line.startswith("2. "))
    changed = await chat.say(OSEI, "calendar change 2 busy only")
    title = changed.removeprefix("Changed: ").partition(".")[0]
    assert second.startswith(f"2. {title}")


async def test_rooms_and_people_of_a_centre_are_named_to_those_who_run_it(chat: Chat) -> None:
    await chat.say(CLARA, 'add room "Room 3"')
    assert "Room 3" in await chat.say(CLARA, "rooms")
    said = await chat.say(ANNA, "calendar room Nowhere at Berlin Heart Centre")
    assert "Room 3" not in said
    assert "may not do that" in said
    assert "may not do that" in await chat.say(CLARA, "doctors at Isar Clinic")
    assert "may not do that" in await chat.say(CLARA, "rooms at Isar Clinic")
    assert "may not do that" in await chat.say(CLARA, "rules at Isar Clinic")
