"""Sealing of what is the bot's own and not a patient's, under settings.matrix.store_key."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.settings import MatrixSettings


def _key(matrix: MatrixSettings, purpose: str) -> bytes:
    secret = matrix.store_key.get_secret_value()
    if not secret:
        raise ValueError("matrix.store_key is not set: the bot's keys cannot be kept without it.")
    return HKDF(SHA256(), 32, salt=None, info=f"careconnect {purpose}".encode()).derive(secret.encode())


def pickle_key(matrix: MatrixSettings) -> str:
    """The passphrase of the Olm store. Raises ValueError without a store key."""
    return _key(matrix, "olm store").hex()


def seal(matrix: MatrixSettings, purpose: str, plain: bytes) -> bytes:
    """Encrypt for ourselves; `purpose` is bound in."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_key(matrix, purpose)).encrypt(nonce, plain, purpose.encode())


def unseal(matrix: MatrixSettings, purpose: str, sealed: bytes) -> bytes:
    """Open what `seal` made. Raises cryptography's InvalidTag if the key is another one."""
    return AESGCM(_key(matrix, purpose)).decrypt(sealed[:12], sealed[12:], purpose.encode())


def unguessable(matrix: MatrixSettings, name: str) -> str:
    """Letters and digits that follow from `name` and that nobody without the key can foresee."""
    return hmac.new(_key(matrix, "names"), name.encode(), hashlib.sha256).hexdigest()[:40]
