"""Many entries on their way into the audit: as PostgreSQL's COPY takes them in binary form, some hundred at a time.

(https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".) The database writes down what it has while the
next are hashed here; asyncpg's own way hands all of them over at the end, and asks first what the columns are.
"""

import struct
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from core.timezones import utc
from records.audit.model import audit_event
from records.audit.rules import Entry, leaf_hash

COLUMNS = [column.name for column in audit_event.c]
_AT_ONCE = 200
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_LENGTH = struct.Struct(">i").pack
_UUID, _LEAF, _NULL = _LENGTH(16), _LENGTH(32), _LENGTH(-1)
_ID = struct.pack(">h", len(COLUMNS)) + _UUID


async def copied(entries: Sequence[Entry]) -> AsyncIterator[bytes]:
    """What follows COPY audit_event (COLUMNS) FROM STDIN (FORMAT binary). Raises ValueError for a naive moment."""
    yield _BEGIN
    for start in range(0, len(entries), _AT_ONCE):
        yield b"".join([_row(each) for each in entries[start : start + _AT_ONCE]])
    yield _END


def _row(entry: Entry) -> bytes:
    return b"".join(
        (
            _ID,
            entry.id.bytes,
            _moment(entry.at),
            _NULL if entry.actor is None else _UUID + entry.actor.bytes,
            _word(entry.action),
            _UUID,
            entry.subject.bytes,
            _word(entry.table),
            _NULL if entry.row is None else _UUID + entry.row.bytes,
            _word(entry.why),
            _LEAF,
            leaf_hash(entry),
        )
    )


@lru_cache(maxsize=64)
def _moment(at: datetime) -> bytes:
    """What is noted together happened at one moment."""
    return struct.pack(">iq", 8, (utc(at) - _EPOCH) // _MICROSECOND)


@lru_cache(maxsize=256)
def _word(word: str) -> bytes:
    """Few words come again and again."""
    written = word.encode()
    return _LENGTH(len(written)) + written
