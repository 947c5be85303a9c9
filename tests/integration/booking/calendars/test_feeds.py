"""Feeds over HTTP, as calendars fetch them, from visits that were really booked."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import recurring_ical_events
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from icalendar import Calendar, Event
from sqlalchemy import text

from booking.appointments.model import Appointment
from booking.calendars.model import FeedKind
from booking.calendars.routes import routes
from booking.calendars.service import feeds_of, invitation, issue_feed, revoke_feeds
from booking.people.service import set_name
from core.errors import BadInputError, RefusedError
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, OSEI, PRICE, Clinic


class Calendars:
    """The people's feeds, and a client that fetches them."""

    def __init__(self, clinic: Clinic, http: TestClient[web.Request, web.Application]) -> None:
        self.clinic = clinic
        self.http = http

    async def issue(self, mxid: str = ANNA, kind: FeedKind = FeedKind.PATIENT, subject: UUID | None = None) -> str:
        """Return the path of a new feed."""
        person = await self.clinic.person(mxid)
        own = {
            FeedKind.PATIENT: person.id,
            FeedKind.PRACTITIONER: self.clinic.doctor.id,
            FeedKind.CENTRE: self.clinic.centre.id,
        }
        async with self.clinic.tx() as tx:
            url = await issue_feed(tx, self.clinic.ctx, person, kind, subject or own[kind])
        base = self.clinic.ctx.settings.http.public_url
        assert url.startswith(f"{base}/feeds/")
        return url.removeprefix(base)

    async def get(self, path: str, **headers: str) -> ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=named)

    async def body(self, path: str) -> bytes:
        answer = await self.get(path)
        assert answer.status == 200
        return await answer.read()

    async def events(self, path: str) -> list[Event]:
        """The feed's entries, by start; fails for a feed that is not sound."""
        feed = await self.body(path)
        assert faults(feed) == []
        read = Calendar.from_ical(feed)
        assert not read.errors
        assert all(not event.errors for event in read.events)
        return list(read.events)


def faults(feed: bytes) -> list[str]:
    """What no judge sees: long lines, a bare LF, zones without a definition, times that are not in UTC."""
    lines = feed.split(b"\r\n")
    found = [f"too long: {line!r}" for line in lines if len(line) > 75]
    found += ["bare LF"] if b"\n" in feed.replace(b"\r\n", b"") else []
    found += ["TZID without VTIMEZONE"] if b";TZID=" in feed and b"BEGIN:VTIMEZONE" not in feed else []
    stamps = [line for line in lines if line.startswith((b"DTSTAMP", b"LAST-MODIFIED", b"DTSTART", b"DTEND"))]
    return found + [f"not in UTC: {line!r}" for line in stamps if not re.fullmatch(rb"[A-Z-]+:\d{8}T\d{6}Z", line)]


@pytest.fixture
async def calendars(clinic: Clinic) -> AsyncIterator[Calendars]:
    app = web.Application()
    app.add_routes(routes(clinic.database, clinic.ctx))
    async with TestClient(TestServer(app)) as http:
        yield Calendars(clinic, http)


def simple(event: Event) -> tuple[Any, ...]:
    return str(event["SUMMARY"]), event["DTSTART"].dt, str(event["STATUS"]), int(event["SEQUENCE"])


async def test_a_booked_visit_stands_in_the_calendars_of_patient_doctor_and_centre(
    calendars: Calendars, clinic: Clinic
) -> None:
    visit = await clinic.book()

    [mine] = await calendars.events(await calendars.issue())
    [doctors] = await calendars.events(await calendars.issue(OSEI, FeedKind.PRACTITIONER))
    [centres] = await calendars.events(await calendars.issue(CLARA, FeedKind.CENTRE))

    assert simple(mine) == (f"Visit {visit.code}, Dr Ama Osei", visit.start, "CONFIRMED", 0)
    assert simple(doctors) == (f"Visit {visit.code}", visit.start, "CONFIRMED", 0)
    assert simple(centres) == simple(mine)
    assert mine["DTEND"].dt == visit.end
    assert "Kantstraße 78" in str(mine["LOCATION"])
    assert {str(event["UID"]) for event in (mine, doctors, centres)} == {f"{visit.id}@careconnect"}


