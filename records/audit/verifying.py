"""Follow the whole audit: each entry against its leaf, the leaves against the tree and against every head."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select, text

from core.database import Tx
from records.audit import tree
from records.audit.checkpoint import BadCheckpointError, Checkpoint, LogKey, opened
from records.audit.model import audit_head, audit_leaf, audit_node, audit_waiting
from records.audit.published import Published
from records.audit.tree import EMPTY, joined

_AT_ONCE = 5_000
_BLOCK = 256
"""Hashes of one level of the tree under one of the next level that is kept (audit_node)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found."""

    entries: int
    """How many entries are in order, from the first."""
    root: bytes
    """The root over them."""
    waiting: int = 0
    """How many more are noted and not in the tree yet."""
    heads: int = 0
    """How many heads agree with the entries, the database's and those from outside."""
    fault: str | None = None
    """In plain words, the first thing that is not in order."""

    @property
    def sound(self) -> bool:
        return self.fault is None


async def verify(tx: Tx, *, keys: Sequence[LogKey] = (), published: Sequence[Published] = ()) -> Verdict:
    """Read all of the audit and check it. `published`: heads from places that the database does not reach.

    Without `keys` signatures are not checked, and so `published` is refused. Shows an entry that was changed, deleted,
    added past the queue or moved, an end that was cut off after a head was signed, and, by published heads, an audit
    that was forged as a whole. What the database's administrator removes before it is in the tree shows only until
    then (docs/audit.md).
    """
    try:
        claims = [*await _own_heads(tx, keys), *_claims(published, keys)]
    except BadCheckpointError as bad:
        return Verdict(0, b"", fault=str(bad))
    follower = _Follower(claims, await _nodes(tx))
    last = (await tx.conn.execute(select(func.max(audit_leaf.c.leaf_index)))).scalar_one()
    await _follow(tx, follower, 0 if last is None else last + 1)
    waiting = (await tx.conn.execute(select(func.count()).select_from(audit_waiting))).scalar_one()
    fault = follower.fault or follower.ended() or await _outside(tx)
    return Verdict(follower.size, follower.root(), waiting, follower.agreed, fault)


async def _follow(tx: Tx, follower: "_Follower", size: int) -> None:
    """Have all leaves followed, up to the first fault, while the database puts the next ones together.

    The leaves lie in the order of their entries: to look each up is quicker than what PostgreSQL plans for a whole
    table, a pass over all entries for each part, and sorting.
    """
    await tx.conn.execute(_EACH_LOOKED_UP, {"on": "off"})
    try:
        await _follow_looked_up(tx, follower, size)
    finally:
        await tx.conn.execute(_EACH_LOOKED_UP, {"on": "on"})


_EACH_LOOKED_UP = text("""
    SELECT set_config(name, :on, true) FROM unnest(ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_sort']) AS name
""")


async def _follow_looked_up(tx: Tx, follower: "_Follower", size: int) -> None:
    # As asyncpg has them: all else would take longer than the hashes do.
    coming = asyncio.ensure_future(tx.driver.fetch(_LEAVES, 0, _AT_ONCE))
    try:
        for start in range(_AT_ONCE, size + _AT_ONCE, _AT_ONCE):
            rows = await coming
            coming = asyncio.ensure_future(tx.driver.fetch(_LEAVES, start, start + _AT_ONCE))
            for part in range(0, len(rows), _BLOCK):
                await asyncio.sleep(0)  # what has come meanwhile is read
                if not follower.follow(rows[part : part + _BLOCK]):
                    return
    finally:
        await coming  # one question at a time


@dataclass(frozen=True, slots=True)
class _Claim:
    """A head that the entries must agree with."""

    size: int
    root: bytes
    whose: str


async def _own_heads(tx: Tx, keys: Sequence[LogKey]) -> Iterator[_Claim]:
    found = (await tx.conn.execute(select(audit_head).order_by(audit_head.c.id))).all()
    claims = []
    for row in found:
        if keys:
            said = opened(row.signed, keys)
            if (said.size, said.root) != (row.size, bytes(row.root)):
                raise BadCheckpointError("A head in the database is not what was signed.")
        claims.append(_Claim(row.size, bytes(row.root), "A head in the database"))
    return iter(claims)


def _claims(published: Iterable[Published], keys: Sequence[LogKey]) -> list[_Claim]:
    read: list[Checkpoint] = [opened(each.signed, keys) for each in published]
    return [_Claim(each.size, each.root, "A published head") for each in read]


async def _nodes(tx: Tx) -> dict[tuple[int, int], bytes]:
    found = await tx.conn.execute(select(audit_node.c.level, audit_node.c.node_index, audit_node.c.hash))
    return {(row.level, row.node_index): bytes(row.hash) for row in found}


