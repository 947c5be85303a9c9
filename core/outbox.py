"""What is to be done outside the database: messages, rooms, calls to Stripe; written with what they follow from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.ids import id_of
from core.lanes import lane_table

outbox = lane_table("outbox")


async def enqueue(
    tx: Tx, *, kind: str, lane: str, key: str, payload: bytes = b"", due_at: datetime | None = None
) -> UUID:
    """Write down work for the handler of `kind`, after all that waits in `lane`. Returns the row's id.

    The id follows from `key`: the same key again is the same work, done once. The id is also what makes the work
    repeatable outside (a Matrix transaction id, a Stripe idempotency key). Health content in `payload` is sealed by
    the caller.
    """
    row = id_of(key)
    await tx.conn.execute(
        insert(outbox)
        .values(id=row, kind=kind, lane=lane, payload=payload, created_at=tx.now, due_at=due_at or tx.now)
        .on_conflict_do_nothing(index_elements=[outbox.c.id])
    )
    tx.wake(outbox.name, lane)
    return row


async def result_of(tx: Tx, row: UUID) -> str | None:
    """Return what the handler of a done row gave back (a Matrix event id), or None while it is not done."""
    found = await tx.conn.execute(select(outbox.c.result).where(outbox.c.id == row, outbox.c.state == "done"))
    return found.scalar_one_or_none()
