"""Encrypted files as Matrix sends them, part by part in both directions. Pure.

https://spec.matrix.org/v1.16/client-server-api/#sending-encrypted-attachments: AES-256 in counter mode, and the
SHA-256 of what lies on the homeserver, which is what vouches for it: a file is whole and unchanged only once its last
part was checked.
"""

import binascii
import hashlib
import hmac
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from unpaddedbase64 import decode_base64, encode_base64

_MXC = re.compile(r"mxc://(?P<server>[A-Za-z0-9.\-:\[\]]{1,255})/(?P<id>[A-Za-z0-9_\-]{1,255})")
_KEY, _IV, _SHA256 = 32, 16, 32


class BrokenMediaError(Exception):
    """What lies on the homeserver is not what the sender encrypted, or they did not say how."""


@dataclass(frozen=True, slots=True)
class Locked:
    """An encrypted file: where it lies, and what opens it."""

    server: str
    media_id: str
    key: bytes = field(repr=False)
    iv: bytes = field(repr=False)
    sha256: bytes


def read_locked(where: Mapping[str, Any]) -> Locked:
    """Read an EncryptedFile, in the version that there is (v2). Raises BrokenMediaError."""
    try:
        key = where["key"]
        place = _MXC.fullmatch(where["url"])
        if where["v"] != "v2" or key["kty"] != "oct" or key["alg"] != "A256CTR" or place is None:
            raise BrokenMediaError("of another version")
        opens = decode_base64(key["k"]), decode_base64(where["iv"]), decode_base64(where["hashes"]["sha256"])
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as malformed:
        raise BrokenMediaError("malformed") from malformed
    if [len(each) for each in opens] != [_KEY, _IV, _SHA256]:
        raise BrokenMediaError("malformed")
    return Locked(place["server"], place["id"], *opens)


async def unlocked(locked: Locked, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decrypt part by part. Raises BrokenMediaError behind the last one, when the whole is not what was sent."""
    cipher = Cipher(AES(locked.key), CTR(locked.iv)).decryptor()
    digest = hashlib.sha256()
    async for part in parts:
        digest.update(part)
        yield cipher.update(part)
    if not hmac.compare_digest(digest.digest(), locked.sha256):
        raise BrokenMediaError("another hash")


class Locking:
    """Encrypts a file part by part; once all parts went through, it says what opens it."""

    def __init__(self) -> None:
        self._key = os.urandom(_KEY)
        # Eight random bytes, then the counter, which never runs over: as the specification has it.
        self._iv = os.urandom(_IV // 2) + bytes(_IV // 2)
        self._digest = hashlib.sha256()

    async def locked(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Encrypt, of the same length. Once only."""
        cipher = Cipher(AES(self._key), CTR(self._iv)).encryptor()
        async for part in parts:
            sealed = cipher.update(part)
            self._digest.update(sealed)
            yield sealed

    def where(self, url: str) -> dict[str, Any]:
        """Return the EncryptedFile of what now lies at `url`."""
        key = {
            "kty": "oct",
            "alg": "A256CTR",
            "ext": True,
            "k": encode_base64(self._key, urlsafe=True),
            "key_ops": ["encrypt", "decrypt"],
        }
        hashes = {"sha256": encode_base64(self._digest.digest())}
        return {"v": "v2", "url": url, "key": key, "iv": encode_base64(self._iv), "hashes": hashes}
