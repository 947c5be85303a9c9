"""What people write behind “calendar”, in whatever order and with whatever between."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from appservice.conversation.understanding.calendars import read_wanted
from booking.calendars.model import Options, Tell
from core.errors import BadInputError

BERLIN = ZoneInfo("Europe/Berlin")
ALL = frozenset({Tell.NAMES, Tell.SERVICES, Tell.DOCTORS})


def read(said: str, before: Options | None = None) -> tuple[str, Options, str]:
    wanted = read_wanted(said, before or Options(), datetime(2026, 11, 30, 9, tzinfo=UTC), BERLIN, "en")
    return wanted.rest, wanted.options, f"{wanted.ends_at:%Y-%m-%d}" if wanted.ends_at else ""


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("mine with names in German", ("mine", Options(frozenset({Tell.NAMES}), "de"), "")),
        ("mine with everything, in German, alarm 1h", ("mine", Options(ALL, "de", alarms=(60,)), "")),
        (
            "team dr.osei, dr.weber next 40 days time zone Tokyo until 30 Dec with everything in German",
            ("team dr.osei, dr.weber", Options(ALL, "de", "Asia/Tokyo", days_ahead=40), "2026-12-31"),
        ),
        (
            "room Echo 1 with patients and services and doctors ends 31.12. last 5 days",
            ("room Echo 1", Options(ALL, days_back=5), "2027-01-01"),
        ),
        ("for Mia and in French with alarm 30 min", ("for Mia", Options(language="fr", alarms=(30,)), "")),
        ("alarms 1 day, 2 hours and 15 minutes in Malay", ("", Options(language="ms", alarms=(1440, 120, 15)), "")),
        ("centre without alarms busy only", ("centre", Options(frozenset({Tell.BUSY})), "")),
        ("availability open only until 30 Dec", ("availability", Options(frozenset({Tell.OPEN})), "2026-12-31")),
        ("busy only, without names, alarm 1h", ("", Options(frozenset({Tell.BUSY}), alarms=(60,)), "")),
    ],
)
def test_choices_are_read_in_any_order(said: str, read_as: tuple[str, Options, str]) -> None:
    assert read(said) == read_as


def test_what_is_not_named_stays_as_it_was() -> None:
    before = Options(frozenset({Tell.DOCTORS}), "de", "Asia/Tokyo", 5, 40, (60,))
    assert read("with names", before)[1] == Options(
        frozenset({Tell.DOCTORS, Tell.NAMES}), "de", "Asia/Tokyo", 5, 40, (60,)
    )
    assert read("no alarm", before)[1].alarms == ()
    assert read("without doctors", before)[1].tells == frozenset()


@pytest.mark.parametrize("said", ["in Swahili", "in Gibberish", "with gossip", "alarm soon", "until whenever"])
def test_what_cannot_be_chosen_is_said(said: str) -> None:
    with pytest.raises(BadInputError):
        read(said)
