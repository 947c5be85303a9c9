"""What is written is iCalendar that other people's readers read, byte for byte the same each time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from booking.calendars.writing import Event, calendar, escaped, folded

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def event(**change: object) -> Event:
    fields = {"uid": "1@x", "sequence": 2, "changed": NOON, "start": NOON, "end": NOON + timedelta(minutes=20)}
    return Event(**{**fields, "summary": "Visit 1", **change})  # type: ignore[arg-type]


def faults(feed: bytes) -> list[str]:
    """The five faults that no judge sees, as far as a calendar in UTC can have them."""
    found = []
    lines = feed.split(b"\r\n")
    if b"\n" in feed.replace(b"\r\n", b""):
        found.append("bare LF")
    if any(len(line) > 75 for line in lines):
        found.append("unfolded line")
    if b"TZID" in feed and b"BEGIN:VTIMEZONE" not in feed:
        found.append("TZID without VTIMEZONE")
    if any(line.startswith(b"DTSTAMP") and not line.endswith(b"Z") for line in lines):
        found.append("DTSTAMP not UTC")
    return found


texts = st.text(max_size=120)


@given(st.lists(st.tuples(texts, texts, st.booleans()), max_size=5))
def test_every_text_comes_back_as_it_was(entries: list[tuple[str, str, bool]]) -> None:
    events = [
        event(uid=f"{n}@x", summary=summary, location=place, cancelled=off)
        for n, (summary, place, off) in enumerate(entries)
    ]
    feed = calendar("Clinic", events)
    assert faults(feed) == []
    read = Calendar.from_ical(feed)
    assert not read.errors
    for entry, written in zip(read.walk("VEVENT"), events, strict=True):
        assert not entry.errors
        assert escaped(str(entry["SUMMARY"])) == escaped(("Cancelled: " if written.cancelled else "") + written.summary)
        assert entry["STATUS"] == ("CANCELLED" if written.cancelled else "CONFIRMED")
        assert entry["TRANSP"] == ("TRANSPARENT" if written.cancelled else "OPAQUE")
        assert entry["DTSTART"].dt == NOON
        assert int(entry["SEQUENCE"]) == 2


@given(st.text(alphabet="aé😀ع", max_size=200))
def test_a_fold_tears_no_character_apart(text: str) -> None:
    line = folded(f"SUMMARY:{text}")
    parts = line.removesuffix(b"\r\n").split(b"\r\n ")
    assert all(len(part) + (n > 0) <= 75 for n, part in enumerate(parts))
    assert "".join(part.decode() for part in parts) == f"SUMMARY:{text}"


def test_the_same_visits_give_the_same_bytes() -> None:
    assert calendar("Clinic", [event()]) == calendar("Clinic", [event()])


def test_signs_that_mean_something_in_icalendar_are_written_so_that_they_mean_nothing() -> None:
    assert escaped("a;b,c\\d\r\ne\x07") == "a\\;b\\,c\\\\d\\ne"
