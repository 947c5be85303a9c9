"""The Merkle tree beside the RFC's own definition and published vectors."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from records.audit import tree
from records.audit.tree import (
    EMPTY,
    Frontier,
    Subtree,
    consistency_ranges,
    inclusion_ranges,
    proves_consistency,
    proves_inclusion,
    range_hash,
    root_of,
    subtrees,
)

# Of the reference implementation: github.com/google/certificate-transparency, test/crypto/merkle_tree_test.cc
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [hashlib.sha256(b"\x00" + bytes.fromhex(each)).digest() for each in INPUTS]
MANY = [hashlib.sha256(bytes([0, n & 255, n >> 8])).digest() for n in range(300)]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = max(2**n for n in range(10) if 2**n < len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = max(2**n for n in range(10) if 2**n < len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2, word for word."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = max(2**n for n in range(10) if 2**n < len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def hashes(ranges: list[range], leaves: list[bytes]) -> list[bytes]:
    return [range_hash(each, lambda sub: root_of([leaves[n] for n in sub.leaves])) for each in ranges]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_implementation(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_a_tree_that_grows_has_the_root_of_the_definition_at_each_step() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY == mth([])
    for size, leaf in enumerate(MANY, 1):
        frontier.append(leaf)
        assert frontier.size == size
        assert frontier.root() == mth(MANY[:size])


def test_ranges_consist_of_whole_subtrees() -> None:
    assert subtrees(range(8, 15)) == [Subtree(2, 2), Subtree(1, 6), Subtree(0, 14)]
    assert Subtree(2, 2).leaves == range(8, 12)
    assert subtrees(range(0)) == []
    assert range_hash(range(0), MANY.__getitem__) == EMPTY  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 64, 100])
def test_inclusion_proofs_are_those_of_the_rfc_and_prove(size: int) -> None:
    root = mth(MANY[:size])
    for index in range(size):
        proof = hashes(inclusion_ranges(index, size), MANY)
        assert proof == path(index, MANY[:size])
        assert proves_inclusion(MANY[index], index, size, proof, root)
        assert not proves_inclusion(MANY[index + 1], index, size, proof, root)
        assert not proves_inclusion(MANY[index], index, size, [*proof, root], root)
        assert not proves_inclusion(MANY[index], index, size, proof, MANY[0] + b"x")
        if proof:
            assert not proves_inclusion(MANY[index], index, size, proof[:-1], root)
            assert not proves_inclusion(MANY[index], (index + 1) % size, size, proof, root)


@pytest.mark.parametrize("new", [1, 2, 3, 7, 8, 9, 31, 64, 100])
def test_consistency_proofs_are_those_of_the_rfc_and_prove(new: int) -> None:
    for old in range(1, new + 1):
        proof = hashes(consistency_ranges(old, new), MANY)
        old_root, new_root = mth(MANY[:old]), mth(MANY[:new])
        assert proof == (subproof(old, MANY[:new], whole=True) if old < new else [])
        assert proves_consistency(old, new, proof, old_root, new_root)
        assert not proves_consistency(old, new, proof, MANY[200], new_root)
        assert not proves_consistency(old, new, proof, old_root, MANY[200])
        assert not proves_consistency(old, new, [*proof, new_root], old_root, new_root)
        assert not proves_consistency(new, old, proof, new_root, old_root) or old == new
        if proof:
            assert not proves_consistency(old, new, proof[:-1], old_root, new_root)
            assert not proves_consistency(old, new, [], old_root, new_root)


def test_all_goes_on_from_nothing_and_needs_no_proof() -> None:
    assert consistency_ranges(0, 5) == []
    assert proves_consistency(0, 5, [], EMPTY, mth(MANY[:5]))
    assert not proves_consistency(0, 5, [MANY[0]], EMPTY, mth(MANY[:5]))
    assert not proves_consistency(0, 5, [], MANY[0], mth(MANY[:5]))
    assert proves_consistency(0, 0, [], EMPTY, EMPTY)
    assert not proves_consistency(-1, 5, [], EMPTY, mth(MANY[:5]))


@given(some.integers(1, 300), some.integers(1, 300), some.integers(0, 20), some.integers(0, 255), some.integers(0, 31))
def test_a_proof_with_one_changed_byte_proves_nothing(one: int, two: int, which: int, change: int, byte: int) -> None:
    old, new = min(one, two), max(one, two)
    roots = mth(MANY[:old]), mth(MANY[:new])
    for ranges, proves in (
        (consistency_ranges(old, new), lambda proof: proves_consistency(old, new, proof, *roots)),
        (inclusion_ranges(old - 1, new), lambda proof: proves_inclusion(MANY[old - 1], old - 1, new, proof, roots[1])),
    ):
        proof = hashes(ranges, MANY)
        assert proves(proof)
        if proof and change:
            at = which % len(proof)
            wrong = bytearray(proof[at])
            wrong[byte] ^= change
            assert not proves([*proof[:at], bytes(wrong), *proof[at + 1 :]])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_there_is_not_proved(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"^there is no such leaf in a tree of that size$"):
        inclusion_ranges(index, size)
    assert not proves_inclusion(MANY[0], index, size, [], MANY[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(ValueError, match=r"^a tree does not shrink$"):
        consistency_ranges(old, new)


def test_two_subtrees_are_joined_with_a_one_before_them() -> None:
    assert tree.joined(MANY[0], MANY[1]) == hashlib.sha256(b"\x01" + MANY[0] + MANY[1]).digest()
    assert replace(Subtree(0, 1), index=2) == Subtree(0, 2)


def test_the_leaf_after_the_last_is_not_proved() -> None:
    assert proves_inclusion(MANY[0], 0, 1, [], MANY[0])
    assert not proves_inclusion(MANY[0], 1, 1, [], MANY[0])
