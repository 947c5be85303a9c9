"""The envelope, format 1: AES-256-GCM under a key of its own, committed to, and bound to its place. Pure.

    format (1) | wrap nonce (12) | wrapped data key (32 + 16) | commitment (32) | nonce (12) | ciphertext + tag (16)

The data key is fresh for every value and wrapped under the subject's key. HKDF-SHA256 makes from it the encryption key
and a commitment: without one, GCM lets a ciphertext open under two keys. Both layers carry the same associated data.
"""

import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = 1
_KEY, _NONCE, _TAG = 32, 12, 16
_WRAPPED = _NONCE + _KEY + _TAG
_HEAD = 1 + _WRAPPED + _KEY + _NONCE


class SealBrokenError(Exception):
    """What should be opened is not what was sealed there. Says nothing more to the outside."""

    def __init__(self) -> None:
        super().__init__("the seal is broken")


def bind(*parts: bytes) -> bytes:
    """Join parts so that no two different lists give the same bytes: each with its length before it."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def wrap(key: bytes, inner: bytes, associated: bytes) -> bytes:
    """Encrypt a key under another, with random nonce."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, inner, associated)


def unwrap(key: bytes, wrapped: bytes, associated: bytes) -> bytes:
    """Reverse `wrap`. Raises SealBrokenError."""
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], associated)
    except (InvalidTag, ValueError) as broken:
        raise SealBrokenError from broken


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """Seal `plain` under the subject's key, bound to `associated`."""
    data_key = os.urandom(_KEY)
    encryption, commitment = _derive(data_key)
    nonce = os.urandom(_NONCE)
    return b"".join(
        (
            bytes([FORMAT]),
            wrap(key, data_key, associated),
            commitment,
            nonce,
            AESGCM(encryption).encrypt(nonce, plain, associated),
        )
    )


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Open what `seal` sealed. Raises SealBrokenError for whatever is not exactly that."""
    if len(sealed) < _HEAD + _TAG or sealed[0] != FORMAT:
        raise SealBrokenError
    data_key = unwrap(key, sealed[1 : 1 + _WRAPPED], associated)
    encryption, commitment = _derive(data_key)
    if not hmac.compare_digest(commitment, sealed[1 + _WRAPPED : 1 + _WRAPPED + _KEY]):
        raise SealBrokenError
    try:
        return AESGCM(encryption).decrypt(sealed[_HEAD - _NONCE : _HEAD], sealed[_HEAD:], associated)
    except InvalidTag as broken:
        raise SealBrokenError from broken


def _derive(data_key: bytes) -> tuple[bytes, bytes]:
    made = HKDF(SHA256(), 2 * _KEY, salt=None, info=b"careconnect seal 1").derive(data_key)
    return made[:_KEY], made[_KEY:]
