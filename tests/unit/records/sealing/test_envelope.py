"""A sealed value opens only whole, only with its key, only at its place; what was sealed once opens for ever."""

import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz_envelopes import fuzz
from records import envelope1
from records.envelope import (
    HEAD,
    SHORTEST,
    SealBrokenError,
    SubjectKey,
    bind,
    key_number,
    key_number_of,
    rewrap,
    seal,
    unseal,
)
from records.keys.store import ErasedError, Keys
from records.places import Place
from records.sealing import open_with

# Frozen: what each format sealed once, with the place and the key; see docs/records.md.
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
KEY = SubjectKey(UUID(int=7), bytes(range(32)), 3)
PLACE = Place("prescription_version", "sealed", UUID(int=2), 3, UUID(int=1))
SUBJECT = UUID(int=4)
SEALED = seal(KEY, "fièvre 🌡".encode(), b"place")


def _keys(vector: dict[str, str]) -> Keys:
    key = SubjectKey(UUID(vector["key_id"]), bytes.fromhex(vector["key"]), int(vector["number"]))
    return Keys(key.number, {key.number: key}, frozenset())


def _place(vector: dict[str, str]) -> Place:
    centre = UUID(vector["centre"]) if vector["centre"] else None
    return Place(vector["table"], vector["column"], UUID(vector["row"]), int(vector["version"]), centre)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['format']}: {vector['says']}")
def test_what_a_format_sealed_once_opens_for_ever(vector: dict[str, str]) -> None:
    sealed = bytes.fromhex(vector["sealed"])
    opened = open_with(_keys(vector), UUID(vector["subject"]), _place(vector), sealed)
    assert opened == bytes.fromhex(vector["plain"])
    assert sealed[0] == int(vector["format"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['format']}: {vector['says']}")
def test_a_flip_of_any_byte_and_a_cut_at_any_byte_is_refused(vector: dict[str, str]) -> None:
    keys, subject, place = _keys(vector), UUID(vector["subject"]), _place(vector)
    sealed = bytes.fromhex(vector["sealed"])
    changed = [
        sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :] for at in range(len(sealed)) for bit in (1, 128)
    ]
    changed += [sealed[:end] for end in range(len(sealed))]
    changed += [sealed[start:] for start in range(1, len(sealed))]
    changed += [sealed + b"\0", b"\0" + sealed, sealed + sealed, sealed[::-1]]
    for each in changed:
        with pytest.raises(SealBrokenError) as refused:
            open_with(keys, subject, place, each)
        assert str(refused.value) == "the seal is broken"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['format']}: {vector['says']}")
def test_nothing_opens_at_another_place_for_another_subject_or_with_another_key(vector: dict[str, str]) -> None:
    keys, subject, place = _keys(vector), UUID(vector["subject"]), _place(vector)
    sealed = bytes.fromhex(vector["sealed"])
    other = UUID(int=99)
    moved = [
        place._replace(table=place.table + "s"),
        place._replace(table=place.table[:-1], column=place.table[-1] + place.column),
        place._replace(column="other"),
        place._replace(row=other),
        place._replace(version=place.version + 1),
        place._replace(version=0),
        place._replace(centre=other),
        place._replace(centre=None if place.centre else UUID(int=0)),
    ]
    for elsewhere in moved:
        with pytest.raises(SealBrokenError):
            open_with(keys, subject, elsewhere, sealed)
    with pytest.raises(SealBrokenError):
        open_with(keys, other, place, sealed)
    number = keys.last
    for stranger in (
        SubjectKey(keys.current.id, os.urandom(32), number),
        SubjectKey(other, keys.current.secret, number),
    ):
        with pytest.raises(SealBrokenError):
            open_with(Keys(number, {number: stranger}, frozenset()), subject, place, sealed)


def test_the_first_bytes_alone_name_the_key() -> None:
    """As rotation reads them, without the rest."""
    for head in (SEALED[:HEAD], SEALED[: HEAD + 1], SEALED):
        assert key_number_of(head) == KEY.number
    for short in (b"", SEALED[: HEAD - 1]):
        with pytest.raises(SealBrokenError):
            key_number_of(short)


def test_the_number_of_a_key_is_read_from_all_its_bytes() -> None:
    for number in (1, 2**8, 2**16 + 2, 2**24 + 3, 2**32 - 1):
        key = SubjectKey(UUID(int=7), os.urandom(32), number)
        assert key_number(seal(key, b"x", b"place")) == number


def test_the_first_key_of_a_subject_is_number_one() -> None:
    assert SubjectKey(KEY.id, KEY.secret).number == 1


def test_a_key_of_another_number_opens_nothing() -> None:
    for number in (1, 2, 4, 2**32 - 1):
        with pytest.raises(SealBrokenError):
            unseal(replace(KEY, number=number), SEALED, b"place")
    assert key_number(SEALED) == 3


