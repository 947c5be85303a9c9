"""Looking again at calendars that are followed: those that are due, one after the other, and what follows from each.

What a calendar says no more is free again; what it says now is busy, and nobody books over it. One that can't be read
keeps the times that are known of it; when it fails for long, the doctor (or what needs the room) is offered no more
until it works, and its owner is told of both.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, and_, exists, literal, or_, select, update
from sqlalchemy.exc import DBAPIError

from booking.appointments.model import appointment, starts
from booking.context import Context
from booking.directory.model import resource, service_resource
from booking.directory.reading import centre, centres_of
from booking.directory.resources import resource_by_id
from booking.imports import visits
from booking.imports.caldav import Account, Written, contents, write
from booking.imports.fetching import Fetched, FetchError, fetch
from booking.imports.model import Source, SourceKind, calendar_source
from booking.imports.reading import AHEAD, Read
from booking.imports.rules import given_up, next_look, pieces, spans_of
from booking.imports.sandbox import read_apart
from booking.imports.store import address_of, change_source, remove_sources, sources, write_busy
from booking.people.service import person_by_id
from booking.schedules.changes import Outside
from core.database import Tx
from core.errors import BadInputError
from core.ids import new_id
from core.lanes import LaterError, Row
from core.logs import log
from core.outbox import Work, enqueue, put
from records.sealing import ErasedError, SealBrokenError

POLL, TOLD = "calendar.poll", "calendar.told"
"""Outbox kinds: a calendar to be looked at, and news of one for somebody."""
_LANES = 3
"""Calendars that are looked at at the same time: servers that do not answer must not hold up what people wait for."""
_AT_ONCE = 200
_READ_ANEW = timedelta(days=1)
"""Even when a calendar has not changed, what repeats in it goes on."""
_LISTED = 20
_COMMITTED_LATER = timedelta(seconds=5)
"""A visit that was changed just before a look may not have been there yet: its transaction began earlier."""

_table = calendar_source
_log = log("booking.imports")


async def queue_due(tx: Tx, ctx: Context) -> int:
    """Have the calendars looked at that are due. Returns how many; run it every few seconds, by any replica."""
    await _let_go_of_rooms(tx)
    changed = (
        starts > tx.now - timedelta(days=1),
        appointment.c.updated_at > _table.c.looked_at - literal(_COMMITTED_LATER, Interval),
    )
    uses = service_resource.c
    needing = select(uses.service_id).where(uses.resource_id == _table.c.resource_id)
    at = select(resource.c.centre_id).where(resource.c.id == _table.c.resource_id).scalar_subquery()
    visits_changed = and_(
        _table.c.kind == SourceKind.CALDAV.value,
        or_(  # each by its own index
            exists().where(appointment.c.practitioner_id == _table.c.practitioner_id, *changed),
            exists().where(appointment.c.centre_id == at, appointment.c.service_id.in_(needing), *changed),
        ),
        or_(_table.c.failing_since.is_(None), _table.c.next_look_at <= tx.now),
    )
    due = (
        select(_table.c.id)
        .where(or_(_table.c.next_look_at <= tx.now, visits_changed))
        .order_by(_table.c.next_look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = (await tx.conn.execute(due)).scalars().all()
    if not ids:
        return 0
    found = await sources(tx, _table.c.id.in_(ids))
    await queue(tx, found)
    # Should the work be lost, it comes due again by itself.
    again = tx.now + timedelta(minutes=max(60, ctx.settings.imports.poll_minutes))
    noted = update(_table).where(_table.c.id.in_(ids)).values(next_look_at=again, looked_at=tx.now)
    await tx.conn.execute(noted)
    return len(ids)


async def _let_go_of_rooms(tx: Tx) -> None:
    """Forget calendars of rooms that are used no more, files too: nobody sees them in a list any more."""
    gone = select(resource.c.id).where(resource.c.active.is_(False))
    await remove_sources(tx, await sources(tx, _table.c.resource_id.in_(gone), lock=True))


async def queue(tx: Tx, wanted: Sequence[Source], *, report: UUID | None = None) -> None:
    """Have calendars looked at now; `report` is told how it went, whatever it is."""
    works = []
    for source in wanted:
        payload = json.dumps({"source": str(source.id), "report": str(report) if report else None}).encode()
        works.append(Work(POLL, f"calendar:{source.id.int % _LANES}", f"calendar:{source.id}:{new_id()}", payload))
    await put(tx, works)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one calendar."""

    tx: Tx
    ctx: Context
    source: Source
    report: UUID | None


