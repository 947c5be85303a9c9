"""What is at an address, as it was when its versions were these: kept whole while there is room, its tag longer."""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from booking.calendars.feeds.contents import What

State = tuple[object, ...]
"""All that a body follows from besides its key: the versions of its subjects, and the day."""


class Form(StrEnum):
    """In which words it is written."""

    ICS = "ics"
    JSON = "json"
    """jCal."""
    XML = "xml"
    """xCal."""


@dataclass(slots=True)
class Body:
    """The whole of it."""

    content: bytes
    tag: str
    """It follows from every octet."""
    compressed: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, content: bytes) -> "Body":
        return cls(content, sha256(content).hexdigest()[:40])

    def squeeze(self) -> bytes:
        """Return it compressed. The same octets each time: no clock is written into them. Takes a while."""
        if self.compressed is None:
            self.compressed = gzip.compress(self.content, 6, mtime=0)
        return self.compressed


def etag(tag: str, *, compressed: bool) -> str:
    """Return the strong ETag of one encoding (RFC 9110 section 8.8.3.3)."""
    return f'"{tag}-gzip"' if compressed else f'"{tag}"'


@dataclass(slots=True, eq=False)
class Shelf:
    """The place of one body: feeds that show the same share it."""

    what: What
    form: Form
    state: State | None = None
    """What `modified` is of."""
    modified: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """When it was first seen to be in this state, in whole seconds."""
    tag: str | None = None
    """Of the body in this state, once it was written."""
    said: tuple[str, ...] = ()
    """The same as it is said to those who have it, in each encoding."""
    body: Body | None = None
    large: bool = False
    """It is too large to be kept."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def enter(self, state: State, now: datetime) -> None:
        """Take note of the state that it is in: each is newer than the one before, also where only dates are told."""
        if state == self.state:
            return
        at = now.replace(microsecond=0)
        self.modified = at if at > self.modified else self.modified + timedelta(seconds=1)
        self.state, self.tag, self.said, self.body = state, None, (), None


class Shelves:
    """Those used last; and of the bodies on them, the ones used last up to so many octets together."""

    def __init__(self, *, octets: int = 96 * 1024 * 1024, most: int = 20_000) -> None:
        self._octets = octets
        self._most = most
        self._known: OrderedDict[tuple[What, Form], Shelf] = OrderedDict()
        self._full: OrderedDict[Shelf, int] = OrderedDict()

    def of(self, what: What, form: Form) -> Shelf:
        """Return the shelf of a body."""
        key = (what, form)
        shelf = self._known.get(key)
        if shelf is None:
            shelf = self._known[key] = Shelf(what, form)
        self._known.move_to_end(key)
        self._forget(self._drop() for _ in range(len(self._known) - self._most))
        return shelf

    def put(self, shelf: Shelf, body: Body) -> None:
        """Keep a body, at the cost of those used longest ago."""
        shelf.body, shelf.tag = body, body.tag
        shelf.said = (etag(body.tag, compressed=False), etag(body.tag, compressed=True))
        self._full.pop(shelf, None)
        self._full[shelf] = len(body.content)
        while sum(self._full.values()) > self._octets and len(self._full) > 1:
            self._full.popitem(last=False)[0].body = None

    def used(self, shelf: Shelf) -> None:
        """Its body was asked for."""
        if shelf in self._full:
            self._full.move_to_end(shelf)

    def _drop(self) -> Shelf:
        return self._known.popitem(last=False)[1]

    def _forget(self, dropped: Iterable[Shelf]) -> None:
        for shelf in dropped:
            self._full.pop(shelf, None)
