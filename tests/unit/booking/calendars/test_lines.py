"""Content lines are folded and escaped so that every reader has the same text again."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from booking.calendars.writing.events import Event
from booking.calendars.writing.lines import escaped, folded, offset_stamp, quoted, text_line, utc_stamp
from booking.calendars.writing.tree import components
from booking.calendars.writing.whole import calendar
from tests.judges.lint import lint

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
texts = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from('aé😀عر\r\n\\;,:"\u2028')), max_size=120
)


def event(**change: object) -> Event:
    fields = {"uid": "1@x", "sequence": 2, "changed": NOON, "start": NOON, "end": NOON + timedelta(minutes=20)}
    return Event(**{**fields, "summary": "Visit 1", **change})  # type: ignore[arg-type]


def kept(text: str) -> str:
    """What of a text can be written at all."""
    [read] = components(f"BEGIN:X\r\nA:{escaped(text)}\r\nEND:X\r\n")
    return read.properties[0].value


@given(st.lists(st.tuples(texts, texts, st.booleans()), max_size=5))
def test_every_text_comes_back_as_it_was(entries: list[tuple[str, str, bool]]) -> None:
    events = [
        event(uid=f"{n}@x", summary=summary, location=place, description=place, cancelled=off, alarms=(10,))
        for n, (summary, place, off) in enumerate(entries)
    ]
    feed = calendar("Clinic", events)
    assert lint(feed) == []
    read = Calendar.from_ical(feed)
    assert not read.errors
    for entry, written in zip(read.walk("VEVENT"), events, strict=True):
        assert not entry.errors
        assert str(entry["SUMMARY"]) == ("Cancelled: " if written.cancelled else "") + kept(written.summary)
        assert str(entry.get("LOCATION", "")) == kept(written.location)
        assert entry["STATUS"] == ("CANCELLED" if written.cancelled else "CONFIRMED")
        assert entry["TRANSP"] == ("TRANSPARENT" if written.cancelled else "OPAQUE")
        assert entry["DTSTART"].dt == NOON
        assert int(entry["SEQUENCE"]) == 2


@given(st.text(alphabet="aé😀عر", max_size=200))
def test_a_fold_tears_no_character_apart(text: str) -> None:
    line = folded(f"SUMMARY:{text}")
    parts = line.removesuffix(b"\r\n").split(b"\r\n ")
    assert all(len(part) + (n > 0) <= 75 for n, part in enumerate(parts))
    assert "".join(part.decode() for part in parts) == f"SUMMARY:{text}"
    assert text_line("SUMMARY", text).encode() == line


def test_a_line_of_75_octets_is_left_alone_and_one_of_76_is_not() -> None:
    assert folded("X" * 75) == b"X" * 75 + b"\r\n"
    assert folded("X" * 76) == b"X" * 75 + b"\r\n X\r\n"
    assert folded("é" * 38) == "é".encode() * 37 + b"\r\n " + "é".encode() + b"\r\n"


def test_the_same_visits_give_the_same_bytes() -> None:
    assert calendar("Clinic", [event()]) == calendar("Clinic", [event()])


def test_signs_that_mean_something_in_icalendar_are_written_so_that_they_mean_nothing() -> None:
    assert escaped("a;b,c\\d\r\ne\x07\u2028f") == "a\\;b\\,c\\\\d\\ne\\nf"
    assert quoted('Dr "Bones"\r\n McCoy; x') == '"Dr Bones McCoy; x"'


def test_moments_are_written_in_utc_and_offsets_with_their_sign() -> None:
    assert utc_stamp(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))) == "20251231T190000Z"
    assert [offset_stamp(each) for each in (0, 19800, -12600, 3601)] == ["+0000", "+0530", "-0330", "+010001"]
