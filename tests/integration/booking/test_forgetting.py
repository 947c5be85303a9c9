"""Forgetting somebody while keys are exchanged: neither waits for the other in a circle."""

import asyncio
import os

import pytest
from sqlalchemy import select, text

import appservice.tables  # noqa: F401
from booking.forgetting import forget_person
from booking.people.service import person_of
from core.database import Database
from core.ids import id_of
from records.keys import subject_key
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.rotation.service import Level, start, step
from records.sealing import ErasedError, Vault
from tests.integration.booking.clinic import BEN, Clinic

ADA = next(
    mxid
    for mxid in (f"@ada{number}:localhost" for number in range(100))
    if id_of(f"person:{mxid}") < id_of(f"patient:{mxid}")
)
"""What she is as a person comes first where keys are exchanged in order, and last where she is forgotten."""


async def forget(clinic: Clinic) -> None:
    async with clinic.tx() as tx:
        await forget_person(tx, clinic.ctx, await person_of(tx, clinic.ctx, ADA))


async def rotate(database: Database, vault: Vault, level: Level) -> None:
    async with database.transaction() as tx:
        now = await start(tx, vault, level)
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, vault, now.id)
        if now.waiting:
            await asyncio.sleep(0.05)


async def until_waiting(database: Database, tasks: list[asyncio.Task[None]]) -> None:
    """Until each of them waits for a lock; what has failed meanwhile is raised."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while True:
        for task in tasks:
            if task.done():
                task.result()
        async with database.transaction() as tx:
            if (await tx.conn.execute(waiting)).scalar_one() == len(tasks):
                return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("level", [Level.MASTER, Level.SUBJECTS])
async def test_keys_are_exchanged_while_somebody_is_forgotten(clinic: Clinic, level: Level) -> None:
    database, vault = clinic.database, clinic.ctx.vault
    async with clinic.tx() as tx:
        ada, ben = [await person_of(tx, clinic.ctx, mxid, display_name="Somebody") for mxid in (ADA, BEN)]
        for each in (ada.id, ada.patient.id, ben.id):
            await vault.sealing_key(tx, each)
    new = vault if level is Level.SUBJECTS else Vault(Ring(LocalKey(os.urandom(32)), vault.keys.ring.current))
    async with database.transaction() as other:
        # Forgetting waits there when it has begun with what she is as a patient, and not yet with what as a person.
        hers = select(subject_key).where(subject_key.c.subject == ada.patient.id)
        await other.conn.execute(hers.with_for_update(read=True))
        tasks = [asyncio.create_task(forget(clinic))]
        await until_waiting(database, tasks)
        tasks.append(asyncio.create_task(rotate(database, new, level)))
        await until_waiting(database, tasks)
    await asyncio.gather(*tasks)
    async with database.transaction() as tx:
        for each in (ada.id, ada.patient.id):
            with pytest.raises(ErasedError):
                await new.sealing_key(tx, each)
        assert (await new.sealing_key(tx, ben.id)).number == (2 if level is Level.SUBJECTS else 1)
