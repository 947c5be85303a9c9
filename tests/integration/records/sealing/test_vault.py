"""The vault on the real database: one key a subject, bound to the place, gone when forgotten."""

import asyncio
import os

import pytest
from sqlalchemy import func, select

from core.database import Database
from core.ids import new_id
from records.erasure import forget
from records.keys import subject_key
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.sealing import Place, SealBrokenError, Vault

PLACE = Place("t", "c", new_id(), 1, new_id())


@pytest.fixture
def vault() -> Vault:
    return Vault(Ring(LocalKey(os.urandom(32))))


async def test_a_value_opens_only_for_its_subject_at_its_place(database: Database, vault: Vault) -> None:
    anna, ben = new_id(), new_id()
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, anna, PLACE, b"secret")
        await vault.seal(tx, ben, PLACE, b"other")
    async with database.transaction() as tx:
        assert await vault.open(tx, anna, PLACE, sealed) == b"secret"
        elsewhere = [
            PLACE._replace(**change)
            for change in ({"table": "u"}, {"column": "d"}, {"row": new_id()}, {"version": 2}, {"centre": new_id()})
        ]
        for place in [*elsewhere, PLACE._replace(centre=None)]:
            with pytest.raises(SealBrokenError):
                await vault.open(tx, anna, place, sealed)
        for stranger in (ben, new_id()):
            with pytest.raises(SealBrokenError):
                await vault.open(tx, stranger, PLACE, sealed)
        with pytest.raises(SealBrokenError):
            await Vault(Ring(LocalKey(os.urandom(32)))).open(tx, anna, PLACE, sealed)


async def test_two_who_seal_first_at_once_get_one_key(database: Database, vault: Vault) -> None:
    anna = new_id()

    async def one(n: int) -> bytes:
        async with database.transaction() as tx:
            return await vault.seal(tx, anna, PLACE, str(n).encode())

    sealed = await asyncio.gather(*(one(n) for n in range(8)))
    async with database.transaction() as tx:
        assert [await vault.open(tx, anna, PLACE, each) for each in sealed] == [str(n).encode() for n in range(8)]
        assert (await tx.conn.execute(select(func.count()).select_from(subject_key))).scalar_one() == 1


async def test_values_of_many_subjects_open_together_but_for_those_who_were_erased(
    database: Database, vault: Vault
) -> None:
    anna, ben, carl = new_id(), new_id(), new_id()
    async with database.transaction() as tx:
        values = [(each, PLACE, await vault.seal(tx, each, PLACE, each.bytes)) for each in (anna, ben, carl)]
        await forget(tx, vault, ben, actor=None)
    async with database.transaction() as tx:
        assert await vault.open_each(tx, [*values, *values]) == [anna.bytes, None, carl.bytes] * 2
        assert await vault.open_each(tx, []) == []
        with pytest.raises(SealBrokenError):
            await vault.open_each(tx, [(new_id(), *values[0][1:])])
        with pytest.raises(SealBrokenError):
            await vault.open_each(tx, [(anna, *values[2][1:])])


async def test_a_key_made_in_a_savepoint_that_was_rolled_back_seals_nothing_after_it(
    database: Database, vault: Vault
) -> None:
    anna = new_id()
    async with database.transaction() as tx:
        savepoint = await tx.conn.begin_nested()
        await vault.seal_all(tx, anna, [(PLACE, b"lost")])
        await vault.seal(tx, anna, PLACE, b"lost, too")
        await savepoint.rollback()
        sealed = await vault.seal(tx, anna, PLACE, b"kept")
    async with database.transaction() as tx:
        assert await vault.open(tx, anna, PLACE, sealed) == b"kept"


async def test_one_transaction_asks_once_for_a_key(database: Database, vault: Vault) -> None:
    anna = new_id()
    async with database.transaction() as tx:
        await vault.seal(tx, anna, PLACE, b"x")
    async with database.transaction() as tx:
        asked: list[str] = []
        with tx.driver.query_logger(lambda record: asked.append(record.query)):
            sealed = await vault.seal_all(tx, anna, [(PLACE, b"1"), (PLACE, b"2")])
            assert await vault.open_all(tx, anna, [(PLACE, each) for each in sealed]) == [b"1", b"2"]
            assert await vault.open(tx, anna, PLACE, await vault.seal(tx, anna, PLACE, b"3")) == b"3"
            await asyncio.sleep(0)  # asyncpg tells its loggers a moment later
        assert len([each for each in asked if "subject_key" in each]) == 1
