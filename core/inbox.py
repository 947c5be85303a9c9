"""What came in: each event of Matrix or Stripe once, by its own id, kept until its effects are committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database, Tx
from core.ids import id_of
from core.lanes import lane_table
from core.statements import Statement, unseen
from core.tables import Moment

inbox = lane_table("inbox")


def keeping(unless: str = "false") -> Statement:
    """The statement that keeps events, but those for which `unless` is true: SQL about `came` (id, kind, lane)."""
    return Statement(
        text(f"""
        INSERT INTO inbox (id, kind, lane, payload, created_at, due_at, shard)
        SELECT came.id, came.kind, came.lane, came.payload, :now, :now, coalesce(s.shard, 0)
        FROM unnest({unseen(":ids", ":kinds", ":lanes", ":payloads")})
            WITH ORDINALITY AS came (id, kind, lane, payload, place)
        LEFT JOIN lane_shard s ON s.lane = came.lane
        WHERE NOT ({unless})
        ORDER BY came.place
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    """).bindparams(  # noqa: S608  (SQL of our own)
            bindparam("ids", type_=ARRAY(Uuid())),
            bindparam("kinds", type_=ARRAY(Text())),
            bindparam("lanes", type_=ARRAY(Text())),
            bindparam("payloads", type_=ARRAY(LargeBinary())),
            bindparam("now", type_=Moment()),
        )
    )


_ALL = keeping()


@dataclass(frozen=True, slots=True)
class Came:
    """An event: `kind` chooses the handler, `event_id` is the sender's own id, those of one `lane` go in order."""

    kind: str
    event_id: str
    lane: str
    payload: bytes

    @property
    def id(self) -> UUID:
        return id_of(f"{self.kind}:{self.event_id}")


async def receive_all(tx: Tx, events: Sequence[Came], how: Statement = _ALL) -> set[str]:
    """Keep events in their order, `how` as `keeping` says. Returns the ids of those that are new."""
    found = await tx.run(how, _values(events, tx.now)) if events else []
    for each in events:
        tx.wake(inbox.name, each.lane)
    new = {row.id for row in found}
    return {each.event_id for each in events if each.id in new}


async def receive_at_once(database: Database, events: Sequence[Came], how: Statement = _ALL) -> None:
    """Keep events as `receive_all` does, in a transaction of their own."""
    if events:
        wakes = {(inbox.name, each.lane) for each in events}
        await database.once(how, _values(events, database.clock.now()), wakes)


async def receive(tx: Tx, *, kind: str, event_id: str, lane: str, payload: bytes) -> bool:
    """Keep an event. Returns False when it came before."""
    return bool(await receive_all(tx, [Came(kind, event_id, lane, payload)]))


def _values(events: Sequence[Came], now: datetime) -> Mapping[str, Any]:
    return {
        "ids": [each.id for each in events],
        "kinds": [each.kind for each in events],
        "lanes": [each.lane for each in events],
        "payloads": [each.payload for each in events],
        "now": now,
    }
