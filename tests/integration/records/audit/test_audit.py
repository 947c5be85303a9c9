"""The audit on the real database: only added to, chained at commit, and whoever goes round it shows."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Reader
from records.audit.rules import Action, Verdict, Why
from records.audit.service import looked_at, note, verify

ANNA, BEN, DOCTOR = new_id(), new_id(), new_id()
READER = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)


async def look(tx: Tx, subject: object = ANNA) -> None:
    assert subject in (ANNA, BEN)
    patient = ANNA if subject == ANNA else BEN
    await note(tx, actor=DOCTOR, action=Action.READ, subject=patient, table="prescription", row=new_id(), why=Why.CARE)


@pytest.fixture
async def audited(database: Database) -> AsyncIterator[Database]:
    """Five entries, chained."""
    for _ in range(5):
        async with database.transaction() as tx:
            await look(tx)
    yield database


async def verdict(database: Database) -> Verdict:
    async with database.transaction() as tx:
        return await verify(tx)


async def behind_its_back(database: Database, *statements: str) -> None:
    """What an administrator of the database can do, who switches the triggers off."""
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await tx.conn.execute(text(statement))


async def test_an_empty_audit_is_sound(database: Database) -> None:
    assert await verdict(database) == Verdict(0, b"")


async def test_what_was_noted_is_chained_and_sound(audited: Database) -> None:
    found = await verdict(audited)
    assert (found.entries, found.sound) == (5, True)


async def test_many_at_once_make_one_chain(database: Database) -> None:
    async def work(n: int) -> None:
        async with database.transaction() as tx:
            # Each in another order: two who wait for each other would be a deadlock.
            for subject in (ANNA, BEN) if n % 2 else (BEN, ANNA):
                await look(tx, subject)

    await asyncio.gather(*(work(n) for n in range(40)))
    found = await verdict(database)
    assert (found.entries, found.sound) == (80, True)


async def test_one_at_work_keeps_no_other_from_committing(database: Database) -> None:
    async with database.transaction() as slow:
        await look(slow)
        async with database.transaction() as quick:
            await look(quick)
    assert (await verdict(database)).entries == 2


async def test_what_is_rolled_back_was_never_seen(audited: Database) -> None:
    with pytest.raises(RuntimeError):
        async with audited.transaction() as tx:
            await look(tx)
            raise RuntimeError
    assert (await verdict(audited)).entries == 5


@pytest.mark.parametrize("table", ["audit_event", "audit_link", "audit_head"])
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {}"])
async def test_the_database_refuses_every_change(audited: Database, table: str, deed: str) -> None:
    column = {"audit_event": "why = 'own'", "audit_link": "position = 7", "audit_head": "size = 0"}[table]
    with pytest.raises(DBAPIError, match="is only added to"):
        async with audited.transaction() as tx:
            await tx.conn.execute(text(deed.format(table, column)))
    assert (await verdict(audited)).sound


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["UPDATE audit_event SET actor = NULL WHERE id = (SELECT event_id FROM audit_link WHERE position = 3)"], "3"),
        (["UPDATE audit_event SET action = 'nothing' WHERE id = (SELECT event_id FROM audit_link WHERE position = 2)"], "2"),
        (["DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_link WHERE position = 3)"], "3"),
        (["DELETE FROM audit_event USING audit_link WHERE id = event_id AND position = 3",
          "DELETE FROM audit_link WHERE position = 3"], "outside|3"),
        (["UPDATE audit_link SET position = 9 WHERE position = 1", "UPDATE audit_link SET position = 1 WHERE position = 2",
          "UPDATE audit_link SET position = 2 WHERE position = 9"], "1"),
        (["DELETE FROM audit_link WHERE position = 5",
          "DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_link)"], "ends at entry 4"),
        (["TRUNCATE audit_event, audit_link"], "ends at entry 0"),
        (["INSERT INTO audit_event SELECT gen_random_uuid(), at, actor, action, subject, table_name, row_id, why, leaf"
          " FROM audit_event LIMIT 1"], "outside"),
        (["UPDATE audit_head SET size = 4"], "should at entry 4"),
    ],
)  # fmt: skip
async def test_who_goes_round_the_refusal_shows(audited: Database, statements: list[str], fault: str) -> None:
    await behind_its_back(audited, *statements)
    found = await verdict(audited)
    assert found.fault is not None
    assert any(word in found.fault for word in fault.split("|"))


async def test_what_follows_a_fault_is_still_kept(audited: Database) -> None:
    await behind_its_back(audited, "UPDATE audit_event SET actor = NULL")
    async with audited.transaction() as tx:
        await look(tx)
    assert (await verdict(audited)).fault == "Entry 1 was changed."


async def test_patients_see_who_looked_newest_first_and_only_at_theirs(audited: Database) -> None:
    async with audited.transaction() as tx:
        await note(
            tx, actor=DOCTOR, action=Action.WRITE, subject=ANNA, table="prescription", row=new_id(), why=Why.CARE
        )
        await look(tx, BEN)
    async with audited.transaction() as tx:
        entries = await looked_at(tx, READER, ANNA)
    assert [entry.action for entry in entries] == [Action.WRITE, *[Action.READ] * 5]
    assert {(entry.actor, entry.subject) for entry in entries} == {(DOCTOR, ANNA)}
    async with audited.transaction() as tx:
        assert len(await looked_at(tx, READER, ANNA, limit=2)) == 2


async def test_asking_who_looked_is_a_look_itself(audited: Database) -> None:
    async with audited.transaction() as tx:
        await looked_at(tx, READER, ANNA)
    async with audited.transaction() as tx:
        newest = (await looked_at(tx, READER, ANNA))[0]
    assert (newest.actor, newest.table, newest.why) == (READER.person_id, "audit_event", Why.OWN)


async def test_nobody_else_learns_who_looked(audited: Database) -> None:
    doctor = Reader(DOCTOR, own=frozenset(), treats=frozenset({ANNA}), practitioner_id=DOCTOR)
    async with audited.transaction() as tx:
        for reader, patient in ((doctor, ANNA), (READER, BEN)):
            with pytest.raises(RefusedError):
                await looked_at(tx, reader, patient)
