"""What a person does with calendar addresses: make, list, change, renew, end them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from booking.access import require
from booking.calendars.feeds.rights import may_read
from booking.calendars.model import Feed, FeedKind, Options, Tell, calendar_feed
from booking.context import Context
from booking.directory.reading import practitioners_at
from booking.people.service import Person
from core.database import Tx
from core.errors import BadInputError, RefusedError
from core.ids import new_id, new_secret, secret_hash
from core.timezones import utc

_FEEDS_AT_MOST = 20
_ALARMS_AT_MOST = 5
_FURTHEST_ALARM = 28 * 24 * 60
table = calendar_feed


async def issue_feed(
    tx: Tx,
    ctx: Context,
    actor: Person,
    kind: FeedKind,
    subject_id: UUID,
    options: Options,
    *,
    members: Collection[UUID] = (),
    expires_at: datetime | None = None,
) -> tuple[Feed, str]:
    """Make a feed and return it with its secret, which is shown this once and stored nowhere.

    `members`: the practitioners of a team. `expires_at`: aware; nothing is at the address from then on. Raises
    RefusedError, and BadInputError when there are too many already, or an end that has passed.
    """
    require(await may_read(tx, actor, kind, subject_id))
    if len(await feeds_of(tx, ctx, actor)) >= _FEEDS_AT_MOST:
        raise BadInputError("You have {most} calendar addresses. Please end one first.", most=_FEEDS_AT_MOST)
    if kind is FeedKind.TEAM:
        there = {each.id for each in await practitioners_at(tx, subject_id)}
        require(bool(members) and there.issuperset(members))
    secret = new_secret()
    made = await tx.conn.execute(
        insert(table)
        .values(
            id=new_id(),
            kind=kind.value,
            subject_id=subject_id,
            members=sorted(members),
            owner=actor.id,
            secret_hash=secret_hash(secret),
            created_at=tx.now,
            expires_at=_checked_end(expires_at, tx.now),
            **_checked(options, kind).columns,
        )
        .returning(*table.columns)
    )
    return feed_from(made.one()), secret


async def feeds_of(tx: Tx, ctx: Context, actor: Person) -> list[Feed]:
    """Return the feeds that somebody has made and that are not over, oldest first."""
    found = await tx.conn.execute(
        select(table).where(table.c.owner == actor.id, _standing(tx)).order_by(table.c.created_at, table.c.id)
    )
    return [feed_from(row) for row in found]


async def rotate_feed(tx: Tx, ctx: Context, actor: Person, feed_id: UUID) -> tuple[Feed, str]:
    """Give a feed of one's own another secret, and return it; the old address leads nowhere from now on.

    Raises RefusedError.
    """
    secret = new_secret()
    values = {"secret_hash": secret_hash(secret), "last_used_at": None, "last_used_by": None}
    return await _changed(tx, actor, feed_id, values), secret


async def change_feed(tx: Tx, ctx: Context, actor: Person, feed_id: UUID, options: Options) -> Feed:
    """Choose anew what a feed of one's own tells; its address stays. Raises RefusedError, BadInputError."""
    kind = (await tx.conn.execute(select(table.c.kind).where(_own(tx, actor, feed_id)))).scalar_one_or_none()
    if kind is None:
        raise RefusedError
    return await _changed(tx, actor, feed_id, dict(_checked(options, FeedKind(kind)).columns))


async def end_feed(tx: Tx, ctx: Context, actor: Person, feed_id: UUID, at: datetime | None) -> Feed:
    """Give a feed of one's own an end (aware), or take the end away. Raises RefusedError, BadInputError."""
    return await _changed(tx, actor, feed_id, {"expires_at": _checked_end(at, tx.now)})


async def revoke_feeds(tx: Tx, ctx: Context, actor: Person, feed_id: UUID | None = None) -> int:
    """Revoke one of one's own feeds, or all of them; returns how many. Their addresses lead nowhere from now on."""
    wanted = (table.c.owner == actor.id) & _standing(tx)
    if feed_id is not None:
        wanted &= table.c.id == feed_id
    gone = await tx.conn.execute(update(table).where(wanted).values(revoked_at=tx.now))
    return gone.rowcount


async def _changed(tx: Tx, actor: Person, feed_id: UUID, values: dict[str, Any]) -> Feed:
    changed = update(table).where(_own(tx, actor, feed_id)).values(**values)
    found = await tx.conn.execute(changed.returning(*table.columns))
    row = found.one_or_none()
    if row is None:
        raise RefusedError
    return feed_from(row)


def _own(tx: Tx, actor: Person, feed_id: UUID) -> Any:
    return (table.c.id == feed_id) & (table.c.owner == actor.id) & _standing(tx)


def _standing(tx: Tx) -> Any:
    return table.c.revoked_at.is_(None) & (table.c.expires_at.is_(None) | (table.c.expires_at > tx.now))


def _checked_end(at: datetime | None, now: datetime) -> datetime | None:
    if at is not None and utc(at) <= now:
        raise BadInputError("That end has passed. Please choose one that is still to come.")
    return at


def _checked(options: Options, kind: FeedKind) -> Options:
    only = options.tells & {Tell.BUSY, Tell.OPEN}
    if kind.is_availability and (options.tells - only or options.alarms):
        raise BadInputError(
            "A calendar of open and busy times tells of no visit and does not ring. Leave that out; you can write “busy"
            " only” or “open only”."
        )
    if Tell.OPEN in only and not kind.is_availability:
        raise BadInputError("“Open only” is for a calendar of open and busy times: calendar availability open only")
    if len(options.alarms) > _ALARMS_AT_MOST or any(not 0 <= each <= _FURTHEST_ALARM for each in options.alarms):
        raise BadInputError("A calendar rings at most {most} times, from four weeks before on.", most=_ALARMS_AT_MOST)
    if not 0 <= options.days_back <= 400 or not 1 <= options.days_ahead <= 800:
        raise BadInputError("A calendar shows at most the last 400 days and the next 800.")
    if only and len(options.tells) > 1:
        raise BadInputError("“Busy only” tells nothing else. Please choose one or the other.")
    return options


@dataclass(frozen=True, slots=True)
class Addresses:
    """The ways in which one address is said."""

    https: str
    webcal: str
    """What phones and desktops open with their calendar."""
    google: str
    """Adds it to a Google calendar."""
    freebusy: str
    """When it is busy alone, for programs (VFREEBUSY)."""
    availability: str
    """Weekly hours, for programs (VAVAILABILITY): of what has hours."""


def addresses_of(ctx: Context, secret: str) -> Addresses:
    """Return the address of a feed."""
    base = f"{ctx.settings.http.public_url}/feeds/{secret}"
    https = f"{base}.ics"
    webcal = f"webcal://{https.split('://', 1)[1]}"
    google = f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}"
    return Addresses(https, webcal, google, f"{base}/freebusy.ics", f"{base}/availability.ics")


def feed_from(row: Row[Any]) -> Feed:
    """Return the feed that a row of the table is."""
    return Feed(
        id=row.id,
        kind=FeedKind(row.kind),
        subject_id=row.subject_id,
        members=tuple(row.members),
        options=Options(
            tells=frozenset(map(Tell, row.tells)),
            language=row.language,
            timezone=row.timezone,
            days_back=row.days_back,
            days_ahead=row.days_ahead,
            alarms=tuple(row.alarms),
        ),
        owner=row.owner,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        last_used_by=row.last_used_by,
    )
