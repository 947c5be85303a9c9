"""What a doctor prescribes often: favourites, and the last ones, without the patients. Sealed for the doctor."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from core.errors import BadInputError, RefusedError
from records.access import Reader
from records.canonical import canonical
from records.prescriptions.model import FAVOURITES, favourite_list
from records.prescriptions.rules import Draft
from records.sealing import Vault

_MOST_FAVOURITES, _MOST_RECENT = 20, 5


@dataclass(frozen=True, slots=True)
class Habits:
    """Favourites in the order in which they were chosen, and the last prescriptions that are none of them."""

    favourites: tuple[Draft, ...] = ()
    recent: tuple[Draft, ...] = ()


async def habits_of(tx: Tx, vault: Vault, reader: Reader) -> Habits:
    """What the reader has at hand. Raises RefusedError, ErasedError."""
    return (await _read(tx, vault, reader))[0]


async def remember(tx: Tx, vault: Vault, reader: Reader, draft: Draft) -> None:
    """Have what was just prescribed at hand for the next patient."""
    draft = _nobodys(draft)
    habits, version = await _read(tx, vault, reader)
    if draft not in habits.favourites:
        others = tuple(each for each in habits.recent if each != draft)
        await _write(tx, vault, reader, replace(habits, recent=(draft, *others)[:_MOST_RECENT]), version)


async def add_favourite(tx: Tx, vault: Vault, reader: Reader, draft: Draft) -> Habits:
    """Keep it among the favourites. Raises RefusedError, BadInputError (there are too many)."""
    draft = _nobodys(draft)
    habits, version = await _read(tx, vault, reader)
    if draft in habits.favourites:
        return habits
    if len(habits.favourites) >= _MOST_FAVOURITES:
        raise BadInputError("You have {most} favourites. Remove one first: favourite remove 1", most=_MOST_FAVOURITES)
    recent = tuple(each for each in habits.recent if each != draft)
    return await _write(tx, vault, reader, Habits((*habits.favourites, draft), recent), version)


async def remove_favourite(tx: Tx, vault: Vault, reader: Reader, place: int) -> Habits:
    """Forget the favourite at a place, from 0 on. Raises RefusedError, BadInputError."""
    habits, version = await _read(tx, vault, reader)
    if not 0 <= place < len(habits.favourites):
        raise BadInputError("There is no favourite of that number. “favourites” lists them.")
    kept = habits.favourites[:place] + habits.favourites[place + 1 :]
    return await _write(tx, vault, reader, replace(habits, favourites=kept), version)


def _nobodys(draft: Draft) -> Draft:
    """Without the note, which may be about one patient."""
    return replace(draft, note="")


async def _read(tx: Tx, vault: Vault, reader: Reader) -> tuple[Habits, int]:
    if reader.practitioner_id is None:
        raise RefusedError
    table = favourite_list.c
    found = select(favourite_list).where(table.person_id == reader.person_id).with_for_update()
    row = (await tx.conn.execute(found)).one_or_none()
    if row is None:
        return Habits(), 0
    place = FAVOURITES.place(reader.person_id, row.version)
    opened = json.loads(await vault.open(tx, reader.person_id, place, row.sealed))
    return Habits(_drafts(opened["favourites"]), _drafts(opened["recent"])), row.version


def _drafts(kept: list[dict[str, Any]]) -> tuple[Draft, ...]:
    return tuple(Draft(**each) for each in kept)


async def _write(tx: Tx, vault: Vault, reader: Reader, habits: Habits, version: int) -> Habits:
    version += 1
    plain = canonical({name: [asdict(each) for each in getattr(habits, name)] for name in ("favourites", "recent")})
    sealed = await vault.seal(tx, reader.person_id, FAVOURITES.place(reader.person_id, version), plain)
    values = {"version": version, "sealed": sealed, "updated_at": tx.now}
    await tx.conn.execute(
        insert(favourite_list)
        .values(person_id=reader.person_id, **values)
        .on_conflict_do_update(index_elements=[favourite_list.c.person_id], set_=values)
    )
    return habits
