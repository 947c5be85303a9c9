"""The audit on the real database: only added to, chained at commit, and whoever goes round it shows."""

import asyncio

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
async def audited(database: Database) -> Database:
    """Five entries, chained."""
    for _ in range(5):
        async with database.transaction() as tx:
            await look(tx)
    return database


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
    async def fail() -> None:
        async with audited.transaction() as tx:
            await look(tx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await verdict(audited)).entries == 5


@pytest.mark.parametrize("table", ["audit_event", "audit_link", "audit_head"])
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {}"])
async def test_the_database_refuses_every_change(audited: Database, table: str, deed: str) -> None:
    column = {"audit_event": "why = 'own'", "audit_link": "position = 7", "audit_head": "size = 0"}[table]
    with pytest.raises(DBAPIError, match="is only added to"):
        async with audited.transaction() as tx:
            await tx.conn.execute(text(deed.format(table, column)))
    assert (await verdict(audited)).sound


AT = "id = (SELECT event_id FROM audit_link WHERE position = {})".format
FORGERIES = {
    "an actor removed": ([f"UPDATE audit_event SET actor = NULL WHERE {AT(3)}"], "Entry 3 was changed."),
    "a word that does not exist": ([f"UPDATE audit_event SET action = 'nap' WHERE {AT(2)}"], "Entry 2 was changed."),
    "an event deleted": ([f"DELETE FROM audit_event WHERE {AT(3)}"], "Entry 3 was deleted."),
    "an event deleted with its link": (
        [f"DELETE FROM audit_event WHERE {AT(3)}", "DELETE FROM audit_link WHERE position = 3"],
        "Entry 3 is missing or out of order.",
    ),
    "two swapped": (
        [f"UPDATE audit_link SET position = {to} WHERE position = {of}" for of, to in ((1, 9), (2, 1), (9, 2))],
        "The chain is broken at entry 1.",
    ),
    "the end cut off": (
        [f"DELETE FROM audit_event WHERE {AT(5)}", "DELETE FROM audit_link WHERE position = 5"],
        "The chain ends at entry 4, and should at entry 5.",
    ),
    "all of it emptied": (
        ["TRUNCATE audit_event, audit_link"],
        "The chain ends at entry 0, and should at entry 5.",
    ),
    "an event slipped in": (
        [
            "CREATE TEMP TABLE more AS SELECT * FROM audit_event LIMIT 1",
            "UPDATE more SET id = gen_random_uuid()",
            "INSERT INTO audit_event SELECT * FROM more",
        ],
        "An entry stands outside the chain.",
    ),
    "the end set back": (["UPDATE audit_head SET size = 4"], "The chain ends at entry 5, and should at entry 4."),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_who_goes_round_the_refusal_shows(audited: Database, forgery: str) -> None:
    statements, fault = FORGERIES[forgery]
    await behind_its_back(audited, *statements)
    assert (await verdict(audited)).fault == fault


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
