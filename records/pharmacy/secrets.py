"""The two secrets of a dispensing: the paper's, which the patient brings, and the pharmacy's, for all that follows.

160 random bits each, in letters that can be typed from paper: no number of tries finds one, so that none is counted.
"""

import hmac
import re
import secrets

from core.ids import normal_code, secret_hash

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 32
_SECRET = re.compile(rf"[{_LETTERS}]{{{_LENGTH}}}", re.ASCII)


def new_typed_secret() -> str:
    """Return a new secret, in groups of four letters."""
    return grouped("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))


def grouped(secret: str) -> str:
    """ABCD-EFGH-..."""
    return "-".join(secret[n : n + 4] for n in range(0, len(secret), 4))


def read_secret(text: str) -> str | None:
    """Return the secret that was typed, however it was grouped; None for what cannot be one."""
    if len(text) > 4 * _LENGTH:
        return None
    read = normal_code("".join(text.split()))
    return grouped(read) if _SECRET.fullmatch(read) else None


def hashed(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return secret_hash(secret)


def fits(secret: str | None, stored: bytes) -> bool:
    """Compare what was typed with what is stored, in constant time."""
    return secret is not None and hmac.compare_digest(hashed(secret), stored)
