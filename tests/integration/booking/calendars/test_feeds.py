"""Feeds over HTTP, as calendars fetch them, from visits that were really booked."""

from datetime import UTC, date, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import pytest
import recurring_ical_events
from icalendar import Calendar
from sqlalchemy import text

from booking.appointments.attendance import mark_mistake
from booking.calendars.feeds import rights, serving
from booking.calendars.feeds.service import change_feed, end_feed, feeds_of, revoke_feeds, rotate_feed
from booking.calendars.feeds.versions import count_changes
from booking.calendars.model import FeedKind, Options, Tell
from booking.directory.resources import add_resource, book_along
from booking.handover.service import give_code, take_over
from booking.people.service import add_family_member, person_of, set_name
from core.errors import BadInputError, RefusedError
from records.erasure.service import forget
from tests.integration.booking.calendars.subscriber import Subscriber, simple
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, OSEI, PRICE, Clinic

MAKERS = {
    FeedKind.FAMILY: ANNA,
    FeedKind.PATIENT: ANNA,
    FeedKind.PRACTITIONER: OSEI,
    FeedKind.CENTRE: CLARA,
    FeedKind.TEAM: CLARA,
    FeedKind.RESOURCE: CLARA,
    FeedKind.OPEN_PRACTITIONER: OSEI,
    FeedKind.OPEN_CENTRE: CLARA,
}
"""Who makes which."""


async def subject_of(clinic: Clinic, kind: FeedKind) -> tuple[UUID | None, tuple[UUID, ...]]:
    """Whose a feed of a kind is, where it is not of its maker, and the members of its team."""
    if kind is FeedKind.RESOURCE:
        return await room_of(clinic), ()
    return None, (clinic.doctor.id,) if kind is FeedKind.TEAM else ()


async def room_of(clinic: Clinic) -> UUID:
    """The room that the visits at the desk take."""
    async with clinic.tx() as tx:
        found = await tx.conn.execute(text("SELECT id FROM resource"))
        if known := found.scalar_one_or_none():
            return UUID(str(known))
        room = await add_resource(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), clinic.centre.id, name="Echo")
        await book_along(tx, clinic.desk.id, clinic.centre.id, [room.id])
        return room.id


def others_of(path: str) -> list[str]:
    """The other addresses of a feed."""
    base = path.removesuffix(".ics")
    parts = (base, f"{base}/freebusy", f"{base}/availability")
    return [f"{part}.{form}" for part in parts for form in ("ics", "json", "xml")]


async def test_a_booked_visit_stands_in_the_calendars_of_patient_doctor_and_centre(
    calendars: Subscriber, clinic: Clinic
) -> None:
    visit = await clinic.book()

    [mine] = await calendars.events(await calendars.issue())
    [doctors] = await calendars.events(await calendars.issue(OSEI, FeedKind.PRACTITIONER))
    [centres] = await calendars.events(await calendars.issue(CLARA, FeedKind.CENTRE))

    assert simple(mine) == simple(doctors) == (f"Visit {visit.code}", visit.start, "CONFIRMED", 0)
    assert simple(centres) == (f"Visit {visit.code}, Dr Ama Osei", visit.start, "CONFIRMED", 0)
    assert mine["DTEND"].dt == visit.end
    assert str(mine["LOCATION"]) == "Kantstraße 78, Berlin"
    assert str(centres["LOCATION"]) == "Berlin Heart Centre, Kantstraße 78, Berlin"
    assert str(mine["URL"]).endswith(f"/visits/{visit.code}")
    assert "https://matrix.to/#/@careconnect:localhost" in str(mine["DESCRIPTION"])
    assert {str(event["UID"]) for event in (mine, doctors, centres)} == {f"{visit.id}@careconnect"}


