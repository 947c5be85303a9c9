"""Making, listing and revoking feeds, and what they show."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Row, insert, or_, select, update

from booking.access import may_administer, require
from booking.appointments.model import Appointment, appointment, starts
from booking.calendars.model import Feed, FeedKind, calendar_feed
from booking.calendars.reading import Entry, entries, entry_of
from booking.calendars.rules import AFTER, BEFORE, event_of, is_shown, name_of
from booking.calendars.writing import calendar
from booking.context import Context
from booking.directory.reading import centre, practitioner
from booking.people.service import Person, person_by_id
from core.database import Tx
from core.errors import BadInputError
from core.ids import new_id, new_secret, secret_hash

_FEEDS_AT_MOST = 10
_USE_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Body:
    """What a feed shows now."""

    content: bytes
    etag: str
    """Strong: it changes with every byte (RFC 9110 section 8.8.3)."""
    changed: datetime
    """The last change of anything in it."""


async def issue_feed(tx: Tx, ctx: Context, actor: Person, kind: FeedKind, subject_id: UUID) -> str:
    """Make a feed and return its address, which is shown this once and stored nowhere.

    For oneself (`subject_id` is one's person id), for the practitioner one is, for a centre that one runs. Raises
    RefusedError, and BadInputError when there are too many already.
    """
    require(_may_read(actor, kind, subject_id))
    if len(await feeds_of(tx, ctx, actor)) >= _FEEDS_AT_MOST:
        raise BadInputError("You have {most} calendar addresses. Please revoke one first.", most=_FEEDS_AT_MOST)
    secret = new_secret()
    await tx.conn.execute(
        insert(calendar_feed).values(
            id=new_id(),
            kind=kind.value,
            subject_id=subject_id,
            owner=actor.id,
            secret_hash=secret_hash(secret),
            created_at=tx.now,
        )
    )
    return f"{ctx.settings.http.public_url}/feeds/{secret}.ics"


async def feeds_of(tx: Tx, ctx: Context, actor: Person) -> list[Feed]:
    """Return the feeds that somebody has made and not revoked, oldest first."""
    table = calendar_feed
    found = await tx.conn.execute(
        select(table).where(table.c.owner == actor.id, table.c.revoked_at.is_(None)).order_by(table.c.created_at)
    )
    return [_feed(row) for row in found]


async def revoke_feeds(tx: Tx, ctx: Context, actor: Person, feed_id: UUID | None = None) -> int:
    """Revoke one of one's own feeds, or all of them; returns how many. Their addresses lead nowhere from now on."""
    table = calendar_feed
    wanted = (table.c.owner == actor.id) & table.c.revoked_at.is_(None)
    if feed_id is not None:
        wanted &= table.c.id == feed_id
    gone = await tx.conn.execute(update(table).where(wanted).values(revoked_at=tx.now))
    return gone.rowcount


async def feed_behind(tx: Tx, ctx: Context, secret: str) -> Body | None:
    """Return what the feed at an address shows, or None when there is none, or none any more.

    A feed shows nothing to whom its owner would not be shown it now: who runs a centre no more, reads no more of it.
    """
    table = calendar_feed
    found = await tx.conn.execute(
        select(table).where(table.c.secret_hash == secret_hash(secret), table.c.revoked_at.is_(None))
    )
    row = found.one_or_none()
    if row is None:
        return None
    feed = _feed(row)
    owner = await person_by_id(tx, ctx, feed.owner)
    if not _may_read(owner, feed.kind, feed.subject_id):
        return None
    await tx.conn.execute(
        update(table)
        .where(
            table.c.id == feed.id,
            or_(table.c.last_used_at.is_(None), table.c.last_used_at < tx.now - _USE_NOTED_EVERY),
        )
        .values(last_used_at=tx.now)
    )
    # From midnight, so that the same visits are shown, with the same ETag, all day long.
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    visits = [visit for visit in await _visits(tx, owner, feed, today) if is_shown(visit, today)]
    events = [event_of(visit, feed.kind, _chat(ctx)) for visit in visits]
    subject, timezone = await _subject(tx, owner, feed)
    content = calendar(name_of(feed.kind, subject), events, timezone=timezone)
    # What grew old left at midnight without a change of its own.
    changed = max(feed.created_at, today, *(visit.changed for visit in visits))
    return Body(content, f'"{sha256(content).hexdigest()}"', changed)


def invitation(ctx: Context, visit: Appointment) -> bytes:
    """Return one visit as a file that a calendar takes in; the same visit, moved or cancelled, replaces it there."""
    return calendar("careConnect", [event_of(entry_of(visit), FeedKind.PATIENT, _chat(ctx))])


def _may_read(person: Person, kind: FeedKind, subject_id: UUID) -> bool:
    if kind is FeedKind.PATIENT:
        return subject_id == person.id
    if kind is FeedKind.PRACTITIONER:
        return subject_id == person.practitioner_id
    return may_administer(person, subject_id)


async def _visits(tx: Tx, owner: Person, feed: Feed, today: datetime) -> list[Entry]:
    during = (starts >= today - BEFORE, starts < today + AFTER)
    if feed.kind is FeedKind.CENTRE:
        return await entries(tx, *during, appointment.c.centre_id == feed.subject_id)
    if feed.kind is FeedKind.PRACTITIONER:
        return await entries(tx, *during, appointment.c.practitioner_id == feed.subject_id)
    patients = {owner.patient.id, *(member.id for member in owner.family)}
    return await entries(tx, *during, appointment.c.patient_id.in_(patients))


async def _subject(tx: Tx, owner: Person, feed: Feed) -> tuple[str, str]:
    """Whose calendar it is, by name, and the zone to show it in."""
    if feed.kind is FeedKind.CENTRE:
        at = await centre(tx, feed.subject_id)
        return at.name, at.timezone
    name = (await practitioner(tx, feed.subject_id)).name if feed.kind is FeedKind.PRACTITIONER else ""
    return name, owner.timezone


def _chat(ctx: Context) -> str:
    return f"https://matrix.to/#/{quote(ctx.settings.matrix.bot_id, safe='@:')}"


def _feed(row: Row[Any]) -> Feed:
    return Feed(row.id, FeedKind(row.kind), row.subject_id, row.owner, row.created_at, row.last_used_at)
