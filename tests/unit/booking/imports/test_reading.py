"""What a calendar says of time: zones, series and their exceptions, what counts and what does not."""

from datetime import date
from uuid import UUID

import pytest

from booking.calendars.rules import uid_of
from booking.imports.rules import dates_of, weeks_of
from booking.schedules.rules import WeeklySpan
from core.errors import BadInputError
from tests.unit.booking.imports.calendars import busy, by_the_libraries, calendar, event, read, spans

CUSTOM = (
    "BEGIN:VTIMEZONE|TZID:Customized Time Zone"
    "|BEGIN:STANDARD|DTSTART:16010101T030000|TZOFFSETFROM:+0300|TZOFFSETTO:+0200"
    "|RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10|END:STANDARD"
    "|BEGIN:DAYLIGHT|DTSTART:16010101T020000|TZOFFSETFROM:+0200|TZOFFSETTO:+0300"
    "|RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3|END:DAYLIGHT|END:VTIMEZONE"
)


def test_calcom_14664_ten_in_helsinki_and_ten_in_london_are_two_hours_apart() -> None:
    """Outlook publishes each event in the zone in which it was made, by its Windows name."""
    found = busy(
        calendar(
            event("DTSTART;TZID=FLE Standard Time:20261201T100000", "DTEND;TZID=FLE Standard Time:20261201T103000"),
            event("DTSTART;TZID=GMT Standard Time:20261201T100000", "DTEND;TZID=GMT Standard Time:20261201T103000"),
        )
    )
    assert found == [("1201T0800", "1201T0830"), ("1201T1000", "1201T1030")]


def test_calcom_19929_a_calendar_with_events_in_many_zones_has_each_at_its_own_time() -> None:
    """Proton exports IANA names, each with its VTIMEZONE; here those that the file defines itself, too."""
    found = busy(
        calendar(
            CUSTOM,
            event("DTSTART;TZID=America/New_York:20261201T080000", "DURATION:PT30M", uid="1"),
            event("DTSTART;TZID=Asia/Kolkata:20261201T080000", "DURATION:PT30M", uid="2"),
            event('DTSTART;TZID="Customized Time Zone":20261201T080000', "DURATION:PT30M", uid="3"),
            event("DTSTART:20261201T080000Z", "DURATION:PT30M", uid="4"),
            event("DTSTART:20261201T080000", "DURATION:PT30M", uid="5"),
        )
    )
    assert found == [
        ("1201T0230", "1201T0300"),  # Kolkata
        ("1201T0600", "1201T0630"),  # the zone that the file defines
        ("1201T0700", "1201T0730"),  # without a zone: the centre's
        ("1201T0800", "1201T0830"),  # UTC
        ("1201T1300", "1201T1330"),  # New York
    ]


@pytest.mark.parametrize(
    ("home", "until", "ends"),
    [
        ("Europe/Berlin", "20261203", "1203T2300"),
        ("Europe/Berlin", "20261203T000000Z", "1203T2300"),
        ("Europe/Berlin", "20261202T230000Z", "1203T2300"),  # midnight there, on the evening before in UTC
        ("America/New_York", "20261203T050000Z", "1204T0500"),
    ],
)
def test_whole_days_repeat_until_the_day_that_is_meant(home: str, until: str, ends: str) -> None:
    found = busy(calendar(event("DTSTART;VALUE=DATE:20261201", f"RRULE:FREQ=DAILY;UNTIL={until}")), home)
    assert found[-1][1] == ends


@pytest.mark.parametrize(
    ("tzid", "utc"),
    [
        ("Europe/Helsinki", "0600"),
        ("europe/helsinki", "0600"),
        ("/mozilla.org/20050126_1/Europe/Helsinki", "0600"),
        ("/freeassociation.sourceforge.net/Europe/Helsinki", "0600"),
        ("FLE Standard Time", "0600"),
        ("GMT+0200", "0600"),
        ("UTC", "0800"),
        ("Etc/UTC", "0800"),
        ("Somewhere/Else", "0700"),
    ],
)
def test_a_zone_is_known_by_all_its_names(tzid: str, utc: str) -> None:
    body = calendar(event(f"DTSTART;TZID={tzid}:20261201T080000", f"DTEND;TZID={tzid}:20261201T083000"))
    assert busy(body)[0][0] == f"1201T{utc}"
    assert read(body).zones == (["Somewhere/Else"] if tzid == "Somewhere/Else" else [])


