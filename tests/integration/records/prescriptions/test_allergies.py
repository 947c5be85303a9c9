"""Allergies on the real database: stated by the patient's side or the doctor, sealed, noted."""

import asyncio

import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import BadInputError, RefusedError
from records.prescriptions.allergies import allergies_of, read_allergies, state_allergies
from records.sealing import SealBrokenError, Vault
from tests.integration.records.ward import ANNA, HERSELF, OSEI, STRANGER, new_vault


@pytest.fixture
def vault() -> Vault:
    return new_vault()


async def test_what_is_stated_last_holds_and_none_is_a_statement(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        assert await allergies_of(tx, vault, HERSELF, ANNA) is None
        await state_allergies(tx, vault, HERSELF, ANNA, ["penicillin", "nuts"])
        assert await allergies_of(tx, vault, OSEI, ANNA) == ["penicillin", "nuts"]
        await state_allergies(tx, vault, OSEI, ANNA, [])
        assert await allergies_of(tx, vault, HERSELF, ANNA) == []


async def test_strangers_neither_read_nor_state(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        with pytest.raises(RefusedError):
            await allergies_of(tx, vault, STRANGER, ANNA)
        with pytest.raises(RefusedError):
            await state_allergies(tx, vault, STRANGER, ANNA, ["x"])


async def test_it_is_sealed_and_an_older_statement_put_back_does_not_open(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        await state_allergies(tx, vault, HERSELF, ANNA, ["Zyqxwort"])
        old = (await tx.conn.execute(text("SELECT sealed FROM allergy_list"))).scalar_one()
        assert b"Zyqxwort" not in old
        await state_allergies(tx, vault, HERSELF, ANNA, [])
        await tx.conn.execute(text("UPDATE allergy_list SET sealed = :old"), {"old": old})
        with pytest.raises(SealBrokenError):
            await allergies_of(tx, vault, HERSELF, ANNA)


async def test_two_at_once_are_both_kept_one_after_the_other(database: Database, vault: Vault) -> None:
    async def state(word: str) -> None:
        async with database.transaction() as tx:
            await state_allergies(tx, vault, HERSELF, ANNA, [word])

    await state("zero")
    await asyncio.gather(*(state(str(n)) for n in range(6)))
    async with database.transaction() as tx:
        held = await allergies_of(tx, vault, HERSELF, ANNA)
        assert held is not None
        assert held[0] in {str(n) for n in range(6)}
        assert (await tx.conn.execute(text("SELECT version FROM allergy_list"))).scalar_one() == 7


@pytest.mark.parametrize(
    ("said", "read"),
    [("penicillin, nuts", ["penicillin", "nuts"]), ("none", []), ("No allergies.", []), ("a;a and b", ["a", "b"])],
)
def test_allergies_are_read_as_people_write_them(said: str, read: list[str]) -> None:
    assert read_allergies(said) == read


@pytest.mark.parametrize("said", ["", " , ", "x" * 101, ",".join(map(str, range(31))), "a\x07"])
def test_what_is_no_list_of_allergies_is_refused(said: str) -> None:
    with pytest.raises(BadInputError):
        read_allergies(said)
