"""What people do with calendars that they have: look at what one would change, take it in, follow it, let go of it."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from booking.access import may_edit_centre, require
from booking.context import Context
from booking.directory import reading as directory
from booking.directory.model import Practitioner, Resource
from booking.directory.resources import resource_by_id, resources_at
from booking.imports import polling
from booking.imports.model import FOR_EVER, Source, SourceKind, calendar_draft, calendar_link, calendar_source
from booking.imports.reading import AHEAD, Read
from booking.imports.rules import dates_of, days_to_come, pieces, runs, spans_of, weeks_of
from booking.imports.sandbox import read_of
from booking.imports.store import add_source, remove_sources, sources, write_busy
from booking.people.service import Person
from booking.schedules.changes import (
    BusyTimes,
    CalendarHours,
    Change,
    ClosedDays,
    Outside,
    TimeOff,
    conflicts_of,
    make,
    may_block,
)
from core.database import Tx
from core.errors import BadInputError, RefusedError
from core.ids import new_id, new_secret, secret_hash
from core.timezones import zone
from records.sealing import Place

_LIFETIME = timedelta(days=1)
_MOST_SOURCES = 10


class Purpose(StrEnum):
    """What a calendar stands for."""

    BUSY = "busy"
    """When a doctor has something else to do, or a room or device is taken otherwise."""
    HOURS = "hours"
    """When a doctor can be visited at a centre."""
    DAYS = "days"
    """Days off: of a doctor, or of a whole centre."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A calendar that was read, before anything follows from it."""

    id: UUID
    person_id: UUID
    read: Read
    origin: dict[str, str]
    """`kind` as SourceKind; of a feed its `address`, and what else is needed to fetch it."""
    purpose: Purpose | None = None
    practitioner_id: UUID | None = None
    centre_id: UUID | None = None
    resource_id: UUID | None = None
    """The room or device that is busy by it, where it is no practitioner's."""

    @property
    def complete(self) -> bool:
        """Whether it is known what is to be changed."""
        if self.purpose is Purpose.DAYS:
            return bool(self.practitioner_id or self.centre_id)
        if self.purpose is Purpose.BUSY:
            return bool(self.practitioner_id or self.resource_id)
        return bool(self.purpose and self.practitioner_id and self.centre_id)


@dataclass(frozen=True, slots=True)
class Link:
    """Whose page it is, for which doctor or which room or device, and where it was asked for."""

    person_id: UUID
    practitioner_id: UUID | None
    resource_id: UUID | None
    room_id: str
    """On Matrix."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change."""

    draft: Draft
    changes: tuple[Change, ...]
    left: tuple[Outside, ...]
    """Visits that would lie outside; they stay booked."""
    earlier: Source | None
    """A file that was sent before for the same doctor or room, which this one may take the place of."""


async def keep_draft(tx: Tx, ctx: Context, actor: Person, draft: Draft) -> None:
    """Keep what was read for a day: only times, sealed for who sent it."""
    what = {**asdict(draft), "id": None, "person_id": None}
    sealed = await ctx.vault.seal(tx, actor.id, _place(draft.id), json.dumps(what, default=str).encode())
    gone = delete(calendar_draft).where(calendar_draft.c.id == draft.id)
    await tx.conn.execute(gone)
    await tx.conn.execute(
        insert(calendar_draft).values(id=draft.id, person_id=actor.id, created_at=tx.now, content=sealed)
    )


