"""What is asked of a calendar that was read, one thing at a time, until it is shown what it would change."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from appservice.conversation.commands.changing import outside_listed
from appservice.conversation.dialogue import Choice
from appservice.conversation.rendering.calendars_in import busy_table, counted, days_listed, hours_table, under_way
from appservice.conversation.rendering.lists import numbered
from appservice.matrix.markdown import escape
from appservice.outgoing import Reply, post
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.resources import resource_by_id
from booking.imports import service as imports
from booking.imports.model import SourceKind
from booking.imports.reading import Read
from booking.imports.rules import PROBLEMS, runs
from booking.imports.sandbox import read_apart
from booking.imports.service import Draft, Link, Preview, Purpose
from booking.people.service import Person, person_by_id
from booking.schedules.changes import BusyTimes, CalendarHours, ClosedDays, TimeOff
from booking.schedules.opening import Schedule
from booking.schedules.rules import merged
from core.database import Tx
from core.ids import new_id
from core.languages import _, ngettext, speaking
from core.outbox import enqueue
from core.timezones import zone

READ = "calendar.read"
"""Outbox kind: a calendar to be fetched and looked at, for the person who named it."""
_LANES = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """Something to be said, and what it can be answered with."""

    text: str
    choices: list[Choice] = field(default_factory=list)
    words: dict[str, Choice] = field(default_factory=dict)


async def read_later(tx: Tx, person: Person, draft: Draft, room_id: str, key: str) -> None:
    """Have a draft's calendar fetched and read; `key` is that of the message that says so."""
    what = {"draft": str(draft.id), "person": str(person.id), "room": room_id, "key": key}
    lane = f"calendar.read:{person.id.int % _LANES}"
    await enqueue(tx, kind=READ, lane=lane, key=f"{READ}:{draft.id}:{key}", payload=json.dumps(what).encode())


async def look_through(
    tx: Tx,
    ctx: Context,
    person: Person,
    draft: Draft,
    body: bytes,
    progress: Callable[[int, int], Awaitable[None]] | None = None,
) -> Draft:
    """Read a calendar, and keep what it says as the draft. Raises BadInputError."""
    home = await imports.home_of(tx, ctx, person, draft)
    return replace(draft, read=await read_apart(body, home, tx.now, progress))


def not_read(problem: str) -> str:
    """Why a calendar could not be fetched."""
    return _("I can't read that calendar: {why}. Nothing has changed.", why=_(PROBLEMS[problem]))


async def step(tx: Tx, ctx: Context, person: Person, draft: Draft) -> Asked:
    """Ask for what is not known yet, one thing at a time; then show what would change. Keeps the draft.

    Raises RefusedError, BadInputError.
    """
    draft = await _supposed(tx, ctx, person, draft)
    await imports.keep_draft(tx, ctx, person, draft)
    if draft.practitioner_id is None and draft.centre_id is None and draft.resource_id is None:
        return await _whose(tx, ctx, person, draft)
    if draft.purpose is None and draft.resource_id is None:
        return await _what(tx, draft)
    if not draft.complete:
        return await _where(tx, draft)
    return await _shown(tx, ctx, person, await imports.preview(tx, ctx, person, draft))


async def _supposed(tx: Tx, ctx: Context, person: Person, draft: Draft) -> Draft:
    """Fill in what can only be one thing."""
    if draft.resource_id:
        return replace(draft, purpose=Purpose.BUSY)
    if draft.practitioner_id is None and draft.centre_id is None:
        doctors = await imports.doctors_for(tx, ctx, person)
        if len(doctors) == 1 and not person.administers:
            draft = replace(draft, practitioner_id=doctors[0].id)
    if draft.purpose is Purpose.HOURS and draft.practitioner_id and draft.centre_id is None:
        at = await directory.centres_of(tx, draft.practitioner_id)
        if len(at) == 1:
            draft = replace(draft, centre_id=at[0].id)
    return draft


def _choice(draft: Draft, **known: str) -> Choice:
    return {"do": "import is", "draft": str(draft.id), **known}


