"""Erasure: a destroyed key leaves nothing readable, here and in every replica, and none is made again."""

import pytest
from sqlalchemy import select

from core.database import Database
from core.ids import new_id
from records.audit.model import audit_event
from records.erasure import forget
from records.keys import subject_key
from records.prescriptions.service import prescription, prescription_to_send, prescriptions_of
from records.sealing import ErasedError, Place
from tests.integration.records.ward import ANNA, BEN, HERSELF, new_vault, prescribed


async def test_everything_sealed_for_a_forgotten_patient_is_unreadable_for_every_replica_at_once(
    database: Database, database_url: str
) -> None:
    vault, replica = new_vault(), Database(database_url, pool=4)
    place = Place("t", "c", new_id())
    async with database.transaction() as tx:
        made = await prescribed(tx, vault)
        hers, his = await vault.seal(tx, ANNA, place, b"hers"), await vault.seal(tx, BEN, place, b"his")
    async with replica.transaction() as tx:
        assert await vault.open(tx, ANNA, place, hers) == b"hers"
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=HERSELF.person_id)
    async with replica.transaction() as tx:
        for opening in (
            vault.open(tx, ANNA, place, hers),
            vault.seal(tx, ANNA, place, b"more"),
            prescription(tx, vault, HERSELF, made.id),
            prescriptions_of(tx, vault, HERSELF, ANNA),
            prescription_to_send(tx, vault, made.id),
            prescribed(tx, vault),
        ):
            with pytest.raises(ErasedError, match="erased"):
                await opening
        assert await vault.open(tx, BEN, place, his) == b"his"
    await replica.close()


async def test_erasure_is_noted_and_repeats_without_harm(database: Database) -> None:
    vault, place = new_vault(), Place("t", "c", new_id())
    async with database.transaction() as tx:
        await vault.seal(tx, ANNA, place, b"x")
        await forget(tx, vault, ANNA, actor=HERSELF.person_id)
        first = (await tx.conn.execute(select(subject_key))).one()
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=None)
        assert (await tx.conn.execute(select(subject_key))).one() == first
        noted = (await tx.conn.execute(select(audit_event).order_by(audit_event.c.at))).all()
    assert [(entry.action, entry.actor, entry.subject) for entry in noted] == [
        ("erase", HERSELF.person_id, ANNA),
        ("erase", None, ANNA),
    ]
    assert first.wrapped is None


async def test_one_who_never_had_a_key_gets_none_after_erasure(database: Database) -> None:
    vault = new_vault()
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=None)
        with pytest.raises(ErasedError):
            await vault.seal(tx, ANNA, Place("t", "c", new_id()), b"x")


async def test_erasure_that_is_rolled_back_did_not_happen(database: Database) -> None:
    vault, place = new_vault(), Place("t", "c", new_id())
    async with database.transaction() as tx:
        sealed = await vault.seal(tx, ANNA, place, b"x")

    async def fail() -> None:
        async with database.transaction() as tx:
            await forget(tx, vault, ANNA, actor=None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.transaction() as tx:
        assert await vault.open(tx, ANNA, place, sealed) == b"x"
