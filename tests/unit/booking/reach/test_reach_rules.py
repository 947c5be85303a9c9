"""When somebody answers, and who may write first."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from booking.reach.rules import EVERYBODY, Contacts, Group, checked_whom, opens
from booking.schedules.rules import WeeklySpan
from core.errors import BadInputError

BERLIN = ZoneInfo("Europe/Berlin")
NOON = [WeeklySpan(day, 12 * 60, 13 * 60) for day in range(5)]
PATIENT = frozenset({Group.PATIENTS})


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "when"),
    [
        (at(1, 8), at(1, 11)),  # Tuesday: Berlin is an hour ahead
        (at(1, 11, 30), at(1, 11, 30)),
        (at(1, 12), at(2, 11)),
        (at(4, 13), at(7, 11)),  # over the weekend
    ],
)
def test_the_next_hours_are_found(now: datetime, when: datetime) -> None:
    assert opens(NOON, BERLIN, now) == when


def test_without_hours_there_are_none() -> None:
    assert opens([], BERLIN, at(1, 8)) is None


def test_hours_over_midnight_of_yesterday_are_seen() -> None:
    late = [WeeklySpan(0, 20 * 60, 1440)]
    assert opens(late, ZoneInfo("Pacific/Auckland"), datetime(2026, 11, 30, 10, 30, tzinfo=UTC)) == datetime(
        2026, 11, 30, 10, 30, tzinfo=UTC
    )


def test_a_rule_has_exceptions() -> None:
    assert EVERYBODY.allows("@a:b.org", PATIENT)
    shut = Contacts(allow_all=False, exceptions=frozenset({"@a:b.org", "c.org", "staff"}))
    assert shut.allows("@a:b.org", PATIENT)
    assert shut.allows("@x:c.org", PATIENT)
    assert shut.allows("@x:y.org", frozenset({Group.STAFF}))
    assert not shut.allows("@x:y.org", PATIENT)
    open_but = Contacts(allow_all=True, exceptions=frozenset({"patients"}))
    assert not open_but.allows("@a:b.org", PATIENT)
    assert open_but.allows("@a:b.org", frozenset({Group.STAFF}))


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("@ama:example.org", "@ama:example.org"),
        ("@*:Example.org", "example.org"),
        ("example.org:8448", "example.org:8448"),
        ("Patients", "patients"),
        ("doctors", "staff"),
    ],
)
def test_exceptions_are_people_servers_and_groups(text: str, whom: str) -> None:
    assert checked_whom(text) == whom


@pytest.mark.parametrize("text", ["", "@nobody", "someone", "exa mple.org", "a" * 300 + ".org"])
def test_what_is_none_of_these_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        checked_whom(text)