# The entry as rules.entry_json writes it: to make objects of its columns here, and a text of these again, would take
# longer than all else together. The database has no more to say by this than by the columns, which come from it, too.
_LEAVES = """
    SELECT l.leaf_index, l.leaf AS placed, e.leaf AS noted, pg_catalog.convert_to(pg_catalog.concat(
        '{"action":', pg_catalog.to_json(e.action),
        ',"actor":', CASE WHEN e.actor IS NULL THEN 'null' ELSE pg_catalog.concat('"', e.actor, '"') END,
        ',"at":"', pg_catalog.to_char(pg_catalog.timezone('UTC', e.at), 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        '+00:00","id":"', e.id,
        '","row":', CASE WHEN e.row_id IS NULL THEN 'null' ELSE pg_catalog.concat('"', e.row_id, '"') END,
        ',"subject":"', e.subject,
        '","table":', pg_catalog.to_json(e.table_name),
        ',"why":', pg_catalog.to_json(e.why),
        '}'), 'UTF8') AS said
    FROM audit_leaf l LEFT JOIN audit_event e ON e.id = l.event_id
    WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index
"""


class _Follower:
    """Builds the tree anew from the entries, leaf by leaf; stops at the first fault."""

    def __init__(self, claims: Iterable[_Claim], nodes: dict[tuple[int, int], bytes]) -> None:
        self.size = 0
        self.agreed = 0
        self.fault: str | None = None
        self._claims = sorted(claims, key=lambda each: each.size, reverse=True)
        self._nodes = nodes
        self._kept: list[list[bytes]] = [[]]
        self._check_heads()

    def follow(self, rows: Sequence[Any]) -> bool:
        """Go on with rows of _LEAVES. Returns whether all is in order so far."""
        done = 0
        while self.fault is None and done < len(rows):
            # As far as there is nothing to compare but entries: to the end of a block of leaves, or to the next head.
            part = rows[done : done + self._quiet()]
            done += len(part)
            self._take(part)
        return self.fault is None

    def _quiet(self) -> int:
        """How many entries come before the next place at which a root is compared; one at least."""
        block = _BLOCK - self.size % _BLOCK
        return min(block, self._claims[-1].size - self.size) if self._claims else block

    def _take(self, rows: Sequence[Any]) -> None:
        leaves = self._kept[0]
        for index, placed, noted, said in rows:
            # As it is stored: a word changed into one that we don't know is a fault to show, not one to fail at.
            if index != self.size or noted != placed or sha256(b"\x00" + said).digest() != placed:
                self.fault = self._fault_of(index, noted)
                return
            leaves.append(placed)
            self.size += 1
        if len(leaves) == _BLOCK:
            self._keep()
        self._check_heads()

    def root(self) -> bytes:
        """The root over what was followed, from the whole subtrees that are kept while it grows."""
        parts = [part for row in reversed(self._kept) for part in _whole(row)]
        return reduce(lambda right, left: joined(left, right), reversed(parts[:-1]), parts[-1]) if parts else EMPTY

    def _fault_of(self, index: int, noted: bytes | None) -> str:
        number = self.size + 1
        if index != self.size:
            return f"Entry {number} is missing or out of order."
        return f"Entry {number} was deleted." if noted is None else f"Entry {number} was changed."

    def _check_heads(self) -> None:
        while self.fault is None and self._claims and self._claims[-1].size == self.size:
            claim = self._claims.pop()
            if claim.root == self.root():
                self.agreed += 1
            else:
                self.fault = f"{claim.whose} says otherwise of the first {claim.size} entries: they were rewritten."

    def _keep(self) -> None:
        """Compare the roots of subtrees that are whole now with those that are kept for proofs."""
        level = 0
        while len(row := self._kept[level]) == _BLOCK:
            while len(row) > 1:
                row = tree.parents(row)
            self._kept[level] = []
            level += 1
            if level == len(self._kept):
                self._kept.append([])
            self._kept[level].append(row[0])
            if self._nodes.pop((level, (self.size >> 8 * level) - 1), None) != row[0]:
                self.fault = f"A hash that is kept of the tree is wrong, up to entry {self.size}."
                return

    def ended(self) -> str | None:
        """What is left over when the leaves are at their end."""
        if self._claims:
            claim = self._claims[-1]
            return f"{claim.whose} has {claim.size} entries, and there are {self.size}: the end was cut off."
        if self._nodes:
            return "A hash is kept of entries that are not there: the end was cut off."
        return None


def _whole(row: Sequence[bytes]) -> list[bytes]:
    """The roots of the whole subtrees that fewer than 256 neighbours make, the largest first."""
    return [tree.root_of([row[place] for place in part.leaves]) for part in tree.subtrees(range(len(row)))]


async def _outside(tx: Tx) -> str | None:
    outside = await tx.conn.execute(
        text("""
            SELECT count(*) FROM audit_event e
            WHERE NOT EXISTS (SELECT FROM audit_leaf l WHERE l.event_id = e.id)
                AND NOT EXISTS (SELECT FROM audit_waiting w WHERE w.event_id = e.id)
        """)
    )
    return "An entry stands outside the tree." if outside.scalar_one() else None
