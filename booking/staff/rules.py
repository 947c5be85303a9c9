"""Codes with which people without an account join. Pure."""

import hashlib
import secrets
from datetime import timedelta

VALID_FOR = timedelta(days=7)
# As in core.ids: nothing that looks like something else.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
"""80 bits: nobody guesses it within a week."""
_GROUP = 4


def new_join_code() -> str:
    """Return a code in groups of four: K7QM-3F2A-9XTC-0BWD."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def normal_join_code(text: str) -> str:
    """Read a code as people type it; what is none becomes one that nobody has."""
    letters = text.upper().translate(str.maketrans("OIL", "011", "- \t\n"))
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def registration_token(code: str) -> str:
    """Return the homeserver's token that goes with a code: who has the code has the token, and not the other way round.

    Synapse takes letters, digits and ._~- and 64 of them at most.
    """
    return hashlib.sha256(b"careconnect registration " + code.encode()).hexdigest()[:32]
