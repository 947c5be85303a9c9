"""One batch of values: wrapped by their subjects' keys of now, or sealed anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.database import Tx
from records.envelope import FORMAT, SealBrokenError, key_number_of, rewrap, seal
from records.keys.store import ErasedError, Keys
from records.places import SealedColumn
from records.rotation.walking import Value, cursor_of, lock_until_held, next_values, write_heads, write_whole
from records.sealing import Vault, open_with


@dataclass(frozen=True, slots=True)
class Batch:
    seen: int
    changed: int
    after: str | None
    """Where to go on; None at the end of the column, and at its beginning where the first value is held."""
    held: bool
    """Whether somebody else holds the value that comes next."""


async def renew(
    tx: Tx,
    vault: Vault,
    column: SealedColumn,
    after: str | None,
    *,
    subjects: Sequence[UUID] | None,
    reseal: bool,
    limit: int,
) -> Batch:
    """Renew the values that come next, up to the first that somebody else holds. What was erased stays as it is.

    Raises SealBrokenError, ProviderAwayError.
    """
    batch = await next_values(tx, column, after, subjects=subjects, whole=reseal, limit=limit)
    keys = await vault.keys.find_all(tx, {value.subject for value in batch})
    changes: list[_Change] = []
    for value in batch:
        found = keys.get(value.subject)
        if found is None:
            raise SealBrokenError
        whole = reseal or value.sealed[:1] != _NEWEST
        new = _resealed(found, value) if whole else _rewrapped(found, value)
        if new is not None:
            changes.append(_Change(value, new, whole))
    free = await lock_until_held(tx, column, [each.value for each in changes])
    changed = 0
    for write, whole in ((write_heads, False), (write_whole, True)):
        changed += await write(tx, column, [(each.value, each.new) for each in changes[:free] if each.whole is whole])
    if free == len(changes):
        return Batch(len(batch), changed, cursor_of(batch[-1]) if len(batch) == limit else None, held=False)
    seen = batch.index(changes[free].value)
    return Batch(seen, changed, cursor_of(batch[seen - 1]) if seen else after, held=True)


@dataclass(frozen=True, slots=True)
class _Change:
    value: Value
    new: bytes
    whole: bool
    """Whether all of the envelope is new, or the first `HEAD` bytes."""


_NEWEST = bytes([FORMAT])


def _resealed(keys: Keys, value: Value) -> bytes | None:
    try:
        plain = open_with(keys, value.subject, value.place, value.sealed)
        return seal(keys.current, plain, value.place.bound(value.subject))
    except ErasedError:
        return None


def _rewrapped(keys: Keys, value: Value) -> bytes | None:
    number = key_number_of(value.sealed)
    if number == keys.last:
        return None
    try:
        old, new = keys.numbered(number), keys.current
    except ErasedError:
        return None
    return rewrap(old, new, value.sealed, value.place.bound(value.subject))
