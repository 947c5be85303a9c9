"""Hashes of the tree from the database: some subtrees' roots are kept, so that a proof reads a few thousand rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Select, SmallInteger, bindparam, false, func, insert, or_, select

from core.database import Tx
from core.statements import Statement
from records.audit import tree
from records.audit.model import audit_leaf, audit_node
from records.audit.tree import HashOf, Subtree

_STEP = 8
"""Levels of the tree between one kept level and the next: 256 children each."""
_WIDTH = 1 << _STEP
_AT_ONCE = 256 * _WIDTH
"""Children that are read at once when many subtrees become whole."""


def _in_order(place: Column[int], wanted: Select[Any]) -> Statement:
    return Statement(wanted.where(place >= bindparam("start"), place < bindparam("stop")).order_by(place))


_LEAVES = _in_order(audit_leaf.c.leaf_index, select(audit_leaf.c.leaf))
_OF_LEVEL = audit_node.c.level == bindparam("level", type_=SmallInteger)
_NODES = _in_order(audit_node.c.node_index, select(audit_node.c.hash).where(_OF_LEVEL))


async def size_of(tx: Tx) -> int:
    """How many leaves the tree has."""
    last = (await tx.conn.execute(select(func.max(audit_leaf.c.leaf_index)))).scalar_one()
    return 0 if last is None else int(last) + 1


async def root_at(tx: Tx, size: int) -> bytes:
    """The root that the tree had when it had `size` leaves."""
    return (await _hashes(tx, [range(size)]))[0]


async def inclusion_path(tx: Tx, index: int, size: int) -> list[bytes]:
    """What proves a leaf in the tree of `size` leaves."""
    return (await inclusion_paths(tx, [index], size))[0]


async def inclusion_paths(tx: Tx, indices: Sequence[int], size: int) -> list[list[bytes]]:
    """What proves each of many leaves, read together."""
    wanted = [tree.inclusion_ranges(index, size) for index in indices]
    hash_of = await _loaded(tx, {sub for ranges in wanted for leaves in ranges for sub in tree.subtrees(leaves)})
    return [[tree.range_hash(leaves, hash_of) for leaves in ranges] for ranges in wanted]


async def consistency_path(tx: Tx, old: int, new: int) -> list[bytes]:
    """What proves that the tree of `old` leaves grew into that of `new`."""
    return await _hashes(tx, tree.consistency_ranges(old, new))


async def keep_whole(tx: Tx, size: int) -> None:
    """Keep the roots of the subtrees that are whole in a tree of `size` leaves and are not kept yet."""
    level, children = 1, size
    while children >= _WIDTH:
        last = await tx.conn.execute(select(func.max(audit_node.c.node_index)).where(audit_node.c.level == level))
        known = last.scalar_one()
        have, whole = 0 if known is None else int(known) + 1, children // _WIDTH
        while have < whole:
            until = min(whole, have + _AT_ONCE // _WIDTH)
            below = await _children(tx, level - 1, range(have * _WIDTH, until * _WIDTH))
            made = [
                {"level": level, "node_index": have + n, "hash": tree.root_of(below[n * _WIDTH : (n + 1) * _WIDTH])}
                for n in range(until - have)
            ]
            await tx.conn.execute(insert(audit_node), made)
            have = until
        level, children = level + 1, whole


async def _children(tx: Tx, level: int, which: range) -> list[bytes]:
    """Kept hashes of a level, which are leaves on level 0. Raises LookupError when one is not there."""
    statement, values = (_LEAVES, {}) if level == 0 else (_NODES, {"level": level})
    hashes = [row[0] for row in await tx.run(statement, {"start": which.start, "stop": which.stop, **values})]
    if len(hashes) != len(which):
        raise LookupError("a hash of the audit's tree is missing")
    return hashes


async def _hashes(tx: Tx, ranges: Sequence[range]) -> list[bytes]:
    hash_of = await _loaded(tx, {each for leaves in ranges for each in tree.subtrees(leaves)})
    return [tree.range_hash(leaves, hash_of) for leaves in ranges]


async def _loaded(tx: Tx, wanted: Iterable[Subtree]) -> HashOf:
    """Read what these subtrees consist of, each from the highest level that is kept, one query a level."""
    by_level: dict[int, dict[Subtree, range]] = {}
    for each in wanted:
        level, rest = divmod(each.height, _STEP)
        by_level.setdefault(level, {})[each] = range(each.index << rest, (each.index + 1) << rest)
    known: dict[Subtree, bytes] = {}
    for level, parts in by_level.items():
        hashes = await _at(tx, level, parts.values())
        for each, children in parts.items():
            try:
                known[each] = tree.root_of([hashes[child] for child in children])
            except KeyError:
                raise LookupError("a hash of the audit's tree is missing") from None
    return known.__getitem__


async def _at(tx: Tx, level: int, which: Iterable[range]) -> dict[int, bytes]:
    """Hashes of a level, with those around them: what many paths need lies in few blocks of 256."""
    blocks = sorted({child >> _STEP for each in which for child in (each.start, each.stop - 1)})
    if level == 0:
        place, wanted = audit_leaf.c.leaf_index, select(audit_leaf.c.leaf_index, audit_leaf.c.leaf)
    else:
        node = audit_node.c
        place, wanted = node.node_index, select(node.node_index, node.hash).where(node.level == level)
    within = [place.between(block << _STEP, (block + 1 << _STEP) - 1) for block in blocks]
    found = await tx.conn.execute(wanted.where(or_(false(), *within)))
    return {row[0]: bytes(row[1]) for row in found}
