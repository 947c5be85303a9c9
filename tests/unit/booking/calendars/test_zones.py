"""VTIMEZONEs are right: their rules, followed by somebody else's reader, give the offsets of the zone itself."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from booking.calendars.writing.zones import timezone_lines

SIX = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Asia/Jerusalem")
HARD = ("Africa/Casablanca", "America/Nuuk", "Africa/Cairo", "Europe/Dublin", "Pacific/Chatham", "Asia/Tehran")
FIRST, LAST = 2026, 2028
HOUR = timedelta(hours=1)


def written(name: str) -> str:
    lines = timezone_lines(ZoneInfo(name), FIRST, LAST)
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", ""])


@pytest.mark.parametrize("name", [*SIX, *HARD])
def test_every_hour_of_three_years_has_the_offset_of_the_zone(name: str) -> None:
    zone = ZoneInfo(name)
    read = tzical(StringIO(written(name).replace("\r\n", "\n"))).get()
    at = datetime(FIRST, 1, 1, tzinfo=UTC)
    wrong = []
    while at.year <= LAST:
        wall = at.astimezone(zone)
        clear = wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset()
        if clear and wall.replace(tzinfo=read).utcoffset() != wall.utcoffset():
            wrong.append(at)
        at += 3 * HOUR
    assert wrong == []


@pytest.mark.parametrize("name", SIX)
def test_a_zone_that_follows_a_rule_is_written_as_one(name: str) -> None:
    text = written(name)
    [zone] = Calendar.from_ical(text).walk("VTIMEZONE")
    changes = {
        datetime(year, month, 1, tzinfo=ZoneInfo(name)).utcoffset() for year in (2026,) for month in range(1, 13)
    }
    assert "RDATE" not in text
    assert text.count("RRULE:FREQ=YEARLY") == (2 if len(changes) > 1 else 0)
    assert zone.errors == []


@pytest.mark.parametrize("name", SIX)
def test_the_days_on_which_clocks_change_are_right_to_the_minute(name: str) -> None:
    zone = ZoneInfo(name)
    read = Calendar.from_ical(written(name)).walk("VTIMEZONE")[0].to_tz()
    for year in range(FIRST, LAST + 1):
        for day in range(365):
            noon = datetime(year, 1, 1, 12, tzinfo=zone) + timedelta(days=day)
            assert noon.replace(tzinfo=read).utcoffset() == noon.utcoffset()
