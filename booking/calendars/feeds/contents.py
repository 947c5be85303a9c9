"""What a feed shows, in pieces of whole components: read from the database and written while it is read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from booking.calendars.availability import (
    Availability,
    availability_of,
    busy_by_calendars,
    hours_of,
    opened_of,
    where_of,
    without,
)
from booking.calendars.entries import Setting, Whose, series_with, settings_of, single_entries, single_rows
from booking.calendars.feeds.templates import Templates
from booking.calendars.feeds.versions import DIRECTORY
from booking.calendars.model import OPEN_FOR, FeedKind, Options, Tell
from booking.calendars.rules import CANCELLED_KEPT, Links, event_of, name_of
from booking.calendars.series import Placed, alone, laid_out
from booking.calendars.writing.events import event_text
from booking.calendars.writing.times import Weekly, availability, freebusy, open_and_busy
from booking.calendars.writing.whole import CLOSING, opening, timezone
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.resources import resource_by_id
from booking.people.service import patient_names
from booking.schedules.reading import Where
from booking.schedules.rules import Span, merged
from core.database import Tx
from core.timezones import zone

_DAY = timedelta(days=1)
_HOURS_FOR = 365
"""Days for which weekly hours are told as rules."""


class Part(StrEnum):
    """What is at an address of a feed."""

    EVENTS = "events"
    FREEBUSY = "freebusy"
    AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True)
class What:
    """All that a body follows from, besides the data and the day: feeds with the same of it share one."""

    part: Part
    kind: FeedKind
    ids: tuple[UUID, ...]
    """Of the patients, or the one of the practitioner, the centre, the room."""
    members: tuple[UUID, ...]
    options: Options
    centre_id: UUID | None = None
    """Whose changes are those of a room."""

    @property
    def subjects(self) -> tuple[UUID, ...]:
        """Whose changes are in the body."""
        return (DIRECTORY, *((self.centre_id,) if self.centre_id else self.ids))

    @property
    def exists(self) -> bool:
        """Whether there is such a part of such a feed: hours are those of practitioners."""
        return self.part is not Part.AVAILABILITY or self.kind.has_hours

    @property
    def open_for(self) -> int:
        """Days for which open and busy times are shown."""
        return min(self.options.days_ahead, OPEN_FOR)


async def contents(tx: Tx, ctx: Context, what: What, today: datetime) -> AsyncIterator[str]:
    """Yield the pieces of a body. `today`: midnight in UTC, so that a day long the same visits give the same bytes."""
    yield opening(await _name(tx, ctx, what), what.options.timezone)
    if what.part is Part.EVENTS and not what.kind.is_availability:
        async for piece in _visits(tx, ctx, what, today):
            yield piece
    elif what.part is Part.EVENTS:
        found, tells = await _availability(tx, what, today, today + what.open_for * _DAY), what.options.tells
        free = () if Tell.BUSY in tells else found.free
        taken = () if Tell.OPEN in tells else found.taken
        for piece in open_and_busy(what.ids[0].hex[-12:], free, taken):
            yield piece
    elif what.part is Part.FREEBUSY:
        yield await _freebusy(tx, ctx, what, today)
    else:
        for piece in await _hours(tx, what, today):
            yield piece
    yield CLOSING


async def _name(tx: Tx, ctx: Context, what: What) -> str:
    title, subject = ctx.settings.matrix.display_name, ""
    if what.kind in {FeedKind.PRACTITIONER, FeedKind.OPEN_PRACTITIONER}:
        subject = (await directory.practitioner(tx, what.ids[0])).name
    elif what.kind in {FeedKind.CENTRE, FeedKind.TEAM, FeedKind.OPEN_CENTRE}:
        subject = (await directory.centre(tx, what.ids[0])).name
    elif what.kind is FeedKind.RESOURCE:
        subject = (await resource_by_id(tx, what.ids[0])).name
    return name_of(subject, title)


_COLUMNS = {
    FeedKind.FAMILY: "patient_id",
    FeedKind.PATIENT: "patient_id",
    FeedKind.PRACTITIONER: "practitioner_id",
    FeedKind.RESOURCE: "resource_id",
}


def _whose(what: What) -> Whose:
    return Whose(_COLUMNS.get(what.kind, "centre_id"), what.ids, what.members)


async def _visits(tx: Tx, ctx: Context, what: What, today: datetime) -> AsyncIterator[str]:
    """The series first, as zones come before what is in them; then visits by themselves, by start."""
    settings, links = await settings_of(tx), Links.of(ctx.settings, what.ids[0])
    first, last = today - what.options.days_back * _DAY, today + what.options.days_ahead * _DAY
    since = today - CANCELLED_KEPT
    series = await series_with(tx, _whose(what), first, last, since)
    zones: dict[str, list[int]] = {}
    for each in series:
        years = [entry.start.year for entry in each] + [(entry.slot or entry.start).year for entry in each]
        zones.setdefault(settings[each[0].service_id].timezone, []).extend(years)
    for name, years in sorted(zones.items()):
        yield timezone(zone(name), min(years), max(years) + 1)
    for each in series:
        setting = settings[each[0].service_id]
        yield await _written(tx, ctx, what, laid_out(each, zone(setting.timezone), since), settings, links)
    if Tell.NAMES in what.options.tells:
        async for chunk in single_entries(tx, _whose(what), first, last, since):
            yield await _written(tx, ctx, what, [alone(entry) for entry in chunk], settings, links)
        return
    templates = Templates(settings, what.options, links)
    async for rows in single_rows(tx, _whose(what), first, last, since):
        yield templates.write(rows)


async def _written(
    tx: Tx, ctx: Context, what: What, placed: Sequence[Placed], settings: Mapping[UUID, Setting], links: Links
) -> str:
    names: Mapping[UUID, str] = {}
    if Tell.NAMES in what.options.tells:
        names = await patient_names(tx, ctx, {each.entry.patient_id for each in placed})
    return "".join(
        event_text(
            event_of(
                each,
                settings[each.entry.service_id],
                what.options,
                links,
                patient=names.get(each.entry.patient_id, ""),
            )
        )
        for each in placed
    )


async def _where(tx: Tx, what: What) -> list[Where]:
    if what.kind in {FeedKind.PRACTITIONER, FeedKind.OPEN_PRACTITIONER}:
        return await where_of(tx, practitioners=what.ids)
    return await where_of(tx, practitioners=what.members or None, centre_id=what.ids[0])


async def _availability(tx: Tx, what: What, start: datetime, end: datetime) -> Availability:
    return await availability_of(tx, await _where(tx, what), start, end)


async def _freebusy(tx: Tx, ctx: Context, what: What, today: datetime) -> str:
    end = today + what.open_for * _DAY
    url = Links.of(ctx.settings, what.ids[0]).chat
    if _COLUMNS.get(what.kind) in {"patient_id", "resource_id"}:
        busy: list[Span] = []
        async for chunk in single_entries(tx, _whose(what), today - _DAY, end, end):
            busy += [(entry.start, entry.end) for entry in chunk if entry.stands]
        for each in await series_with(tx, _whose(what), today - _DAY, end, end):
            busy += [(entry.start, entry.end) for entry in each if entry.stands]
        if what.kind is FeedKind.RESOURCE:
            busy += await busy_by_calendars(tx, what.ids, today, end)
        found = without(merged(busy), [(datetime.min.replace(tzinfo=today.tzinfo), today)])
        return freebusy(f"busy-{what.ids[0]}", today, end, busy=[b for b in found if b[0] < end], closed=(), url=url)
    known = await _availability(tx, what, today, end)
    opened = merged([*known.free, *known.taken])
    closed = without([(today, end)], opened)
    return freebusy(f"busy-{what.ids[0]}", today, end, busy=known.taken, closed=closed, url=url)


async def _hours(tx: Tx, what: What, today: datetime) -> list[str]:
    """Of one practitioner as rules; of several together, who are not off at the same time, date by date."""
    where = await _where(tx, what)
    one = what.kind in {FeedKind.PRACTITIONER, FeedKind.OPEN_PRACTITIONER}
    end = today + (min(what.options.days_ahead, _HOURS_FOR) if one else what.open_for) * _DAY
    hours = await hours_of(tx, where, today, end)
    uid = f"hours-{what.ids[0]}"
    if not one:
        opened: list[Span] = []
        for (practitioner, _), schedule in hours.schedules.items():
            here = opened_of(schedule, today.date(), end.date())
            opened += without(here, merged(hours.off.get(practitioner, ())))
        return [availability(uid, today, end, (), merged(opened), ())]
    first, last = today.date(), end.date()
    weekly: list[Weekly] = []
    dates: list[Span] = []
    pieces: list[str] = []
    for schedule in hours.schedules.values():
        other = {day for n in range((last - first).days) if schedule.is_holiday(day := first + n * _DAY)}
        other |= {day for day in schedule.dates if first <= day <= last}
        for week in (*schedule.weeks, *(week for own in schedule.services.values() for week in own)):
            begins, ends = max(week.begins, first), min(week.ends or last, last)
            weekly += [
                Weekly(span.weekday, span.starts, span.ends, begins, ends, schedule.zone, frozenset(other))
                for span in week.spans
                if (ends - begins).days > (span.weekday - begins.weekday()) % 7
            ]
        for day in sorted(schedule.dates):
            if first <= day <= last:
                dates += schedule.open_times(day, day)
    for place in sorted({each.zone.key for each in weekly}):
        pieces.append(timezone(zone(place), first.year, last.year))
    off = merged(span for spans in hours.off.values() for span in spans)
    return [*pieces, availability(uid, today, end, weekly, dates, off)]
