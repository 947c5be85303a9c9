"""The other addresses of a feed, and its other forms."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from icalendar import Calendar
from sqlalchemy import text

from booking.appointments.series import Rhythm, book_series, dates
from booking.calendars.model import FeedKind
from booking.imports.reading import read_calendar
from booking.imports.rules import dates_of, weeks_of
from booking.people.service import person_of
from booking.schedules.hours import parse_hours
from booking.schedules.opening import Schedule
from booking.schedules.reading import schedule_of
from booking.schedules.service import add_time_off, set_date, set_hours
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.calendars.test_feeds import MAKERS, others_of, subject_of
from tests.integration.booking.clinic import ANNA, CLARA, DAY, HOUR, MINUTE, OSEI, Clinic
from tests.judges.readers import by_ical_js, by_icalendar_as_jcal, by_libical, judged, libical_check, xcal_as_jcal

_XCAL = "{urn:ietf:params:xml:ns:icalendar-2.0}"


@pytest.fixture(scope="module")
def libical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return libical_check(tmp_path_factory.mktemp("libical"))


async def weekdays(clinic: Clinic) -> None:
    """Dr Osei works from Monday to Friday, 9 to 17."""
    async with clinic.tx() as tx:
        paul = await person_of(tx, clinic.ctx, "@paul:localhost")
        week = parse_hours("mon-fri 9-17", tx.now.date())
        await set_hours(tx, clinic.ctx, paul, clinic.doctor.id, clinic.centre.id, week.spans)


async def visits_of_all_fates(clinic: Clinic) -> None:
    """By themselves and in a series: as they were booked, moved, cancelled."""
    visits = [await clinic.book(start=start) for start in (await clinic.times(count=3))]
    await clinic.cancel(ANNA, visits[1])
    await clinic.reschedule(ANNA, visits[2], (await clinic.times(count=9))[-1])
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        first = (await clinic.times(count=15))[-1]
        starts = await dates(tx, clinic.desk.id, first, Rhythm(7, 6))
        series = await book_series(
            tx, clinic.ctx, anna, service_id=clinic.desk.id, starts=starts, patient_id=anna.patient.id
        )
    await clinic.cancel(ANNA, series[2])
    [later] = await clinic.times(after=series[4].end - clinic.now, count=1)
    await clinic.reschedule(ANNA, series[4], later)


@pytest.mark.parametrize(("kind", "mxid"), MAKERS.items())
async def test_every_part_of_every_kind_of_feed_passes_all_judges(
    calendars: Subscriber, clinic: Clinic, libical: Path, kind: FeedKind, mxid: str
) -> None:
    await weekdays(clinic)
    subject, members = await subject_of(clinic, kind)
    await visits_of_all_fates(clinic)
    path = await calendars.issue(
        mxid, kind, subject, members=members, alarms=() if kind.is_availability else (60,), language="ar"
    )
    seen = set()
    for address in (each for each in others_of(path) if each.endswith(".ics")):
        answer = await calendars.get(address)
        if answer.status == 404:
            assert "availability" in address
            assert not kind.has_hours
            continue
        feed = await answer.read()
        assert judged(feed) == {}, address
        assert await by_libical(libical, feed) == [], address
        assert await by_ical_js(feed) == [], address
        seen |= {part for part in (b"VEVENT", b"RRULE", b"RECURRENCE-ID", b"VFREEBUSY", b"AVAILABLE") if part in feed}
        jcal = await calendars.body(address.replace(".ics", ".json"))
        assert await by_ical_js(jcal) == [], address
        assert by_icalendar_as_jcal(jcal, feed) == [], address
        assert xcal_as_jcal(await calendars.body(address.replace(".ics", ".xml"))) == json.loads(jcal), address
    visits = {b"RRULE", b"RECURRENCE-ID"} if not kind.is_availability else set()
    assert seen >= {b"VEVENT", b"VFREEBUSY"} | visits | ({b"AVAILABLE"} if kind.has_hours else set())


async def test_open_and_busy_times_are_events_that_name_nobody(calendars: Subscriber, clinic: Clinic) -> None:
    await weekdays(clinic)
    visit = await clinic.book()
    path = await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER)

    events = await calendars.events(path)

    busy = [each for each in events if str(each["SUMMARY"]) == "Busy"]
    # With what comes after the visit before the next one.
    assert [(each["DTSTART"].dt, each["DTEND"].dt) for each in busy] == [(visit.start, visit.end + 5 * MINUTE)]
    assert all(each["TRANSP"] == "TRANSPARENT" for each in events if each not in busy)


async def test_a_centre_is_busy_when_all_who_are_there_are(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(CLARA, FeedKind.OPEN_CENTRE)
    await clinic.book()
    async with clinic.tx() as tx:
        await clinic.add_doctor(tx, "Dr Jonas Weber", "@weber:localhost")

    assert {str(each["SUMMARY"]) for each in await calendars.events(path)} == {"Open"}


async def test_free_and_busy_as_programs_read_it(calendars: Subscriber, clinic: Clinic) -> None:
    await weekdays(clinic)
    visit = await clinic.book()
    path = await calendars.issue(OSEI, FeedKind.PRACTITIONER)

    calendar = Calendar.from_ical(await calendars.body(path.replace(".ics", "/freebusy.ics")))

    [component] = calendar.walk("VFREEBUSY")
    periods: dict[str, list[datetime]] = {}
    listed = component["FREEBUSY"] if isinstance(component["FREEBUSY"], list) else [component["FREEBUSY"]]
    for each in listed:
        periods.setdefault(each.params["FBTYPE"], []).append(each.start)
    assert periods["BUSY"] == [visit.start]
    assert len(periods["BUSY-UNAVAILABLE"]) > 60  # nights and weekends of ninety days


async def test_hours_are_published_as_rules_with_what_differs(calendars: Subscriber, clinic: Clinic) -> None:
    await weekdays(clinic)
    async with clinic.tx() as tx:
        osei = await person_of(tx, clinic.ctx, OSEI)
        today = tx.now.date()
        closed = next(today + n * DAY for n in range(3, 10) if (today + n * DAY).weekday() == 0)
        await set_date(tx, clinic.ctx, osei, clinic.doctor.id, clinic.centre.id, closed, [])
        await set_date(tx, clinic.ctx, osei, clinic.doctor.id, clinic.centre.id, closed + DAY, [(600, 660)])
        begins = datetime.combine(closed + 2 * DAY, datetime.min.time(), UTC)
        await add_time_off(tx, clinic.ctx, osei, clinic.doctor.id, begins, begins + DAY)
    path = await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER)

    calendar = Calendar.from_ical(await calendars.body(path.replace(".ics", "/availability.ics")))

    text_ = calendar.to_ical().decode()
    assert text_.count("BEGIN:VAVAILABILITY") == 2
    assert text_.count("RRULE:FREQ=WEEKLY") == 5
    assert f"EXDATE;TZID=Europe/Berlin:{closed:%Y%m%d}T090000" in text_
    assert "PRIORITY:1" in text_
    assert "BEGIN:VTIMEZONE" in text_


async def test_hours_that_are_published_are_the_same_when_they_are_read_in(
    calendars: Subscriber, clinic: Clinic
) -> None:
    await weekdays(clinic)
    async with clinic.tx() as tx:
        osei = await person_of(tx, clinic.ctx, OSEI)
        today = tx.now.date()
        monday = next(today + n * DAY for n in range(3, 10) if (today + n * DAY).weekday() == 0)
        await set_date(tx, clinic.ctx, osei, clinic.doctor.id, clinic.centre.id, monday, [])
        await set_date(tx, clinic.ctx, osei, clinic.doctor.id, clinic.centre.id, monday + DAY, [(600, 660)])
        await set_date(tx, clinic.ctx, osei, clinic.doctor.id, clinic.centre.id, monday + 5 * DAY, [(540, 600)])
    path = await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER)

    feed = await calendars.body(path.replace(".ics", "/availability.ics"))

    opening = read_calendar(feed, "Europe/Berlin", clinic.now).opening
    assert opening
    async with clinic.tx() as tx:
        ours = await schedule_of(tx, clinic.doctor.id, clinic.centre.id, today)
    theirs = Schedule(zone=ours.zone, weeks=weeks_of(opening), dates=dates_of(opening))
    for day in (today + n * DAY for n in range(1, 300)):
        assert [*theirs.hours_on(day)] == [*ours.hours_on(day)], day


async def test_a_feed_comes_as_jcal_and_as_xcal_too(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    path = await calendars.issue(CLARA, FeedKind.CENTRE, alarms=(60,))

    as_json = await calendars.get(path.replace(".ics", ".json"))
    as_xml = await calendars.get(path.replace(".ics", ".xml"))

    assert as_json.headers["Content-Type"] == "application/calendar+json; charset=utf-8"
    name, properties, [event] = json.loads(await as_json.read())
    assert name == "vcalendar"
    assert ["version", {}, "text", "2.0"] in properties
    assert event[0] == "vevent"
    known = {each[0]: each[2:] for each in event[1]}
    assert known["dtstart"] == ["date-time", f"{visit.start:%Y-%m-%dT%H:%M:%SZ}"]
    assert known["sequence"] == ["integer", 0]
    assert known["summary"] == ["text", f"Visit {visit.code}, Dr Ama Osei"]
    assert event[2][0][0] == "valarm"
    assert as_xml.headers["Content-Type"] == "application/calendar+xml; charset=utf-8"
    root = ElementTree.fromstring(await as_xml.read())
    [uid] = root.iter(f"{_XCAL}uid")
    assert uid[0].text == f"{visit.id}@careconnect"
    [start] = root.iter(f"{_XCAL}dtstart")
    assert start[0].text == f"{visit.start:%Y-%m-%dT%H:%M:%SZ}"


async def test_a_change_of_hours_is_in_the_next_fetch(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER)
    before = await calendars.get(path)

    await weekdays(clinic)

    assert (await calendars.get(path, If_None_Match=before.headers["ETag"])).status == 200


async def test_what_is_only_held_changes_no_calendar(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(OSEI, FeedKind.PRACTITIONER)
    await calendars.get(path)
    async with clinic.tx() as tx:
        count = (await tx.conn.execute(text("SELECT count(*) FROM calendar_change"))).scalar_one()
    visit = await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(
            text("UPDATE appointment SET status = 'pending', hold_until = :until, sequence = 0"),
            {"until": datetime.now(UTC) + HOUR},
        )
        await tx.conn.execute(text("UPDATE appointment SET hold_until = hold_until + interval '1 minute'"))
        after = (await tx.conn.execute(text("SELECT count(*) FROM calendar_change"))).scalar_one()
    assert visit.start > clinic.now + timedelta(days=1)
    assert after - count == 6  # of what was booked, and of what is booked no more: centre, doctor, patient
    assert await calendars.events(path) == []
