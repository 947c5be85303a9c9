"""The key that sealed a moment ago seals again without being asked for, unless it was exchanged or destroyed."""

import asyncio
import os
from uuid import UUID

import pytest
from asyncpg.connection import LoggedQuery
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

import appservice.tables  # noqa: F401
from core.database import Database, Tx
from core.ids import new_id
from core.statements import is_away
from records.erasure import forget
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.prescriptions.model import ALLERGIES, allergy_list
from records.rotation.service import Level, start, step
from records.sealing import ErasedError, Vault

MASTER = LocalKey(os.urandom(32))


@pytest.fixture
def here() -> Vault:
    return Vault(Ring(MASTER))


@pytest.fixture
def there() -> Vault:
    """Another replica's."""
    return Vault(Ring(MASTER))


@pytest.fixture
async def anna(database: Database, here: Vault) -> UUID:
    """Somebody for whom something was sealed here a moment ago."""
    anna = new_id()
    async with database.transaction() as tx:
        await write(tx, here, anna, 1)
    async with database.transaction() as tx:
        await write(tx, here, anna, 2)
    return anna


async def write(tx: Tx, vault: Vault, whose: UUID, version: int) -> None:
    sealed = await vault.seal(tx, whose, ALLERGIES.place(whose, version), b"penicillin")
    row = {"version": version, "sealed": sealed, "updated_at": tx.now}
    await tx.conn.execute(
        insert(allergy_list)
        .values(patient_id=whose, **row)
        .on_conflict_do_update(index_elements=["patient_id"], set_=row)
    )


async def written(database: Database, vault: Vault, whose: UUID) -> int:
    """The version that is there, and opens."""
    async with database.transaction() as tx:
        row = (await tx.conn.execute(select(allergy_list))).one()
        assert await vault.open(tx, whose, ALLERGIES.place(whose, row.version), row.sealed) == b"penicillin"
        return int(row.version)


async def questions(database: Database, vault: Vault, whose: UUID) -> list[str]:
    """What of the keys is asked by a transaction that seals two things."""
    asked: list[str] = []

    def heard(record: LoggedQuery) -> None:
        asked.append(record.query)

    async with database.transaction() as tx:
        tx.driver.add_query_logger(heard)
        await vault.seal(tx, whose, ALLERGIES.place(whose, 3), b"1")
        await vault.seal(tx, whose, ALLERGIES.place(whose, 4), b"2")
        driver = tx.driver
    await asyncio.sleep(0)  # asyncpg tells its loggers a moment later
    driver.remove_query_logger(heard)
    return [each for each in asked if "key" in each]


async def rotate(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        now = await start(tx, vault, Level.SUBJECTS)
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, vault, now.id)


async def test_it_is_asked_for_on_the_way_to_the_commit_alone(database: Database, here: Vault, anna: UUID) -> None:
    await questions(database, here, anna)
    (only,) = await questions(database, here, anna)
    assert only == f"EXECUTE sealing_key ('{anna}', 1); COMMIT"


async def test_what_is_asked_with_the_commit_is_prepared_once_on_each_connection(
    database: Database, here: Vault, anna: UUID
) -> None:
    fresh = Database(database.url, pool=1)
    try:
        asked = [await questions(fresh, here, anna) for _ in range(3)]
    finally:
        await fresh.close()
    prepared = [sum(each.startswith("PREPARE") for each in one) for one in asked]
    assert prepared == [1, 0, 0]


async def test_a_transaction_that_fails_leaves_what_was_prepared_to_the_next(
    database: Database, here: Vault, there: Vault, anna: UUID
) -> None:
    fresh = Database(database.url, pool=1)
    try:
        await rotate(database, there)
        with pytest.raises(OperationalError):
            async with fresh.transaction() as tx:
                await write(tx, here, anna, 3)
        for version in (4, 5):
            async with fresh.transaction() as tx:
                await write(tx, here, anna, version)
    finally:
        await fresh.close()
    assert await written(database, there, anna) == 5


async def test_what_a_replica_seals_with_a_key_that_another_exchanged_is_not_committed(
    database: Database, here: Vault, there: Vault, anna: UUID
) -> None:
    await rotate(database, there)  # the first key is gone: what it sealed would never open again
    with pytest.raises(OperationalError) as refused:
        async with database.transaction() as tx:
            await write(tx, here, anna, 3)
    assert is_away(refused.value)  # and so whoever does this for somebody does it again
    assert await written(database, there, anna) == 2
    async with database.transaction() as tx:
        await write(tx, here, anna, 3)
    assert await written(database, there, anna) == 3


async def test_it_is_not_committed_either_when_the_key_is_exchanged_while_it_is_written(
    database: Database, here: Vault, there: Vault, anna: UUID
) -> None:
    async def meanwhile() -> None:
        async with database.transaction() as tx:
            await write(tx, here, anna, 3)
            async with database.transaction() as other:  # the new key is there, the old one not removed yet
                await step(other, there, (await start(other, there, Level.SUBJECTS)).id)

    with pytest.raises(OperationalError):
        await meanwhile()
    assert await written(database, there, anna) == 2


async def test_nothing_is_sealed_for_who_was_erased_by_another_replica(
    database: Database, here: Vault, there: Vault, anna: UUID
) -> None:
    async with database.transaction() as tx:
        await forget(tx, there, anna, actor=None)
    with pytest.raises(OperationalError):
        async with database.transaction() as tx:
            await write(tx, here, anna, 3)
    with pytest.raises(ErasedError):
        async with database.transaction() as tx:
            await write(tx, here, anna, 3)


async def test_one_transaction_may_write_for_somebody_and_erase_them(
    database: Database, here: Vault, anna: UUID
) -> None:
    async with database.transaction() as tx:
        await write(tx, here, anna, 3)
        await forget(tx, here, anna, actor=None)
    with pytest.raises(ErasedError):
        await written(database, here, anna)


async def test_a_key_is_taken_unasked_for_a_minute_and_for_so_many_people(
    database: Database, here: Vault, anna: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.keys.store.time.monotonic", lambda: 1e12)
    assert "FROM keys.subject_key" in (await questions(database, here, anna))[0]
    monkeypatch.undo()
    monkeypatch.setattr("records.keys.store._TRUSTED", 1)
    ben = new_id()
    for _ in range(2):
        async with database.transaction() as tx:
            await here.sealing_key(tx, ben)
    assert "FROM keys.subject_key" in (await questions(database, here, anna))[0]
