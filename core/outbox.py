"""What is to be done outside the database: messages, rooms, calls to Stripe; written with what they follow from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, BindParameter, LargeBinary, Text, TextClause, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Tx
from core.ids import id_of
from core.lanes import lane_table
from core.statements import Statement, unseen
from core.tables import Moment

outbox = lane_table("outbox")

_PUT = f"""
    INSERT INTO outbox (id, kind, lane, payload, created_at, due_at, shard)
    SELECT id, kind, lane, payload, :now, coalesce(due_at, :now), coalesce(shard, 0)
    FROM unnest({unseen(":ids", ":kinds", ":lanes", ":payloads", ":due")})
        WITH ORDINALITY AS put (id, kind, lane, payload, due_at, place)
    LEFT JOIN lane_shard USING (lane)
"""  # noqa: S608  (SQL of our own)
_IN_ORDER = "ORDER BY place ON CONFLICT (id) DO NOTHING"


def _typed(sql: str, *params: BindParameter[Any]) -> TextClause:
    return text(sql).bindparams(
        *params,
        bindparam("ids", type_=ARRAY(Uuid())),
        bindparam("kinds", type_=ARRAY(Text())),
        bindparam("lanes", type_=ARRAY(Text())),
        bindparam("payloads", type_=ARRAY(LargeBinary())),
        bindparam("due", type_=ARRAY(Moment())),
        bindparam("now", type_=Moment()),
    )


def putting(before: str = "", *params: BindParameter[Any]) -> Statement:
    """Return the statement that `put` runs; `before` it, a change in a WITH clause, with its own `params`."""
    return Statement(_typed(before + _PUT + _IN_ORDER, *params))


def put_if(change: str) -> CTE:
    """Return the same as a part of a statement, for when another part of it, called `change`, changes something."""
    only = f"WHERE EXISTS (SELECT FROM {change})"
    return _typed(f"{_PUT} {only} {_IN_ORDER} RETURNING id").columns(id=Uuid()).cte("put")


_ALONE = putting()


@dataclass(frozen=True, slots=True)
class Work:
    """Something for the handler of `kind` to do, after all that waits in `lane`; see `enqueue`."""

    kind: str
    lane: str
    key: str
    payload: bytes = b""
    due_at: datetime | None = None


async def put(
    tx: Tx, works: Sequence[Work], statement: Statement = _ALONE, values: Mapping[str, Any] | None = None
) -> list[UUID]:
    """Write down many pieces of work in one statement, in their order. Returns their ids.

    `statement`: one of `putting`, which changes something else before, with `values`.
    """
    given = putting_of(tx, works)
    if works:
        await tx.run(statement, {**(values or {}), **given})
    wake_for(tx, works)
    return list(given["ids"])


def putting_of(tx: Tx, works: Sequence[Work]) -> dict[str, Any]:
    """Return the values with which a statement puts these."""
    return {
        "ids": [id_of(each.key) for each in works],
        "kinds": [each.kind for each in works],
        "lanes": [each.lane for each in works],
        "payloads": [each.payload for each in works],
        "due": [each.due_at for each in works],
        "now": tx.now,
    }


def wake_for(tx: Tx, works: Sequence[Work]) -> None:
    """Wake who does these, once they are committed."""
    for lane in {each.lane for each in works}:
        tx.wake(outbox.name, lane)


async def enqueue(
    tx: Tx, *, kind: str, lane: str, key: str, payload: bytes = b"", due_at: datetime | None = None
) -> UUID:
    """Write down work for the handler of `kind`, after all that waits in `lane`. Returns the row's id.

    The id follows from `key`: the same key again is the same work, done once. The id is also what makes the work
    repeatable outside (a Matrix transaction id, a Stripe idempotency key). Health content in `payload` is sealed by
    the caller.
    """
    return (await put(tx, [Work(kind, lane, key, payload, due_at)]))[0]


async def result_of(tx: Tx, row: UUID) -> str | None:
    """Return what the handler of a done row gave back (a Matrix event id), or None while it is not done."""
    found = await tx.conn.execute(select(outbox.c.result).where(outbox.c.id == row, outbox.c.state == "done"))
    return found.scalar_one_or_none()
