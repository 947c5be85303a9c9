"""Series as rules: whatever became of their visits, a reader who expands the rule finds each where it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from booking.appointments.rhythm import Rhythm, starts_of
from booking.calendars.entries import Entry, Setting
from booking.calendars.model import Options
from booking.calendars.rules import Links, event_of
from booking.calendars.series import alone, laid_out
from booking.calendars.writing.whole import calendar
from core.ids import new_id
from core.settings import MatrixSettings, Settings
from tests.judges.readers import judged

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SERVICE, PATIENT, SERIES = UUID(int=1), UUID(int=2), UUID(int=3)
LINKS = Links("https://matrix.to/#/@bot:x", "https://care.example")
SIX = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Asia/Jerusalem")
LONG_AGO = timedelta(days=31)


def setting(zone: str) -> Setting:
    return Setting("A visit", False, "Dr Ama Osei", "Centre", "Street 1, Town", zone)


def entry(n: int, slot: datetime, **how: object) -> Entry:
    fields = {"status": "booked", "sequence": 0, "changed": NOW, "start": slot, "end": slot + HOUR, **how}
    return Entry(
        id=UUID(int=100 + n),
        code=f"C{n}",
        service_id=SERVICE,
        patient_id=PATIENT,
        series_id=SERIES,
        slot=slot,
        created=NOW,
        **fields,  # type: ignore[arg-type]
    )


def feed_of(entries: Sequence[Entry], zone: str, *, series: bool = True) -> bytes:
    placed = laid_out(entries, ZoneInfo(zone), NOW - timedelta(days=30)) if series else map(alone, entries)
    return calendar("x", [event_of(each, setting(zone), Options(), LINKS) for each in placed], timezone=zone)


def expanded(feed: bytes) -> list[tuple[datetime, str]]:
    found = recurring_ical_events.of(Calendar.from_ical(feed)).between(NOW - 800 * DAY, NOW + 5000 * DAY)
    return sorted((each["DTSTART"].dt.astimezone(UTC), str(each["STATUS"])) for each in found)


fates = st.sampled_from(
    ["stays", "stays", "moves", "cancelled", "cancelled long ago", "a mistake", "held", "held once"]
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SIX),
    st.integers(0, 24 * 60 * 60 - 1).map(lambda n: n - n % 300),
    st.sampled_from([1, 2, 7, 10, 14, 28]),
    st.lists(fates, min_size=2, max_size=10),
)
def test_each_visit_of_a_series_is_where_it_is(zone: str, second: int, days: int, fate: list[str]) -> None:
    """Over the days in spring and autumn on which clocks change, too."""
    first = NOW + timedelta(days=20, seconds=second)
    slots = starts_of(first, Rhythm(days, len(fate)), ZoneInfo(zone))
    visits, there = [], []
    for n, (slot, what) in enumerate(zip(slots, fate, strict=True)):
        change = {
            "stays": {},
            "moves": {"start": slot + 2 * HOUR, "end": slot + 3 * HOUR, "sequence": 1},
            "cancelled": {"status": "cancelled", "sequence": 1},
            "cancelled long ago": {"status": "cancelled", "sequence": 1, "changed": NOW - LONG_AGO},
            "a mistake": {"status": "entered-in-error", "sequence": 1},
            "held": {"status": "pending"},
            "held once": {"status": "cancelled"},
        }[what]
        visit = entry(n, slot, **change)
        visits.append(visit)
        if what not in {"cancelled long ago", "held", "held once"}:
            there.append((visit.start, "CANCELLED" if visit.cancelled else "CONFIRMED"))

    feed = feed_of(visits, zone)

    assert judged(feed) == {}
    assert expanded(feed) == sorted(there)


def test_a_series_is_one_rule_on_the_clock_of_the_centre() -> None:
    slots = starts_of(datetime(2026, 3, 16, 8, tzinfo=UTC), Rhythm(14, 3), ZoneInfo("Europe/Berlin"))
    text = feed_of([entry(n, slot) for n, slot in enumerate(slots)], "Europe/Berlin").decode()
    assert text.count("BEGIN:VEVENT") == 1
    assert "DTSTART;TZID=Europe/Berlin:20260316T090000" in text
    assert "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3" in text


def test_what_was_added_and_what_changed_makes_the_sequence_grow() -> None:
    slots = starts_of(NOW + DAY, Rhythm(7, 3), ZoneInfo("UTC"))
    plain = [entry(n, slot) for n, slot in enumerate(slots)]
    later = [each._replace(created=NOW + HOUR) if n else each for n, each in enumerate(plain)]
    moved = [later[0], later[1]._replace(sequence=1, start=slots[1] + HOUR, end=slots[1] + 2 * HOUR), later[2]]
    sequences = [laid_out(each, ZoneInfo("UTC"), NOW)[0].sequence for each in (plain[:1] * 2, plain, later, moved)]
    assert sequences == [0, 0, 1, 2]


def test_a_visit_of_a_series_that_was_a_mistake_leaves_its_name_and_makes_its_number_grow() -> None:
    slots = starts_of(NOW + DAY, Rhythm(7, 4), ZoneInfo("UTC"))
    before = [entry(n, slot, sequence=2 * (n == 0)) for n, slot in enumerate(slots)]
    after = [before[0]._replace(status="entered-in-error", sequence=3, changed=NOW - LONG_AGO), *before[1:]]
    was, now = (laid_out(each, ZoneInfo("UTC"), NOW - timedelta(days=30))[0] for each in (before, after))
    assert (now.uid, now.sequence - was.sequence) == (was.uid, 1)
    assert now.rule
    assert now.rule.without == (slots[0],)


def test_what_is_only_held_makes_the_number_grow_once_it_is_booked() -> None:
    slots = starts_of(NOW + DAY, Rhythm(7, 4), ZoneInfo("UTC"))
    booked = [entry(n, slot)._replace(created=NOW + n // 2 * HOUR) for n, slot in enumerate(slots)]
    held = [*booked[:2], *(each._replace(status="pending") for each in booked[2:])]
    was, now = (laid_out(each, ZoneInfo("UTC"), NOW)[0] for each in (held, booked))
    assert now.sequence > was.sequence
    assert was.rule
    assert was.rule.without == tuple(slots[2:])


def test_what_has_no_rhythm_is_written_one_by_one() -> None:
    starts = [NOW + n * DAY for n in (1, 2, 30)]
    text = feed_of([entry(n, start) for n, start in enumerate(starts)], "UTC").decode()
    assert text.count("BEGIN:VEVENT") == 3
    assert "RRULE" not in text


histories = st.lists(
    st.tuples(
        st.integers(0, 700_000),
        st.integers(5, 480),
        st.sampled_from(["booked", "arrived", "fulfilled", "noshow", "cancelled", "entered-in-error"]),
        st.integers(0, 9),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(histories, st.sampled_from(SIX))
def test_any_history_of_visits_gives_a_sound_feed(history: list[tuple[int, int, str, int]], zone: str) -> None:
    visits = []
    for minute, length, status, sequence in history:
        start = NOW + timedelta(minutes=minute)
        end = start + timedelta(minutes=length)
        visits.append(Entry(new_id(), "K7QM3F", status, sequence, NOW, start, end, SERVICE, PATIENT))

    feed = feed_of(visits, zone, series=False)

    assert judged(feed) == {}
    shown = [(each.start, "CANCELLED" if each.cancelled else "CONFIRMED") for each in visits]
    assert expanded(feed) == sorted(shown)


def test_entries_lead_to_one_of_several_bots_always_the_same_for_a_calendar() -> None:
    settings = Settings(matrix=MatrixSettings(shards=3))
    whose = [UUID(int=number) for number in range(50)]
    chats = [Links.of(settings, each).chat for each in whose]
    assert chats == [Links.of(settings, each).chat for each in whose]
    assert {chat.rpartition("/")[2] for chat in chats} == set(settings.matrix.bot_ids)
