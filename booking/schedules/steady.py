"""That nobody books by a schedule while it changes: the one who is first is done before the other one looks.

To the schedule belongs what a practitioner offers, and that they work there at all.

Who takes a time by what the schedule says shares a lock on the practitioner's schedule from before the schedule is read
until the transaction ends; who changes it has the lock alone, from before the visits that would be left outside are
listed. So a visit is either among these, or is not made. It is a lock of its own, taken before any other of
`occupancy`, so that nobody waits for another in a circle.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, cast, func, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Tx
from core.statements import Statement

_STEADY = Statement(
    text("SELECT pg_advisory_xact_lock_shared(hashtextextended('schedule:' || CAST(:of AS text), 0))").bindparams(
        bindparam("of", type_=Uuid())
    )
)
_ALONE = Statement(
    text("""
        SELECT pg_advisory_xact_lock(key)
        FROM (
            SELECT hashtextextended('schedule:' || practitioner, 0) AS key
            FROM unnest(:of) AS practitioner ORDER BY key
        ) AS locks
    """).bindparams(bindparam("of", type_=ARRAY(Uuid())))
)


def steadily(practitioner_id: ColumnElement[UUID]) -> ColumnElement[None]:
    """Return what keeps a practitioner's schedule as it is, as a column of a statement that reads more."""
    key = func.hashtextextended(literal_column("'schedule:'") + cast(practitioner_id, Text), literal_column("0"))
    return func.pg_advisory_xact_lock_shared(key)


async def keep_steady(tx: Tx, practitioner_id: UUID) -> None:
    """Have a practitioner's schedule stay as it is until this transaction ends; waits for who changes it."""
    await tx.run(_STEADY, {"of": practitioner_id})


async def change_alone(tx: Tx, practitioners: Iterable[UUID]) -> None:
    """Wait for all who book by these practitioners' schedules, and have others wait until this transaction ends."""
    await tx.run(_ALONE, {"of": [*practitioners]})