async def test_other_readers_find_the_visit_on_its_day(calendars: Calendars, clinic: Clinic) -> None:
    visit = await clinic.book()
    feed = Calendar.from_ical(await calendars.body(await calendars.issue()))

    days = recurring_ical_events.of(feed)

    assert len(days.between(visit.start - HOUR, visit.end + HOUR)) == 1
    assert days.between(visit.end + HOUR, visit.end + DAY) == []


async def test_a_held_time_stands_in_no_calendar(calendars: Calendars, clinic: Clinic) -> None:
    await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE appointment SET status = 'pending', hold_until = now() + interval '1 hour'"))

    assert await calendars.events(await calendars.issue()) == []


async def test_a_moved_visit_is_the_same_entry_later_with_a_greater_sequence(
    calendars: Calendars, clinic: Clinic
) -> None:
    visit = await clinic.book()
    path = await calendars.issue()
    before = await calendars.get(path)
    [old] = await calendars.events(path)

    moved = await clinic.reschedule(ANNA, visit, (await clinic.times())[-1])

    [new] = await calendars.events(path)
    assert (new["UID"], new["DTSTART"].dt) == (old["UID"], moved.start)
    assert int(new["SEQUENCE"]) > int(old["SEQUENCE"])
    assert (await calendars.get(path, If_None_Match=before.headers["ETag"])).status == 200


async def test_a_cancelled_visit_is_shown_as_cancelled_for_thirty_days(calendars: Calendars, clinic: Clinic) -> None:
    visit = await clinic.book()
    await clinic.cancel(ANNA, visit)
    path = await calendars.issue()

    [event] = await calendars.events(path)

    assert simple(event) == (f"Cancelled: Visit {visit.code}, Dr Ama Osei", visit.start, "CANCELLED", 1)
    assert event["TRANSP"] == "TRANSPARENT"
    clinic.clock.ahead += timedelta(days=29)
    assert len(await calendars.events(path)) == 1
    clinic.clock.ahead += timedelta(days=2)
    assert await calendars.events(path) == []


async def test_a_guardians_calendar_has_the_familys_visits_too(calendars: Calendars, clinic: Clinic) -> None:
    visit = await clinic.book(patient_id=await clinic.child_of(ANNA))
    await clinic.book(BEN)

    assert [simple(event)[1] for event in await calendars.events(await calendars.issue())] == [visit.start]


