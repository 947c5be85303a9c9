"""A sealed value opens only whole, only with its key, only at its place."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.envelope import SealBrokenError, bind, seal, unseal

KEY = bytes(range(32))
# Frozen: what format 1 sealed once opens for ever.
VECTOR = bytes.fromhex(
    "01ff8e118bf91e6bed31d4ec833861118ea8b7707c7c5ce90e071e2218655e2b823c47bf94aa8e44f61d8a107fba3eb8620a"
    "898dd12fc5d2da7bdf78b2b53483900017f4637b3e19780ca7963a4efa28dc40d57ecc12ffdc5487625334de7ed7559538c2"
    "19bc8c1268189411d2e21e56905cd1f9acb49e5c355bba6f90829599e0dffb7678"
)


def test_what_format_1_sealed_once_opens_for_ever() -> None:
    assert unseal(KEY, VECTOR, b"place") == "fièvre 🌡".encode()


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_was_sealed_opens(plain: bytes, place: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, place), place) == plain


def test_the_same_value_never_looks_the_same() -> None:
    assert seal(KEY, b"x", b"") != seal(KEY, b"x", b"")


def test_a_flip_of_any_byte_is_refused() -> None:
    for at in range(len(VECTOR)):
        for bit in (1, 128):
            flipped = bytearray(VECTOR)
            flipped[at] ^= bit
            with pytest.raises(SealBrokenError):
                unseal(KEY, bytes(flipped), b"place")


def test_a_cut_at_any_byte_is_refused() -> None:
    for end in range(len(VECTOR)):
        with pytest.raises(SealBrokenError):
            unseal(KEY, VECTOR[:end], b"place")


def test_another_key_or_place_is_refused() -> None:
    for key, place in ((os.urandom(32), b"place"), (KEY, b"elsewhere"), (KEY, b"")):
        with pytest.raises(SealBrokenError) as refused:
            unseal(key, VECTOR, place)
        assert str(refused.value) == "the seal is broken"


@given(st.binary(max_size=400))
def test_no_bytes_whatever_break_the_parser(garbage: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(KEY, garbage, b"place")


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_different_lists_are_never_bound_alike(one: list[bytes], other: list[bytes]) -> None:
    assert (bind(*one) == bind(*other)) == (one == other)
