"""Notes and sick notes: kept version by version, seen by those who may."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from records.access import Kind, Reader
from records.audit.service import looked_at
from records.canonical import canonical
from records.documents.fhir import composition
from records.documents.model import CONTENT, document_version
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
from records.export.service import resources_of
from records.sealing import ErasedError, SealBrokenError
from records.signing.jws import jwk_of
from records.signing.service import public_keys
from records.signing.signature import ForgedError
from tests.integration.records.ward import ANNA, COLLEAGUE, HERSELF, OSEI, STRANGER, VISIT, new_vault, signer_of

VAULT = new_vault()
TODAY = date(2026, 12, 1)
NOTE = Note("mole removed, wound dry")
SICK = SickNote(TODAY, TODAY + timedelta(days=3), diagnosis="J06.9")


async def noted(tx: Tx, content: Note | SickNote = NOTE, *, shared: bool = False, by: Reader = OSEI) -> Document:
    return await write_document(tx, VAULT, by, await signer_of(tx, VAULT), VISIT, content, today=TODAY, shared=shared)


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
            await write_document(
                tx,
                VAULT,
                OSEI,
                await signer_of(tx, VAULT),
                replace(VISIT, started=False),
                NOTE,
                today=TODAY,
                shared=False,
            )


async def test_each_version_stays(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        amended = await amend_document(
            tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, Note("mole removed, stitches out"), today=TODAY
        )
        assert (amended.version, amended.status) == (2, DocumentStatus.AMENDED)
        withdrawn = await withdraw_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, "another patient's")
        assert (withdrawn.version, withdrawn.status, withdrawn.why) == (
            3,
            DocumentStatus.ENTERED_IN_ERROR,
            "another patient's",
        )
        assert await document(tx, VAULT, HERSELF, note.id) == withdrawn
        for change in (
            amend_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, NOTE, today=TODAY),
            withdraw_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, "again"),
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
        note, signer = await noted(tx, shared=True), await signer_of(tx, VAULT)
        for reader in (COLLEAGUE, HERSELF, STRANGER):
            with pytest.raises(RefusedError):
                await amend_document(tx, VAULT, reader, signer, note.id, NOTE, today=TODAY)
            with pytest.raises(RefusedError):
                await withdraw_document(tx, VAULT, reader, signer, note.id, "why")
        with pytest.raises(RefusedError):
            await amend_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, SICK, today=TODAY)


async def test_what_was_withdrawn_is_not_shared(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx)
        await withdraw_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, "typed twice")
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


async def tamper(tx: Tx, statement: str, **values: Any) -> None:
    """As one who runs the database, past its triggers."""
    await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
    await tx.conn.execute(text(statement), values)


async def refused(database: Database, note: Document) -> None:
    async with database.transaction() as tx:
        signer = await signer_of(tx, VAULT)
        for deed in (
            document(tx, VAULT, HERSELF, note.id),
            document_to_send(tx, VAULT, note.id),
            amend_document(tx, VAULT, OSEI, signer, note.id, NOTE, today=TODAY),
            withdraw_document(tx, VAULT, OSEI, signer, note.id, "why"),
        ):
            with pytest.raises((ForgedError, SealBrokenError)):
                await deed


@pytest.mark.parametrize("content", [NOTE, SICK])
async def test_each_version_is_signed_as_prescriptions_are(database: Database, content: Note | SickNote) -> None:
    async with database.transaction() as tx:
        written = await noted(tx, content, shared=True)
        signer = await signer_of(tx, VAULT)
        assert written.signed_by == signer.key_id
        key = (await public_keys(tx, {signer.key_id}))[signer.key_id]
        resource = composition(await document(tx, VAULT, HERSELF, written.id))
        jws = written.signature and written.signature.compact()
        assert jws
        jwk = jwt.PyJWK.from_dict(dict(jwk_of(key.id, key.public)))
        jwt.api_jws.decode_complete(jws, jwk, algorithms=["EdDSA"], detached_payload=canonical(resource))
        ended = await withdraw_document(tx, VAULT, OSEI, signer, written.id, "why")
        assert ended.signature
        assert ended.signature != written.signature
        exported = await resources_of(tx, VAULT, HERSELF, ANNA)
        signed = [each["target"][0]["reference"] for each in exported if each["resourceType"] == "Provenance"]
        assert signed == [f"Composition/{written.id}/_history/{n}" for n in (1, 2)]


@pytest.mark.parametrize(
    "change",
    [
        "signature = set_byte(signature, 5, get_byte(signature, 5) # 1)",
        "signature = NULL",
        "signing_key_id = NULL",
        "signature_header = NULL",
        "sealed = set_byte(sealed, 150, get_byte(sealed, 150) # 1)",
        "status = 'amended'",
    ],
)
async def test_a_version_that_was_tampered_with_is_refused(database: Database, change: str) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        await tamper(tx, f"UPDATE document_version SET {change}")
    await refused(database, note)


async def test_what_the_server_itself_sealed_anew_is_refused_without_the_doctors_key(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, SICK)
        forged = composition(replace(note, content=replace(SICK, last=TODAY + timedelta(days=30))))
        sealed = await VAULT.seal(tx, ANNA, CONTENT.place(note.id, 1, note.centre_id), canonical(forged))
        await tamper(tx, "UPDATE document_version SET sealed = :sealed", sealed=sealed)
    async with database.transaction() as tx:
        with pytest.raises(ForgedError):
            await document(tx, VAULT, HERSELF, note.id)


async def test_one_that_was_withdrawn_cannot_be_turned_back(database: Database) -> None:
    async with database.transaction() as tx:
        note = await noted(tx, shared=True)
        await withdraw_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), note.id, "why")
        await tamper(tx, "UPDATE document SET version = 1, status = 'final'")
    await refused(database, note)


async def test_another_doctors_key_signs_nothing_in_ones_name(database: Database) -> None:
    async with database.transaction() as tx:
        note, other = await noted(tx), await signer_of(tx, VAULT, COLLEAGUE)
        for deed in (
            write_document(tx, VAULT, OSEI, other, VISIT, NOTE, today=TODAY, shared=False),
            amend_document(tx, VAULT, OSEI, other, note.id, NOTE, today=TODAY),
            withdraw_document(tx, VAULT, OSEI, other, note.id, "why"),
        ):
            with pytest.raises(RefusedError):
                await deed


async def test_nothing_unsigned_is_taken(database: Database) -> None:
    async with database.transaction() as tx:
        await noted(tx)
    copy = "INSERT INTO document_version SELECT document_id, 2, status, created_at, sealed, {} FROM document_version"
    for columns in (
        "NULL, signature, signature_header",
        "signing_key_id, NULL, signature_header",
        "signing_key_id, signature, NULL",
    ):
        with pytest.raises(DBAPIError, match="takes only what is signed"):
            async with database.transaction() as tx:
                await tx.conn.execute(text(copy.format(columns)))


@pytest.mark.parametrize("content", [NOTE, SICK])
async def test_what_was_written_before_documents_were_signed_still_reads_and_is_signed_when_it_is_changed(
    database: Database, content: Note | SickNote
) -> None:
    said = {"text": NOTE.text}
    if isinstance(content, SickNote):
        said = {"first": "2026-12-01", "last": "2026-12-04", "activity": "work", "limits": "", "diagnosis": "J06.9"}
    async with database.transaction() as tx:
        written = await noted(tx, content, shared=True)
        names = {"patient_name": "Anna Müller", "practitioner_name": "Dr Ama Osei", "centre_name": "Praxis am Park"}
        before = canonical(names | {"why": "", "content": said})
        sealed = await VAULT.seal(tx, ANNA, CONTENT.place(written.id, 1, written.centre_id), before)
        nothing = "signing_key_id = NULL, signature = NULL, signature_header = NULL"
        await tamper(tx, f"UPDATE document_version SET sealed = :sealed, {nothing}", sealed=sealed)
    async with database.transaction() as tx:
        found = await document(tx, VAULT, HERSELF, written.id)
        assert (found.content, found.signed_by, found.signature) == (content, None, None)
        assert not [
            each for each in await resources_of(tx, VAULT, HERSELF, ANNA) if each["resourceType"] == "Provenance"
        ]
        ended = await withdraw_document(tx, VAULT, OSEI, await signer_of(tx, VAULT), written.id, "why")
        assert ended.signed_by
        assert await document(tx, VAULT, HERSELF, written.id) == ended