def test_the_number_says_which_key_opens_and_a_destroyed_one_that_it_was_erased() -> None:
    old = SubjectKey(UUID(int=8), os.urandom(32), 2)
    sealed = {key.number: seal(key, b"x", PLACE.bound(SUBJECT)) for key in (old, KEY)}
    both = Keys(3, {2: old, 3: KEY}, frozenset({1}))
    assert [open_with(both, SUBJECT, PLACE, each) for each in sealed.values()] == [b"x", b"x"]
    assert both.current is KEY
    erased = Keys(3, {3: KEY}, frozenset({1, 2}))
    with pytest.raises(ErasedError):
        open_with(erased, SUBJECT, PLACE, sealed[2])
    with pytest.raises(SealBrokenError):
        open_with(Keys(3, {3: KEY}, frozenset()), SUBJECT, PLACE, sealed[2])
    with pytest.raises(ErasedError):
        _ = Keys(3, {}, frozenset({1, 2, 3})).current


def test_one_format_is_not_read_as_the_other() -> None:
    as_1 = b"\x01" + SEALED[5:]
    for each in (as_1, b"\x00" + SEALED[1:], b"\x03" + SEALED[1:]):
        with pytest.raises(SealBrokenError):
            open_with(Keys(3, {1: KEY, 3: KEY}, frozenset()), SUBJECT, PLACE, each)
    with pytest.raises(SealBrokenError):
        envelope1.unseal(KEY, SEALED, b"place")


def test_pieces_of_two_values_do_not_make_a_third() -> None:
    """Each layer belongs to the other: head, commitment, nonce and body of different values at the same place."""
    other = seal(KEY, "fièvre 🌡".encode(), b"place")
    cuts = [0, 5, 17, HEAD, HEAD + 32, SHORTEST - 16, len(SEALED)]
    for start, end in pairwise(cuts[1:]):
        with pytest.raises(SealBrokenError):
            unseal(KEY, SEALED[:start] + other[start:end] + SEALED[end:], b"place")


def test_a_rewrapped_value_opens_with_the_new_key_alone_and_its_body_is_as_it_was() -> None:
    new = SubjectKey(UUID(int=9), os.urandom(32), 4)
    head = rewrap(KEY, new, SEALED[:HEAD], b"place")
    moved = head + SEALED[HEAD:]
    assert unseal(new, moved, b"place") == "fièvre 🌡".encode()
    assert (len(head), key_number(moved)) == (HEAD, 4)
    with pytest.raises(SealBrokenError):
        unseal(KEY, moved, b"place")
    for key, head, place in (
        (new, SEALED[:HEAD], b"place"),
        (KEY, SEALED[:HEAD], b"elsewhere"),
        (KEY, SEALED[: HEAD - 1], b"place"),
        (KEY, SEALED[: HEAD + 1], b"place"),
        (KEY, bytes(HEAD), b"place"),
    ):
        with pytest.raises(SealBrokenError):
            rewrap(key, new, head, place)


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_was_sealed_opens(plain: bytes, place: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, place), place) == plain


def test_the_same_value_never_looks_the_same() -> None:
    one, other = seal(KEY, b"x", b""), seal(KEY, b"x", b"")
    for start, end in ((5, 17), (17, HEAD), (HEAD, HEAD + 32), (HEAD + 32, HEAD + 44), (HEAD + 44, SHORTEST)):
        assert one[start:end] != other[start:end]


@given(st.binary(max_size=400))
def test_no_bytes_whatever_break_the_parser(garbage: bytes) -> None:
    for sealed in (garbage, b"\x01" + garbage, KEY.front + garbage):
        with pytest.raises(SealBrokenError):
            open_with(Keys(3, {1: KEY, 3: KEY}, frozenset()), SUBJECT, PLACE, sealed)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_two_different_lists_are_never_bound_alike(one: list[bytes], other: list[bytes]) -> None:
    assert (bind(*one) == bind(*other)) == (one == other)


PLACES = st.builds(
    Place,
    st.sampled_from(["a", "ab", "abc"]),
    st.sampled_from(["a", "b", "bc", "c"]),
    st.builds(UUID, int=st.integers(0, 3)),
    st.integers(0, 3),
    st.none() | st.builds(UUID, int=st.integers(0, 3)),
)


@given(PLACES, PLACES, st.booleans())
def test_two_different_places_or_subjects_are_never_bound_alike(one: Place, other: Place, same: bool) -> None:
    subject = SUBJECT if same else UUID(int=5)
    assert (one.bound(SUBJECT) == other.bound(subject)) == (one == other and same)


def test_a_key_is_not_shown_by_accident() -> None:
    key = SubjectKey(SUBJECT, b"secret secret")
    assert "secret secret" not in repr(key) + repr(Keys(1, {1: key}, frozenset()))


def test_twenty_thousand_hostile_envelopes_are_refused() -> None:
    """`python -m benchmarks.fuzz_envelopes` does a million of them."""
    fuzz(20_000, seed=7)