async def test_other_readers_find_the_visit_on_its_day(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    feed = Calendar.from_ical(await calendars.body(await calendars.issue()))

    days = recurring_ical_events.of(feed)

    assert len(days.between(visit.start - HOUR, visit.end + HOUR)) == 1
    assert days.between(visit.end + HOUR, visit.end + DAY) == []


async def test_a_held_time_stands_in_no_calendar(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE appointment SET status = 'pending', hold_until = now() + interval '1 hour'"))

    assert await calendars.events(await calendars.issue()) == []


async def test_a_moved_visit_is_the_same_entry_later_with_a_greater_sequence(
    calendars: Subscriber, clinic: Clinic
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


async def test_a_cancelled_visit_is_shown_as_cancelled_for_thirty_days(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    await clinic.cancel(ANNA, visit)
    path = await calendars.issue()

    [event] = await calendars.events(path)

    assert simple(event) == (f"Cancelled: Visit {visit.code}", visit.start, "CANCELLED", 1)
    assert event["TRANSP"] == "TRANSPARENT"
    clinic.clock.ahead += timedelta(days=29)
    assert len(await calendars.events(path)) == 1
    clinic.clock.ahead += timedelta(days=2)
    assert await calendars.events(path) == []


async def test_a_visit_that_was_a_mistake_is_shown_as_one_that_was_cancelled(
    calendars: Subscriber, clinic: Clinic
) -> None:
    visit = await clinic.book()
    path, named = await calendars.issue(), await calendars.issue(tells=frozenset({Tell.NAMES}))
    before = [await calendars.get(each) for each in (path, named)]
    async with clinic.tx() as tx:
        await mark_mistake(tx, clinic.ctx, await person_of(tx, clinic.ctx, OSEI), visit.id)

    for address, old in zip((path, named), before, strict=True):
        assert (await calendars.get(address, If_None_Match=old.headers["ETag"])).status == 200
        [event] = await calendars.events(address)
        assert simple(event)[1:] == (visit.start, "CANCELLED", 1)
        busy = Calendar.from_ical(await calendars.body(address.replace(".ics", "/freebusy.ics")))
        assert "FREEBUSY" not in busy.walk("VFREEBUSY")[0]
    clinic.clock.ahead += timedelta(days=31)
    assert await calendars.events(path) == []


async def test_a_guardians_calendar_has_the_familys_visits_too(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book(patient_id=await clinic.child_of(ANNA))
    await clinic.book(BEN)

    assert [simple(event)[1] for event in await calendars.events(await calendars.issue())] == [visit.start]


async def test_nothing_that_is_private_is_in_any_feed(calendars: Subscriber, clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await set_name(tx, clinic.ctx, await clinic.person(), "Marker Patient")
    await clinic.book(reason="marker-symptom")
    await clinic.book(patient_id=await clinic.child_of(ANNA, "Marker Child"), start=(await clinic.times())[1])
    person = await clinic.person()
    planted = ["marker", "anna", "cardio", "a visit", PRICE.show(), str(person.id)]

    for kind, mxid in MAKERS.items():
        subject, members = await subject_of(clinic, kind)
        path = await calendars.issue(mxid, kind, subject, members=members)
        for address in (path, *others_of(path)):
            answer = await calendars.get(address)
            told = (await answer.read()).replace(b"\r\n ", b"").decode().lower()
            for private in [*planted, "heart centre"] if kind is FeedKind.FAMILY else planted:
                assert private not in told, kind


async def test_what_the_owner_asked_for_is_told(calendars: Subscriber, clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await set_name(tx, clinic.ctx, await clinic.person(), "Vera Lind")
    visit = await clinic.book()

    [mine] = await calendars.events(await calendars.issue(tells=frozenset({Tell.NAMES, Tell.DOCTORS, Tell.SERVICES})))
    [busy] = await calendars.events(await calendars.issue(OSEI, FeedKind.PRACTITIONER, tells=frozenset({Tell.BUSY})))

    assert str(mine["SUMMARY"]) == f"Visit {visit.code}, Vera Lind, A visit, Dr Ama Osei"
    assert str(busy["SUMMARY"]) == "Busy"
    assert not {"LOCATION", "URL", "DESCRIPTION"} & set(busy)
    assert visit.code not in str(busy)


async def test_a_calendar_rings_where_its_owner_wants_it_to(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    path = await calendars.issue(alarms=(1440, 15))

    [event] = await calendars.events(path)
    assert [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")] == [-timedelta(days=1), -timedelta(minutes=15)]

    await clinic.cancel(ANNA, visit)
    [event] = await calendars.events(path)
    assert event.walk("VALARM") == []


async def test_a_calendar_shows_the_days_that_were_chosen(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()

    assert await calendars.events(await calendars.issue(days_ahead=2)) == []
    assert len(await calendars.events(await calendars.issue(days_ahead=5))) == 1


@pytest.mark.parametrize(("kind", "mxid"), MAKERS.items())
async def test_each_calendar_is_in_the_language_and_the_zone_that_were_chosen(
    calendars: Subscriber, clinic: Clinic, kind: FeedKind, mxid: str
) -> None:
    subject, members = await subject_of(clinic, kind)
    await clinic.cancel(ANNA, await clinic.book())
    visit = await clinic.book()
    english, german = [
        await calendars.calendar(
            await calendars.issue(mxid, kind, subject, members=members, language=language, timezone=zone)
        )
        for language, zone in (("en", "Europe/Berlin"), ("de", "Asia/Tokyo"))
    ]

    said = {str(event["SUMMARY"]).partition(",")[0] for event in german.events}
    if kind.is_availability:
        assert said == {"Geöffnet", "Belegt"}
    else:
        assert f"Termin {visit.code}" in said
        assert any(each.startswith("Abgesagt: Termin") for each in said)
        assert all("schreiben Sie dem Bot" in str(each["DESCRIPTION"]) for each in german.events)
    assert not said & {str(event["SUMMARY"]).partition(",")[0] for event in english.events}
    assert [each["X-WR-TIMEZONE"] for each in (english, german)] == ["Europe/Berlin", "Asia/Tokyo"]
    assert [each["DTSTART"] for each in english.events] == [each["DTSTART"] for each in german.events]


async def test_open_and_busy_times_may_be_told_one_without_the_other(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    for tell, told in ((Tell.BUSY, "Busy"), (Tell.OPEN, "Open")):
        path = await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER, tells=frozenset({tell}), days_ahead=5)
        events = await calendars.events(path)
        assert {str(each["SUMMARY"]) for each in events} == {told}
        assert any(each["DTSTART"].dt == visit.start for each in events) is (tell is Tell.BUSY)
        assert max(each["DTEND"].dt for each in events) <= clinic.now + 5 * DAY


@pytest.mark.parametrize("wrong", [{"alarms": (60,)}, {"tells": frozenset({Tell.NAMES})}])
async def test_open_and_busy_times_take_no_choices_of_visits(
    calendars: Subscriber, clinic: Clinic, wrong: dict[str, Any]
) -> None:
    with pytest.raises(BadInputError, match="tells of no visit"):
        await calendars.issue(OSEI, FeedKind.OPEN_PRACTITIONER, **wrong)
    with pytest.raises(BadInputError, match="Open only"):
        await calendars.issue(tells=frozenset({Tell.OPEN}))


async def test_what_was_is_shown_as_far_back_as_was_chosen(calendars: Subscriber, clinic: Clinic) -> None:
    visit = await clinic.book()
    far, near = await calendars.issue(days_back=20), await calendars.issue(days_back=5)
    clinic.clock.move_to(visit.start + 10 * DAY)

    assert len(await calendars.events(far)) == 1
    assert await calendars.events(near) == []


async def test_an_unchanged_feed_is_the_same_bytes_and_is_not_sent_again(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()
    first = await calendars.get(path)

    again = await calendars.get(path)

    assert await first.read() == await again.read()
    for condition in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_None_Match": first.headers["ETag"], "Connection": "close"},
        {"If_None_Match": f'"other", W/{first.headers["ETag"]}'},
        {"If_Modified_Since": first.headers["Last-Modified"]},
    ):
        unchanged = await calendars.get(path, **condition)
        assert (unchanged.status, await unchanged.read()) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert unchanged.headers[name] == first.headers[name]
        assert parsedate_to_datetime(unchanged.headers["Date"]).tzinfo is UTC
    assert (
        await calendars.get(path, If_None_Match='"other"', If_Modified_Since=first.headers["Last-Modified"])
    ).status == 200
    assert (await calendars.get(path, If_Modified_Since="yesterday")).status == 200


async def test_what_grew_old_leaves_for_readers_that_know_dates_only(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.cancel(ANNA, await clinic.book())
    path = await calendars.issue()
    first = await calendars.get(path)

    clinic.clock.ahead += timedelta(days=40)

    later = await calendars.get(path, If_Modified_Since=first.headers["Last-Modified"])
    assert later.status == 200
    assert b"VEVENT" not in await later.read()


async def test_a_feed_is_served_as_calendars_want_it(calendars: Subscriber, clinic: Clinic) -> None:
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
    assert "X-WR-TIMEZONE:UTC" in feed


async def test_an_unknown_or_revoked_address_leads_nowhere(calendars: Subscriber, clinic: Clinic) -> None:
    path, other = await calendars.issue(), await calendars.issue()
    async with clinic.tx() as tx:
        anna = await clinic.person()
        feeds = await feeds_of(tx, clinic.ctx, anna)
        assert await revoke_feeds(tx, clinic.ctx, anna, feeds[0].id) == 1
        assert await revoke_feeds(tx, clinic.ctx, await clinic.person(BEN), feeds[1].id) == 0

    assert (await calendars.get(path)).status == 404
    assert (await calendars.get(other)).status == 200
    assert (await calendars.get("/feeds/" + "x" * 43 + ".ics")).status == 404


async def test_who_runs_a_centre_no_more_reads_no_more_of_it(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(CLARA, FeedKind.CENTRE)
    assert (await calendars.get(path)).status == 200

    await clinic.book()
    async with clinic.tx() as tx:
        await tx.conn.execute(text("DELETE FROM centre_admin"))

    assert (await calendars.get(path)).status == 404


async def test_a_centre_sees_when_a_doctor_is_open_until_they_leave(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(CLARA, FeedKind.OPEN_PRACTITIONER)
    assert (await calendars.get(path)).status == 200

    async with clinic.tx() as tx:
        await tx.conn.execute(text("DELETE FROM practitioner_role"))

    assert (await calendars.get(path)).status == 404


async def test_who_may_read_is_asked_only_where_that_may_have_changed(
    calendars: Subscriber, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two thousand who read one calendar each would ask it whenever somebody books."""
    path = await calendars.issue()
    tag = (await calendars.get(path)).headers["ETag"]
    asked = AsyncMock(wraps=rights.may_read)
    monkeypatch.setattr(serving, "may_read", asked)

    await clinic.book()
    booked = await calendars.get(path, If_None_Match=tag)

    assert booked.status == 200
    assert b"BEGIN:VEVENT" in await booked.read()
    asked.assert_not_called()


@pytest.mark.parametrize(
    ("mxid", "kind"),
    [
        (ANNA, FeedKind.PRACTITIONER),
        (ANNA, FeedKind.CENTRE),
        (OSEI, FeedKind.CENTRE),
        (CLARA, FeedKind.PRACTITIONER),
    ],
)
async def test_nobody_gets_a_feed_of_others(calendars: Subscriber, mxid: str, kind: FeedKind) -> None:
    with pytest.raises(RefusedError):
        await calendars.issue(mxid, kind)


async def test_nobody_gets_another_patients_feed(calendars: Subscriber, clinic: Clinic) -> None:
    with pytest.raises(RefusedError):
        await calendars.issue(OSEI, FeedKind.FAMILY, (await clinic.person(ANNA)).id)


async def test_there_is_an_end_to_addresses(calendars: Subscriber) -> None:
    for _ in range(20):
        await calendars.issue()

    with pytest.raises(BadInputError, match="end one first"):
        await calendars.issue()


async def test_the_secret_is_stored_nowhere_and_its_use_is_noted(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue()
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) >= 43  # 256 bits in base64

    await calendars.get(path, User_Agent="Mozilla/5.0 (X11) Gecko/20100101 Thunderbird/153.0")
    await calendars.server.uses.flush()

    async with clinic.tx() as tx:
        rows = (await tx.conn.execute(text("SELECT calendar_feed::text FROM calendar_feed"))).scalars().all()
        [feed] = await feeds_of(tx, clinic.ctx, await clinic.person())
    assert secret not in "".join(rows)
    assert feed.last_used_at is not None
    assert feed.last_used_by == "Thunderbird"


async def test_a_renewed_address_takes_the_place_of_the_old_one(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()
    assert (await calendars.get(path)).status == 200
    async with clinic.tx() as tx:
        anna = await clinic.person()
        [feed] = await feeds_of(tx, clinic.ctx, anna)
        _, secret = await rotate_feed(tx, clinic.ctx, anna, feed.id)
        with pytest.raises(RefusedError):
            await rotate_feed(tx, clinic.ctx, await clinic.person(BEN), feed.id)

    assert (await calendars.get(path)).status == 404
    assert len(await calendars.events(f"/feeds/{secret}.ics")) == 1


async def test_an_address_ends_when_it_was_given_an_end(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(expires_at=clinic.now + HOUR)
    other = await calendars.issue()
    assert (await calendars.get(path)).status == 200
    async with clinic.tx() as tx:
        anna = await clinic.person()
        last = (await feeds_of(tx, clinic.ctx, anna))[-1]
        await end_feed(tx, clinic.ctx, anna, last.id, clinic.now + DAY)
        with pytest.raises(BadInputError, match="passed"):
            await end_feed(tx, clinic.ctx, anna, last.id, clinic.now - DAY)

    clinic.clock.ahead += 2 * HOUR
    assert ((await calendars.get(path)).status, (await calendars.get(other)).status) == (404, 200)
    clinic.clock.ahead += DAY
    assert (await calendars.get(other)).status == 404
    async with clinic.tx() as tx:
        assert await feeds_of(tx, clinic.ctx, await clinic.person()) == []


async def test_what_is_chosen_anew_is_in_the_next_fetch(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()
    before = await calendars.get(path)
    async with clinic.tx() as tx:
        anna = await clinic.person()
        [feed] = await feeds_of(tx, clinic.ctx, anna)
        await change_feed(tx, clinic.ctx, anna, feed.id, Options(frozenset({Tell.BUSY})))

    after = await calendars.get(path, If_None_Match=before.headers["ETag"])

    assert after.status == 200
    assert b"SUMMARY:Busy" in await after.read()


async def test_counting_the_changes_changes_nothing(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue()
    for start in await clinic.times(count=3):
        await clinic.book(start=start)
        before = await calendars.get(path)
        async with clinic.tx() as tx:
            await count_changes(tx)
        same = await calendars.get(path, If_None_Match=before.headers["ETag"])
        assert same.status == 304
    async with clinic.tx() as tx:
        assert (await tx.conn.execute(text("SELECT count(*) FROM calendar_change"))).scalar_one() == 0
    assert len(await calendars.events(path)) == 3


async def test_a_new_name_of_the_centre_is_in_the_next_fetch_and_nothing_is_where_it_does_not_stand(
    calendars: Subscriber, clinic: Clinic
) -> None:
    await clinic.book()
    mine, centres = await calendars.issue(), await calendars.issue(CLARA, FeedKind.CENTRE)
    before = [await calendars.get(path) for path in (mine, centres)]
    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE centre SET name = 'Spree Centre'"))

    assert (await calendars.get(mine, If_None_Match=before[0].headers["ETag"])).status == 304
    assert (await calendars.get(centres, If_None_Match=before[1].headers["ETag"])).status == 200
    assert b"Spree Centre" in await calendars.body(centres)


async def test_each_encoding_has_its_own_tag(calendars: Subscriber, clinic: Clinic) -> None:
    await clinic.book()
    path = await calendars.issue()

    plain = await calendars.get(path, Accept_Encoding="identity")
    squeezed = await calendars.get(path, Accept_Encoding="br, gzip;q=0.5")

    assert plain.headers["ETag"] != squeezed.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert await plain.read() == await squeezed.read()  # unpacked on the way
    for answer in (plain, squeezed):
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
        assert (await calendars.get(path, If_None_Match=answer.headers["ETag"])).status == 304


@pytest.mark.parametrize(
    ("accept", "ending"), [("application/calendar+json", "json"), ("application/calendar+xml", "xml")]
)
async def test_other_words_may_be_asked_for_at_the_same_address(
    calendars: Subscriber, clinic: Clinic, accept: str, ending: str
) -> None:
    await clinic.book()
    path = await calendars.issue()

    for address in (path, path.replace(".ics", "/freebusy.ics")):
        usual, other = await calendars.get(address), await calendars.get(address, Accept=f"{accept}, */*;q=0.1")
        named = await calendars.get(address.replace(".ics", f".{ending}"), Accept="text/calendar")

        assert usual.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert other.headers["Content-Type"] == named.headers["Content-Type"] == f"{accept}; charset=utf-8"
        assert f"careconnect.{ending}" in other.headers["Content-Disposition"]
        assert await other.read() == await named.read() != await usual.read()
        tags = usual.headers["ETag"], other.headers["ETag"]
        assert tags[0] != tags[1]
        assert {each.headers["Vary"] for each in (usual, other, named)} == {"Accept, Accept-Encoding"}
        # A tag is of one form: who has the other one is given what they ask for.
        asked = [await calendars.get(address, Accept=accept, If_None_Match=tag) for tag in tags]
        assert [each.status for each in asked] == [200, 304]
        assert [(await calendars.get(address, If_None_Match=tag)).status for tag in tags] == [304, 200]


async def test_who_asks_much_too_often_is_told_to_wait(calendars: Subscriber, clinic: Clinic) -> None:
    path, other = await calendars.issue(), await calendars.issue()

    answers = [(await calendars.get(path)).status]
    while answers[-1] == 200 and len(answers) < 2000:  # on a busy machine some are given back meanwhile
        answers.append((await calendars.get(path)).status)

    assert len(answers) > 300
    assert answers[-1] == 429
    assert (await calendars.get(path)).headers.get("Retry-After")
    assert (await calendars.get(other)).status == 200


async def test_a_rooms_calendar_has_the_visits_that_take_it(calendars: Subscriber, clinic: Clinic) -> None:
    path = await calendars.issue(CLARA, FeedKind.RESOURCE, await room_of(clinic))
    visit = await clinic.book()
    other = await clinic.book(BEN, start=(await clinic.times())[-1])
    await clinic.cancel(BEN, other)
    async with clinic.tx() as tx:
        paul = await person_of(tx, clinic.ctx, "@paul:localhost")
        without = await clinic.add_service(tx, clinic.doctor, payment=clinic.desk.payment)
        assert paul.platform_admin
    await clinic.book(service=without, start=(await clinic.times(without))[3])

    assert [simple(each)[1:3] for each in await calendars.events(path)] == [
        (visit.start, "CONFIRMED"),
        (other.start, "CANCELLED"),
    ]


async def test_a_teams_calendar_has_its_doctors_visits_alone(calendars: Subscriber, clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        weber = await clinic.add_doctor(tx, "Dr Jonas Weber", "@weber:localhost")
        service = await clinic.add_service(tx, weber, payment=clinic.desk.payment)
    await clinic.book()
    theirs = await clinic.book(BEN, service=service)
    path = await calendars.issue(CLARA, FeedKind.TEAM, members=(weber.id,))

    assert [simple(each)[0] for each in await calendars.events(path)] == [
        f"Visit {theirs.code}, Dr Jonas Weber (online)"
    ]


async def test_one_childs_calendar_has_that_childs_visits_alone(calendars: Subscriber, clinic: Clinic) -> None:
    mia = await clinic.child_of(ANNA)
    visit = await clinic.book(patient_id=mia)
    await clinic.book(start=(await clinic.times())[-1])

    assert [
        simple(each)[1] for each in await calendars.events(await calendars.issue(subject=mia, kind=FeedKind.PATIENT))
    ] == [visit.start]


async def test_a_patients_name_is_in_the_next_fetch_of_all_who_asked_for_names_and_so_is_that_it_is_gone(
    calendars: Subscriber, clinic: Clinic
) -> None:
    room = await room_of(clinic)
    await clinic.book()
    named = frozenset({Tell.NAMES})
    paths = [
        await calendars.issue(mxid, kind, subject, members=members, tells=named)
        for kind, mxid, subject, members in (
            (FeedKind.FAMILY, ANNA, None, ()),
            (FeedKind.PRACTITIONER, OSEI, None, ()),
            (FeedKind.CENTRE, CLARA, None, ()),
            (FeedKind.TEAM, CLARA, None, (clinic.doctor.id,)),
            (FeedKind.RESOURCE, CLARA, room, ()),
        )
    ]

    async def fetched(known: list[str]) -> tuple[list[str], list[bytes]]:
        """The tags and the bodies, asked for by those who have what was there before."""
        answers = [await calendars.get(path, If_None_Match=tag) for path, tag in zip(paths, known, strict=True)]
        assert {each.status for each in answers} == {200}
        return [each.headers["ETag"] for each in answers], [await each.read() for each in answers]

    tags, _ = await fetched([""] * len(paths))
    async with clinic.tx() as tx:
        await set_name(tx, clinic.ctx, await clinic.person(), "Vera Lind")
    tags, bodies = await fetched(tags)
    assert all(b"Vera Lind" in each for each in bodies)
    async with clinic.tx() as tx:
        anna = await clinic.person()
        await forget(tx, clinic.ctx.vault, anna.patient.id, actor=anna.id)
    _, bodies = await fetched(tags)
    assert not any(b"Vera" in each for each in bodies)


async def test_who_takes_their_records_over_has_their_visits_in_the_next_fetch(
    calendars: Subscriber, clinic: Clinic
) -> None:
    born = date(2000, 1, 1)
    async with clinic.tx() as tx:
        mia = (await add_family_member(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), "Mia", born)).id
    visit = await clinic.book(patient_id=mia)
    path = await calendars.issue(BEN)
    assert await calendars.events(path) == []
    async with clinic.tx() as tx:
        given = await give_code(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), visit.code)
        await take_over(tx, clinic.ctx, await person_of(tx, clinic.ctx, BEN), given.code, born)

    assert [simple(each)[1] for each in await calendars.events(path)] == [visit.start]
