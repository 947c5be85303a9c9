"""The vault: seals and opens values for a subject (a patient or a person), each under that subject's own key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from core.database import Tx
from core.settings import RecordsSettings
from records.envelope import FORMAT, SealBrokenError, bind, seal, unseal
from records.keys import ErasedError, MasterKey, SubjectKey, destroy_key, find_key, make_key

__all__ = ["ErasedError", "Place", "SealBrokenError", "Vault"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies. A value opens only at the place that it was sealed for."""

    table: str
    column: str
    row: UUID
    version: int = 1
    centre: UUID | None = None

    def associated(self, subject: UUID, key_id: UUID) -> bytes:
        """The associated data of format 1: nothing of it is stored in the envelope, all of it must match."""
        return bind(
            bytes([FORMAT]),
            self.centre.bytes if self.centre else b"",
            self.table.encode(),
            self.column.encode(),
            self.row.bytes,
            self.version.to_bytes(8, "big"),
            subject.bytes,
            key_id.bytes,
        )


class Vault:
    """Holds the master key. What it seals and opens, it does with the subject's key as the table has it now."""

    def __init__(self, master: MasterKey, *, key_backup_days: int = 30) -> None:
        self._master = master
        self.key_backup_days = key_backup_days
        """For how long backups of the keys are kept, and so how long after it an erasure is final."""

    @classmethod
    def from_settings(cls, settings: RecordsSettings) -> Self:
        """Raises ValueError with a plain sentence if the records key is missing or malformed."""
        return cls(MasterKey.from_settings(settings), key_backup_days=settings.key_backup_days)

    async def seal(self, tx: Tx, subject: UUID, place: Place, plain: bytes) -> bytes:
        """Seal a value for a subject, whose key is made at first use. Raises ErasedError, SealBrokenError."""
        key = await find_key(tx, self._master, subject) or await make_key(tx, self._master, subject)
        return seal(key.secret, plain, place.associated(subject, key.id))

    async def open(self, tx: Tx, subject: UUID, place: Place, sealed: bytes) -> bytes:
        """Open a value. Raises SealBrokenError, and ErasedError once the subject was forgotten."""
        return _open(await self._key(tx, subject), subject, place, sealed)

    async def open_all(self, tx: Tx, subject: UUID, values: Sequence[tuple[Place, bytes]]) -> list[bytes]:
        """Open many values of one subject with one look-up of the key. Raises SealBrokenError, ErasedError."""
        if not values:
            return []
        key = await self._key(tx, subject)
        return [_open(key, subject, place, sealed) for place, sealed in values]

    async def forget(self, tx: Tx, subject: UUID) -> None:
        """Make all that was sealed for the subject unreadable, and let nothing more be sealed for them."""
        await destroy_key(tx, subject)

    async def _key(self, tx: Tx, subject: UUID) -> SubjectKey:
        key = await find_key(tx, self._master, subject)
        if key is None:
            raise SealBrokenError
        return key


def _open(key: SubjectKey, subject: UUID, place: Place, sealed: bytes) -> bytes:
    return unseal(key.secret, sealed, place.associated(subject, key.id))
