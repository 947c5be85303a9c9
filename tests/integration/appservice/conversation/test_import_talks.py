"""Calendars read in, in talks: shown before they are taken, followed, failing, let go of."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from appservice.conversation import importing
from appservice.conversation.commands import previewing
from appservice.conversation.importing import CalendarNews, CalendarReading
from booking.directory.model import practitioner_role
from booking.imports import polling
from booking.imports.model import calendar_source
from core.lanes import Row
from core.outbox import outbox
from tests.integration.appservice.conversation.chat import Chat, direct_room
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.imports.calendar_server import CalendarServer, calendar_server
from tests.integration.booking.town import StoppedClock
from tests.unit.booking.imports.calendars import calendar, event

LENGTH = "DURATION:PT1H"


@pytest.fixture
async def server(chat: Chat) -> AsyncIterator[CalendarServer]:
    async with calendar_server() as served:
        chat.ctx.settings.imports.allowed_hosts.append(served.host)
        served.body = calendar(
            event("DTSTART;TZID=Europe/Berlin:20261201T093000", LENGTH, "RRULE:FREQ=DAILY", uid="1"),
            event("DTSTART:20261202T130000Z", LENGTH, uid="2"),
            event("DTSTART:20261203T130000Z", LENGTH, "STATUS:CANCELLED", uid="3"),
            event("DTSTART:20261203T140000Z", LENGTH, "TRANSP:TRANSPARENT", uid="4"),
        )
        yield served


async def work(chat: Chat) -> str:
    """Do what waits of calendars, and return what the bot says then, as people see it at last."""
    handlers = {
        previewing.READ: CalendarReading(chat.ctx, chat.database).deliver,
        polling.POLL: polling.Polling(chat.ctx).deliver,
        polling.TOLD: CalendarNews(chat.ctx, direct_room=direct_room).deliver,
    }
    async with chat.database.transaction() as tx:
        await polling.queue_due(tx, chat.ctx)
    while True:
        async with chat.database.transaction() as tx:
            columns = (outbox.c.id, outbox.c.lane, outbox.c.kind, outbox.c.payload, outbox.c.created_at)
            found = await tx.conn.execute(
                select(*columns, outbox.c.attempts)
                .where(outbox.c.kind.in_(handlers), outbox.c.state == "waiting")
                .order_by(outbox.c.seq)
                .limit(1)
            )
            row = found.one_or_none()
            if row is None:
                break
            await handlers[row.kind](tx, Row(*row))
            await tx.conn.execute(update(outbox).where(outbox.c.id == row.id).values(state="done"))
    return await chat._read_on()


def later(chat: Chat, **how: float) -> None:
    clock = chat.database.clock
    assert isinstance(clock, StoppedClock)
    clock.time += timedelta(**how)


async def test_a_calendar_is_shown_then_followed_and_blocks_times(chat: Chat, server: CalendarServer) -> None:
    assert "09:30" in await chat.say(ANNA, "dr osei on 1 Dec")
    assert "I am reading" in await chat.say(CLARA, f"import calendar {server.address} for dr.osei")
    shown = await work(chat)
    assert "Dr Ama Osei is busy by this calendar (Europe/Berlin)" in shown
    assert "Tue 1 Dec | 09:30-10:30" in shown
    assert "Wed 2 Dec | 09:30-10:30, 14:00-15:00" in shown
    assert "Mon 30 Nov | –" in shown
    assert "4 events were read, 1 of them repeats." in shown
    assert "Left out: 1 cancelled, 1 marked as free." in shown
    assert "secret" not in shown
    assert chat.last[-1].fields["edits"]
    assert "09:30" in await chat.say(ANNA, "dr osei on 1 Dec")
    assert "Followed" in await chat.say(CLARA, "yes")
    times = await chat.say(ANNA, "dr osei on 1 Dec after 9:00 before 11:00")
    assert "09:00" in times
    assert "10:30" in times
    assert "09:30" not in times
    assert "10:00" not in times


async def test_how_far_it_is_is_said_meanwhile(
    chat: Chat, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_SPOKEN_EVERY", 0.0)
    server.body = calendar(*(event("DTSTART:20261201T080000Z", LENGTH, uid=str(n)) for n in range(2_001)))
    await chat.say(OSEI, f"import calendar {server.address}")
    first = chat.last[-1].key
    shown = await work(chat)
    assert "I am reading the calendar … 1000 of 2001 events" in shown
    assert "2001 events were read." in chat.last[-1].text
    assert {each.fields["edits"] for each in chat.last} == {first}


async def test_bookings_that_it_collides_with_are_listed_first_and_stay(chat: Chat, server: CalendarServer) -> None:
    code = await book(chat)  # on 1 December at 9
    server.body = calendar(event("DTSTART:20261201T080000Z", LENGTH))
    await chat.say(OSEI, f"import calendar {server.address}")
    shown = await work(chat)
    assert "1 booking lies in what is then no free time" in shown
    assert f"Tue 1 Dec, 09:00-09:30 Anna, visit {code}" in shown
    assert f"Still booked, to be moved or cancelled (“move CODE” or “cancel CODE”): {code}" in await chat.say(
        OSEI, "yes"
    )
    assert code in await chat.say(ANNA, "appointments")


async def test_what_changes_there_changes_here_and_what_collides_then_is_told(
    chat: Chat, server: CalendarServer
) -> None:
    await follow(chat, server)
    code = await book(chat)
    server.body = calendar(event("DTSTART:20261201T080000Z", LENGTH))
    later(chat, minutes=20)
    told = await work(chat)
    assert "has something else at the time of what is booked" in told
    assert code in told
    assert await work(chat) == ""
    assert "10:00" in await chat.say(BEN, "dr osei on 1 Dec after 9:00 before 11:00")


async def follow(chat: Chat, server: CalendarServer) -> None:
    await chat.say(OSEI, f"import calendar {server.address}")
    await work(chat)
    assert "Followed" in await chat.say(OSEI, "yes")


async def test_one_that_fails_for_long_closes_the_doctors_times_and_opens_them_when_it_works(
    chat: Chat, server: CalendarServer
) -> None:
    await follow(chat, server)
    server.status = 503
    later(chat, minutes=20)
    assert await work(chat) == ""
    assert "1 Dec 09:00" in await chat.say(ANNA, "dr osei on 1 Dec")
    assert "not read since Mon 30 Nov" in await chat.say(OSEI, "calendars followed")
    later(chat, hours=3)
    told = await work(chat)
    assert "The calendar of Dr Ama Osei can't be read: its server does not answer." in told
    assert "no times of theirs are offered" in told
    assert "1 Dec 09:00" not in await chat.say(ANNA, "dr osei on 1 Dec")
    assert "No times of this doctor are offered meanwhile" in await chat.say(OSEI, "calendars followed")
    later(chat, hours=2)
    assert await work(chat) == ""  # told once
    server.status = 200
    later(chat, hours=2)
    assert "can be read again, and their times are offered" in await work(chat)
    assert "09:00" in await chat.say(ANNA, "dr osei on 1 Dec")


async def test_calendars_are_listed_read_again_and_let_go_of(chat: Chat, server: CalendarServer) -> None:
    await follow(chat, server)
    listed = await chat.say(CLARA, "calendars followed")
    assert "1. Dr Ama Osei: 127.0.0.1, read just now" in listed
    assert "private-3f8a" not in listed
    assert "1. Read it now\n2. Stop following it" in await chat.say(CLARA, "1")
    server.body = calendar(event("DTSTART:20261201T080000Z", LENGTH))
    assert "I am reading it" in await chat.say(CLARA, "1")
    assert "The calendar of Dr Ama Osei was read." in await work(chat)
    server.status = 404
    await chat.say(OSEI, "refresh calendar 1")
    assert "there is nothing at its address any more" in await work(chat)
    assert "no calendar of that number" in await chat.say(OSEI, "refresh calendar 3")
    assert "blocks no more times" in await chat.say(OSEI, "stop following 1")
    assert "No calendar is followed" in await chat.say(CLARA, "calendars followed")
    assert "09:00" in await chat.say(ANNA, "dr osei on 1 Dec")


async def test_opening_hours_are_drawn_and_then_set(chat: Chat, server: CalendarServer) -> None:
    code = await book(chat)
    zone = "TZID=Europe/Berlin"
    server.body = calendar(
        event(
            f"DTSTART;{zone}:20261005T100000", f"DTEND;{zone}:20261005T120000", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU", uid="1"
        ),
        event("DTSTART;VALUE=DATE:20261207", uid="2"),
    )
    await chat.say(CLARA, f"import hours {server.address} for dr.osei")
    shown = await work(chat)
    assert "Hours of Dr Ama Osei at Berlin Heart Centre (Europe/Berlin), in place of those" in shown
    assert "Mon-Tue | 10:00-12:00\nWed-Sun | closed" in shown
    assert "Mon 7 Dec: closed" in shown
    assert f"09:00-09:30 Anna, visit {code}" in shown
    assert "Mon-Fri | 09:00-17:00" in await chat.say(CLARA, "hours dr.osei")
    await chat.say(CLARA, f"import hours {server.address} for dr.osei")
    await work(chat)
    done = await chat.say(CLARA, "yes")
    assert "Mon-Tue | 10:00-12:00" in done
    assert "Dates that differ:\n\n• Mon 7 Dec: closed" in done
    assert "10:00" in await chat.say(BEN, "dr osei on 8 Dec")


async def test_closed_days_of_a_centre_and_days_off_of_a_doctor(chat: Chat, server: CalendarServer) -> None:
    server.body = calendar(event("DTSTART;VALUE=DATE:20261223", "DTEND;VALUE=DATE:20261225"))
    await chat.say(CLARA, f"import holidays {server.address}")
    shown = await work(chat)
    assert "Berlin Heart Centre is closed, for all who work there:\n\n• Wed 23 Dec 2026 to Thu 24 Dec 2026" in shown
    await chat.say(CLARA, "yes")
    for who in ("dr.osei", "dr.weber"):
        assert "Thu 24 Dec: closed" in await chat.say(CLARA, f"hours {who}")
    await chat.say(OSEI, f"import vacation {server.address}")
    assert "Dr Ama Osei is away:\n\n• Wed 23 Dec 2026 to Thu 24 Dec 2026" in await work(chat)
    await chat.say(OSEI, "yes")
    assert "Away:\n\n• Wed 23 Dec to Thu 24 Dec" in await chat.say(OSEI, "hours")


async def test_a_rooms_own_calendar_closes_what_needs_it(chat: Chat, server: CalendarServer) -> None:
    await chat.say(CLARA, 'add room "Echo 1"')
    assert "Echo 1" in await chat.say(CLARA, 'edit service dr.osei "A visit" with "Echo 1"')

    assert "I am reading" in await chat.say(CLARA, f"import calendar {server.address} for room Echo 1")
    shown = await work(chat)
    assert "Echo 1 is busy by this calendar (Europe/Berlin)" in shown
    assert "Tue 1 Dec | 09:30-10:30" in shown
    assert "Followed" in await chat.say(CLARA, "yes")
    times = await chat.say(ANNA, "dr osei on 1 Dec after 9:00 before 11:00")
    assert "09:00" in times
    assert "09:30" not in times
    assert "1. Echo 1: 127.0.0.1, read just now" in await chat.say(CLARA, "calendars followed")
    assert "No calendar is followed" in await chat.say(OSEI, "calendars followed")

    server.status = 503
    later(chat, minutes=20)
    await work(chat)
    later(chat, hours=4)
    told = await work(chat)
    assert "The calendar of Echo 1 can't be read: its server does not answer." in told
    assert "nothing that needs it is offered until it works" in told
    assert "Nothing that needs it is offered meanwhile" in await chat.say(CLARA, "calendars followed")
    server.status = 200
    later(chat, hours=2)
    assert "The calendar of Echo 1 can be read again, and what needs it is offered." in await work(chat)
    assert "blocks no more times" in await chat.say(CLARA, "stop following 1")


async def test_the_calendar_of_a_room_that_is_gone_is_followed_no_more(chat: Chat, server: CalendarServer) -> None:
    await chat.say(CLARA, 'add room "Echo 1"')
    await chat.say(CLARA, f"import calendar {server.address} for room Echo 1")
    await work(chat)
    await chat.say(CLARA, "yes")
    await work(chat)
    await chat.send_file(CLARA, busy_day(1), "room.ics", caption="busy room Echo 1")
    await chat.say(CLARA, "yes")
    assert "a file" in await chat.say(CLARA, "calendars followed")
    assert "Echo 1" in await chat.say(CLARA, 'remove room "Echo 1"')
    asked = len(server.asked)
    later(chat, hours=2)
    await work(chat)
    assert len(server.asked) == asked
    async with chat.database.transaction() as tx:
        assert (await tx.conn.execute(select(calendar_source))).first() is None


async def test_a_file_may_be_of_a_room(chat: Chat) -> None:
    await chat.say(CLARA, 'add room "Echo 1"')
    asked = await chat.send_file(CLARA, busy_day(1), "room.ics")
    assert "3. Echo 1, a room or device" in asked
    shown = await chat.say(CLARA, "3")
    assert "Echo 1 is busy by this calendar" in shown
    assert "Tue 1 Dec | 09:00-10:00" in shown
    assert "Taken in" in await chat.say(CLARA, "yes")
    assert "Echo 1: a file, sent" in await chat.say(CLARA, "calendars followed")
    shown = await chat.send_file(CLARA, busy_day(2), "room.ics", caption="busy room Echo 1")
    assert "In place of the file of 30 Nov" in shown


async def test_what_a_room_has_not_and_who_may_not_is_said(chat: Chat, server: CalendarServer) -> None:
    await chat.say(CLARA, 'add room "Echo 1"')
    for said, answer in (
        (f"import hours {server.address} for room Echo 1", "Rooms and devices have busy times alone"),
        (f"import calendar {server.address} for room Nowhere", "There is no “Nowhere”"),
    ):
        assert answer in await chat.say(CLARA, said)
    refused = await chat.say(OSEI, f"import calendar {server.address} for room Echo 1 at Berlin Heart Centre")
    assert "may not do that" in refused


async def test_closed_days_are_listed_and_opened_again_for_who_came_since_too(
    chat: Chat, server: CalendarServer
) -> None:
    assert "has no closed days" in await chat.say(CLARA, "closed days")
    server.body = calendar(
        event("DTSTART;VALUE=DATE:20261223", "DTEND;VALUE=DATE:20261225", uid="1"),
        event("DTSTART;VALUE=DATE:20261231", uid="2"),
    )
    await chat.say(CLARA, f"import holidays {server.address}")
    await work(chat)
    assert "“closed days” lists them, and opens again" in await chat.say(CLARA, "yes")
    await chat.say(CLARA, 'add doctor "Dr Late Comer" cardiology speaks en @late:localhost')
    assert "Thu 24 Dec: closed" in await chat.say(CLARA, "hours dr.comer")

    listed = await chat.say(CLARA, "closed days")
    assert (
        "Berlin Heart Centre is closed, for all who work there:\n\n1. Wed 23 Dec 2026 to Thu 24 Dec 2026\n2. " in listed
    )
    assert "is open again: Wed 23 Dec 2026 to Thu 24 Dec 2026." in await chat.say(CLARA, "1")
    for who in ("dr.osei", "dr.comer"):
        shown = await chat.say(CLARA, f"hours {who}")
        assert "24 Dec" not in shown
        assert "Thu 31 Dec: closed" in shown
    assert "is open again: Thu 31 Dec 2026" in await chat.say(CLARA, "closed days open 31.12.")
    assert "It is not closed then" in await chat.say(CLARA, "closed days open 31.12.")
    assert "may not do that" in await chat.say(CLARA, "closed days at Isar Clinic")


async def test_days_are_closed_by_saying_so_and_bookings_in_them_are_asked_about(chat: Chat) -> None:
    code = await book(chat)  # on 1 December at 9
    assert "is closed: Thu 24 Dec 2026 to Sat 26 Dec 2026." in await chat.say(CLARA, "closed days 24.12. - 26.12.")
    asked = await chat.say(CLARA, "closed days 1.12.")
    assert "That would leave 1 booking outside" in asked
    assert code in asked
    await chat.say(CLARA, "no")
    assert "1 Dec 2026" not in await chat.say(CLARA, "closed days")
    assert "from today on" in await chat.say(CLARA, "closed days yesterday")
    assert "Write it like" in await chat.say(CLARA, "closed days whenever")


async def test_nothing_changes_when_one_says_no_or_the_answer_comes_too_late(
    chat: Chat, server: CalendarServer
) -> None:
    await chat.say(OSEI, f"import calendar {server.address}")
    await work(chat)
    assert "Nothing has changed" in await chat.say(OSEI, "no")
    assert "No calendar is followed" in await chat.say(OSEI, "calendars followed")
    await chat.say(OSEI, f"import calendar {server.address}")
    await work(chat)
    later(chat, hours=30)
    assert "Please send it again" in await chat.say(OSEI, "yes")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>Sign in</html>", "That is no calendar, or it is cut short."),
        (
            calendar(event("DTSTART:20261201T080000Z", LENGTH, "RRULE:FREQ=SECONDLY")),
            "repeats by the hour or more often",
        ),
        (b"x" * (11 * 1024 * 1024), "I can't read that calendar: it is too large."),
    ],
)
async def test_what_can_not_be_read_is_refused_with_a_sentence(
    chat: Chat, server: CalendarServer, body: bytes, sentence: str
) -> None:
    server.body = body
    await chat.say(OSEI, f"import calendar {server.address}")
    told = await work(chat)
    assert sentence in told
    assert "Nothing has changed." in told


async def test_an_address_in_a_private_network_is_not_asked(chat: Chat, server: CalendarServer) -> None:
    chat.ctx.settings.imports.allowed_hosts.clear()
    await chat.say(OSEI, f"import calendar {server.address}")
    assert "its address leads into a private network" in await work(chat)
    assert server.asked == []


async def test_who_does_not_run_the_place_reads_nothing_in(chat: Chat, server: CalendarServer) -> None:
    assert "I am reading" not in await chat.say(ANNA, f"import calendar {server.address} for dr.osei")
    await chat.say(OSEI, f"import calendar {server.address} for dr.weber")
    assert "You may not do that" in await work(chat)
    assert "write its address" in await chat.say(CLARA, "import calendar")
    assert "Which doctor" in await chat.say(CLARA, f"import calendar {server.address} for nobody")


async def test_addresses_are_nowhere_in_clear(chat: Chat, server: CalendarServer) -> None:
    await follow(chat, server)
    async with chat.database.transaction() as tx:
        for table in (calendar_source, outbox):
            for row in await tx.conn.execute(select(table)):
                assert "private-3f8a" not in repr(row)
                assert "secret" not in repr(row)


def busy_day(day: int) -> bytes:
    return calendar(event(f"DTSTART:202612{day:02}T080000Z", LENGTH))


async def test_a_file_is_asked_about_and_a_later_one_takes_its_place(chat: Chat) -> None:
    asked = await chat.send_file(OSEI, busy_day(1), "calendar.ics")
    assert "What are these times of Dr Ama Osei?\n\n1. busy times (1)\n2. opening hours" in asked
    assert "1 event was read." in asked
    assert "Tue 1 Dec | 09:00-10:00" in await chat.say(OSEI, "1")
    assert "Taken in" in await chat.say(OSEI, "yes")
    assert "a file, sent Mon 30 Nov" in await chat.say(OSEI, "calendars followed")
    assert "09:00" not in await chat.say(ANNA, "dr osei on 1 Dec")
    offered = await chat.send_file(OSEI, busy_day(2), "calendar.ics", caption="busy")
    assert "1. In place of the file of 30 Nov" in offered
    assert "Taken in" in await chat.say(OSEI, "1")
    assert "09:00" in await chat.say(ANNA, "dr osei on 1 Dec")
    assert "2 Dec 09:00" not in await chat.say(ANNA, "dr osei on 2 Dec")
    assert (await chat.say(OSEI, "calendars followed")).count("a file, sent") == 1


async def test_who_runs_a_centre_says_whose_a_file_is(chat: Chat) -> None:
    asked = await chat.send_file(CLARA, busy_day(1), "team.ICS")
    assert "Whose calendar is it?\n\n1. Dr Ama Osei\n2. Dr Jonas Weber" in asked
    assert "What are these times of Dr Jonas Weber?" in await chat.say(CLARA, "2")
    shown = await chat.say(CLARA, "1")
    assert "Dr Jonas Weber is busy by this calendar" in shown
    assert "Nothing has changed" in await chat.say(CLARA, "stop")
    shown = await chat.send_file(CLARA, busy_day(1), "team.ics", caption="busy times of dr.weber")
    assert "Dr Jonas Weber is busy by this calendar" in shown


async def test_a_file_that_is_no_calendar_is_refused_and_a_patients_is_theirs(chat: Chat) -> None:
    assert "That is no calendar" in await chat.send_file(OSEI, b"MZ" * 100, "calendar.ics")
    assert "cut short" in await chat.send_file(OSEI, busy_day(1)[:-30], "calendar.ics")
    assert "too large" in await chat.send_file(OSEI, b" " * (10 * 1024 * 1024 + 1), "calendar.ics")
    assert "busy" not in await chat.send_file(ANNA, busy_day(1), "calendar.ics")


async def test_a_calendar_of_who_works_nowhere_any_more_keeps_nobody_elses_waiting(
    chat: Chat, server: CalendarServer
) -> None:
    """Calendars share a few lanes: a row that fails holds back those of other doctors."""
    await chat.say(CLARA, f"import calendar {server.address} for dr.osei")
    await work(chat)
    await chat.say(CLARA, "yes")
    async with chat.database.transaction() as tx:
        await tx.conn.execute(delete(practitioner_role))
    later(chat, hours=2)
    asked = len(server.asked)
    assert await work(chat) == ""
    assert len(server.asked) == asked


async def test_a_server_that_makes_us_stumble_counts_as_one_that_cannot_be_read(
    chat: Chat, server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.say(CLARA, f"import calendar {server.address} for dr.osei")
    await work(chat)
    await chat.say(CLARA, "yes")

    async def stumbles(*_: object) -> None:
        raise SyntaxError("not what anybody foresaw")

    monkeypatch.setattr(polling, "fetch_source", stumbles)
    later(chat, hours=2)
    await work(chat)
    async with chat.database.transaction() as tx:
        source = (await tx.conn.execute(select(calendar_source))).one()
    assert (source.problem, source.failures) == ("unreadable", 1)
