"""A piece of a file opens as what it is, where it is, and in no other way."""

from uuid import UUID

import pytest

from records.files.pieces import Sealer, new_file_key
from records.sealing import SealBrokenError

FILE, OTHER = UUID(int=1), UUID(int=2)
KEY = bytes(range(32))
FROZEN = bytes.fromhex("0152446ee58a2860f500c334b5bd1952c150455e090ffa748f3a9c")
"""Piece 1 of FILE, the last one, under KEY: format 1 must read it for good."""


def test_the_frozen_piece_of_format_1_still_opens() -> None:
    assert Sealer(KEY, FILE).open(1, FROZEN, last=True) == b"blood test"
    assert Sealer(KEY, FILE).seal(1, b"blood test", last=True) == FROZEN


def test_a_flip_of_every_byte_is_refused() -> None:
    sealer = Sealer(new_file_key(), FILE)
    sealed = sealer.seal(3, b"x-ray" * 10, last=False)
    assert sealer.open(3, sealed, last=False) == b"x-ray" * 10
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(SealBrokenError):
            sealer.open(3, bytes(broken), last=False)


def test_a_piece_opens_at_its_place_alone() -> None:
    key = new_file_key()
    sealed = Sealer(key, FILE).seal(1, b"one", last=False)
    for sealer, number, last in [
        (Sealer(key, FILE), 2, False),  # swapped
        (Sealer(key, FILE), 1, True),  # the rest cut off
        (Sealer(key, OTHER), 1, False),  # another file
        (Sealer(new_file_key(), FILE), 1, False),  # another key
    ]:
        with pytest.raises(SealBrokenError):
            sealer.open(number, sealed, last=last)


@pytest.mark.parametrize("cut", [0, 1, 16, 17])
def test_what_is_cut_short_is_refused(cut: int) -> None:
    sealer = Sealer(KEY, FILE)
    with pytest.raises(SealBrokenError):
        sealer.open(1, sealer.seal(1, b"one", last=True)[:cut], last=True)
