"""Notes and sick notes: kept version by version, seen by those who may."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from records.access import Kind, Reader
from records.audit.service import looked_at
from records.documents.model import document_version
from records.documents.rules import Document, DocumentStatus, Note, SickNote
from records.documents.service import (
    amend_document,
    document,
    document_by_code,
    document_to_send,
    documents_of,
    share_document,
    withdraw_document,
    write_document,
)
from records.erasure import forget
from records.sealing import ErasedError
from tests.integration.records.ward import ANNA, COLLEAGUE, HERSELF, OSEI, STRANGER, VISIT, new_vault

VAULT = new_vault()
TODAY = date(2026, 12, 1)
NOTE = Note("mole removed, wound dry")
SICK = SickNote(TODAY, TODAY + timedelta(days=3), diagnosis="J06.9")


async def noted(tx: Tx, content: Note | SickNote = NOTE, *, shared: bool = False, by: Reader = OSEI) -> Document:
    return await write_document(tx, VAULT, by, VISIT, content, today=TODAY, shared=shared)


async def test_a_note_is_the_doctors_until_it_is_shared(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx)
        assert await documents_of(tx, VAULT, OSEI, ANNA) == [note]
        assert await documents_of(tx, VAULT, COLLEAGUE, ANNA) == [note]
        assert await documents_of(tx, VAULT, HERSELF, ANNA) == []
        with pytest.raises(RefusedError):
            await document(tx, VAULT, HERSELF, note.id)
        with pytest.raises(RefusedError):
            await share_document(tx, VAULT, COLLEAGUE, note.id)
        shared = await share_document(tx, VAULT, OSEI, note.id)
        assert await document_by_code(tx, VAULT, HERSELF, note.code.lower()) == shared
        assert await documents_of(tx, VAULT, HERSELF, ANNA) == [shared]
        with pytest.raises(ConflictError, match="already"):
            await share_document(tx, VAULT, OSEI, note.id)


async def test_others_see_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        for reader in (STRANGER, replace(OSEI, treats=frozenset())):
            with pytest.raises(RefusedError):
                await document(tx, VAULT, replace(reader, practitioner_id=new_id()), note.id)
            with pytest.raises(RefusedError):
                await documents_of(tx, VAULT, replace(reader, practitioner_id=None), ANNA)
        with pytest.raises(RefusedError):
            await document(tx, VAULT, HERSELF, new_id())
        invited = replace(STRANGER, consents=frozenset({(ANNA, Kind.SICK_NOTE)}))
        assert await documents_of(tx, VAULT, invited, ANNA) == []
        sick = await noted(tx, SICK)
        assert await documents_of(tx, VAULT, invited, ANNA) == [sick]


async def test_a_doctor_longer_ago_sees_what_they_wrote_themselves(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx)
        before = replace(OSEI, treats=frozenset(), sees=frozenset({ANNA}))
        assert await documents_of(tx, VAULT, before, ANNA) == [note]
        assert await documents_of(tx, VAULT, replace(before, practitioner_id=new_id()), ANNA) == []


async def test_only_the_visits_doctor_writes_and_only_once_it_has_begun(database: Database) -> None:
    async with database.transaction() as tx:
        for reader in (COLLEAGUE, HERSELF, STRANGER):
            with pytest.raises(RefusedError):
                await noted(tx, by=reader)
        with pytest.raises(BadInputError, match="begun"):
            await write_document(tx, VAULT, OSEI, replace(VISIT, started=False), NOTE, today=TODAY, shared=False)


async def test_each_version_stays(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        amended = await amend_document(tx, VAULT, OSEI, note.id, Note("mole removed, stitches out"), today=TODAY)
        assert (amended.version, amended.status) == (2, DocumentStatus.AMENDED)
        withdrawn = await withdraw_document(tx, VAULT, OSEI, note.id, "another patient's")
        assert (withdrawn.version, withdrawn.status, withdrawn.why) == (
            3,
            DocumentStatus.ENTERED_IN_ERROR,
            "another patient's",
        )
        assert await document(tx, VAULT, HERSELF, note.id) == withdrawn
        for change in (
            amend_document(tx, VAULT, OSEI, note.id, NOTE, today=TODAY),
            withdraw_document(tx, VAULT, OSEI, note.id, "again"),
        ):
            with pytest.raises(ConflictError, match="withdrawn"):
                await change
        kept = await tx.conn.execute(
            select(document_version.c.status).where(document_version.c.document_id == note.id).order_by("version")
        )
        assert [*kept.scalars()] == ["final", "amended", "entered-in-error"]
    with pytest.raises(DBAPIError, match="only added to"):
        async with database.transaction() as tx:
            await tx.conn.execute(update(document_version).values(status="final"))


async def test_what_another_wrote_stays_as_it_is(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        for reader in (COLLEAGUE, HERSELF, STRANGER):
            with pytest.raises(RefusedError):
                await amend_document(tx, VAULT, reader, note.id, NOTE, today=TODAY)
            with pytest.raises(RefusedError):
                await withdraw_document(tx, VAULT, reader, note.id, "why")
        with pytest.raises(RefusedError):
            await amend_document(tx, VAULT, OSEI, note.id, SICK, today=TODAY)


async def test_what_was_withdrawn_is_not_shared(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx)
        await withdraw_document(tx, VAULT, OSEI, note.id, "typed twice")
        with pytest.raises(ConflictError, match="cannot be shared"):
            await share_document(tx, VAULT, OSEI, note.id)


async def test_a_sick_note_comes_back_as_it_was(database: Database) -> None:
    async with database.transaction() as tx:
        sick = await noted(tx, SICK)
        assert sick.shared_at is not None
    async with database.transaction() as tx:
        assert (await document(tx, VAULT, HERSELF, sick.id)).content == SICK
        assert (await document_to_send(tx, VAULT, sick.id)).content == SICK


async def test_every_access_is_in_the_audit_and_erasure_ends_it(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        await document(tx, VAULT, HERSELF, note.id)
        await document_to_send(tx, VAULT, note.id)
        noted_down = [(each.action, each.why) for each in await looked_at(tx, HERSELF, ANNA) if each.row == note.id]
        assert sorted(noted_down) == [("read", "delivery"), ("read", "own"), ("write", "care")]
        await forget(tx, VAULT, ANNA, actor=None)
        with pytest.raises(ErasedError):
            await document(tx, VAULT, OSEI, note.id)
