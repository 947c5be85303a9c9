"""Small rules of serving feeds: who asks, how often, in which encoding."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from booking.calendars.feeds.agents import family_of
from booking.calendars.feeds.bodies import Body, Form, Shelf
from booking.calendars.feeds.contents import Part, What
from booking.calendars.feeds.limits import Limits
from booking.calendars.feeds.negotiating import accepts_gzip, form_for
from booking.calendars.model import FeedKind, Options
from booking.calendars.writing.jcal import JcalWriter

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0", "Thunderbird"),
        ("Google-Calendar-Importer", "Google Calendar"),
        ("Microsoft.Exchange/15.20 (via CalendarSubscription)", "Outlook"),
        ("iOS/18.1 (22B83) dataaccessd/1.0", "Apple Calendar"),
        ("ICSx5/2.2 (ical4j)", "ICSx⁵"),
        ("", "another program"),
    ],
)
def test_the_family_of_a_program_is_known_by_what_it_says(agent: str, family: str) -> None:
    assert family_of(agent) == family


def test_a_burst_is_answered_and_then_so_many_a_second() -> None:
    limits = Limits(burst=3, rate=2)
    assert [limits.wait("feed", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limits.wait("other", 0.0) == 0
    assert limits.wait("feed", 0.5) == 0
    assert limits.wait("feed", 0.5) > 0


def test_what_is_lacking_is_told_without_taking_any() -> None:
    limits = Limits(burst=2, rate=2)
    assert [limits.lacking("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert [limits.wait("a", 0.0) for _ in range(2)] == [0, 0]
    assert limits.lacking("a", 0.0) == limits.wait("a", 0.0) == 0.5
    assert limits.lacking("a", 0.5) == 0


def test_buckets_that_are_full_again_are_forgotten_first() -> None:
    limits = Limits(burst=3, rate=2, most=10)
    for n in range(9):
        limits.wait(n, 0.0)
    for _ in range(3):
        limits.wait("empty", 99.0)
    limits.wait("new", 99.0)
    assert limits.wait("empty", 99.0) > 0
    for n in range(30):
        limits.wait(f"many {n}", 99.0)
    assert len(limits._full_at) <= 10


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip, deflate", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("", False),
        ("*", True),
        ("br", False),
    ],
)
def test_who_takes_gzip_says_so(header: str, takes: bool) -> None:
    assert accepts_gzip(header) is takes


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", Form.ICS),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form.ICS),  # a browser
        ("text/calendar,text/plain;q=0.8,*/*;q=0.5", Form.ICS),
        ("application/calendar+json", Form.JSON),
        ("Application/Calendar+XML; charset=utf-8", Form.XML),
        ("application/calendar+json, */*", Form.JSON),
        ("application/calendar+json, */*;q=0.1", Form.JSON),
        ("application/calendar+json;q=0.5, */*", Form.ICS),
        ("application/calendar+json, text/calendar", Form.ICS),
        ("application/calendar+json;q=0.9, text/*;q=0.3, application/calendar+xml", Form.XML),
        ("application/calendar+json;q=0", Form.ICS),
        ("application/calendar+json;q=often", Form.ICS),
        ("image/png", Form.ICS),
    ],
)
def test_the_form_that_is_named_is_taken(accept: str, form: Form) -> None:
    assert form_for(accept) is form


def test_each_state_of_a_body_is_newer_than_the_one_before() -> None:
    shelf = Shelf(What(Part.EVENTS, FeedKind.CENTRE, (), (), Options()), Form.ICS)
    told = []
    for state in (1, 1, 2, 3):
        shelf.enter((state,), NOON)
        told.append(shelf.modified - NOON)
    assert told == [timedelta(), timedelta(), timedelta(seconds=1), timedelta(seconds=2)]


def test_the_same_content_is_squeezed_to_the_same_bytes() -> None:
    assert Body.of(b"x" * 1000).squeeze() == Body.of(b"x" * 1000).squeeze()


def test_jcal_is_whole_in_whatever_pieces_it_is_written() -> None:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
    events = [
        f"BEGIN:VEVENT\r\nUID:{n}@x\r\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO,TU\r\nSUMMARY:a\\, b\\nc\r\nEND:VEVENT\r\n"
        for n in range(3)
    ]
    whole, pieces = JcalWriter(), JcalWriter()
    one = whole.write(head + "".join(events)) + whole.end()
    parts = pieces.write(head) + pieces.write(events[0] + events[1]) + pieces.write(events[2] + "END:VCALENDAR\r\n")
    assert json.loads(one) == json.loads(parts + pieces.end())
    _, _, [first, *_] = json.loads(one)
    assert first[1][1] == ["rrule", {}, "recur", {"freq": "WEEKLY", "count": 3, "byday": ["MO", "TU"]}]
    assert first[1][2] == ["summary", {}, "text", "a, b\nc"]
