"""The envelope, format 1: what was sealed before keys had numbers. It is only opened; `rotate data` makes it format 2.

    format (1) | wrap nonce (12) | wrapped data key (32 + 16) | commitment (32) | nonce (12) | ciphertext + tag (16)

Only first keys (number 1) ever sealed in it.
"""

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from records.envelope import SealBrokenError, SubjectKey

FORMAT = 1
KEY_NUMBER = 1
_KEY, _NONCE, _TAG = 32, 12, 16
_WRAPPED = _NONCE + _KEY + _TAG
_HEAD = 1 + _WRAPPED + _KEY + _NONCE


def unseal(key: SubjectKey, sealed: bytes, associated: bytes) -> bytes:
    """Open what was sealed in format 1. Raises SealBrokenError for whatever is not exactly that."""
    if len(sealed) < _HEAD + _TAG or sealed[0] != FORMAT:
        raise SealBrokenError
    wrapped = sealed[1 : 1 + _WRAPPED]
    try:
        data_key = key.aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], associated)
        encryption, commitment = _derive(data_key)
        if not hmac.compare_digest(commitment, sealed[1 + _WRAPPED : 1 + _WRAPPED + _KEY]):
            raise SealBrokenError
        return AESGCM(encryption).decrypt(sealed[_HEAD - _NONCE : _HEAD], sealed[_HEAD:], associated)
    except InvalidTag as broken:
        raise SealBrokenError from broken


def _derive(data_key: bytes) -> tuple[bytes, bytes]:
    made = HKDF(SHA256(), 2 * _KEY, salt=None, info=b"careconnect seal 1").derive(data_key)
    return made[:_KEY], made[_KEY:]
