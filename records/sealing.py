"""The vault: seals and opens values for a subject (a patient or a person), each under that subject's own key."""

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.settings import RecordsSettings
from records.envelope import FORMAT, SealBrokenError, bind, seal, unseal, unwrap, wrap
from records.model import subject_key

__all__ = ["ErasedError", "Place", "SealBrokenError", "Vault"]

_KEY = 32


class ErasedError(Exception):
    """The subject's key was destroyed: nothing sealed for them can be opened any more."""

    def __init__(self) -> None:
        super().__init__("erased")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies. A value opens only at the place that it was sealed for."""

    table: str
    column: str
    row: UUID
    version: int = 1
    centre: UUID | None = None

    def associated(self, subject: UUID) -> bytes:
        """The associated data: nothing of it is stored in the envelope, all of it must match."""
        centre = self.centre.bytes if self.centre else b""
        texts = (self.table.encode(), self.column.encode())
        return bind(bytes([FORMAT]), centre, *texts, self.row.bytes, str(self.version).encode(), subject.bytes)


class Vault:
    """Holds the master key (KEK) that subjects' keys are wrapped with.

    A subject's key is read from the table at each use: one look-up by primary key, so that a destroyed key is gone
    at once for every replica. Nothing unwrapped outlives a call.
    """

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != _KEY:
            raise ValueError("the records key must be 32 bytes")
        self._master = master_key

    @classmethod
    def from_settings(cls, settings: RecordsSettings) -> Self:
        """Read the key from the settings or from the file that they name. Raises ValueError with a plain sentence."""
        text = settings.key.get_secret_value()
        if not text and settings.key_file:
            try:
                text = settings.key_file.read_text()
            except OSError as unreadable:
                raise ValueError("the file that records.key_file names cannot be read") from unreadable
        if not text.strip():
            raise ValueError("records.key is not set; `careconnect new-key` makes one")
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error as malformed:
            raise ValueError("records.key is not base64; `careconnect new-key` makes one") from malformed
        return cls(key)

    async def seal(self, tx: Tx, subject: UUID, place: Place, plain: bytes) -> bytes:
        """Seal a value for a subject, whose key is made at first use. Raises ErasedError."""
        key = await self._key(tx, subject) or await self._new_key(tx, subject)
        return seal(key, plain, place.associated(subject))

    async def open(self, tx: Tx, subject: UUID, place: Place, sealed: bytes) -> bytes:
        """Open a value. Raises SealBrokenError, and ErasedError once the subject was forgotten."""
        key = await self._key(tx, subject)
        if key is None:
            raise SealBrokenError
        return unseal(key, sealed, place.associated(subject))

    async def forget(self, tx: Tx, subject: UUID) -> None:
        """Destroy the subject's key, for good once backups of the schema `keys` have expired; no key is made again."""
        await tx.conn.execute(
            insert(subject_key)
            .values(subject=subject, wrapped=None, created_at=tx.now, destroyed_at=tx.now)
            .on_conflict_do_nothing()
        )
        await tx.conn.execute(
            update(subject_key)
            .where(subject_key.c.subject == subject, subject_key.c.destroyed_at.is_(None))
            .values(wrapped=None, destroyed_at=tx.now)
        )

    async def _key(self, tx: Tx, subject: UUID) -> bytes | None:
        found = await tx.conn.execute(select(subject_key.c.wrapped).where(subject_key.c.subject == subject))
        row = found.one_or_none()
        if row is None:
            return None
        if row.wrapped is None:
            raise ErasedError
        return unwrap(self._master, row.wrapped, _key_place(subject))

    async def _new_key(self, tx: Tx, subject: UUID) -> bytes:
        wrapped = wrap(self._master, os.urandom(_KEY), _key_place(subject))
        await tx.conn.execute(
            insert(subject_key).values(subject=subject, wrapped=wrapped, created_at=tx.now).on_conflict_do_nothing()
        )
        # Two at once: the second waits for the first to commit, and reads the first one's key.
        key = await self._key(tx, subject)
        if key is None:
            raise ErasedError
        return key


def _key_place(subject: UUID) -> bytes:
    return bind(b"subject_key", subject.bytes)