class Polling:
    """Handler of the outbox kind POLL, for the process that leads."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def deliver(self, tx: Tx, row: Row) -> str:
        """Look at a calendar; returns how it went."""
        what = json.loads(row.payload)
        found = await sources(tx, _table.c.id == UUID(what["source"]))
        if not found or found[0].kind is SourceKind.FILE:
            return "followed no more"
        look = _Look(tx, self._ctx, found[0], UUID(what["report"]) if what["report"] else None)
        try:
            return await self._read(look, await address_of(tx, self._ctx, look.source))
        except FetchError as failed:
            return await _failed(look, failed.problem)
        except BadInputError:
            return await _failed(look, "unreadable")
        except (ErasedError, SealBrokenError):
            return await _failed(look, "refused")
        except (LaterError, OSError, DBAPIError):
            raise
        except Exception as fault:  # noqa: BLE001  whatever one server says, the calendars behind it are read
            _log.error("a fault of ours in a calendar", row=str(look.source.id), error=type(fault).__name__)
            return await _failed(look, "unreadable")

    async def _read(self, look: _Look, address: dict[str, str]) -> str:
        source, tx = look.source, look.tx
        home = await _home_of(tx, source)
        if home is None:
            return "the doctor works nowhere, or the room is used no more"
        # What was closed is read whole again, and what repeats goes on each day.
        fresh = source.told_at is None and not source.failures and source.known_until - AHEAD > tx.now - _READ_ANEW
        known = source if fresh else replace(source, etag="", last_modified="", digest=b"")
        fetched = await fetch_source(self._ctx, known, address, tx.now)
        body = fetched.body
        digest = hashlib.sha256(body).digest() if body is not None else source.digest
        read = None
        if body is not None and not (fresh and digest == source.digest):
            read = await read_apart(body, home, tx.now)
        written = await self._written(look, address, fetched) if source.kind is SourceKind.CALDAV else ""
        # From here on nobody else changes it, nor books with the doctor: nothing is asked of other servers any more.
        if not await _still_there(look):
            return "followed no more"
        if read is None:
            await _same(look, written)
            return "as it was"
        left = await write_busy(tx, source, list(pieces(spans_of(read.busy), tx.now)))
        known_by = {"digest": digest, "etag": fetched.etag, "last_modified": fetched.last_modified}
        await _succeeded(look, read, left, problem=written, **known_by)
        return "read"

    async def _written(self, look: _Look, address: dict[str, str], fetched: Fetched) -> str:
        """Write our visits into the calendar; where that can't be done it is told, and it is read all the same.

        Returns the problem, if there is one.
        """
        source, tx = look.source, look.tx
        owner = await person_by_id(tx, self._ctx, source.owner)
        due = await visits.due(tx, source, owner, fetched.etags if fetched.body is not None else None)
        try:
            written = await write(account_of(address), self._ctx.settings.imports.allowed_hosts, due.changes)
        except FetchError as failed:
            written = Written({}, failed.problem)
        await visits.note(tx, source, due, written.etags)
        if written.problem and source.problem != written.problem:
            await tell(tx, source, source.owner, "not written", problem=written.problem)
        return written.problem


async def _home_of(tx: Tx, source: Source) -> str | None:
    """Return the zone of the centre where the calendar's times are taken; None: nobody is booked by it any more."""
    if source.practitioner_id:
        at = await centres_of(tx, source.practitioner_id)
        return at[0].timezone if at else None
    room = await resource_by_id(tx, source.subject_id)
    return (await centre(tx, room.centre_id)).timezone if room.active else None


async def fetch_source(ctx: Context, source: Source, address: dict[str, str], now: datetime) -> Fetched:
    """Fetch what a source has, or learn that it is as it was. Raises FetchError."""
    allowed = ctx.settings.imports.allowed_hosts
    if source.kind is SourceKind.FEED:
        return await fetch(address["address"], allowed, etag=source.etag, last_modified=source.last_modified)
    found = await contents(account_of(address), allowed, now, source.etag)
    return Fetched(found.body, found.token, etags=found.etags)


def account_of(address: dict[str, str]) -> Account:
    """How the server of such a source is reached."""
    return Account(address["address"], address["user"], address["password"])


async def _still_there(look: _Look) -> bool:
    """Whether it is followed yet, after a while in which it was fetched; from now on nobody changes that."""
    return bool(await sources(look.tx, _table.c.id == look.source.id, lock=True))


async def _same(look: _Look, problem: str) -> None:
    await change_source(look.tx, look.source.id, read_at=look.tx.now, next_look_at=_next(look, 0), problem=problem)
    if look.report:
        await tell(look.tx, look.source, look.report, "read")


async def _succeeded(look: _Look, read: Read, left: Sequence[Outside], **values: Any) -> None:
    tx, source = look.tx, look.source
    odd = read.left_out.get("unreadable", 0)
    await change_source(
        tx,
        source.id,
        read_at=tx.now,
        known_until=tx.now + AHEAD,
        next_look_at=_next(look, 0),
        failures=0,
        failing_since=None,
        told_at=None,
        events=read.events,
        left_out=odd,
        **values,
    )
    if source.told_at is not None:
        await tell(tx, source, source.owner, "works")
    if left:
        await tell(tx, source, source.owner, "collides", visits=[str(each.id) for each in left[:_LISTED]])
    if odd > source.left_out:
        await tell(tx, source, source.owner, "odd", count=odd)
    if look.report:
        await tell(tx, source, look.report, "read")


async def _failed(look: _Look, problem: str) -> str:
    """Note a failure. When it has gone on for too long, offer the doctor no more, and tell the owner."""
    tx, source = look.tx, look.source
    if not await _still_there(look):
        return "followed no more"
    failures, since = source.failures + 1, source.failing_since or tx.now
    values: dict[str, Any] = {
        "failures": min(failures, 10_000),
        "failing_since": since,
        "problem": problem,
        "next_look_at": _next(look, failures),
    }
    if source.told_at is None and given_up(tx.now, since, look.ctx.settings.imports):
        values |= {"known_until": tx.now, "told_at": tx.now}
        await tell(tx, source, source.owner, "fails", problem=problem)
    await change_source(tx, source.id, **values)
    if look.report:
        await tell(tx, source, look.report, "not read", problem=problem)
    return problem


def _next(look: _Look, failures: int) -> datetime:
    return next_look(look.tx.now, failures, look.ctx.settings.imports)


async def tell(tx: Tx, source: Source, person: UUID, news: str, **more: Any) -> None:
    """Have somebody told of a calendar; ids and words alone wait in the outbox."""
    subject = {"room" if source.resource_id else "practitioner": str(source.subject_id)}
    what = {"news": news, "source": str(source.id), **subject, "person": str(person)}
    await enqueue(
        tx,
        kind=TOLD,
        lane=f"person:{person}",
        key=f"calendar:{source.id}:{news}:{person}:{new_id()}",
        payload=json.dumps({**what, **more}).encode(),
    )
