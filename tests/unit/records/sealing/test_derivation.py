"""Derived keys are those of HKDF-Expand, as the library has it."""

import os

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from records.derivation import two_keys

SECRETS = [bytes(32), b"\xff" * 32, bytes(range(32)), *(os.urandom(32) for _ in range(200))]


@pytest.mark.parametrize("info", [b"", b"careconnect seal 2", bytes(range(256))])
def test_the_library_derives_the_same(info: bytes) -> None:
    for secret in SECRETS:
        assert b"".join(two_keys(secret, info)) == HKDFExpand(SHA256(), 64, info=info).derive(secret)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="from 32 bytes"):
        two_keys(bytes(size), b"")
