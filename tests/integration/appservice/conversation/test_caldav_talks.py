"""A doctor's own calendar on a real CalDAV server: connected on a page, followed both ways."""

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import delete, select

from appservice.conversation.commands import previewing
from booking.appointments.model import appointment
from booking.calendars.rules import uid_of
from booking.imports.model import calendar_draft, calendar_source, calendar_written
from booking.imports.routes import routes
from booking.imports.visits import name_of
from core.outbox import outbox
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.appservice.conversation.test_import_talks import later, work
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.imports.radicale import PASSWORD, USER, Radicale, radicale
from tests.unit.booking.imports.calendars import calendar, event

LUNCH = calendar(event("DTSTART;TZID=Europe/Berlin:20261201T120000", "DURATION:PT1H", "RRULE:FREQ=DAILY"))


@pytest.fixture
async def server(chat: Chat, tmp_path: Path) -> AsyncIterator[Radicale]:
    async with radicale(tmp_path) as running:
        chat.ctx.settings.imports.allowed_hosts.append(running.host)
        yield running


async def connect(chat: Chat, address: str, *, password: str = PASSWORD, who: str = OSEI, whose: str = "") -> str:
    """Open the page that the bot sends, and fill it in; returns what the bot says then."""
    said = await chat.say(who, f"follow caldav {whose}" if whose or who == OSEI else "follow caldav for dr.osei")
    secret = re.search(r"/calendars/(\S+)", said)
    assert secret
    application = web.Application()
    application.add_routes(routes(chat.database, chat.ctx, partial(previewing.connect, chat.ctx)))
    async with TestClient(TestServer(application)) as browser:
        page = f"/calendars/{secret[1]}"
        shown = await browser.get(page)
        assert "Address of the server" in await shown.text()
        assert shown.headers["Cache-Control"] == "no-store"
        wrong = await browser.post(page, data={"address": "file:///etc", "user": USER, "password": password})
        assert wrong.status == 400
        assert password not in await wrong.text()
        done = await browser.post(page, data={"address": address, "user": USER, "password": password})
        assert "Go back to the chat" in await done.text()
        assert (await browser.get(page)).status == 404
        assert (await browser.post(page, data={"address": address, "user": USER, "password": password})).status == 404
        assert (await browser.get("/calendars/guess")).status == 404
    return await work(chat)


async def test_a_doctors_calendar_is_followed_both_ways(chat: Chat, server: Radicale) -> None:
    private, work_ = await server.make("Private", "Work")
    await server.put(work_, LUNCH)
    code = await book(chat)  # on 1 December at 9
    asked = await connect(chat, server.address)
    assert "Which calendar is it?" in asked
    number = 1 + [line[3:] for line in re.findall(r"\d\. \w+", asked)].index("Work")
    await chat.say(OSEI, str(number))
    shown = await work(chat)
    assert "Dr Ama Osei is busy by this calendar" in shown
    assert "Tue 1 Dec | 12:00-13:00" in shown
    assert "Followed" in await chat.say(OSEI, "yes")
    assert await work(chat) == ""
    assert "12:00" not in await chat.say(ANNA, "dr osei on 1 Dec after 11:30 before 13:30")
    there = await server.objects(work_)
    (name,) = there.keys() - {"theirs.ics"}
    assert f"careConnect visit {code}" in there[name]
    assert "DTSTART:20261201T080000Z" in there[name]
    assert "@careconnect" in there[name]
    assert "Anna" not in there[name]
    assert await server.objects(private) == {}
    listed = await chat.say(CLARA, "calendars followed")
    assert "Dr Ama Osei: CalDAV at 127.0.0.1, read just now" in listed


async def follow(chat: Chat, server: Radicale) -> str:
    (address,) = await server.make("Work")
    await connect(chat, server.address)
    await chat.say(OSEI, "yes")
    await work(chat)
    return address


async def test_ours_win_for_our_visits_and_theirs_for_their_busy_times(chat: Chat, server: Radicale) -> None:
    address = await follow(chat, server)
    code = await book(chat)
    await work(chat)
    ((name, ours),) = (await server.objects(address)).items()
    assert code in ours
    await server.put(address, ours.replace("T080000Z", "T100000Z").encode(), name)
    await server.put(address, LUNCH)
    later(chat, minutes=20)
    await work(chat)
    there = await server.objects(address)
    assert "DTSTART:20261201T080000Z" in there[name]
    assert "theirs.ics" in there
    assert "12:00" not in await chat.say(ANNA, "dr osei on 1 Dec after 11:30 before 13:30")
    await server.remove(address, name)
    later(chat, minutes=20)
    await work(chat)
    assert name in await server.objects(address)
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    await work(chat)
    assert list(await server.objects(address)) == ["theirs.ics"]
    await server.remove(address, "theirs.ics")
    later(chat, minutes=20)
    await work(chat)
    assert "12:00" in await chat.say(ANNA, "dr osei on 1 Dec after 11:30 before 13:30")


