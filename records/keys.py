"""Keys: the master key of the deployment, and below it one key for each subject. In memory only while a call lasts.

The table has a schema of its own, so that the keys can be dumped apart from what they open (`pg_dump
--exclude-schema=keys`): a dump that holds both would give an erased patient back.
"""

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, LargeBinary, Table, Text, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.errors import UserError
from core.ids import new_id
from core.settings import RecordsSettings
from core.tables import Moment, metadata
from records.envelope import SealBrokenError, bind, unwrap, wrap

subject_key = Table(
    "subject_key",
    metadata,
    Column("subject", Uuid, primary_key=True),
    Column("key_id", Uuid, nullable=False),
    Column("wrapped", LargeBinary),
    Column("wrapped_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("destroyed_at", Moment),
    schema="keys",
)

_SIZE = 32


class ErasedError(UserError):
    """The subject's key was destroyed: nothing sealed for them can be opened, or sealed, any more."""

    def __init__(self) -> None:
        super().__init__("These records were erased and can no longer be read.")


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A subject's key, unwrapped. `id` is bound into all that it seals."""

    id: UUID
    secret: bytes = field(repr=False)


class MasterKey:
    """The key (KEK) that the subjects' keys are wrapped with."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _SIZE:
            raise ValueError("The records key must be 32 bytes; `careconnect new-key` makes one.")
        self._secret = secret
        self.id = HKDF(SHA256(), 8, salt=None, info=b"careconnect master key id").derive(secret).hex()
        """Tells master keys apart in the table, and says nothing about the key."""

    @classmethod
    def from_settings(cls, settings: RecordsSettings) -> Self:
        """Read it from the settings or from the file that they name. Raises ValueError with a plain sentence."""
        text = settings.key.get_secret_value().strip()
        if not text and settings.key_file:
            try:
                text = settings.key_file.read_text("ascii").strip()
            except (OSError, UnicodeDecodeError) as unreadable:
                raise ValueError("The file that records.key_file names cannot be read.") from unreadable
        if not text:
            raise ValueError("records.key is not set; `careconnect new-key` makes one.")
        try:
            secret = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as malformed:
            raise ValueError("records.key is not base64; `careconnect new-key` makes one.") from malformed
        return cls(secret)

    def wrap(self, subject: UUID, key: SubjectKey) -> bytes:
        return wrap(self._secret, key.secret, self._bound(subject, key.id))

    def unwrap(self, subject: UUID, key_id: UUID, wrapped: bytes) -> SubjectKey:
        """Raises SealBrokenError for another subject's key, another master key, and whatever was changed."""
        return SubjectKey(key_id, unwrap(self._secret, wrapped, self._bound(subject, key_id)))

    def _bound(self, subject: UUID, key_id: UUID) -> bytes:
        return bind(b"careconnect subject key 1", self.id.encode(), subject.bytes, key_id.bytes)


async def find_key(tx: Tx, master: MasterKey, subject: UUID) -> SubjectKey | None:
    """The subject's key, or None while there is none. Raises ErasedError, SealBrokenError.

    Reads the table each time, by primary key, and keeps nothing: a destroyed key is gone for every replica with the
    commit that destroyed it. Unwrapping takes microseconds beside the look-up, so a cache would save nothing here.
    """
    found = await tx.conn.execute(
        select(subject_key.c.key_id, subject_key.c.wrapped, subject_key.c.wrapped_by).where(
            subject_key.c.subject == subject
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.wrapped is None:
        raise ErasedError
    if row.wrapped_by != master.id:
        raise SealBrokenError
    return master.unwrap(subject, row.key_id, row.wrapped)


async def make_key(tx: Tx, master: MasterKey, subject: UUID) -> SubjectKey:
    """The subject's key, made now unless another transaction is first. Raises ErasedError, SealBrokenError."""
    key = SubjectKey(new_id(), os.urandom(_SIZE))
    await tx.conn.execute(
        insert(subject_key)
        .values(
            subject=subject,
            key_id=key.id,
            wrapped=master.wrap(subject, key),
            wrapped_by=master.id,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    # Of two at once the second waits here for the first to commit, and then reads the first one's key.
    kept = await find_key(tx, master, subject)
    if kept is None:
        raise SealBrokenError
    return kept


async def destroy_key(tx: Tx, subject: UUID) -> None:
    """Destroy the subject's key; no other is ever made. Final once the backups of the schema `keys` have expired."""
    await tx.conn.execute(
        insert(subject_key)
        .values(subject=subject, key_id=new_id(), wrapped_by="", created_at=tx.now, destroyed_at=tx.now)
        .on_conflict_do_nothing()
    )
    await tx.conn.execute(
        update(subject_key)
        .where(subject_key.c.subject == subject, subject_key.c.destroyed_at.is_(None))
        .values(wrapped=None, destroyed_at=tx.now)
    )
