"""One batch of values: wrapped by their subjects' keys of now, or sealed anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.database import Tx
from records.envelope import FORMAT, SealBrokenError, key_number_of, rewrap, seal
from records.keys.store import ErasedError, Keys
from records.places import SealedColumn
from records.rotation.walking import Value, cursor_of, next_values, write_heads, write_whole
from records.sealing import Vault, open_with


@dataclass(frozen=True, slots=True)
class Batch:
    seen: int
    changed: int
    after: str | None
    """Where to go on; None at the end of the column."""


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
    """Renew the values that come next. What was erased stays as it is. Raises SealBrokenError, ProviderAwayError."""
    batch = await next_values(tx, column, after, subjects=subjects, whole=reseal, limit=limit)
    keys = await vault.keys.find_all(tx, {value.subject for value in batch})
    heads: list[tuple[Value, bytes]] = []
    whole: list[tuple[Value, bytes]] = []
    for value in batch:
        found = keys.get(value.subject)
        if found is None:
            raise SealBrokenError
        if reseal or value.sealed[:1] != _NEWEST:
            _reseal(found, value, whole)
        else:
            _rewrap(found, value, heads)
    changed = await write_heads(tx, column, heads) + await write_whole(tx, column, whole)
    return Batch(len(batch), changed, cursor_of(batch[-1]) if len(batch) == limit else None)


_NEWEST = bytes([FORMAT])


def _reseal(keys: Keys, value: Value, into: list[tuple[Value, bytes]]) -> None:
    try:
        plain = open_with(keys, value.subject, value.place, value.sealed)
        into.append((value, seal(keys.current, plain, value.place.bound(value.subject))))
    except ErasedError:
        return


def _rewrap(keys: Keys, value: Value, into: list[tuple[Value, bytes]]) -> None:
    number = key_number_of(value.sealed)
    if number == keys.last:
        return
    try:
        old, new = keys.numbered(number), keys.current
    except ErasedError:
        return
    into.append((value, rewrap(old, new, value.sealed, value.place.bound(value.subject))))