def test_a_zone_that_the_file_defines_changes_its_clocks() -> None:
    series = event('DTSTART;TZID="Customized Time Zone":20261201T080000', "DURATION:PT1H", "RRULE:FREQ=MONTHLY;COUNT=6")
    hours = [start[-4:] for start, _ in busy(calendar(CUSTOM, series))]
    assert hours == ["0600", "0600", "0600", "0600", "0500", "0500"]


def test_what_is_written_in_utc_repeats_by_the_wall_clock_of_the_calendar() -> None:
    """Google writes X-WR-TIMEZONE, and series in UTC."""
    series = event("DTSTART:20261201T080000Z", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;COUNT=6")
    assert [start[-4:] for start, _ in busy(calendar(series))] == ["0800"] * 6
    body = calendar(series, head="X-WR-TIMEZONE:Europe/Berlin")
    assert [start[-4:] for start, _ in busy(body)] == ["0800"] * 4 + ["0700"] * 2
    floating = calendar(event("DTSTART:20261201T080000", "DURATION:PT1H"), head="X-WR-TIMEZONE:Asia/Tokyo")
    assert busy(floating) == [("1130T2300", "1201T0000")]


def test_whole_days_are_those_of_the_centre() -> None:
    day = calendar(event("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"))
    assert busy(day) == [("1223T2300", "1226T2300")]
    assert busy(day, "Asia/Tokyo") == [("1223T1500", "1226T1500")]
    assert read(day).closed == [date(2026, 12, n).toordinal() for n in (24, 25, 26)]
    assert busy(calendar(event("DTSTART;VALUE=DATE:20261224"))) == [("1223T2300", "1224T2300")]


def test_what_does_not_count_is_left_out_and_counted() -> None:
    start = "DTSTART:20261201T080000Z"
    found = read(
        calendar(
            event(start, "DURATION:PT30M", "STATUS:CANCELLED", uid="1"),
            event(start, "DURATION:PT30M", "TRANSP:TRANSPARENT", uid="2"),
            event(start, "DURATION:PT30M", uid=uid_of(UUID(int=7))),
            event("DTSTART:20200101T080000Z", "DURATION:PT30M", uid="3"),
            event("DTSTART:20269901T080000Z", "DURATION:PT30M", uid="4"),
            event(start, "DURATION:PT30M", "RRULE:FREQ=FORTNIGHTLY", uid="5"),
            event("DURATION:PT30M", uid="6"),
            event(start, uid="7"),
            event(start, "DURATION:PT30M", "STATUS:TENTATIVE", uid="8"),
        )
    )
    assert found.left_out == {"cancelled": 1, "free": 1, "ours": 1, "over": 1, "unreadable": 3, "empty": 1}
    assert (found.events, found.to_come, len(found.busy)) == (9, 1, 1)


def test_nothing_of_what_events_are_called_is_read() -> None:
    assert "secret" not in repr(read(calendar(event("DTSTART:20261201T080000Z", "DURATION:PT30M"))))


SERIES = "DTSTART;TZID=Europe/Berlin:20261201T090000"
LENGTH = "DTEND;TZID=Europe/Berlin:20261201T093000"


def test_series_leave_out_their_exceptions_and_have_what_was_moved() -> None:
    found = busy(
        calendar(
            event(SERIES, LENGTH, "RRULE:FREQ=DAILY;COUNT=5", "EXDATE;TZID=Europe/Berlin:20261202T090000"),
            event("RECURRENCE-ID:20261203T080000Z", "DTSTART:20261203T120000Z", "DTEND:20261203T130000Z"),
            event("RECURRENCE-ID;TZID=Europe/Berlin:20261204T090000", SERIES, LENGTH, "STATUS:CANCELLED"),
        )
    )
    assert found == [("1201T0800", "1201T0830"), ("1203T1200", "1203T1300"), ("1205T0800", "1205T0830")]


def test_a_change_of_all_that_follow_moves_the_rest() -> None:
    found = busy(
        calendar(
            event(SERIES, LENGTH, "RRULE:FREQ=DAILY;COUNT=5", "EXDATE;TZID=Europe/Berlin:20261204T090000"),
            event(
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20261203T080000Z",
                "DTSTART:20261203T120000Z",
                "DTEND:20261203T130000Z",
            ),
        )
    )
    assert [start for start, _ in found] == ["1201T0800", "1202T0800", "1203T1200", "1205T1200"]


def test_dates_are_added_and_an_exception_may_be_a_date_alone() -> None:
    found = busy(
        calendar(
            event(
                SERIES,
                LENGTH,
                "RRULE:FREQ=WEEKLY;UNTIL=20261222T080000Z",
                "EXDATE;VALUE=DATE:20261208",
                "RDATE;VALUE=PERIOD:20261203T100000Z/PT2H,20261204T100000Z/20261204T101500Z",
                "RDATE;TZID=Europe/Berlin:20261205T100000",
            )
        )
    )
    assert found == [
        ("1201T0800", "1201T0830"),
        ("1203T1000", "1203T1200"),
        ("1204T1000", "1204T1015"),
        ("1205T0900", "1205T0930"),
        ("1215T0800", "1215T0830"),
        ("1222T0800", "1222T0830"),
    ]


def test_busy_times_alone_are_read_too() -> None:
    body = calendar(
        "BEGIN:VFREEBUSY|UID:1|FREEBUSY;FBTYPE=BUSY:20261201T080000Z/PT1H,20261201T100000Z/20261201T103000Z"
        "|FREEBUSY;FBTYPE=FREE:20261201T120000Z/PT1H|END:VFREEBUSY"
    )
    assert busy(body) == [("1201T0800", "1201T0900"), ("1201T1000", "1201T1030")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        calendar(event(SERIES))[:-20],
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        calendar(event(SERIES, LENGTH, "RRULE:FREQ=SECONDLY")),
        calendar(event(SERIES, LENGTH, "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,30")),
    ],
)
def test_what_is_no_calendar_or_half_a_one_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadInputError):
        read(body)


RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=40",
    "FREQ=DAILY;BYDAY=MO,TU,TH;BYMONTH=1,4,12",
    "FREQ=DAILY;BYMONTHDAY=1,-1",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
    "FREQ=WEEKLY;BYDAY=TU,WE,TH;COUNT=17",
    "FREQ=WEEKLY;BYDAY=TU,WE,TH;BYSETPOS=-1",
    "FREQ=WEEKLY;UNTIL=20270330T070000Z",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=1TU,-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR,TU",
    "FREQ=MONTHLY;BYMONTHDAY=-1,31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;COUNT=12",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=3,12;BYDAY=1TU",
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1,24",
    "FREQ=YEARLY;BYDAY=20MO,-1TU",
    "FREQ=YEARLY;BYYEARDAY=100,-1",
    "FREQ=YEARLY;BYWEEKNO=10,20;BYDAY=MO",
    "FREQ=YEARLY;BYDAY=TU;BYMONTH=12;BYSETPOS=1",
    "FREQ=DAILY;BYHOUR=9,15;BYMINUTE=0;COUNT=20",
]


@pytest.mark.parametrize(("n", "rule"), [*enumerate(RULES)])
def test_rules_mean_what_the_libraries_make_of_them(n: int, rule: str) -> None:
    zone = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")[n % 3]
    for first in ("20261201T090000", "20251202T233000"):
        body = calendar(event(f"DTSTART;TZID={zone}:{first}", "DURATION:PT45M", f"RRULE:{rule}"))
        assert spans(body) == by_the_libraries(body)