async def _whose(tx: Tx, ctx: Context, person: Person, draft: Draft) -> Asked:
    doctors = await imports.doctors_for(tx, ctx, person)
    lines = [escape(each.name) for each in doctors]
    choices = [_choice(draft, practitioner_id=str(each.id)) for each in doctors]
    if draft.purpose in (None, Purpose.BUSY):
        rooms = await imports.rooms_for(tx, ctx, person)
        lines += [_("{name}, a room or device", name=escape(each.name)) for each in rooms]
        choices += [_choice(draft, resource_id=str(each.id)) for each in rooms]
    if draft.purpose in (None, Purpose.DAYS) and draft.read.closed:
        for centre_id in sorted(person.administers):
            at = await directory.centre(tx, centre_id)
            lines.append(_("all of {centre}: days on which it is closed", centre=escape(at.name)))
            choices.append(_choice(draft, centre_id=str(centre_id), purpose=Purpose.DAYS.value))
    text = _(
        "{counted}\n\nWhose calendar is it?\n\n{list}\n\nAnswer with a number, or “stop”.",
        counted=counted(draft.read),
        list=numbered(lines),
    )
    return Asked(text, choices, _no(draft))


async def _what(tx: Tx, draft: Draft) -> Asked:
    assert draft.practitioner_id
    read = draft.read
    offers = {
        Purpose.BUSY: ngettext("busy times ({count})", "busy times ({count})", len(read.busy)),
        Purpose.HOURS: _("opening hours"),
        Purpose.DAYS: ngettext("{count} day off", "{count} days off", len(read.closed)),
    }
    if read.opening is None or not read.opening.spans:
        del offers[Purpose.HOURS]
    if not read.closed:
        del offers[Purpose.DAYS]
    first = Purpose.BUSY
    if read.availability and Purpose.HOURS in offers:
        first = Purpose.HOURS
    elif read.whole_days == read.events and Purpose.DAYS in offers:
        first = Purpose.DAYS
    order = sorted(offers, key=lambda each: each is not first)
    doctor = await directory.practitioner(tx, draft.practitioner_id)
    text = _(
        "{counted}\n\nWhat are these times of {doctor}?\n\n{list}\n\nAnswer with a number, or “stop”.",
        counted=counted(read),
        doctor=escape(doctor.name),
        list=numbered([offers[each] for each in order]),
    )
    return Asked(text, [_choice(draft, purpose=each.value) for each in order], _no(draft))


async def _where(tx: Tx, draft: Draft) -> Asked:
    assert draft.practitioner_id
    at = await directory.centres_of(tx, draft.practitioner_id)
    listed = numbered([escape(each.name) for each in at])
    text = _("At which centre are these the hours?\n\n{list}\n\nAnswer with a number, or “stop”.", list=listed)
    return Asked(text, [_choice(draft, centre_id=str(each.id)) for each in at], _no(draft))


def _no(draft: Draft) -> dict[str, Choice]:
    drop: Choice = {"do": "import drop", "draft": str(draft.id)}
    return {"no": drop, "stop": drop}


async def _shown(tx: Tx, ctx: Context, person: Person, seen: Preview) -> Asked:
    """What would change, which visits would be left outside, and the question."""
    draft = seen.draft
    parts = [await _changes(tx, draft, seen), counted(draft.read)]
    if seen.left:
        listed = await outside_listed(tx, ctx, zone(person.timezone), seen.left)
        head = ngettext(
            "{count} booking lies in what is then no free time:",
            "{count} bookings lie in what is then no free time:",
            len(seen.left),
        )
        stay = _("They stay booked until somebody moves or cancels them.")
        parts.append(f"{head}\n\n{listed}\n\n{stay}")
    take: Choice = {"do": "import apply", "draft": str(draft.id)}
    if seen.earlier:
        sent = seen.earlier.created_at.astimezone(zone(person.timezone))
        lines = [
            _("In place of the file of {when}", when=f"{sent.day} {sent:%b %H:%M}"),
            _("Beside it"),
            _("Leave it"),
        ]
        choices = [{**take, "replacing": str(seen.earlier.id)}, take, _no(draft)["no"]]
        parts.append(_("Take it in?\n\n{list}\n\nAnswer with a number.", list=numbered(lines)))
        return Asked("\n\n".join(parts), choices, _no(draft))
    parts.append(_question(draft, ctx.settings.imports.poll_minutes))
    return Asked("\n\n".join(parts), [], {"yes": take, **_no(draft)})


