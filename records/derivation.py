"""HKDF-Expand (RFC 5869, 2.3) with SHA-256 for exactly two keys of 32 bytes, as each envelope needs it. Pure.

A third of what sealing a value took went into the library's object for each derivation. This is the same function over
hashlib's SHA-256, which is OpenSSL's, and takes a quarter less time; the tests compare the two.
"""

from hashlib import sha256

_SIZE = 32
# HMAC (RFC 2104) pads the key to a block of SHA-256's, 64 bytes, and flips some of its bits.
_INNER, _OUTER = (bytes(byte ^ flip for byte in range(256)) for flip in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = bytes(_SIZE).translate(_INNER), bytes(_SIZE).translate(_OUTER)


def two_keys(secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Derive two keys from one of 32 random bytes, which needs no extraction before (RFC 5869, 3.3)."""
    if len(secret) != _SIZE:
        raise ValueError("keys are derived from 32 bytes")
    inner, outer = secret.translate(_INNER) + _INNER_REST, secret.translate(_OUTER) + _OUTER_REST
    first = sha256(outer + sha256(inner + info + b"\x01").digest()).digest()
    return first, sha256(outer + sha256(inner + first + info + b"\x02").digest()).digest()
