"""The envelope, format 2: AES-256-GCM under a key of its own, committed to, and bound to its place. Pure.

    format (1) | key number (4) | wrap nonce (12) | wrapped data key (32 + 16) | commitment (32)
        | nonce (12) | ciphertext + tag (16)

The data key is fresh for every value and wrapped under the subject's key, which `key number` tells from those before
it. HKDF-Expand (records.derivation) makes from the data key the encryption key and a commitment: without one, GCM lets
a ciphertext open under two keys. Both layers carry the place
as associated data, the wrapping besides it the subject's key, so that a new key of the subject's, or a new place of the
key, changes the first `HEAD` bytes alone (`rewrap`).
"""

import hmac
import os
import struct
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.derivation import two_keys

FORMAT = 2
_KEY, _NONCE, _TAG = 32, 12, 16
_WRAPPED = _KEY + _TAG
HEAD = 1 + 4 + _NONCE + _WRAPPED
"""Bytes that a new wrapping changes. What follows them stays as it is."""
_NONCE_AT = HEAD + _KEY
_BODY_AT = _NONCE_AT + _NONCE
SHORTEST = _BODY_AT + _TAG
_FRONT = struct.Struct(">BI")
_DERIVED = b"careconnect seal 2"


class SealBrokenError(Exception):
    """What should be opened is not what was sealed there. Says nothing more to the outside."""

    def __init__(self) -> None:
        super().__init__("the seal is broken")


def bind(*parts: bytes) -> bytes:
    """Join parts so that no two different lists give the same bytes: each with its length before it."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


@dataclass(frozen=True)
class SubjectKey:
    """A subject's key, unwrapped. `id` and `number` are bound into all that it seals."""

    id: UUID
    secret: bytes = field(repr=False)
    number: int = 1
    """From 1 on: each rotation, and each beginning after an erasure, makes the next."""

    @cached_property
    def aead(self) -> AESGCM:
        return AESGCM(self.secret)

    @cached_property
    def front(self) -> bytes:
        """How an envelope begins that this key seals."""
        return _FRONT.pack(FORMAT, self.number)

    @cached_property
    def bound(self) -> bytes:
        """What binds a wrapped data key to this key."""
        return self.front + self.id.bytes


def key_number(sealed: bytes) -> int:
    """The number of the subject's key that opens this. Raises SealBrokenError for what is no envelope of format 2."""
    if len(sealed) < SHORTEST:
        raise SealBrokenError
    return key_number_of(sealed)


def key_number_of(head: bytes) -> int:
    """The same of an envelope's first `HEAD` bytes. Raises SealBrokenError."""
    if len(head) < HEAD or head[0] != FORMAT:
        raise SealBrokenError
    return int.from_bytes(head[1:5], "big")


def seal(key: SubjectKey, plain: bytes, place: bytes) -> bytes:
    """Seal `plain` under the subject's key, bound to `place`."""
    random = os.urandom(_KEY + 2 * _NONCE)
    data_key, nonce = random[:_KEY], random[_KEY + _NONCE :]
    encryption, commitment = two_keys(data_key, _DERIVED)
    wrapping = _wrapped(key, data_key, random[_KEY : _KEY + _NONCE], place)
    return wrapping + commitment + nonce + AESGCM(encryption).encrypt(nonce, plain, place)


def unseal(key: SubjectKey, sealed: bytes, place: bytes) -> bytes:
    """Open what `seal` sealed. Raises SealBrokenError for whatever is not exactly that."""
    if len(sealed) < SHORTEST:
        raise SealBrokenError
    encryption, commitment = two_keys(_data_key(key, sealed, place), _DERIVED)
    if not hmac.compare_digest(commitment, sealed[HEAD:_NONCE_AT]):
        raise SealBrokenError
    try:
        return AESGCM(encryption).decrypt(sealed[_NONCE_AT:_BODY_AT], sealed[_BODY_AT:], place)
    except InvalidTag as broken:
        raise SealBrokenError from broken


def rewrap(old: SubjectKey, new: SubjectKey, head: bytes, place: bytes) -> bytes:
    """The first `HEAD` bytes of an envelope, for another key of the same subject. Raises SealBrokenError."""
    if len(head) != HEAD:
        raise SealBrokenError
    return _wrapped(new, _data_key(old, head, place), os.urandom(_NONCE), place)


def _wrapped(key: SubjectKey, data_key: bytes, nonce: bytes, place: bytes) -> bytes:
    return key.front + nonce + key.aead.encrypt(nonce, data_key, key.bound + place)


def _data_key(key: SubjectKey, sealed: bytes, place: bytes) -> bytes:
    if sealed[:5] != key.front:
        raise SealBrokenError
    try:
        return key.aead.decrypt(sealed[5 : 5 + _NONCE], sealed[5 + _NONCE : HEAD], key.bound + place)
    except InvalidTag as broken:
        raise SealBrokenError from broken
