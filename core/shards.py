"""Work dealt to several workers: each lane that only one of them can do is written down, the rest is dealt by its name.

A worker has a number, from 0. What is not written down belongs to worker 0, unless its kind can be done anywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Integer, Table, Text, and_, case, delete, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import Tx
from core.tables import metadata

lane_shard = Table(
    "lane_shard", metadata, Column("lane", Text, primary_key=True), Column("shard", Integer, nullable=False)
)


@dataclass(frozen=True, slots=True)
class Share:
    """One worker's part of the rows."""

    shard: int = 0
    shards: int = 1
    anywhere: frozenset[str] = frozenset()
    """Kinds that any worker can do."""
    only: frozenset[str] | None = None
    """Kinds that are done, and no others; None: all. Rows of a lane must be of these, or none of them."""

    def holds(
        self, lane: ColumnElement[str], kind: ColumnElement[str], shard: ColumnElement[int]
    ) -> ColumnElement[bool]:
        """The condition under which a row is this worker's."""
        one_of = true() if self.only is None else kind == func.any(literal(sorted(self.only), ARRAY(Text)))
        if self.shards == 1:
            return one_of
        dealt = func.hashtext(lane).op("&")(0x7FFFFFFF).op("%")(self.shards)
        whose = case((kind == func.any(literal(sorted(self.anywhere), ARRAY(Text))), dealt), else_=shard)
        return and_(one_of, whose == self.shard)

    @property
    def suffix(self) -> str:
        """What tells this worker's bell from that of others."""
        return "" if self.shards == 1 else f"#{self.shard}"


async def assign(tx: Tx, lanes: Iterable[str], shard: int) -> None:
    """Write down whose these lanes are; lanes that are somebody's already stay theirs."""
    rows = [{"lane": lane, "shard": shard} for lane in lanes]
    await tx.conn.execute(insert(lane_shard).on_conflict_do_nothing(), rows)


async def release(tx: Tx, lanes: Iterable[str]) -> None:
    """These lanes are nobody's any more."""
    await tx.conn.execute(delete(lane_shard).where(lane_shard.c.lane.in_([*lanes])))


async def shard_of(tx: Tx, lane: str) -> int:
    """Return whose a lane is."""
    found = await tx.conn.execute(select(lane_shard.c.shard).where(lane_shard.c.lane == lane))
    return found.scalar_one_or_none() or 0
