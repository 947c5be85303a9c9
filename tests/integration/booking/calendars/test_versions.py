"""Which changes there were of what feeds show: few questions while many ask, and nobody is told what was before."""

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import text

from booking.calendars.feeds.versions import Versions, count_changes, versions_in
from tests.integration.booking.clinic import Clinic


@pytest.fixture
async def versions(clinic: Clinic) -> AsyncIterator[Versions]:
    asked = Versions(clinic.database.url)
    yield asked
    await asked.close()


async def test_many_who_ask_share_questions(
    versions: Versions, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = AsyncMock(wraps=versions._known)
    monkeypatch.setattr(versions, "_known", asked)
    subject = str(clinic.centre.id)

    async def ask() -> None:
        for _ in range(20):
            assert subject in await versions.of([subject])

    await asyncio.gather(*(ask() for _ in range(20)))

    assert asked.await_count < 100  # of four hundred answers


async def test_who_asks_after_a_change_is_told_of_it_while_others_ask(versions: Versions, clinic: Clinic) -> None:
    subject = str(clinic.centre.id)
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            await versions.of([subject])

    others = [asyncio.create_task(ask()) for _ in range(8)]
    try:
        known = {(await versions.of([subject]))[subject]}
        for start in await clinic.times(count=5):
            await clinic.book(start=start)
            now = (await versions.of([subject]))[subject]
            assert now not in known
            known.add(now)
    finally:
        over.set()
        await asyncio.gather(*others)


@pytest.mark.parametrize("added_up", [False, True])
async def test_a_database_that_was_set_back_says_of_nothing_new_what_it_has_said_before(
    clinic: Clinic, *, added_up: bool
) -> None:
    """Otherwise who was told of what is lost now would be told, of what came in its place, that nothing has changed."""
    await clinic.book()
    subject = clinic.centre.id
    async with clinic.tx() as tx:
        before = (await versions_in(tx, [subject]))[subject]
        said = {before}
        for sequence in (7, 8, 9):
            backup = await tx.conn.begin_nested()
            await tx.conn.execute(text("UPDATE appointment SET sequence = :sequence"), {"sequence": sequence})
            if added_up:
                await count_changes(tx)
            now = (await versions_in(tx, [subject]))[subject]
            assert now not in said
            said.add(now)
            await backup.rollback()
            assert (await versions_in(tx, [subject]))[subject] == before