def _question(draft: Draft, minutes: int) -> str:
    kind = draft.origin["kind"]
    if draft.purpose is not Purpose.BUSY or kind == SourceKind.FILE:
        return _("Take it in? Answer **yes** or **no**.")
    if kind == SourceKind.CALDAV:
        return _(
            "Follow it, and write the visits into it? I look at it every {minutes} minutes then. Answer **yes** or"
            " **no**.",
            minutes=minutes,
        )
    return _("Follow it? I look at it every {minutes} minutes then. Answer **yes** or **no**.", minutes=minutes)


async def _changes(tx: Tx, draft: Draft, seen: Preview) -> str:
    change = seen.changes[0]
    match change:
        case BusyTimes(doctor_id, spans, room_id):
            name, here = await _who_is_busy(tx, doctor_id, room_id)
            coming = merged(span for span in spans if span[1] > tx.now)
            head = _("**{doctor}** is busy by this calendar ({zone}):", doctor=escape(name), zone=here.key)
            total = ngettext("{count} busy time to come.", "{count} busy times to come.", len(coming))
            return f"{head}\n\n{busy_table(coming, tx.now, here)}\n\n{total}"
        case CalendarHours(doctor_id, centre_id, weeks, dates):
            doctor, where = await directory.practitioner(tx, doctor_id), await directory.centre(tx, centre_id)
            here = zone(where.timezone)
            drawn = hours_table(Schedule(zone=here, weeks=weeks, dates=dates), tx.now)
            head = _(
                "Hours of **{doctor}** at {centre} ({zone}), in place of those that there are:",
                doctor=escape(doctor.name),
                centre=escape(where.name),
                zone=here.key,
            )
            return f"{head}\n\n{drawn}"
        case ClosedDays(centre_id, days):
            where = await directory.centre(tx, centre_id)
            here = zone(where.timezone)
            listed = days_listed(runs(days, here), here)
            return f"{_('{centre} is closed, for all who work there:', centre=f'**{escape(where.name)}**')}\n\n{listed}"
        case TimeOff(doctor_id):
            doctor, at = await directory.practitioner(tx, doctor_id), await directory.centres_of(tx, doctor_id)
            here = zone(at[0].timezone)
            spans = tuple((each.start, each.end) for each in seen.changes if isinstance(each, TimeOff))
            return f"{_('{doctor} is away:', doctor=f'**{escape(doctor.name)}**')}\n\n{days_listed(spans, here)}"
        case _:
            raise TypeError(type(change).__name__)


async def _who_is_busy(tx: Tx, doctor_id: UUID | None, room_id: UUID | None) -> tuple[str, ZoneInfo]:
    """Return the name of a doctor, or of a room, and the zone of the centre."""
    if doctor_id:
        doctor, at = await directory.practitioner(tx, doctor_id), await directory.centres_of(tx, doctor_id)
        return doctor.name, zone(at[0].timezone)
    assert room_id
    room = await resource_by_id(tx, room_id)
    return room.name, zone((await directory.centre(tx, room.centre_id)).timezone)


async def connect(ctx: Context, tx: Tx, link: Link, account: dict[str, str]) -> None:
    """Have a CalDAV calendar read whose server is reached like that (booking.imports.routes)."""
    person = await person_by_id(tx, ctx, link.person_id)
    origin = {"kind": SourceKind.CALDAV.value, **account}
    draft = new_draft(
        person, origin, purpose=Purpose.BUSY, practitioner_id=link.practitioner_id, resource_id=link.resource_id
    )
    await imports.keep_draft(tx, ctx, person, draft)
    key = f"caldav:{draft.id}"
    with speaking(person.language):
        reply = Reply(under_way(0, 0))
    await post(tx, ctx.vault, subject=person.id, room_id=link.room_id, key=key, reply=reply)
    await read_later(tx, person, draft, link.room_id, key)


def which_calendar(draft: Draft, found: dict[str, str]) -> Asked:
    """Ask which of an account's calendars is meant."""
    text = _(
        "Which calendar is it?\n\n{list}\n\nAnswer with a number, or “stop”.",
        list=numbered([escape(name) for name in found.values()]),
    )
    choices: list[Choice] = [{"do": "import at", "draft": str(draft.id), "address": address} for address in found]
    return Asked(text, choices, _no(draft))


def new_draft(person: Person, origin: dict[str, str], **known: Any) -> Draft:
    """A draft of a calendar that nobody has looked at yet."""
    return Draft(new_id(), person.id, Read(), origin, **known)
