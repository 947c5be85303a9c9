"""Other programs as subscribers: vdirsyncer fetches a feed into files, khal shows them; and one that is too large."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from booking.calendars.feeds import serving
from booking.calendars.model import FeedKind
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.clinic import ANNA, BEN, CLARA, Clinic
from tests.judges.readers import judged

_VDIRSYNCER = """
[general]
status_path = "{folder}/status/"

[pair feed]
a = "there"
b = "here"
collections = null
conflict_resolution = "a wins"
partial_sync = "ignore"

[storage there]
type = "http"
url = "{url}"

[storage here]
type = "filesystem"
path = "{folder}/calendar/"
fileext = ".ics"
"""
_KHAL = """
[calendars]
[[feed]]
path = {folder}/calendar/
type = calendar

[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
default_timezone = UTC
local_timezone = UTC

[sqlite]
path = {folder}/khal.db
"""


async def run(folder: Path, *command: str) -> str:
    """Run a program of this environment, away from any configuration of this machine."""
    program = Path(sys.executable).parent / command[0]
    surroundings = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    running = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        env=surroundings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate(b"y\ny\n")
    assert running.returncode == 0, said.decode()
    return said.decode()


async def test_vdirsyncer_and_khal_have_the_visits_as_they_are(
    calendars: Subscriber, clinic: Clinic, tmp_path: Path
) -> None:
    times = await clinic.times(count=5)
    moves, ends = await clinic.book(start=times[0]), await clinic.book(start=times[1])
    url = calendars.http.make_url(await calendars.issue())
    (tmp_path / "vdirsyncer").write_text(_VDIRSYNCER.format(folder=tmp_path, url=url))
    (tmp_path / "khal").write_text(_KHAL.format(folder=tmp_path))
    config = ("vdirsyncer", "-c", str(tmp_path / "vdirsyncer"))

    async def synced() -> list[Calendar]:
        await run(tmp_path, *config, "sync")
        return [Calendar.from_ical(file.read_bytes()) for file in (tmp_path / "calendar").glob("*.ics")]

    await run(tmp_path, *config, "discover")
    starts = {event["DTSTART"].dt for calendar in await synced() for event in calendar.events}
    assert starts == {moves.start, ends.start}

    moved = await clinic.reschedule(ANNA, moves, times[4])
    await clinic.cancel(ANNA, ends)
    found = {str(event["SUMMARY"]): event["DTSTART"].dt for calendar in await synced() for event in calendar.events}
    assert found == {f"Visit {moves.code}": moved.start, f"Cancelled: Visit {ends.code}": ends.start}

    days = f"{clinic.now + timedelta(days=10):%Y-%m-%d}"
    listed = await run(
        *(tmp_path, "khal", "-c", str(tmp_path / "khal"), "list", "--format", "{start-long-full}|{title}"),
        *(f"{clinic.now:%Y-%m-%d}", days),
    )
    assert f"{moved.start:%Y-%m-%d %H:%M}|Visit {moves.code}" in listed


async def test_what_is_too_large_to_keep_is_sent_as_it_is_written(
    calendars: Subscriber, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_STREAMED_FROM", 1000)
    for start in await clinic.times(count=5):
        await clinic.book(start=start)
    path = await calendars.issue(CLARA, FeedKind.CENTRE)

    plain = await calendars.get(path, Accept_Encoding="identity")
    squeezed = await calendars.get(path, Accept_Encoding="gzip")

    assert "Content-Length" not in plain.headers
    feed = await plain.read()
    assert judged(feed) == {}
    assert feed.count(b"BEGIN:VEVENT") == 5
    assert await squeezed.read() == feed
    assert plain.headers["ETag"] != squeezed.headers["ETag"]
    for answer in (plain, squeezed):
        assert (await calendars.get(path, If_None_Match=answer.headers["ETag"])).status == 304
    head = await calendars.http.head(path, headers={"Accept-Encoding": "identity"})
    assert (head.status, head.headers["ETag"], await head.read()) == (200, plain.headers["ETag"], b"")
    await clinic.book(BEN, start=(await clinic.times(count=7))[-1])
    after = await calendars.get(path, If_None_Match=plain.headers["ETag"])
    assert after.status == 200
    assert (await after.read()).count(b"BEGIN:VEVENT") == 6
