"""Renewal on the real database: the patient asks, the doctor who wrote it signs the same again, or declines."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from core.database import Database
from core.errors import ConflictError, RefusedError
from core.ids import new_id
from records.access import Reader
from records.prescriptions.renewing import ask_renewal, decline_renewal, renew, renewal_asked
from records.prescriptions.rules import Prescription, Status
from records.prescriptions.service import change_prescription, prescription
from records.sealing import Vault
from tests.integration.records.ward import (
    COLLEAGUE,
    HERSELF,
    OSEI,
    STRANGER,
    new_vault,
    prescribed,
    signer_of,
    withdrawn,
)


@pytest.fixture
def vault() -> Vault:
    return new_vault()


@pytest.fixture
async def made(database: Database, vault: Vault) -> Prescription:
    async with database.transaction() as tx:
        return await prescribed(tx, vault)


async def ask(database: Database, vault: Vault, made: Prescription, reader: Reader = HERSELF) -> UUID:
    async with database.transaction() as tx:
        return (await ask_renewal(tx, vault, reader, made.id)).id


async def test_what_is_asked_for_is_signed_anew_and_names_what_it_renews(
    database: Database, vault: Vault, made: Prescription
) -> None:
    asked = await ask(database, vault, made)
    async with database.transaction() as tx:
        assert (await renewal_asked(tx, vault, OSEI, asked)).prior == made
        again = await renew(tx, vault, OSEI, await signer_of(tx, vault), asked)
        assert (again.draft, again.prior, again.status, again.version) == (made.draft, made.id, Status.ACTIVE, 1)
        assert (again.id != made.id, again.code != made.code, again.authored_on) == (True, True, tx.now)
        assert await prescription(tx, vault, HERSELF, again.id) == again
        assert await prescription(tx, vault, HERSELF, made.id) == made
    async with database.transaction() as tx:
        with pytest.raises(ConflictError, match="answered already"):
            await renew(tx, vault, OSEI, await signer_of(tx, vault), asked)


async def test_it_is_asked_for_once_at_a_time(database: Database, vault: Vault, made: Prescription) -> None:
    async def attempt() -> UUID | None:
        try:
            return await ask(database, vault, made)
        except ConflictError:
            return None

    ends = [each for each in await asyncio.gather(*(attempt() for _ in range(8))) if each]
    assert len(ends) == 1
    async with database.transaction() as tx:
        assert (await decline_renewal(tx, vault, OSEI, ends[0])).id == made.id
    assert await ask(database, vault, made) != ends[0]


async def test_only_the_patients_side_asks(database: Database, vault: Vault, made: Prescription) -> None:
    for reader in (OSEI, COLLEAGUE, STRANGER):
        with pytest.raises(RefusedError):
            await ask(database, vault, made, reader)


async def test_only_who_wrote_it_answers(database: Database, vault: Vault, made: Prescription) -> None:
    asked = await ask(database, vault, made)
    async with database.transaction() as tx:
        signer = await signer_of(tx, vault)
        for reader in (HERSELF, COLLEAGUE, STRANGER, replace(OSEI, treats=frozenset())):
            with pytest.raises(RefusedError):
                await renew(tx, vault, reader, signer, asked)
            with pytest.raises(RefusedError):
                await decline_renewal(tx, vault, reader, asked)
        with pytest.raises(RefusedError):
            await renew(tx, vault, OSEI, signer, new_id())
        with pytest.raises(RefusedError):
            await renewal_asked(tx, vault, STRANGER, asked)


async def test_what_the_doctor_ended_is_not_renewed(database: Database, vault: Vault, made: Prescription) -> None:
    asked = await ask(database, vault, made)
    async with database.transaction() as tx:
        await withdrawn(tx, vault, made.id, "not good for you")
    async with database.transaction() as tx:
        with pytest.raises(ConflictError, match="ended"):
            await renew(tx, vault, OSEI, await signer_of(tx, vault), asked)
    with pytest.raises(ConflictError, match="ended"):
        await ask(database, vault, made)


async def test_holding_and_resuming_are_signed_versions_with_reasons(
    database: Database, vault: Vault, made: Prescription
) -> None:
    async with database.transaction() as tx:
        signer = await signer_of(tx, vault)
        held = await change_prescription(tx, vault, OSEI, signer, made.id, Status.ON_HOLD, "blood test first")
        with pytest.raises(ConflictError):
            await change_prescription(tx, vault, OSEI, signer, made.id, Status.ON_HOLD, "again")
        back = await change_prescription(tx, vault, OSEI, signer, made.id, Status.ACTIVE, "test is fine")
        for reader in (COLLEAGUE, HERSELF, STRANGER):
            with pytest.raises(RefusedError):
                await change_prescription(tx, vault, reader, signer, made.id, Status.ON_HOLD, "no")
    assert [(one.version, one.status, one.status_reason) for one in (held, back)] == [
        (2, Status.ON_HOLD, "blood test first"),
        (3, Status.ACTIVE, "test is fine"),
    ]
