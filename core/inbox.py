"""What came in: each event of Matrix or Stripe once, by its own id, kept until its effects are committed."""

from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.ids import id_of
from core.lanes import lane_table

inbox = lane_table("inbox")


async def receive(tx: Tx, *, kind: str, event_id: str, lane: str, payload: bytes) -> bool:
    """Keep an event. Returns False when it came before: a repeat is no repeat.

    `kind` chooses the handler, `event_id` is the sender's own id, and events of one `lane` are handled in order.
    """
    kept = await tx.conn.execute(
        insert(inbox)
        .values(id=id_of(f"{kind}:{event_id}"), kind=kind, lane=lane, payload=payload, created_at=tx.now, due_at=tx.now)
        .on_conflict_do_nothing(index_elements=[inbox.c.id])
    )
    tx.wake(inbox.name, lane)
    return kept.rowcount == 1
