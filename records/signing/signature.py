"""Ed25519 signatures over the canonical JSON of a record, and a key that only the second factor unlocks. Pure.

What the lock protects from: who has the doctor's chat (an open session, a stolen password or access token) but not the
phone cannot sign; who has the database and its backups can neither sign nor make codes. What it does not protect from:
the server must know the factor's secret to check a code, so that who holds the server's master key and the database
together can unlock every key. This is no qualified electronic signature (eIDAS, article 3 (12)).
"""

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import RefusedError, UserError
from records.signing.jws import Signature, header_of

_NONCE = 12


class ForgedError(UserError):
    """A version is not what was signed, or nobody signed it who could."""

    def __init__(self) -> None:
        super().__init__(
            "The signature of this record does not fit, so nothing of it is shown. Please tell the doctor."
        )


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a signature is checked with: kept for good, also when the key signs no more."""

    id: UUID
    practitioner_id: UUID
    public: bytes
    valid_from: datetime
    """The instant from which it signs. UTC."""
    valid_until: datetime | None
    """The last instant at which it signed."""

    def require(self, signature: Signature, content: bytes, *, by: UUID, at: datetime) -> None:
        """Raise ForgedError unless the practitioner `by` signed just this `content` with this key, valid at `at`."""
        valid = self.valid_from <= at and (self.valid_until is None or at <= self.valid_until)
        if by != self.practitioner_id or not valid or signature.header not in {None, header_of(self.id)}:
            raise ForgedError
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature.value, signature.over(content))
        except (InvalidSignature, ValueError) as forged:
            raise ForgedError from forged


@dataclass(frozen=True, slots=True)
class Signer:
    """A doctor's key, unlocked. Lives no longer than the transaction in which the code was given."""

    key_id: UUID
    practitioner_id: UUID
    person_id: UUID
    secret: bytes = field(repr=False)

    def sign(self, content: bytes) -> Signature:
        """Sign a content, as a JWS."""
        unsigned = Signature(b"", header_of(self.key_id))
        return replace(unsigned, value=Ed25519PrivateKey.from_private_bytes(self.secret).sign(unsigned.over(content)))

    def require_of(self, practitioner_id: UUID, person_id: UUID) -> None:
        """Raise RefusedError unless this is the key of the doctor who writes something, as this person."""
        if (self.practitioner_id, self.person_id) != (practitioner_id, person_id):
            raise RefusedError

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()


def new_secret_key() -> bytes:
    """Return a new private key, 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def lock_key(secret: bytes, factor: str, key_id: UUID) -> bytes:
    """Encrypt a private key under the factor's secret, bound to the key's id."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(factor, key_id).encrypt(nonce, secret, key_id.bytes)


def unlock_key(locked: bytes, factor: str, key_id: UUID) -> bytes:
    """Reverse `lock_key`. Raises ForgedError for another factor, another key, and whatever was changed."""
    try:
        return _cipher(factor, key_id).decrypt(locked[:_NONCE], locked[_NONCE:], key_id.bytes)
    except (InvalidTag, ValueError) as broken:
        raise ForgedError from broken


def _cipher(factor: str, key_id: UUID) -> AESGCM:
    info = b"careconnect signing key 1"
    return AESGCM(HKDF(SHA256(), 32, salt=key_id.bytes, info=info).derive(factor.encode()))
