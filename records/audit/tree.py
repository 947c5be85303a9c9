"""The Merkle tree over the audit's entries: RFC 6962, section 2.1, in the words of RFC 9162. Pure.

A leaf is the hash of an entry (rules.leaf_hash). A proof is a list of hashes of whole ranges of leaves; which ranges is
decided here, where their hashes come from is the caller's (records.audit.hashes keeps some of them).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root of the tree that has no leaf."""


def joined(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 1 and two hashes."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, order=True)
class Subtree:
    """A whole subtree: the 2**height leaves from index * 2**height on."""

    height: int
    index: int

    @property
    def leaves(self) -> range:
        return range(self.index << self.height, (self.index + 1) << self.height)


HashOf = Callable[[Subtree], bytes]


class Frontier:
    """The right edge of a tree that grows: the roots of its whole subtrees, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        self._roots.append(leaf)
        self.size += 1
        # As many subtrees of one height join as the new size has zeros at its end.
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self._roots.pop()
            self._roots[-1] = joined(self._roots[-1], right)

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._roots:
            return EMPTY
        found = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            found = joined(left, found)
        return found


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of a tree of these leaves."""
    if not leaves:
        return EMPTY
    while len(leaves) > 1:
        leaves = parents(leaves)
    return leaves[0]


def parents(row: Sequence[bytes]) -> list[bytes]:
    """The hashes one level above a row of neighbours that begins where a subtree does.

    The last one of an odd number has no neighbour yet and goes up as it is: so the tree splits as the RFC says.
    """
    pairs = zip(row[::2], row[1::2], strict=False)
    above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]  # `joined`, in one go
    if len(row) & 1:
        above.append(row[-1])
    return above


def subtrees(leaves: range) -> list[Subtree]:
    """The whole subtrees that a range consists of, from left to right.

    The range begins where the tree splits, as all do that proofs name.
    """
    found, at = [], leaves.start
    while at < leaves.stop:
        height = (leaves.stop - at).bit_length() - 1
        found.append(Subtree(height, at >> height))
        at += 1 << height
    return found


def range_hash(leaves: range, hash_of: HashOf) -> bytes:
    """The hash of a range (MTH in the RFC)."""
    parts = [hash_of(each) for each in subtrees(leaves)]
    if not parts:
        return EMPTY
    found = parts[-1]
    for left in reversed(parts[:-1]):
        found = joined(left, found)
    return found


def inclusion_ranges(index: int, size: int) -> list[range]:
    """The ranges whose hashes prove a leaf, the lowest first. RFC 9162, 2.1.3.1. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf in a tree of that size")
    found = []
    start, stop = 0, size
    while stop - start > 1:
        split = start + _split(stop - start)
        if index < split:
            found.append(range(split, stop))
            stop = split
        else:
            found.append(range(start, split))
            start = split
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[range]:
    """The ranges whose hashes prove that a tree grew from `old` leaves to `new`. RFC 9162, 2.1.4.1. Raises ValueError.

    Nothing is to be proved from an empty tree, and from a tree to itself.
    """
    if not 0 <= old <= new:
        raise ValueError("a tree does not shrink")
    if old in {0, new}:
        return []
    found = []
    start, stop = 0, new
    while old != stop:
        split = start + _split(stop - start)
        if old <= split:
            found.append(range(split, stop))
            stop = split
        else:
            found.append(range(start, split))
            start = split
    if start:  # the old tree is not a whole subtree by itself: its last part has to be told
        found.append(range(start, stop))
    return found[::-1]


def proves_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a path leads from a leaf to the root. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = joined(each, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = joined(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree with `new` leaves holds the one with `old` leaves unchanged. RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    whole = old & (old - 1) == 0
    hashes = [old_root, *path] if whole else [*path]
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = joined(each, first), joined(each, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = joined(second, each)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`, which is 2 at least."""
    return 1 << (size - 1).bit_length() - 1