async def test_nothing_that_is_private_is_in_any_feed(calendars: Calendars, clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await set_name(tx, clinic.ctx, await clinic.person(), "Marker Patient")
    await clinic.book(reason="marker-symptom")
    person = await clinic.person()

    for feed in (
        await calendars.body(await calendars.issue()),
        await calendars.body(await calendars.issue(OSEI, FeedKind.PRACTITIONER)),
        await calendars.body(await calendars.issue(CLARA, FeedKind.CENTRE)),
    ):
        told = feed.replace(b"\r\n ", b"").lower()
        for private in ("marker", "anna", "cardio", PRICE.show(), str(person.id), str(person.patient.id)):
            assert private.encode() not in told


async def test_an_unchanged_feed_is_the_same_bytes_and_is_not_sent_again(calendars: Calendars, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()
    first = await calendars.get(path)

    again = await calendars.get(path)

    assert await first.read() == await again.read()
    for condition in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_None_Match": f'"other", W/{first.headers["ETag"]}'},
        {"If_Modified_Since": first.headers["Last-Modified"]},
    ):
        unchanged = await calendars.get(path, **condition)
        assert (unchanged.status, await unchanged.read()) == (304, b"")
        assert unchanged.headers["ETag"] == first.headers["ETag"]
    assert (
        await calendars.get(path, If_None_Match='"other"', If_Modified_Since=first.headers["Last-Modified"])
    ).status == 200
    assert (await calendars.get(path, If_Modified_Since="yesterday")).status == 200


async def test_what_grew_old_leaves_for_readers_that_know_dates_only(calendars: Calendars, clinic: Clinic) -> None:
    await clinic.cancel(ANNA, await clinic.book())
    path = await calendars.issue()
    first = await calendars.get(path)

    clinic.clock.ahead += timedelta(days=40)

    later = await calendars.get(path, If_Modified_Since=first.headers["Last-Modified"])
    assert later.status == 200
    assert b"VEVENT" not in await later.read()


async def test_a_feed_is_served_as_calendars_want_it(calendars: Calendars, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()

    answer = await calendars.get(path)
    head = await calendars.http.head(path)

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert (head.status, await head.read()) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]
    feed = await answer.text()
    assert "METHOD" not in feed
    assert "X-WR-TIMEZONE:Europe/Berlin" in feed


async def test_an_unknown_or_revoked_address_leads_nowhere(calendars: Calendars, clinic: Clinic) -> None:
    path, other = await calendars.issue(), await calendars.issue()
    async with clinic.tx() as tx:
        anna = await clinic.person()
        feeds = await feeds_of(tx, clinic.ctx, anna)
        assert await revoke_feeds(tx, clinic.ctx, anna, feeds[0].id) == 1
        assert await revoke_feeds(tx, clinic.ctx, await clinic.person(BEN), feeds[1].id) == 0

    assert (await calendars.get(path)).status == 404
    assert (await calendars.get(other)).status == 200
    assert (await calendars.get("/feeds/" + "x" * 43 + ".ics")).status == 404


async def test_who_runs_a_centre_no_more_reads_no_more_of_it(calendars: Calendars, clinic: Clinic) -> None:
    path = await calendars.issue(CLARA, FeedKind.CENTRE)

    async with clinic.tx() as tx:
        await tx.conn.execute(text("DELETE FROM centre_admin"))

    assert (await calendars.get(path)).status == 404


@pytest.mark.parametrize(
    ("mxid", "kind"),
    [
        (ANNA, FeedKind.PRACTITIONER),
        (ANNA, FeedKind.CENTRE),
        (OSEI, FeedKind.CENTRE),
        (CLARA, FeedKind.PRACTITIONER),
    ],
)
async def test_nobody_gets_a_feed_of_others(calendars: Calendars, mxid: str, kind: FeedKind) -> None:
    with pytest.raises(RefusedError):
        await calendars.issue(mxid, kind)


async def test_nobody_gets_another_patients_feed(calendars: Calendars, clinic: Clinic) -> None:
    with pytest.raises(RefusedError):
        await calendars.issue(OSEI, FeedKind.PATIENT, (await clinic.person(ANNA)).id)


async def test_there_is_an_end_to_addresses(calendars: Calendars) -> None:
    for _ in range(10):
        await calendars.issue()

    with pytest.raises(BadInputError, match="revoke"):
        await calendars.issue()


async def test_the_secret_is_stored_nowhere_and_its_use_is_noted(calendars: Calendars, clinic: Clinic) -> None:
    path = await calendars.issue()
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) >= 43  # 256 bits in base64

    await calendars.get(path)

    async with clinic.tx() as tx:
        rows = (await tx.conn.execute(text("SELECT calendar_feed::text FROM calendar_feed"))).scalars().all()
        [feed] = await feeds_of(tx, clinic.ctx, await clinic.person())
    assert secret not in "".join(rows)
    assert feed.last_used_at is not None


async def test_the_entry_for_the_chat_is_the_same_visit_as_in_the_feed(calendars: Calendars, clinic: Clinic) -> None:
    visit: Appointment = await clinic.book()
    [in_feed] = await calendars.events(await calendars.issue())

    entry = invitation(clinic.ctx, visit)

    assert faults(entry) == []
    [alone] = Calendar.from_ical(entry).events
    assert alone == in_feed
