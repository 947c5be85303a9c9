"""The vault: seals and opens values for a subject (a patient or a person), each under that subject's own key."""

from collections.abc import Iterable, Sequence
from typing import Self
from uuid import UUID

from core.database import Tx
from core.settings import RecordsSettings
from records import envelope1
from records.envelope import FORMAT, SealBrokenError, SubjectKey, key_number, seal, unseal
from records.keys.ring import Ring, ring_of
from records.keys.store import ErasedError, Keys, KeyStore
from records.places import Place

__all__ = ["ErasedError", "Place", "SealBrokenError", "Vault"]

_FORMAT_1, _FORMAT_2 = bytes([envelope1.FORMAT]), bytes([FORMAT])


class Vault:
    """Seals and opens with the subject's keys as the store has them now."""

    def __init__(self, ring: Ring, *, keys_url: str = "", key_backup_days: int = 30) -> None:
        self.keys = KeyStore(ring, url=keys_url)
        self.key_backup_days = key_backup_days
        """For how long backups of the keys are kept, and so how long after it an erasure is final."""

    @classmethod
    def from_settings(cls, settings: RecordsSettings) -> Self:
        """Raises ValueError with a plain sentence if a key provider is not set up or malformed."""
        return cls(
            ring_of(settings),
            keys_url=settings.keys_url.get_secret_value(),
            key_backup_days=settings.key_backup_days,
        )

    async def seal(self, tx: Tx, subject: UUID, place: Place, plain: bytes) -> bytes:
        """Seal a value for a subject, whose key is made at first use.

        Raises ErasedError once the subject was erased, SealBrokenError, ProviderAwayError.
        """
        key = self.keys.trusted(tx, subject) or await self.keys.sealing(tx, subject)
        return seal(key, plain, place.bound(subject))

    async def seal_all(self, tx: Tx, subject: UUID, values: Sequence[tuple[Place, bytes]]) -> list[bytes]:
        """Seal many values of one subject with one look-up of the key. Raises as `seal` does."""
        key = await self.sealing_key(tx, subject)
        return [seal(key, plain, place.bound(subject)) for place, plain in values]

    async def open(self, tx: Tx, subject: UUID, place: Place, sealed: bytes) -> bytes:
        """Open a value. Raises SealBrokenError, ProviderAwayError, and ErasedError once the subject was erased."""
        return (await self.open_all(tx, subject, [(place, sealed)]))[0]

    async def open_all(self, tx: Tx, subject: UUID, values: Sequence[tuple[Place, bytes]]) -> list[bytes]:
        """Open many values of one subject with one look-up of the key. Raises as `open` does."""
        if not values:
            return []
        known = self.keys.remembered(tx, subject)
        if known and any(newest_number(sealed) > known.last for _, sealed in values):
            self.keys.unremember(tx, [subject])  # made since this transaction asked, by a rotation that runs meanwhile
        keys = await self.keys.find(tx, subject)
        if keys is None:
            raise SealBrokenError
        return [open_with(keys, subject, place, sealed) for place, sealed in values]

    async def open_each(self, tx: Tx, values: Sequence[tuple[UUID, Place, bytes]]) -> list[bytes | None]:
        """Open values of many subjects with one look-up of their keys; None for those who were erased.

        Raises SealBrokenError, ProviderAwayError.
        """
        self._look_again(tx, values)
        keys = await self.keys.find_all(tx, {subject for subject, _, _ in values})
        opened: list[bytes | None] = []
        for subject, place, sealed in values:
            if subject not in keys:
                raise SealBrokenError
            try:
                opened.append(open_with(keys[subject], subject, place, sealed))
            except ErasedError:
                opened.append(None)
        return opened

    async def look_up(self, tx: Tx, subjects: Iterable[UUID]) -> None:
        """Have the keys of these subjects at hand, with one look-up, for what is opened and sealed in the transaction.

        Raises SealBrokenError, ProviderAwayError.
        """
        await self.keys.find_all(tx, subjects)

    async def sealing_key(self, tx: Tx, subject: UUID) -> SubjectKey:
        """The key that seals for a subject, made at first use. Raises as `seal` does."""
        return await self.keys.sealing(tx, subject)

    async def close(self) -> None:
        """Let go of what reaches outside: a key provider's connections, the keys' own database."""
        await self.keys.close()

    def _look_again(self, tx: Tx, values: Sequence[tuple[UUID, Place, bytes]]) -> None:
        """Have keys asked for anew that were made since this transaction asked: by a rotation that runs meanwhile."""
        newer = {
            subject
            for subject, _, sealed in values
            if (known := self.keys.remembered(tx, subject)) and newest_number(sealed) > known.last
        }
        self.keys.unremember(tx, newer)


def newest_number(sealed: bytes) -> int:
    """The number of the key that an envelope names, whether or not it is one; 0 for older formats."""
    return int.from_bytes(sealed[1:5], "big") if sealed[:1] == _FORMAT_2 else 0


def open_with(keys: Keys, subject: UUID, place: Place, sealed: bytes) -> bytes:
    """Open a value of any format with a subject's keys. Raises SealBrokenError, ErasedError."""
    key = keys.alive.get(keys.last)
    if key is None or not sealed.startswith(key.front):  # seldom: nearly all is sealed by the key of now
        if sealed[:1] == _FORMAT_1:
            key = keys.numbered(envelope1.KEY_NUMBER)
            return envelope1.unseal(key, sealed, place.bound_1(subject, key.id))
        key = keys.numbered(key_number(sealed))
    return unseal(key, sealed, place.bound(subject))
