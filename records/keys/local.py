"""The provider that is a key of the deployment's own: 32 bytes in the settings, the environment, or a file."""

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from records.envelope import SealBrokenError, bind
from records.keys.provider import Name, Wrapped

_SIZE, _NONCE = 32, 12


class LocalKey:
    """AES-256-GCM in this process, each wrapped key bound to its name."""

    remote = False

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _SIZE:
            raise ValueError("The records key must be 32 bytes; `careconnect new-key` makes one.")
        self._aead = AESGCM(secret)
        self.id = HKDF(SHA256(), 8, salt=None, info=b"careconnect master key id").derive(secret).hex()
        """Tells master keys apart in the table, and says nothing about the key."""

    @classmethod
    def from_text(cls, text: SecretStr | str) -> Self:
        """Read it as the settings have it. Raises ValueError with a plain sentence that does not show it."""
        text = text.get_secret_value() if isinstance(text, SecretStr) else text
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError) as malformed:
            raise ValueError("records.key is not base64; `careconnect new-key` makes one.") from malformed
        return cls(secret)

    @classmethod
    def from_file(cls, file: Path) -> Self:
        """Read it from a file. Raises ValueError with a plain sentence."""
        try:
            text = file.read_text("ascii")
        except (OSError, UnicodeDecodeError) as unreadable:
            raise ValueError("The file that records.key_file names cannot be read.") from unreadable
        if not text.strip():
            raise ValueError("The file that records.key_file names is empty: the key is not set.")
        return cls.from_text(text)

    def knows(self, by: str) -> bool:
        return by == self.id

    async def current(self) -> str:
        return self.id

    async def wrap(self, keys: Sequence[tuple[Name, bytes]]) -> list[Wrapped]:
        return [Wrapped(self._wrap(name, secret), self.id) for name, secret in keys]

    async def unwrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[bytes]:
        """Raises SealBrokenError for another subject's key, another master key, and whatever was changed."""
        return [self._unwrap(name, wrapped) for name, wrapped in keys]

    async def rewrap(self, keys: Sequence[tuple[Name, Wrapped]]) -> list[Wrapped]:
        return await self.wrap([(name, self._unwrap(name, wrapped)) for name, wrapped in keys])

    async def close(self) -> None:
        pass

    def _wrap(self, name: Name, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, secret, self._bound(name))

    def _unwrap(self, name: Name, wrapped: Wrapped) -> bytes:
        if wrapped.by != self.id:
            raise SealBrokenError
        try:
            return self._aead.decrypt(wrapped.secret[:_NONCE], wrapped.secret[_NONCE:], self._bound(name))
        except (InvalidTag, ValueError) as broken:
            raise SealBrokenError from broken

    def _bound(self, name: Name) -> bytes:
        return bind(b"careconnect subject key 1", self.id.encode(), name.subject.bytes, name.key_id.bytes)
