"""What comes due by time is done for many in one transaction: one of them that cannot be done must stop no others."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from core.database import Tx
from core.logs import log
from core.statements import is_away

_log = log("core.singly")
Item = TypeVar("Item")


async def singly(tx: Tx, items: Iterable[Item], work: Callable[[Item], Awaitable[object]], *, row: str = "id") -> int:
    """Do the work for each, undoing what it did where it fails. Returns how many it was done for.

    A fault is logged, with the item's `row` (an id). Raises OSError, and DBAPIError for a database that is away.
    """
    done = 0
    for item in items:
        try:
            async with tx.conn.begin_nested():
                await work(item)
        except OSError:
            raise
        except Exception as fault:
            if isinstance(fault, DBAPIError) and is_away(fault):
                raise
            _log.error("left out", row=str(getattr(item, row, item)), error=type(fault).__name__)
        else:
            done += 1
    return done
