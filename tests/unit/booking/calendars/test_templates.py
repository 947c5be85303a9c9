"""What is written quickly is what the writer of events writes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.calendars.entries import Entry, Setting
from booking.calendars.feeds.templates import Templates
from booking.calendars.model import Options, Tell
from booking.calendars.rules import Links, event_of
from booking.calendars.series import alone
from booking.calendars.writing.events import event_text
from core.ids import new_code, new_id
from core.languages import speaking

SERVICE = UUID(int=5)
names = st.text(alphabet=st.sampled_from("aé😀ع%s,;\\ "), max_size=60)


@given(
    names,
    names,
    st.booleans(),
    st.sets(st.sampled_from([Tell.DOCTORS, Tell.SERVICES])),
    st.sampled_from(["https://care.example", "https://a-very-long-name-of-a-place-where-care-is-given.example.org/x"]),
    st.integers(0, 1000),
    st.sampled_from(["booked", "cancelled", "fulfilled"]),
)
def test_a_template_gives_what_the_writer_gives(
    doctor: str, service: str, online: bool, tells: set[Tell], site: str, sequence: int, status: str
) -> None:
    setting = Setting(service, online, doctor, "Centre %s", "Street 1", "Europe/Berlin")
    options, links = Options(frozenset(tells), alarms=(60,)), Links("https://matrix.to/#/@bot:x", site)
    templates = Templates({SERVICE: setting}, options, links)
    start = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    for n in range(3):
        at = start + timedelta(days=n)
        entry = Entry(new_id(), new_code(), status, sequence, start, at, at + timedelta(hours=1), SERVICE, UUID(int=6))
        moments = (int(each.timestamp()) for each in (entry.changed, entry.start, entry.end))
        changed, begins, ends = moments
        row = (str(entry.id), entry.code, status, sequence, changed, begins, ends, SERVICE)
        assert templates.write([row]) == event_text(event_of(alone(entry), setting, options, links))


@pytest.mark.parametrize("tells", [frozenset(), frozenset({Tell.BUSY})])
def test_most_visits_are_written_by_a_template(tells: frozenset[Tell]) -> None:
    setting = Setting("A visit", False, "Dr Ama Osei", "Centre", "Street 1", "Europe/Berlin")
    templates = Templates(
        {SERVICE: setting}, Options(tells), Links("https://matrix.to/#/@bot:x", "https://care.example")
    )
    with speaking("en"):
        assert templates._template(SERVICE, cancelled=False) is not None
