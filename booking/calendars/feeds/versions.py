"""Which changes there were of what a feed shows: asked of the database each time, by one question for all at once.

So a change that is committed is in the next fetch, whichever replica made it. A version stands for the changes that
there were, not for their number: whatever a database is set back to, the same version is the same visits.
"""

from collections.abc import Mapping, Sequence
from sys import intern
from uuid import UUID

from booking.calendars.feeds.together import Together
from booking.calendars.model import calendar_change, calendar_version
from core.database import Tx

DIRECTORY = UUID(int=0)
"""Stands for the names and places of all centres and practitioners."""

# One statement, one snapshot: a row is seen either by itself or added up, never both or neither.
_VERSIONS = f"""
    SELECT subject.id,
        coalesce((SELECT version FROM {calendar_version.name} WHERE subject_id = subject.id), 0)
        # coalesce((SELECT bit_xor(mark) FROM {calendar_change.name} WHERE subject_id = subject.id), 0) AS version
    FROM unnest($1::uuid[]) AS subject (id)
"""  # noqa: S608  (names of tables)
_COUNT = f"""
    WITH counted AS (
        DELETE FROM {calendar_change.name}
        WHERE id IN (SELECT id FROM {calendar_change.name} ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED)
        RETURNING subject_id, mark
    )
    INSERT INTO {calendar_version.name} AS known (subject_id, version)
    SELECT subject_id, bit_xor(mark) FROM counted GROUP BY subject_id ORDER BY subject_id
    ON CONFLICT (subject_id) DO UPDATE SET version = known.version # excluded.version
"""  # noqa: S608

Known = Mapping[str, int]
"""By the subject's id in words, which is compared in a tenth of the time that a UUID takes."""


async def count_changes(tx: Tx) -> None:
    """Add the changes there are to their versions, so that they need not be looked at at each fetch. For the clock."""
    await tx.conn.exec_driver_sql(_COUNT)


async def versions_in(tx: Tx, subjects: Sequence[UUID]) -> Mapping[UUID, int]:
    """Return the versions of subjects as a transaction sees them."""
    found = await tx.conn.exec_driver_sql(_VERSIONS, (list(subjects),))
    return {row.id: row.version for row in found}


class Versions(Together[str, int]):
    """The versions as they are."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _VERSIONS, lambda row: (intern(str(row[0])), row[1]))
