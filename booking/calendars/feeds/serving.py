"""From a secret to what is behind it now: who knows the address may read; nothing else is asked.

What is known of an address is kept in memory together with the versions that it was true for. Each request asks the
database for the versions as they are (`versions`), so that an answer without a body costs no more than that.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from sys import intern
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text

import booking
import core
from booking.calendars.feeds.bodies import Body, Form, Shelf, Shelves, State
from booking.calendars.feeds.contents import Part, What, contents
from booking.calendars.feeds.rights import may_read
from booking.calendars.feeds.service import feed_from
from booking.calendars.feeds.together import Together
from booking.calendars.feeds.uses import Uses
from booking.calendars.feeds.versions import Known, Versions, versions_in
from booking.calendars.model import Feed, FeedKind, calendar_feed
from booking.calendars.rules import Links
from booking.calendars.writing.jcal import JcalWriter
from booking.calendars.writing.xcal import XcalWriter
from booking.context import Context
from booking.directory.resources import resource_by_id
from booking.people.service import person_by_id
from core.database import Database, Tx
from core.errors import RefusedError
from core.languages import speaking

_FEEDS_KEPT = 20_000
_STREAMED_FROM = 16 * 1024 * 1024
"""Octets from which on a body is not kept, but written to whoever asks, piece by piece."""
_STREAMS = 4
"""So many at a time: each has a connection of the database while it lasts."""
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_STANDING = f"""
    SELECT secret_hash FROM {calendar_feed.name}
    WHERE secret_hash = ANY ($1::bytea[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
"""  # noqa: S608  (the name of a table)
"""Which addresses there are. Asked of those that are not known here, for all at once: strangers ask for any number."""
_NOBODY = bytes(32)
_DAY = timedelta(days=1)
_OF_RIGHTS = 2
"""Of a feed's subjects the first so many: its owner and the directory."""


class TooLargeError(Exception):
    """It is to be streamed."""


class BusyError(Exception):
    """So many large feeds are being written that this one has to wait."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What is asked for of a feed. There is one of each (VIEWS), told by its identity: that is looked at in no time."""

    part: Part
    form: Form

    def in_form(self, form: Form) -> "View":
        """The same in other words."""
        return self if form is self.form else VIEWS[_address(self.part, form.value)]


def _address(part: Part, ending: str) -> str:
    return f"{'' if part is Part.EVENTS else f'/{part}'}.{ending}"


VIEWS = {
    _address(part, ending): View(part, form)
    for part in Part
    for ending, form in (*((form.value, form) for form in Form), ("ifb", Form.ICS))
}
"""By what follows the secret in an address."""


class Found(NamedTuple):
    """What is behind an address now."""

    feed: str
    """Its id in words, which is looked up in a tenth of the time that a UUID takes."""
    shelf: Shelf
    state: State
    day: datetime


@dataclass(slots=True)
class _Seen:
    """A feed as it was when its versions were these."""

    feed: Feed
    what: What
    subjects: tuple[str, ...]
    """The ids, in words, of the owner, and those of `what`: the directory, and what is shown."""
    known: tuple[int, ...]
    day: datetime
    ends: datetime
    """From when on it has to be asked for anew: the next day, or its end."""
    state: State
    found: dict[View, Found] = field(default_factory=dict)

    def is_now(self, versions: Known) -> bool:
        """Take note of the versions there are; False: who may read what may have changed, and has to be asked.

        That follows from what changes the owner's version, or the directory's. Whether one may see when a doctor can be
        booked follows from where they work too, which changes the doctor's.
        """
        known = tuple([versions[each] for each in self.subjects])
        if known == self.known:
            return True
        if known[:_OF_RIGHTS] != self.known[:_OF_RIGHTS] or self.feed.kind.is_availability:
            return False
        self.known, self.state = known, (known[1:], self.day)
        return True


class FeedServer:
    """One for a process."""

    def __init__(self, database: Database, ctx: Context) -> None:
        self._database = database
        self._ctx = ctx
        self._versions = Versions(database.url)
        self._standing = Together(database.url, _STANDING, lambda row: (row[0], True), more=lambda: (self.now,))
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._shelves = Shelves()
        self._streams = asyncio.Semaphore(_STREAMS)
        self.uses = Uses(database)

    @property
    def now(self) -> datetime:
        return self._database.clock.now()

    def remembers(self, hashed: bytes) -> bool:
        """Whether there was something behind the secret of this hash when it was last asked for."""
        return hashed in self._seen

    async def find(self, hashed: bytes, view: View, now: datetime) -> Found | None:
        """Return what is behind the secret of this hash, or None when there is nothing, or nothing any more.

        Unknown, ended and revoked addresses take the same steps, which cost the database a share of one question.
        Raises OSError, DBAPIError, PostgresError.
        """
        seen = self._seen.get(hashed)
        if seen is not None:
            versions = await self._versions.of(seen.subjects)
            if not (seen.day <= now < seen.ends and seen.is_now(versions)):
                seen = None
        if seen is None:
            there = hashed in await self._standing.of((hashed,))
            seen = await self._look_up(hashed, now) if there else None
            if seen is None:
                self._seen.pop(hashed, None)
                return None
        found = seen.found.get(view)
        if found is not None and found.state is seen.state:
            return found
        shelf = found.shelf if found else self._shelf(seen.what, view)
        if shelf is None:
            return None
        shelf.enter(seen.state, now)
        found = seen.found[view] = Found(str(seen.feed.id), shelf, seen.state, seen.day)
        return found

    def _shelf(self, what: What, view: View) -> Shelf | None:
        what = replace(what, part=view.part)
        return self._shelves.of(what, view.form) if what.exists else None

    async def _look_up(self, hashed: bytes, now: datetime) -> _Seen | None:
        """Ask the database, in one snapshot with the versions. A feed shows nothing that its owner may not see now."""
        async with self._database.transaction() as tx:
            await tx.conn.execute(_SNAPSHOT)
            table = calendar_feed
            standing = table.c.revoked_at.is_(None) & (table.c.expires_at.is_(None) | (table.c.expires_at > now))
            row = (await tx.conn.execute(select(table).where(table.c.secret_hash == hashed, standing))).one_or_none()
            if not compare_digest(row.secret_hash if row else _NOBODY, hashed):
                return None
            assert row is not None
            feed = feed_from(row)
            what = await self._what(tx, feed)
            if what is None:
                return None
            subjects = (feed.owner, *what.subjects)
            versions = await versions_in(tx, subjects)
        known = tuple(versions[each] for each in subjects)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        ends = min(day + _DAY, feed.expires_at or day + _DAY)
        seen = self._seen[hashed] = _Seen(feed, what, _words(subjects), known, day, ends, (known[1:], day))
        if len(self._seen) > _FEEDS_KEPT:
            self._seen.popitem(last=False)
        return seen

    async def _what(self, tx: Tx, feed: Feed) -> What | None:
        """Return what a feed shows, or None when its owner may not see that any more."""
        owner = await person_by_id(tx, self._ctx, feed.owner)
        ids: tuple[UUID, ...] = (feed.subject_id,)
        centre_id = None
        try:
            if not await may_read(tx, owner, feed.kind, feed.subject_id):
                return None
            if feed.kind is FeedKind.FAMILY:
                ids = tuple(sorted({owner.patient.id, *(member.id for member in owner.family)}))
            elif feed.kind is FeedKind.RESOURCE:
                centre_id = (await resource_by_id(tx, feed.subject_id)).centre_id
        except RefusedError:
            return None
        return What(Part.EVENTS, feed.kind, ids, feed.members, feed.options, centre_id)

    def is_had(self, found: Found, tag: str) -> bool:
        """Whether who says this tag has what is there now; False also where it is not known yet."""
        shelf = found.shelf
        return tag in shelf.said and shelf.state == found.state

    async def tag(self, found: Found) -> str:
        """Return the tag of what is there now; what was written once in this state is not written again for it."""
        shelf = found.shelf
        if shelf.state == found.state and shelf.tag:
            return shelf.tag
        try:
            return (await self.body(found)).tag
        except TooLargeError:
            return self._tag_of(shelf, found.state)

    async def body(self, found: Found) -> Body:
        """Return the whole of it, written once for all who ask at the same time. Raises TooLargeError."""
        shelf = found.shelf
        async with shelf.writing:
            if shelf.large:
                raise TooLargeError
            if shelf.state == found.state and shelf.body:
                self._shelves.used(shelf)
                return shelf.body
            body = await self._written(found)
            if shelf.state == found.state:
                self._shelves.put(shelf, body)
            return body

    async def _written(self, found: Found) -> Body:
        pieces, size = [], 0
        with speaking(found.shelf.what.options.language):
            async with self._database.transaction() as tx:
                await tx.conn.execute(_SNAPSHOT)
                async for piece in self._pieces(tx, found):
                    pieces.append(piece)
                    size += len(piece)
                    if size > _STREAMED_FROM:
                        found.shelf.large = True
                        raise TooLargeError
                    await asyncio.sleep(0)  # others are answered meanwhile
        return Body.of(b"".join(pieces))

    async def _pieces(self, tx: Tx, found: Found) -> AsyncIterator[bytes]:
        shelf = found.shelf
        writer = _WRITERS[shelf.form]()
        async for piece in contents(tx, self._ctx, shelf.what, found.day):
            yield writer.write(piece).encode()
        yield writer.end().encode()

    @asynccontextmanager
    async def stream(self, found: Found) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Give the tag and the pieces of what is too large to keep, both from one snapshot. Raises BusyError."""
        if self._streams.locked():
            raise BusyError
        with speaking(found.shelf.what.options.language):
            async with self._streams, self._database.transaction() as tx:
                await tx.conn.execute(_SNAPSHOT)
                subjects = found.shelf.what.subjects
                versions = await versions_in(tx, subjects)
                state = (tuple(versions[each] for each in subjects), found.day)
                yield self._tag_of(found.shelf, state), self._pieces(tx, found)

    def _tag_of(self, shelf: Shelf, state: State) -> str:
        """Return the tag of a body that is sent before it is whole: it follows from all that the body follows from."""
        what, settings = shelf.what, self._ctx.settings
        choices = sorted((name, str(value)) for name, value in what.options.columns.items())
        ours = settings.matrix.display_name, Links.of(settings, what.ids[0])
        follows = (what.part, what.kind, what.ids, what.members, choices, shelf.form, ours, state, _SOURCE)
        return sha256(repr(follows).encode()).hexdigest()[:40]

    async def close(self) -> None:
        """Write down what is left to be noted, and give the connections back."""
        await self.uses.close()
        await self._versions.close()
        await self._standing.close()


class _AsItIs:
    def write(self, piece: str) -> str:
        return piece

    def end(self) -> str:
        return ""


_WRITERS: dict[Form, type[_AsItIs | JcalWriter | XcalWriter]] = {
    Form.ICS: _AsItIs,
    Form.JSON: JcalWriter,
    Form.XML: XcalWriter,
}


def _words(subjects: Iterable[UUID]) -> tuple[str, ...]:
    """Ids as they are asked for. Most feeds share some of theirs: what is one string is compared at a glance."""
    return tuple(intern(str(each)) for each in subjects)


def _source() -> str:
    """A new version of this program, or of its catalogues, may write the same visits in other words."""
    folders = [Path(each.__path__[0]) for each in (booking, core)]
    files = sorted(file for folder in folders for ending in ("*.py", "*.po") for file in folder.rglob(ending))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


_SOURCE = _source()