async def test_a_visit_that_the_server_refuses_keeps_no_other_from_being_written_and_removed(
    chat: Chat, server: Radicale
) -> None:
    """Here another object has its UID already."""
    address = await follow(chat, server)
    codes = [await book(chat), await book(chat, BEN)]
    async with chat.database.transaction() as tx:
        found = await tx.conn.execute(select(appointment.c.code, appointment.c.id))
        ids = {row.code: row.id for row in found}
    first, second = (ids[code] for code in codes)
    await server.put(address, LUNCH.replace(b"UID:1@test", f"UID:{uid_of(first)}".encode()))
    assert "its server lets nobody write into it" in await work(chat)
    assert set(await server.objects(address)) == {"theirs.ics", name_of(second)}
    async with chat.database.transaction() as tx:
        assert (await tx.conn.execute(select(calendar_written.c.appointment_id))).scalars().all() == [second]
    await chat.say(BEN, f"cancel {codes[1]}")
    await chat.say(BEN, "yes")
    assert await work(chat) == ""
    assert set(await server.objects(address)) == {"theirs.ics"}
    await server.remove(address, "theirs.ics")
    later(chat, minutes=20)
    await work(chat)
    assert set(await server.objects(address)) == {name_of(first)}


async def test_a_cancelled_visit_is_removed_of_which_nobody_noted_that_it_was_written(
    chat: Chat, server: Radicale
) -> None:
    """As after a kill between the two, or where the server answered too late."""
    address = await follow(chat, server)
    code = await book(chat)
    await work(chat)
    assert len(await server.objects(address)) == 1
    async with chat.database.transaction() as tx:
        await tx.conn.execute(delete(calendar_written))
    await chat.say(ANNA, f"cancel {code}")
    await chat.say(ANNA, "yes")
    await work(chat)
    assert await server.objects(address) == {}


async def test_a_calendar_that_has_not_changed_is_not_read_again(chat: Chat, server: Radicale) -> None:
    address = await follow(chat, server)
    await server.put(address, LUNCH)
    later(chat, minutes=20)
    await work(chat)
    async with chat.database.transaction() as tx:
        before = (await tx.conn.execute(select(calendar_source.c.known_until, calendar_source.c.etag))).one()
    later(chat, minutes=20)
    await work(chat)
    async with chat.database.transaction() as tx:
        found = (await tx.conn.execute(select(calendar_source.c.known_until, calendar_source.c.etag))).one()
        read_at = (await tx.conn.execute(select(calendar_source.c.read_at))).scalar_one()
    assert found == before
    assert read_at == chat.database.clock.now()


async def test_a_wrong_password_is_said_and_no_password_is_anywhere_in_clear(chat: Chat, server: Radicale) -> None:
    await server.make("Work")
    told = await connect(chat, server.address, password="wrong horse")
    assert "its server does not take the user name and password. Nothing has changed." in told
    await connect(chat, server.address)
    await chat.say(OSEI, "yes")
    async with chat.database.transaction() as tx:
        for table in (calendar_source, calendar_draft, outbox):
            assert "horse" not in repr((await tx.conn.execute(select(table))).all())
    assert not any("horse" in line for line in chat.transcript)


async def test_a_server_in_a_private_network_is_not_asked(chat: Chat, server: Radicale) -> None:
    chat.ctx.settings.imports.allowed_hosts.clear()
    assert "its address leads into a private network" in await connect(chat, server.address)


async def test_the_admin_of_a_centre_may_connect_it_and_others_may_not(chat: Chat, server: Radicale) -> None:
    (address,) = await server.make("Work")
    assert "Dr Ama Osei is busy by this calendar" in await connect(chat, address, who=CLARA)
    assert "calendars/" not in await chat.say(ANNA, "follow caldav for dr.osei")
    assert "You may not" in await chat.say(OSEI, "follow caldav for dr.weber")


async def test_a_rooms_calendar_is_followed_both_ways(chat: Chat, server: Radicale) -> None:
    (address,) = await server.make("Echo")
    await server.put(address, LUNCH)
    await chat.say(CLARA, 'add room "Echo 1"')
    before = await book(chat)
    assert "Echo 1" in await chat.say(CLARA, 'edit service dr.osei "A visit" with "Echo 1"')

    shown = await connect(chat, address, who=CLARA, whose="for room Echo 1")
    assert "Echo 1 is busy by this calendar" in shown
    assert "Tue 1 Dec | 12:00-13:00" in shown
    assert "Followed" in await chat.say(CLARA, "yes")
    await work(chat)
    assert "12:00" not in await chat.say(ANNA, "dr osei on 1 Dec after 11:30 before 13:30")
    ((name, ours),) = ((name, said) for name, said in (await server.objects(address)).items() if name != "theirs.ics")
    assert f"careConnect visit {before}" in ours
    assert "Anna" not in ours
    assert "Echo 1: CalDAV at 127.0.0.1, read just now" in await chat.say(CLARA, "calendars followed")

    later(chat, minutes=1)
    after = await book(chat, BEN)
    await work(chat)
    assert any(after in each for each in (await server.objects(address)).values())
    await chat.say(ANNA, f"cancel {before}")
    await chat.say(ANNA, "yes")
    await work(chat)
    assert name not in await server.objects(address)
    assert "calendars/" not in await chat.say(OSEI, "follow caldav for room Echo 1 at Berlin Heart Centre")
