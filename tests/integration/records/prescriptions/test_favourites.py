"""A doctor's favourites and last prescriptions on the real database."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import BadInputError, RefusedError
from records.prescriptions.favourites import Habits, add_favourite, habits_of, remember, remove_favourite
from records.sealing import Vault
from tests.integration.records.ward import COLLEAGUE, DRAFT, HERSELF, OSEI, new_vault

DRAFTS = [replace(DRAFT, medication=f"Medicine {n}") for n in range(30)]


@pytest.fixture
def vault() -> Vault:
    return new_vault()


async def test_the_last_ones_are_at_hand_each_once_the_newest_first(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        for draft in (*DRAFTS[:7], DRAFTS[3]):
            await remember(tx, vault, OSEI, replace(draft, note="for Anna"))
        habits = await habits_of(tx, vault, OSEI)
        assert habits == Habits((), tuple(DRAFTS[n] for n in (3, 6, 5, 4, 2)))
        assert await habits_of(tx, vault, COLLEAGUE) == Habits()


async def test_favourites_are_kept_and_removed_and_are_not_among_the_last_ones(
    database: Database, vault: Vault
) -> None:
    async with database.transaction() as tx:
        await remember(tx, vault, OSEI, DRAFTS[0])
        await add_favourite(tx, vault, OSEI, replace(DRAFTS[0], note="for Anna"))
        await add_favourite(tx, vault, OSEI, DRAFTS[0])
        await add_favourite(tx, vault, OSEI, DRAFTS[1])
        await remember(tx, vault, OSEI, DRAFTS[1])
        assert await habits_of(tx, vault, OSEI) == Habits((DRAFTS[0], DRAFTS[1]), ())
        assert await remove_favourite(tx, vault, OSEI, 0) == Habits((DRAFTS[1],), ())
        for wrong in (1, -1):
            with pytest.raises(BadInputError):
                await remove_favourite(tx, vault, OSEI, wrong)


async def test_there_is_an_end_to_favourites(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        for draft in DRAFTS[:20]:
            await add_favourite(tx, vault, OSEI, draft)
        with pytest.raises(BadInputError, match="Remove one first"):
            await add_favourite(tx, vault, OSEI, DRAFTS[20])


async def test_patients_have_none_and_nothing_stands_in_clear(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        for deed in (habits_of(tx, vault, HERSELF), remember(tx, vault, HERSELF, DRAFT)):
            with pytest.raises(RefusedError):
                await deed
        await remember(tx, vault, OSEI, replace(DRAFT, medication="Zyqxwort"))
        assert b"Zyqxwort" not in (await tx.conn.execute(text("SELECT sealed FROM favourite_list"))).scalar_one()
