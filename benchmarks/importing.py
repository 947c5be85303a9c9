"""A calendar of 10,000 events with rules, from its bytes to times that nobody can book; beside the libraries.

`python -m benchmarks.importing [EVENTS]`: the real child, the real services and tables; then the same calendar changed
by one event, as a poll finds it. Beside it, what icalendar and recurring-ical-events take for a tenth of the events.
"""

import asyncio
import random
import resource
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import recurring_ical_events

from benchmarks.ground import Ground, context, database_url
from booking.imports import service as imports
from booking.imports.model import SourceKind
from booking.imports.reading import AHEAD, Read
from booking.imports.rules import pieces, spans_of
from booking.imports.sandbox import read_apart
from booking.imports.service import Draft, Purpose
from booking.imports.store import sources, write_busy
from booking.schedules.service import free_times
from core.database import Database
from core.ids import new_id

_ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata")
_RULES = (
    "FREQ=WEEKLY;BYDAY={a},{b}",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY={a}",
    "FREQ=WEEKLY;BYDAY={b};UNTIL=20280101T000000Z",
    "FREQ=MONTHLY;BYDAY=2{a}",
    "FREQ=DAILY;COUNT=40",
)
_DAYS = ("MO", "TU", "WE", "TH", "FR")


def made(count: int) -> bytes:
    """Events as a practice has them: half an hour here and there, each with a rule, some with exceptions, described."""
    dice = random.Random(count)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN"]
    first = datetime.now(UTC).date() - timedelta(days=200)
    for n in range(count):
        zone = dice.choice(_ZONES)
        day = first + timedelta(days=dice.randrange(300))
        start = f"{day:%Y%m%d}T{dice.randrange(7, 19):02}{dice.choice((0, 10, 15, 20, 30, 40, 45)):02}00"
        rule = dice.choice(_RULES).format(a=dice.choice(_DAYS), b=dice.choice(_DAYS))
        lines += [
            "BEGIN:VEVENT",
            f"UID:{n}@bench",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART;TZID={zone}:{start}",
            f"DURATION:PT{dice.choice((15, 20, 30, 45, 60))}M",
            f"RRULE:{rule}",
            f"EXDATE;TZID={zone}:{start}",
            "SUMMARY:Something that is nobody's business",
            "DESCRIPTION:" + "what it is about and who comes and where " * 3,
            "LOCATION:Room 3",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


async def measure(url: str, count: int, body: bytes) -> None:
    """Read a calendar of so many events in, over an empty, migrated database, and say how long each step takes."""
    ground = Ground(Database(url), context())
    tx, ctx = ground.database.transaction, ground.ctx
    centre = await ground.centre("Centre")
    doctor = await ground.doctor(centre, "Dr One")
    service = await ground.service(doctor, centre)
    person = await ground.person("@dr.one:localhost")
    told: list[tuple[int, int]] = []

    async def tell(done: int, of: int) -> None:
        told.append((done, of))

    before, began = _children(), time.perf_counter()
    now = datetime.now(UTC)
    read = await read_apart(body, centre.timezone, now, tell)
    after_reading = time.perf_counter()
    origin = {"kind": SourceKind.FILE.value}
    draft = Draft(new_id(), person.id, Read(), origin, Purpose.BUSY, doctor.id)
    async with tx() as t:
        await imports.keep_draft(t, ctx, person, replace(draft, read=read))
        await imports.preview(t, ctx, person, replace(draft, read=read))
    after_preview = time.perf_counter()
    async with tx() as t:
        await imports.apply(t, ctx, person, await imports.draft_of(t, ctx, person, draft.id))
    done = time.perf_counter()
    print(
        f"{count} events with rules ({len(body) / 1e6:.1f} MB): {len(read.busy)} busy times in {AHEAD.days} days;"
        f" progress told {len(told)} times\n"
        f"  read in the child  {after_reading - began:6.2f} s ({_children() - before:.2f} s of a processor)\n"
        f"  kept and previewed {after_preview - after_reading:6.2f} s\n"
        f"  taken in           {done - after_preview:6.2f} s\n"
        f"  all of it          {done - began:6.2f} s (target 3)"
    )
    began = time.perf_counter()
    changed = spans_of(read.busy)[:-1]
    async with tx() as t:
        (source,) = await sources(t)
        await write_busy(t, source, list(pieces(changed, t.now)))
    print(f"  a poll writes one change in {(time.perf_counter() - began) * 1000:.0f} ms")
    async with tx() as t:
        began = time.perf_counter()
        await free_times(t, service, t.now, t.now + timedelta(days=30))
    print(f"  a month of free times beside them: {(time.perf_counter() - began) * 1000:.1f} ms")
    await ground.database.close()


def _children() -> float:
    """Seconds of a processor that processes took which this one started and which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def libraries(body: bytes, count: int) -> None:
    began = time.perf_counter()
    parsed = icalendar.Calendar.from_ical(body)
    after = time.perf_counter()
    now = datetime.now(UTC)
    found = recurring_ical_events.of(parsed).between(now, now + AHEAD)
    done = time.perf_counter()
    print(
        f"the libraries, {count} events: icalendar {after - began:.2f} s, recurring-ical-events {done - after:.2f} s"
        f" for {len(found)} occurrences"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with database_url() as url:
        asyncio.run(measure(url, count, made(count)))
    libraries(made(count // 10), count // 10)


if __name__ == "__main__":
    main()
