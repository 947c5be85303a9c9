"""What came in: each event of Matrix or Stripe once, by its own id, kept until its effects are committed."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.ids import id_of
from core.lanes import lane_table
from core.shards import lane_shard

inbox = lane_table("inbox")


async def receive(tx: Tx, *, kind: str, event_id: str, lane: str, payload: bytes) -> bool:
    """Keep an event. Returns False when it came before: a repeat is no repeat.

    `kind` chooses the handler, `event_id` is the sender's own id, and events of one `lane` are handled in order.
    """
    kept = await tx.conn.execute(
        insert(inbox)
        .values(
            id=id_of(f"{kind}:{event_id}"),
            kind=kind,
            lane=lane,
            payload=payload,
            created_at=tx.now,
            due_at=tx.now,
            shard=func.coalesce(select(lane_shard.c.shard).where(lane_shard.c.lane == lane).scalar_subquery(), 0),
        )
        .on_conflict_do_nothing(index_elements=[inbox.c.id])
    )
    tx.wake(inbox.name, lane)
    return kept.rowcount == 1
