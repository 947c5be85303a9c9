"""How a file is sealed in pieces, so that no more than one of them is ever in memory, format 1. Pure.

    format (1) | ciphertext + tag (16)

AES-256-GCM under a key of the file's own, which is made anew for every attempt to take a file in and used for nothing
else, so that a piece's number can be its nonce. Bound to each piece are the file's id, its number, and whether it is
the last: pieces cannot be swapped, moved to another file, left out, or cut off at the end. The key itself lies in the
file's row, in the patient's envelope, which commits to it.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from records.envelope import SealBrokenError, bind

FORMAT = 1
SIZE = 512 * 1024
"""Bytes of a piece; the last may be shorter."""
_NONCE, _TAG = 12, 16


def new_file_key() -> bytes:
    """Return 256 random bits."""
    return os.urandom(32)


class Sealer:
    """Seals and opens the pieces of one file."""

    def __init__(self, key: bytes, file_id: UUID) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"careconnect file 1").derive(key)
        self._cipher = AESGCM(derived)
        self._id = file_id

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        """Seal the piece of that number, from 1 on: each number once."""
        return bytes([FORMAT]) + self._cipher.encrypt(_nonce(number), plain, self._bound(number, last=last))

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Open it. Raises SealBrokenError for whatever is not exactly that piece."""
        if len(sealed) < 1 + _TAG or sealed[0] != FORMAT:
            raise SealBrokenError
        try:
            return self._cipher.decrypt(_nonce(number), sealed[1:], self._bound(number, last=last))
        except InvalidTag as broken:
            raise SealBrokenError from broken

    def _bound(self, number: int, *, last: bool) -> bytes:
        return bind(bytes([FORMAT]), self._id.bytes, number.to_bytes(8, "big"), bytes([last]))


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE, "big")
