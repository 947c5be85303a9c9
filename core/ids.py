"""Identifiers: sortable row ids, short codes that people read aloud, and secrets that nobody guesses."""

import hashlib
import hmac
import os
import secrets
import time
from uuid import UUID, uuid5

# Crockford's base 32 without vowels' look-alikes: no I, L, O, U.
_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NAMESPACE = UUID("6f2c7a52-6a5e-5d0e-9d39-2f6b1a1f6f0c")


def new_id() -> UUID:
    """Return a UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)


def id_of(key: str) -> UUID:
    """Return the same id for the same key, always (UUID version 5): what makes a repeat no repeat."""
    return uuid5(_NAMESPACE, key)


def new_code() -> str:
    """Return six letters and digits (30 bits) that a person can read aloud. A name for a thing, never a secret.

    One of them at least is a digit, so that no word that people write is a code.
    """
    while True:
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(6))
        if any(letter.isdigit() for letter in code):
            return code


def normal_code(text: str) -> str:
    """Read a code as people type it: any case, spaces or dashes, O for 0 and I or L for 1."""
    return text.strip().upper().replace(" ", "").replace("-", "").translate(str.maketrans("OIL", "011"))


def new_secret() -> str:
    """Return 256 random bits in URL-safe letters."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a secret of full entropy: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def dealt_to(key: UUID, shards: int) -> int:
    """Return whose of so many shards a thing is, by its id alone.

    With one shard more, only what goes to the new one changes hands (rendezvous hashing).
    """
    return max(range(shards), key=lambda shard: hashlib.sha256(b"%s %d" % (key.bytes, shard)).digest())
