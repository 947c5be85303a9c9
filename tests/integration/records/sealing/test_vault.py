"""The vault on the real database: one key a subject, bound to the place, gone when forgotten."""

import asyncio
import os
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.database import Database
from core.ids import new_id
from records.keys import MasterKey, subject_key
from records.sealing import ErasedError, Place, SealBrokenError, Vault

PLACE = Place("t", "c", new_id(), 1, new_id())


@pytest.fixture
def vault() -> Vault:
    return Vault(MasterKey(os.urandom(32)))


async def test_a_value_opens_only_for_its_subject_at_its_place(database: Database, vault: Vault) -> None:
    anna, ben = new_id(), new_id()
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, anna, PLACE, b"secret")
        await vault.seal(tx, ben, PLACE, b"other")
    async with database.transaction() as tx:
        assert await vault.open(tx, anna, PLACE, sealed) == b"secret"
        elsewhere = [
            replace(PLACE, **change)
            for change in ({"table": "u"}, {"column": "d"}, {"row": new_id()}, {"version": 2}, {"centre": new_id()})
        ]
        for place in [*elsewhere, replace(PLACE, centre=None)]:
            with pytest.raises(SealBrokenError):
                await vault.open(tx, anna, place, sealed)
        for stranger in (ben, new_id()):
            with pytest.raises(SealBrokenError):
                await vault.open(tx, stranger, PLACE, sealed)
        with pytest.raises(SealBrokenError):
            await Vault(MasterKey(os.urandom(32))).open(tx, anna, PLACE, sealed)


async def test_two_who_seal_first_at_once_get_one_key(database: Database, vault: Vault) -> None:
    anna = new_id()

    async def one(n: int) -> bytes:
        async with database.transaction() as tx:
            return await vault.seal(tx, anna, PLACE, str(n).encode())

    sealed = await asyncio.gather(*(one(n) for n in range(8)))
    async with database.transaction() as tx:
        assert [await vault.open(tx, anna, PLACE, each) for each in sealed] == [str(n).encode() for n in range(8)]
        assert (await tx.conn.execute(select(func.count()).select_from(subject_key))).scalar_one() == 1


async def test_what_was_sealed_for_a_forgotten_subject_is_unreadable_and_stays_so(
    database: Database, vault: Vault
) -> None:
    anna, ben = new_id(), new_id()
    async with database.transaction() as tx:
        hers, his = await vault.seal(tx, anna, PLACE, b"a"), await vault.seal(tx, ben, PLACE, b"b")
        await vault.forget(tx, anna)
        with pytest.raises(ErasedError):
            await vault.open(tx, anna, PLACE, hers)
        with pytest.raises(ErasedError):
            await vault.seal(tx, anna, PLACE, b"again")
        assert await vault.open(tx, ben, PLACE, his) == b"b"
        kept = await tx.conn.execute(select(subject_key.c.wrapped).where(subject_key.c.subject == anna))
        assert kept.scalar_one() is None
