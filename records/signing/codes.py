"""The doctor's second factor: six digits that an authenticator shows for half a minute (TOTP, RFC 6238). Pure."""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyotp

_DRIFT = 1
"""Steps of half a minute that a phone's clock may be off, either way (RFC 6238, 5.2)."""
_TRIES = 5
_SHORTEST, _LONGEST = timedelta(minutes=15), timedelta(days=1)
_CODE = re.compile(r"([0-9]{3})[ -]?([0-9]{3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tries:
    """What is remembered of the codes that were tried."""

    last_step: int = -1
    """The half minute (since 1970) of the newest code that was taken: it and all before it are used up."""
    failures: int = 0
    """Wrong codes in a row."""
    locked_until: datetime | None = None
    """Until when no code is looked at. UTC."""
    taken_at: datetime | None = None
    """When a code was last taken. UTC."""


def new_factor() -> str:
    """Return a new secret for an authenticator: 160 random bits in base 32 (RFC 4226, 4, R6)."""
    return pyotp.random_base32(32)


def link_of(factor: str, *, account: str, issuer: str) -> str:
    """Return the otpauth link that authenticators read, also as a QR code."""
    return pyotp.TOTP(factor).provisioning_uri(name=account, issuer_name=issuer)


def read_code(text: str) -> str | None:
    """Return the six digits that a text is ("123456", "123 456"), or None."""
    found = _CODE.fullmatch(text.strip())
    return found[1] + found[2] if found else None


def tried(tries: Tries, factor: str, code: str, now: datetime) -> tuple[bool, Tries]:
    """Whether a code is taken now, and what is to be remembered. A code is taken once; while locked, none is.

    Each five wrong ones in a row lock for a quarter of an hour, then for twice as long each time, a day at most.
    """
    if tries.locked_until and now < tries.locked_until:
        return False, tries
    totp = pyotp.TOTP(factor)
    here = totp.timecode(now)
    fits = [
        step
        for step in range(here - _DRIFT, here + _DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step), code) and step > tries.last_step
    ]
    if fits:
        return True, Tries(last_step=fits[0], taken_at=now)
    failures = tries.failures + 1
    rounds, rest = divmod(failures, _TRIES)
    locked = None if rest else now + min(_SHORTEST * 2 ** min(rounds - 1, 10), _LONGEST)
    return False, replace(tries, failures=failures, locked_until=locked)
