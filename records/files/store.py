"""Rows of files and their pieces: sealed when they are written, opened when they are read. Decides nothing."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from core.database import Tx
from records.canonical import Json, canonical
from records.files.kinds import HEAD, kind_of
from records.files.model import file, file_piece
from records.files.pieces import SIZE, Sealer
from records.files.rules import StoredFile, not_taken, too_large
from records.sealing import Place, SealBrokenError, Vault

_FILE, _PIECE = file.c, file_piece.c
_INSIDE = ("name", "mimetype", "sha256", "note")


class Intake:
    """Takes a content in, piece by piece; afterwards it says what that was."""

    def __init__(self, file_id: UUID, key: bytes, *, largest: int) -> None:
        self._id = file_id
        self._sealer = Sealer(key, file_id)
        self._largest = largest
        self._digest = hashlib.sha256()
        self.head = b""
        self.size = 0
        self.pieces = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def take(self, tx: Tx, content: AsyncIterator[bytes]) -> None:
        """Seal it into the database. Raises BadInputError for one that is empty, too large, or of no kind we take."""
        buffer = bytearray()
        async for part in content:
            buffer += part
            if self.size + len(buffer) > self._largest:
                raise too_large(self._largest)
            while len(buffer) > SIZE:
                await self._put(tx, bytes(buffer[:SIZE]), last=False)
                del buffer[:SIZE]
        await self._put(tx, bytes(buffer), last=True)

    async def _put(self, tx: Tx, plain: bytes, *, last: bool) -> None:
        if not self.pieces:
            self.head = plain[:HEAD]
            if kind_of(self.head) is None:
                raise not_taken()
        self.pieces += 1
        self.size += len(plain)
        self._digest.update(plain)
        sealed = self._sealer.seal(self.pieces, plain, last=last)
        await tx.conn.execute(insert(file_piece).values(file_id=self._id, number=self.pieces, sealed=sealed))


async def add(tx: Tx, vault: Vault, one: StoredFile, *, pieces: int, key: bytes) -> None:
    """Write the row of a file whose pieces are in."""
    await tx.conn.execute(
        insert(file).values(
            id=one.id,
            patient_id=one.patient_id,
            sender_id=one.sender_id,
            appointment_id=one.appointment_id,
            practitioner_id=one.practitioner_id,
            sent_at=one.sent_at,
            filed_at=one.filed_at,
            final_at=one.final_at,
            size=one.size,
            pieces=pieces,
            version=1,
            sealed=await _seal(tx, vault, one, key, version=1),
        )
    )


async def rewrite(tx: Tx, vault: Vault, row: Row[Any], changed: StoredFile) -> None:
    """Write what is known of a file anew, sealed for the patient in whose record it is then; its pieces stay."""
    key, version = await key_of(tx, vault, row), row.version + 1
    await tx.conn.execute(
        update(file)
        .where(_FILE.id == changed.id)
        .values(
            patient_id=changed.patient_id,
            appointment_id=changed.appointment_id,
            practitioner_id=changed.practitioner_id,
            filed_at=changed.filed_at,
            final_at=changed.final_at,
            version=version,
            sealed=await _seal(tx, vault, changed, key, version=version),
        )
    )


async def remove(tx: Tx, *which: Any) -> int:
    """Remove files, whole. Returns how many."""
    ids = select(_FILE.id).where(*which).scalar_subquery()
    await tx.conn.execute(delete(file_piece).where(_PIECE.file_id.in_(ids)))
    return (await tx.conn.execute(delete(file).where(*which))).rowcount


async def row_of(tx: Tx, file_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    wanted = select(file).where(_FILE.id == file_id)
    return (await tx.conn.execute(wanted.with_for_update() if lock else wanted)).one_or_none()


async def rows(tx: Tx, *which: Any, limit: int | None = None) -> Sequence[Row[Any]]:
    """Newest first."""
    return (
        await tx.conn.execute(select(file).where(*which).order_by(_FILE.sent_at.desc(), _FILE.id.desc()).limit(limit))
    ).all()


async def used_by(tx: Tx, sender_id: UUID) -> tuple[int, int]:
    """Bytes and number of files that a person has sent."""
    found = await tx.conn.execute(
        select(func.coalesce(func.sum(_FILE.size), 0), func.count()).where(_FILE.sender_id == sender_id)
    )
    size, count = found.one()
    return int(size), int(count)


async def opened(tx: Tx, vault: Vault, patient_id: UUID, found: Sequence[Row[Any]]) -> list[StoredFile]:
    """Open rows of one patient. Raises SealBrokenError, ErasedError."""
    plains = await vault.open_all(tx, patient_id, [(_place(row.id, row.version), row.sealed) for row in found])
    return [_read(row, json.loads(plain)) for row, plain in zip(found, plains, strict=True)]


async def key_of(tx: Tx, vault: Vault, row: Row[Any]) -> bytes:
    """The key that a file's pieces are sealed with."""
    plain = await vault.open(tx, row.patient_id, _place(row.id, row.version), row.sealed)
    return b64decode(json.loads(plain)["key"])


async def content(tx: Tx, row: Row[Any], key: bytes) -> AsyncIterator[bytes]:
    """The file, piece by piece, while the transaction lasts. Raises SealBrokenError for a piece changed or missing."""
    sealer = Sealer(key, row.id)
    for number in range(1, row.pieces + 1):
        found = await tx.conn.execute(select(_PIECE.sealed).where(_PIECE.file_id == row.id, _PIECE.number == number))
        sealed = found.scalar_one_or_none()
        if sealed is None:
            raise SealBrokenError
        yield sealer.open(number, sealed, last=number == row.pieces)


async def _seal(tx: Tx, vault: Vault, one: StoredFile, key: bytes, *, version: int) -> bytes:
    inside: dict[str, Json] = {name: getattr(one, name) for name in _INSIDE}
    plain = canonical(inside | {"key": b64encode(key).decode()})
    return await vault.seal(tx, one.patient_id, _place(one.id, version), plain)


def _read(row: Row[Any], inside: dict[str, Any]) -> StoredFile:
    return StoredFile(
        id=row.id,
        patient_id=row.patient_id,
        sender_id=row.sender_id,
        appointment_id=row.appointment_id,
        practitioner_id=row.practitioner_id,
        sent_at=row.sent_at,
        filed_at=row.filed_at,
        final_at=row.final_at,
        size=row.size,
        **{name: inside[name] for name in _INSIDE},
    )


def _place(file_id: UUID, version: int) -> Place:
    return Place(file.name, _FILE.sealed.name, file_id, version)


async def seen(tx: Tx, file_id: UUID) -> None:
    """A doctor has looked at it."""
    await tx.conn.execute(update(file).where(_FILE.id == file_id).values(seen_at=tx.now))