async def draft_of(tx: Tx, ctx: Context, actor: Person, draft_id: UUID) -> Draft:
    """Return a draft of one's own. Raises BadInputError when it is too old, or was taken in already."""
    found = await tx.conn.execute(
        select(calendar_draft.c.content, calendar_draft.c.created_at)
        .where(calendar_draft.c.id == draft_id, calendar_draft.c.person_id == actor.id)
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None or row.created_at < tx.now - _LIFETIME:
        raise BadInputError("That calendar was taken in already, or it is too long ago. Please send it again.")
    what: dict[str, Any] = json.loads(await ctx.vault.open(tx, actor.id, _place(draft_id), row.content))
    return Draft(
        id=draft_id,
        person_id=actor.id,
        read=read_of(what["read"]),
        origin=what["origin"],
        purpose=Purpose(what["purpose"]) if what["purpose"] else None,
        practitioner_id=UUID(what["practitioner_id"]) if what["practitioner_id"] else None,
        centre_id=UUID(what["centre_id"]) if what["centre_id"] else None,
        resource_id=UUID(what["resource_id"]) if what.get("resource_id") else None,
    )


async def drop_draft(tx: Tx, ctx: Context, actor: Person, draft_id: UUID) -> None:
    """Forget a draft."""
    mine = calendar_draft.c.person_id == actor.id
    await tx.conn.execute(delete(calendar_draft).where(calendar_draft.c.id == draft_id, mine))


async def prune_drafts(tx: Tx) -> int:
    """Forget drafts that nobody answered, and pages that are over. Returns how many drafts."""
    await tx.conn.execute(delete(calendar_link).where(calendar_link.c.expires_at < tx.now))
    gone = await tx.conn.execute(delete(calendar_draft).where(calendar_draft.c.created_at < tx.now - _LIFETIME))
    return gone.rowcount


async def doctors_for(tx: Tx, ctx: Context, actor: Person) -> list[Practitioner]:
    """Return the doctors whose times the actor may set: oneself, and those of the centres that one runs."""
    found: dict[UUID, Practitioner] = {}
    if actor.practitioner_id:
        found[actor.practitioner_id] = await directory.practitioner(tx, actor.practitioner_id)
    for centre_id in sorted(actor.administers):
        for each in await directory.practitioners_at(tx, centre_id):
            found.setdefault(each.id, each)
    return list(found.values())


async def rooms_for(tx: Tx, ctx: Context, actor: Person) -> list[Resource]:
    """Return the rooms and devices whose times the actor may set: those of the centres that one runs."""
    return [each for centre_id in sorted(actor.administers) for each in await resources_at(tx, centre_id)]


async def home_of(tx: Tx, ctx: Context, actor: Person, draft: Draft) -> str:
    """Return the zone in which a calendar is read that names none: the centre's."""
    centre_id = draft.centre_id
    if draft.resource_id:
        centre_id = (await resource_by_id(tx, draft.resource_id)).centre_id
    if centre_id:
        return (await directory.centre(tx, centre_id)).timezone
    doctor = draft.practitioner_id or actor.practitioner_id
    at = await directory.centres_of(tx, doctor) if doctor else []
    if not at and actor.administers:
        at = [await directory.centre(tx, min(actor.administers))]
    return at[0].timezone if at else actor.timezone


async def new_link(
    tx: Tx,
    ctx: Context,
    actor: Person,
    room_id: str,
    *,
    practitioner_id: UUID | None = None,
    resource_id: UUID | None = None,
) -> str:
    """Return the address of a page on which the actor says how the CalDAV server of a doctor's calendar is reached.

    Or of that of a room or device. It opens once. `room_id`: where it was asked for, on Matrix. For who may set the
    doctor's or the room's times. Raises RefusedError.
    """
    require(await may_block(tx, actor, practitioner_id, resource_id))
    secret = new_secret()
    await tx.conn.execute(
        insert(calendar_link).values(
            secret_hash=secret_hash(secret),
            person_id=actor.id,
            practitioner_id=practitioner_id,
            resource_id=resource_id,
            room_id=room_id,
            expires_at=tx.now + timedelta(minutes=ctx.settings.imports.link_minutes),
        )
    )
    return f"{ctx.settings.http.public_url}/calendars/{secret}"


async def link_behind(tx: Tx, secret: str, *, use: bool) -> Link:
    """Return what a page is for; when it is used, it is over. Raises RefusedError for one that is over, or none."""
    link = calendar_link
    found = await tx.conn.execute(
        select(link)
        .where(link.c.secret_hash == secret_hash(secret), link.c.used_at.is_(None), link.c.expires_at > tx.now)
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        raise RefusedError("This page is over. Write “follow caldav” in the chat for a new one.")
    if use:
        await tx.conn.execute(update(link).where(link.c.secret_hash == row.secret_hash).values(used_at=tx.now))
    return Link(row.person_id, row.practitioner_id, row.resource_id, row.room_id)


async def preview(tx: Tx, ctx: Context, actor: Person, draft: Draft) -> Preview:
    """Return what a draft would change, and the visits that it would leave outside. Nothing changes.

    For who may set what changes. Raises RefusedError, and BadInputError when the calendar says nothing of that.
    """
    changes = await _changes(tx, actor, draft)
    left: dict[UUID, Outside] = {}
    for change in changes:
        left |= {each.id: each for each in await conflicts_of(tx, ctx, actor, change)}
    earlier = None
    if draft.purpose is Purpose.BUSY and draft.origin["kind"] == SourceKind.FILE:
        files = calendar_source.c.kind == SourceKind.FILE.value
        subject = draft.practitioner_id or draft.resource_id
        before = await sources(tx, files, calendar_source.c.subject_id == subject)
        earlier = before[-1] if before else None
    return Preview(draft, changes, tuple(sorted(left.values(), key=lambda each: each.start)), earlier)


async def apply(
    tx: Tx, ctx: Context, actor: Person, draft: Draft, *, replacing: UUID | None = None
) -> tuple[Outside, ...]:
    """Take a calendar in; returns the visits that are outside now. `replacing`: a source whose place it takes.

    A feed is followed from then on. For who may set what changes. Raises RefusedError, BadInputError.
    """
    changes = await _changes(tx, actor, draft)
    left: dict[UUID, Outside] = {}
    for change in changes:
        if isinstance(change, BusyTimes):
            left |= {each.id: each for each in await conflicts_of(tx, ctx, actor, change)}
            await _follow(tx, ctx, actor, draft, change)
        else:
            left |= {each.id: each for each in await make(tx, ctx, actor, change, sure=True)}
    if replacing:
        await stop_following(tx, ctx, actor, replacing)
    await drop_draft(tx, ctx, actor, draft.id)
    return tuple(sorted(left.values(), key=lambda each: each.start))


async def _follow(tx: Tx, ctx: Context, actor: Person, draft: Draft, busy: BusyTimes) -> None:
    there = await sources(tx, calendar_source.c.subject_id == (busy.practitioner_id or busy.resource_id))
    if len(there) >= _MOST_SOURCES:
        raise BadInputError("There are {most} calendars already. Stop following one first.", most=_MOST_SOURCES)
    kind = SourceKind(draft.origin["kind"])
    followed = kind is not SourceKind.FILE
    source = Source(
        id=new_id(),
        practitioner_id=busy.practitioner_id,
        kind=kind,
        owner=actor.id,
        created_at=tx.now,
        read_at=tx.now,
        known_until=tx.now + AHEAD if followed else FOR_EVER,
        # It may have changed since it was shown, and our visits are to be written into it.
        next_look_at=tx.now if followed else None,
        looked_at=tx.now,
        events=draft.read.events,
        left_out=draft.read.left_out.get("unreadable", 0),
        resource_id=busy.resource_id,
    )
    address = {name: said for name, said in draft.origin.items() if name != "kind"} if followed else None
    await add_source(tx, ctx, source, address)
    await write_busy(tx, source, list(pieces(busy.spans, tx.now)))


async def _changes(tx: Tx, actor: Person, draft: Draft) -> tuple[Change, ...]:
    read, doctor, centre_id = draft.read, draft.practitioner_id, draft.centre_id
    match draft.purpose:
        case Purpose.BUSY if doctor or draft.resource_id:
            return (BusyTimes(doctor, tuple(spans_of(read.busy)), None if doctor else draft.resource_id),)
        case Purpose.HOURS if doctor and centre_id:
            opening = read.opening
            if opening is None or not (opening.spans or any(spans for _, _, spans in opening.weeks)):
                raise BadInputError("There are no opening hours to come in that calendar.")
            return (CalendarHours(doctor, centre_id, weeks_of(opening), dates_of(opening)),)
        case Purpose.DAYS if centre_id or doctor:
            require(may_edit_centre(actor, centre_id) if centre_id else await may_block(tx, actor, doctor, None))
            at = await directory.centre(tx, centre_id) if centre_id else (await directory.centres_of(tx, doctor))[0]  # type: ignore[arg-type]
            here = zone(at.timezone)
            days = days_to_come(read.closed, tx.now.astimezone(here).date())
            if not days:
                raise BadInputError("There are no whole days in that calendar within a year to come.")
            if centre_id:
                return (ClosedDays(centre_id, days),)
            assert doctor
            return tuple(TimeOff(doctor, start, end) for start, end in runs(days, here) if end > tx.now)
        case _:
            raise BadInputError("Say what the calendar stands for, and for whom.")


async def names_for(tx: Tx, ctx: Context, actor: Person) -> dict[UUID, str]:
    """Return the doctors, and the rooms and devices, whose times the actor may set, by name."""
    names = {each.id: each.name for each in await doctors_for(tx, ctx, actor)}
    return names | {each.id: each.name for each in await rooms_for(tx, ctx, actor)}


async def followed(tx: Tx, ctx: Context, actor: Person) -> list[tuple[Source, str]]:
    """Return the calendars by which those are busy whose times the actor may set, with their names; oldest first."""
    names = await names_for(tx, ctx, actor)
    found = await sources(tx, calendar_source.c.subject_id.in_(names)) if names else []
    return [(each, names[each.subject_id]) for each in found]


async def stop_following(tx: Tx, ctx: Context, actor: Person, source_id: UUID) -> Source:
    """Let go of a calendar: what is busy by it alone is free again. For who may set the doctor's or room's times."""
    source = await _mine(tx, actor, source_id)
    await remove_sources(tx, [source])
    return source


async def refresh(tx: Tx, ctx: Context, actor: Person, source_id: UUID) -> Source:
    """Have a calendar read at once, and the actor told how that went. For who may set the doctor's or room's times.

    Raises RefusedError, and BadInputError for a file, which is as it was sent.
    """
    source = await _mine(tx, actor, source_id)
    if source.kind is SourceKind.FILE:
        raise BadInputError("That calendar came as a file: send it again to have it read anew.")
    await polling.queue(tx, [source], report=actor.id)
    return source


async def _mine(tx: Tx, actor: Person, source_id: UUID) -> Source:
    found = await sources(tx, calendar_source.c.id == source_id, lock=True)
    if not found:
        raise RefusedError
    require(await may_block(tx, actor, found[0].practitioner_id, found[0].resource_id))
    return found[0]


def _place(draft_id: UUID) -> Place:
    return Place("calendar_draft", "content", draft_id)


__all__ = [
    "Draft",
    "Preview",
    "Purpose",
    "apply",
    "doctors_for",
    "draft_of",
    "drop_draft",
    "followed",
    "home_of",
    "keep_draft",
    "link_behind",
    "names_for",
    "new_link",
    "preview",
    "prune_drafts",
    "refresh",
    "rooms_for",
    "stop_following",
]
