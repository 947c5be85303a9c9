"""A patient's history: newest first, page by page, by kind and by time, and only what the reader may see."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.database import Database, Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Kind
from records.documents.rules import Note
from records.documents.service import write_document
from records.files.service import Arrival, Filing, Limits, file_away, keep_file
from records.history import Matter, Span, history_of
from tests.integration.records.files.test_files import parts
from tests.integration.records.ward import ANNA, HERSELF, OSEI, STRANGER, VISIT, new_vault, prescribed, signer_of

VAULT = new_vault()


async def a_life(tx: Tx, count: int) -> None:
    """In turn prescriptions, notes of the doctor's own, shared notes, and files; a day apart."""
    for n in range(count):
        then = replace(tx, now=tx.now + timedelta(days=n))
        if n % 4 == 0:
            await prescribed(then, VAULT)
        elif n % 4 in (1, 2):
            await write_document(
                then,
                VAULT,
                OSEI,
                await signer_of(then, VAULT),
                VISIT,
                Note(f"note {n}"),
                today=then.now.date(),
                shared=n % 4 == 2,
            )
        else:
            arrival = Arrival(new_id(), ANNA, "a.pdf")
            kept = await keep_file(then, VAULT, HERSELF, arrival, parts(b"%PDF-1.7"), Limits(1 << 20, 1 << 30))
            await file_away(then, VAULT, HERSELF, kept.id, Filing(ANNA))


async def test_page_after_page_is_the_whole(database: Database) -> None:
    async with database.transaction() as tx:
        await a_life(tx, 24)
        whole = await history_of(tx, VAULT, OSEI, ANNA, limit=100)
        paged = []
        span = Span()
        while page := await history_of(tx, VAULT, OSEI, ANNA, limit=5, span=span):
            assert len(page) <= 5
            paged += page
            span = Span(before=page[-1].place)
        assert paged == whole
        assert len(whole) == 24
        assert [each.at for each in whole] == sorted((each.at for each in whole), reverse=True)


async def test_a_part_of_it_by_kind_and_time(database: Database) -> None:
    async with database.transaction() as tx:
        await a_life(tx, 12)
        only = await history_of(tx, VAULT, OSEI, ANNA, limit=100, matters=[Matter.FILE])
        assert len(only) == 3
        span = Span(since=tx.now + timedelta(days=2), before=(tx.now + timedelta(days=6), new_id()))
        inside = await history_of(tx, VAULT, OSEI, ANNA, limit=100, span=span)
        assert [round((each.at - tx.now).total_seconds() / 86400) for each in inside] in ([5, 4, 3, 2], [6, 5, 4, 3, 2])


async def test_each_line_needs_its_own_right(database: Database) -> None:
    async with database.transaction() as tx:
        await a_life(tx, 4)
        assert len(await history_of(tx, VAULT, HERSELF, ANNA, limit=100)) == 3  # not the note that was not shared
        for reader in (STRANGER, replace(OSEI, treats=frozenset())):
            with pytest.raises(RefusedError):
                await history_of(tx, VAULT, replace(reader, practitioner_id=None), ANNA, limit=9)
        invited = replace(STRANGER, consents=frozenset({(ANNA, Kind.HISTORY), (ANNA, Kind.PRESCRIPTION)}))
        assert len(await history_of(tx, VAULT, invited, ANNA, limit=100)) == 1
