"""Calendars on CalDAV servers: read whole, and our visits written into them. What is asked is in caldav_client."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from booking.imports.fetching import FetchError
from core.errors import BadInputError

SECONDS = 20
"""For one answer of the server."""
PATIENCE = 90.0
"""Seconds for all that is asked in one look."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Account:
    """How a server is reached, and what opens it."""

    address: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a calendar has; no body: nothing has changed since the token."""

    body: bytes | None
    token: str
    etags: dict[str, str] = field(default_factory=dict)
    """ETags of the objects, by the last part of their addresses."""


@dataclass(frozen=True, slots=True)
class Change:
    """An object to be written (or, without a body, removed) in a calendar."""

    name: str
    """The last part of its address."""
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of changes: each by itself, as a server may refuse one and take the next."""

    etags: dict[str, str]
    """By the names of those objects that were written (or, with no ETag, removed)."""
    problem: str = ""
    """Why not all were; "unwritable" where the server lets nobody write."""


async def calendars_at(account: Account, allowed: Collection[str]) -> dict[str, str]:
    """Return the addresses of an account's calendars, with their names. Raises FetchError, BadInputError for none."""

    def look() -> dict[str, str]:
        from booking.imports import caldav_client  # noqa: PLC0415

        return caldav_client.calendars_at(account, allowed)

    found = await _aside(look)
    if not found:
        raise BadInputError("There is no calendar in that account. Make one there first.")
    return found


async def contents(account: Account, allowed: Collection[str], now: datetime, token: str) -> Contents:
    """Return all events of the calendar at `account.address` from yesterday on, if it changed since `token`.

    Raises FetchError.
    """

    def look() -> Contents:
        from booking.imports import caldav_client  # noqa: PLC0415

        return caldav_client.contents(account, allowed, now, token)

    return await _aside(look)


async def write(account: Account, allowed: Collection[str], changes: Collection[Change]) -> Written:
    """Write objects, whatever is there. Raises FetchError when it takes so long that nobody knows what was written."""

    def work() -> Written:
        from booking.imports import caldav_client  # noqa: PLC0415

        return caldav_client.write(account, allowed, changes)

    return await _aside(work) if changes else Written({})


async def _aside(work: Callable[[], Made]) -> Made:
    """Do it in a thread."""
    try:
        async with asyncio.timeout(PATIENCE + SECONDS):
            return await asyncio.to_thread(work)
    except TimeoutError as slow:
        raise FetchError("unreachable") from slow
