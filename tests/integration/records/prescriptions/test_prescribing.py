"""Prescriptions on the real database: who may write and read them, what is stored, what is noted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from records.access import Reader
from records.audit.model import audit_event
from records.history import history_of
from records.prescriptions import service
from records.prescriptions.rules import Draft, Prescription, Status
from records.prescriptions.service import (
    prescription,
    prescription_by_code,
    prescription_to_send,
    prescriptions_of,
)
from records.sealing import SealBrokenError, Vault
from tests.integration.records.ward import (
    ANNA,
    BEN,
    COLLEAGUE,
    DRAFT,
    HERSELF,
    OSEI,
    STRANGER,
    VISIT,
    new_vault,
    prescribed,
    withdrawn,
)

MARKER = "Zyqxwortolol"


@pytest.fixture
def vault() -> Vault:
    return new_vault()


async def written(database: Database, vault: Vault, draft: Draft = DRAFT) -> Prescription:
    async with database.transaction() as tx:
        return await prescribed(tx, vault, draft)


async def test_what_a_doctor_prescribes_the_patient_reads(database: Database, vault: Vault) -> None:
    made = await written(database, vault)
    assert (made.status, made.version, made.atc, made.authored_on) == (Status.ACTIVE, 1, "M01AE01", made.status_changed)
    assert made.valid_until - made.authored_on == timedelta(days=90)
    async with database.transaction() as tx:
        assert await prescription(tx, vault, HERSELF, made.id) == made
        assert await prescription_by_code(tx, vault, HERSELF, f" {made.code[:3].lower()}-{made.code[3:]}") == made
        assert await prescription_to_send(tx, vault, made.id) == made
        assert await prescriptions_of(tx, vault, OSEI, ANNA) == [made]


async def test_the_newest_stands_first(database: Database, vault: Vault) -> None:
    made = [await written(database, vault, replace(DRAFT, medication=name)) for name in ("One", "Two", "Three")]
    async with database.transaction() as tx:
        assert await prescriptions_of(tx, vault, HERSELF, ANNA) == made[::-1]


@pytest.mark.parametrize(
    ("reader", "visit"),
    [
        (COLLEAGUE, VISIT),
        (HERSELF, VISIT),
        (STRANGER, VISIT),
        (replace(OSEI, treats=frozenset()), VISIT),
        (replace(OSEI, practitioner_id=None), VISIT),
        (OSEI, replace(VISIT, patient_id=BEN)),
        (OSEI, replace(VISIT, practitioner_id=new_id())),
    ],
)
async def test_only_the_visits_doctor_prescribes_and_only_for_its_patient(
    database: Database, vault: Vault, reader: Reader, visit: service.Encounter
) -> None:
    async with database.transaction() as tx:
        with pytest.raises(RefusedError):
            await prescribed(tx, vault, reader=reader, visit=visit)
        # Before anything else is told: not even that the visit has not begun.
        with pytest.raises(RefusedError):
            await prescribed(tx, vault, reader=reader, visit=replace(visit, started=False))


async def test_nothing_is_prescribed_before_the_visit_has_begun(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        with pytest.raises(BadInputError, match="once the visit has begun"):
            await prescribed(tx, vault, visit=replace(VISIT, started=False))


async def test_an_unfit_draft_leaves_nothing_behind(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        with pytest.raises(BadInputError, match="Repeats"):
            await prescribed(tx, vault, replace(DRAFT, repeats=99))
    async with database.transaction() as tx:
        assert await prescriptions_of(tx, vault, HERSELF, ANNA) == []


Read = Callable[[Tx, Vault, Reader, Prescription], Awaitable[object]]
READS: dict[str, Read] = {
    "by id": lambda tx, vault, reader, made: prescription(tx, vault, reader, made.id),
    "by code": lambda tx, vault, reader, made: prescription_by_code(tx, vault, reader, made.code),
    "all": lambda tx, vault, reader, made: prescriptions_of(tx, vault, reader, made.patient_id),
    "history": lambda tx, vault, reader, made: history_of(tx, vault, reader, made.patient_id, limit=9),
}


@pytest.mark.parametrize("read", READS)
async def test_a_stranger_reads_nothing_and_does_not_learn_what_exists(
    database: Database, vault: Vault, read: str
) -> None:
    made = await written(database, vault)
    missing = replace(made, id=new_id(), code="000000", patient_id=new_id())
    async with database.transaction() as tx:
        sentences = set()
        for which in (made, missing):
            with pytest.raises(RefusedError) as refused:
                await READS[read](tx, vault, STRANGER, which)
            sentences.add(str(refused.value))
        assert len(sentences) == 1
        for reader in (HERSELF, OSEI, COLLEAGUE):
            await READS[read](tx, vault, reader, made)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("reader", "why"), [(HERSELF, "own"), (OSEI, "care")])
async def test_every_read_is_noted(database: Database, vault: Vault, read: str, reader: Reader, why: str) -> None:
    made = await written(database, vault)
    async with database.transaction() as tx:
        await READS[read](tx, vault, reader, made)
    entry = (await entries(database))[-1]
    assert (entry.actor, entry.action, entry.subject, entry.why) == (reader.person_id, "read", ANNA, why)
    assert entry.row_id == (made.id if read.startswith("by") else None)


async def entries(database: Database) -> list[Any]:
    async with database.transaction() as tx:
        return list(
            await tx.conn.execute(
                select(audit_event)
                .where(audit_event.c.table_name == "prescription")
                .order_by(audit_event.c.at, audit_event.c.id)
            )
        )


async def test_every_write_and_each_delivery_is_noted(database: Database, vault: Vault) -> None:
    made = await written(database, vault)
    async with database.transaction() as tx:
        await withdrawn(tx, vault, made.id, "allergy")
    async with database.transaction() as tx:
        await prescription_to_send(tx, vault, made.id)
    noted = [(entry.actor, entry.action, entry.row_id, entry.why) for entry in await entries(database)]
    write = (OSEI.person_id, "write", made.id, "care")
    assert noted == [write, write, (None, "read", made.id, "delivery")]


async def test_a_cancelled_one_is_a_new_version_and_the_old_one_stays(database: Database, vault: Vault) -> None:
    made = await written(database, vault)
    async with database.transaction() as tx:
        cancelled = await withdrawn(tx, vault, made.id, " allergy found ")
    assert (cancelled.status, cancelled.version, cancelled.status_reason) == (Status.CANCELLED, 2, "allergy found")
    assert cancelled.signature not in (None, made.signature)
    before = {"status": made.status, "status_reason": "", "status_changed": made.status_changed}
    assert replace(cancelled, version=1, signature=made.signature, **before) == made
    async with database.transaction() as tx:
        assert await prescriptions_of(tx, vault, HERSELF, ANNA) == [cancelled]
        happened = await history_of(tx, vault, HERSELF, ANNA, limit=9)
    assert [(one.at, one.about) for one in happened] == [
        (cancelled.status_changed, cancelled),
        (made.authored_on, made),
    ]


async def test_only_its_author_cancels(database: Database, vault: Vault) -> None:
    made = await written(database, vault)
    async with database.transaction() as tx:
        for reader in (COLLEAGUE, HERSELF, STRANGER, replace(OSEI, treats=frozenset())):
            with pytest.raises(RefusedError):
                await withdrawn(tx, vault, made.id, "no", reader=reader)
        with pytest.raises(RefusedError):
            await withdrawn(tx, vault, new_id(), "no")
        with pytest.raises(BadInputError, match="why"):
            await withdrawn(tx, vault, made.id, " ")
        assert (await prescription(tx, vault, HERSELF, made.id)).status is Status.ACTIVE


async def test_of_many_who_cancel_at_once_one_does(database: Database, vault: Vault) -> None:
    made = await written(database, vault)

    async def cancel() -> Status | None:
        async with database.transaction() as tx:
            try:
                return (await withdrawn(tx, vault, made.id, "twice")).status
            except ConflictError:
                return None

    ends = await asyncio.gather(*(cancel() for _ in range(6)))
    assert sorted(ends, key=str) == [*[None] * 5, Status.CANCELLED]


async def test_no_version_is_ever_changed(database: Database, vault: Vault) -> None:
    await written(database, vault)
    for deed in ("UPDATE prescription_version SET status = 'draft'", "DELETE FROM prescription_version"):
        with pytest.raises(DBAPIError, match="is only added to"):
            async with database.transaction() as tx:
                await tx.conn.execute(text(deed))


async def test_a_version_put_in_anothers_place_does_not_open(database: Database, vault: Vault) -> None:
    one, other = await written(database, vault), await written(database, vault)
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        swap = text(
            "UPDATE prescription_version v SET sealed = other.sealed FROM prescription_version other"
            " WHERE v.prescription_id = :b AND other.prescription_id = :a"
        )
        await tx.conn.execute(swap, {"a": one.id, "b": other.id})
    async with database.transaction() as tx:
        assert await prescription(tx, vault, HERSELF, one.id) == one
        with pytest.raises(SealBrokenError):
            await prescription(tx, vault, HERSELF, other.id)


async def test_nothing_of_its_content_stands_in_clear(database: Database, vault: Vault) -> None:
    draft = replace(DRAFT, medication=MARKER, strength=MARKER, form=MARKER, dosage=MARKER, quantity=MARKER, note=MARKER)
    async with database.transaction() as tx:
        visit = replace(VISIT, patient_name=MARKER, practitioner_name=MARKER, centre_name=MARKER)
        made = await prescribed(tx, vault, draft, visit=visit)
        await withdrawn(tx, vault, made.id, MARKER)
    async with database.transaction() as tx:
        tables = await tx.conn.execute(
            text(
                "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
                " WHERE table_schema IN ('public', 'keys') AND table_type = 'BASE TABLE'"
            )
        )
        for table in tables.scalars().all():
            rows = await tx.conn.execute(text(f"SELECT row_to_json(t)::text FROM {table} t"))
            for row in rows.scalars():
                assert MARKER not in row
                assert MARKER.encode().hex() not in row


async def test_a_taken_code_is_replaced(database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await written(database, vault)
    letters = iter(first.code + first.code + "NEW111")
    monkeypatch.setattr("core.ids.secrets.choice", lambda _: next(letters))
    second = await written(database, vault)
    assert second.code == "NEW111"
    async with database.transaction() as tx:
        assert (await prescription_by_code(tx, vault, HERSELF, "new-111")).id == second.id