def test_a_night_in_which_clocks_change_is_busy_until_the_later_of_both_ends() -> None:
    night = event(
        "DTSTART;TZID=Europe/Berlin:20261201T220000", "DTEND;TZID=Europe/Berlin:20261202T060000", "RRULE:FREQ=DAILY"
    )
    found = dict(busy(calendar(night)))
    assert found["0327T2100"] == "0328T0500"  # until 7 on the wall: eight hours, since 6 comes after seven
    assert found["1030T2000"] == "1031T0500"  # until 6 on the wall: nine hours
    assert found["0326T2100"] == "0327T0500"


def opened(*events: str, head: str = "") -> tuple[list[tuple[date, date | None, tuple[WeeklySpan, ...]]], dict]:
    found = read(calendar(*events, head=head)).opening
    assert found
    return [(week.begins, week.ends, week.spans) for week in weeks_of(found)], dates_of(found)


def hours(start: str, end: str, *lines: str, uid: str = "1") -> str:
    zone = "TZID=Europe/Berlin"
    return event(f"DTSTART;{zone}:{start}", f"DTEND;{zone}:{end}", *lines, "TRANSP:TRANSPARENT", uid=uid)


def test_weekly_hours_are_what_repeats_by_the_week_and_the_rest_are_dates_that_differ() -> None:
    weeks, dates = opened(
        hours("20260105T090000", "20260105T123000", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE", "EXDATE;VALUE=DATE:20261208"),
        hours("20260105T140000", "20260105T180000", "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231T225959Z", uid="2"),
        hours("20261212T100000", "20261212T140000", uid="3"),
        event("DTSTART;VALUE=DATE:20261223", "DTEND;VALUE=DATE:20261224", uid="4"),
    )
    morning = tuple(WeeklySpan(day, 540, 750) for day in range(3))
    assert weeks == [
        (date(2026, 11, 30), date(2026, 12, 29), (morning[0], WeeklySpan(0, 840, 1080), *morning[1:])),
        (date(2026, 12, 29), None, morning),
    ]
    assert dates == {
        date(2026, 12, 8): (),
        date(2026, 12, 12): ((600, 840),),
        date(2026, 12, 23): (),
    }


def test_a_roster_of_single_days_becomes_dates() -> None:
    weeks, dates = opened(
        hours("20261201T080000", "20261201T120000"),
        hours("20261203T220000", "20261204T060000", uid="2"),
    )
    assert weeks == [(date(2026, 11, 30), None, ())]
    assert dates == {
        date(2026, 12, 1): ((480, 720),),
        date(2026, 12, 3): ((1320, 1440),),
        date(2026, 12, 4): ((0, 360),),
    }


def test_availability_is_read_by_its_priorities() -> None:
    """RFC 7953: usual hours, and a stay elsewhere that hides them."""
    weeks, dates = opened(
        "BEGIN:VAVAILABILITY|UID:1|PRIORITY:5|BEGIN:AVAILABLE|UID:2|DTSTART;TZID=Europe/Berlin:20260105T090000"
        "|DTEND;TZID=Europe/Berlin:20260105T170000|RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR|END:AVAILABLE"
        "|END:VAVAILABILITY",
        "BEGIN:VAVAILABILITY|UID:3|PRIORITY:1|DTSTART:20261207T000000Z|DTEND:20261209T000000Z|BEGIN:AVAILABLE|UID:4"
        "|DTSTART;TZID=Europe/Berlin:20261207T120000|DTEND;TZID=Europe/Berlin:20261207T130000|END:AVAILABLE"
        "|END:VAVAILABILITY",
    )
    assert weeks == [(date(2026, 11, 30), None, tuple(WeeklySpan(day, 540, 1020) for day in range(5)))]
    assert dates == {date(2026, 12, 7): ((720, 780),), date(2026, 12, 8): ()}
