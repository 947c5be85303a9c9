"""The audit on the real database: only added to, put into the tree in batches, and whoever goes round it shows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import RefusedError
from core.ids import new_id
from records.access import Reader
from records.audit.checkpoint import HeadKey
from records.audit.hashes import consistency_path, inclusion_path, root_at
from records.audit.heads import AuditBrokenError, Head, sign_head
from records.audit.published import Published, heads_in, line_of
from records.audit.rules import Action, Entry, Why
from records.audit.sequencing import place_all, place_waiting
from records.audit.service import looked_at, note, note_all
from records.audit.tree import EMPTY, proves_consistency, proves_inclusion, root_of
from records.audit.verifying import Verdict, verify

ANNA, BEN, DOCTOR = new_id(), new_id(), new_id()
READER = Reader(new_id(), own=frozenset({ANNA}), treats=frozenset(), practitioner_id=None)
KEY = HeadKey("care.test/audit", bytes(range(32)))
MINUTE = timedelta(minutes=1)


async def look(tx: Tx, subject: object = ANNA) -> Entry:
    assert subject in (ANNA, BEN)
    patient = ANNA if subject == ANNA else BEN
    return await note(
        tx, actor=DOCTOR, action=Action.READ, subject=patient, table="prescription", row=new_id(), why=Why.CARE
    )


async def placed(database: Database) -> int:
    async with database.transaction() as tx:
        return await place_all(tx)


async def signed(database: Database) -> Head:
    async with database.transaction() as tx:
        return await sign_head(tx, KEY)


@pytest.fixture
async def audited(database: Database) -> Database:
    """Five entries in the tree."""
    for _ in range(5):
        async with database.transaction() as tx:
            await look(tx)
    await placed(database)
    return database


async def verdict(database: Database, *published: Head) -> Verdict:
    async with database.transaction() as tx:
        outside = [each for head in published for each in heads_in(line_of(head))]
        return await verify(tx, keys=[KEY.public], published=outside)


async def behind_its_back(database: Database, *statements: str) -> None:
    """What an administrator of the database can do, who switches the triggers off."""
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await tx.conn.execute(text(statement))


async def many(database: Database, count: int, subject: object = ANNA) -> None:
    async with database.transaction() as tx:
        entries = [
            Entry(new_id(), tx.now, None, Action.READ, ANNA, "prescription", new_id(), Why.DELIVERY)
            for _ in range(count)
        ]
        await note_all(tx, entries)


async def test_an_empty_audit_is_sound(database: Database) -> None:
    assert await verdict(database) == Verdict(0, EMPTY)
    assert (await signed(database)).checkpoint.root == EMPTY
    assert await verdict(database) == Verdict(0, EMPTY, heads=1)


async def test_what_was_noted_waits_and_is_then_in_the_tree(database: Database) -> None:
    async with database.transaction() as tx:
        entry = await look(tx)
    assert await verdict(database) == Verdict(0, EMPTY, waiting=1)
    assert await placed(database) == 1
    found = await verdict(database)
    assert (found.entries, found.waiting, found.sound) == (1, 0, True)
    async with database.transaction() as tx:
        leaf = (await tx.conn.execute(text("SELECT leaf FROM audit_event WHERE id = :id"), {"id": entry.id})).scalar()
        assert await root_at(tx, 1) == leaf == found.root


async def test_whatever_an_entry_says_the_database_writes_it_as_we_do(database: Database) -> None:
    """Else an entry that nobody touched would be taken for one that was changed."""
    words = [
        "prescription",
        'a "quoted" word',
        "back\\slash",
        "line\nand\ttab\x08\x0c\r",
        "\x01\x1f\x7f",
        "Ärzte 患者 🩺",
        "",
    ]
    moments = [
        datetime(2026, 11, 25, 21, 33, 7, 5, tzinfo=UTC),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2026, 7, 1, 23, 59, 59, 999_999, tzinfo=ZoneInfo("Asia/Tokyo")),
    ]
    made = [
        Entry(new_id(), at, actor, Action.READ, new_id(), word, row, Why.CARE)
        for word in words
        for at in moments
        for actor, row in ((None, None), (new_id(), new_id()))
    ]
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL timezone = 'America/New_York'"))
        await note_all(tx, made[:5])  # few and many are written in two ways
        await note_all(tx, made[5:] + [replace(each, id=new_id()) for each in made])
        await place_all(tx)
        found = await verify(tx)
    assert (found.fault, found.entries) == (None, 2 * len(made))


async def test_of_many_of_which_one_has_no_zone_none_is_noted_and_the_connection_lives_on(database: Database) -> None:
    one = Entry(new_id(), datetime(2026, 1, 1, tzinfo=UTC), None, Action.READ, ANNA, "file", None, Why.OWN)
    made = [replace(one, id=new_id()) for _ in range(450)]  # some hundred are with the database when the last comes
    single = Database(database.url, pool=1)
    with pytest.raises(ValueError, match="time zone"):
        async with single.transaction() as tx:
            await note_all(tx, [*made, replace(one, id=new_id(), at=datetime(2026, 1, 1))])  # noqa: DTZ001
    async with single.transaction() as tx:
        await note_all(tx, made)
    await single.close()
    assert await placed(database) == len(made)
    assert (await verdict(database)).sound


async def test_many_at_once_make_one_tree(database: Database) -> None:
    async def work(n: int) -> None:
        async with database.transaction() as tx:
            for subject in (ANNA, BEN) if n % 2 else (BEN, ANNA):
                await look(tx, subject)
        async with database.transaction() as tx:
            await place_waiting(tx)

    await asyncio.gather(*(work(n) for n in range(40)))
    assert await placed(database) == 80
    assert (await verdict(database)).sound


async def test_one_at_work_keeps_no_other_from_committing_even_while_entries_are_placed(audited: Database) -> None:
    async with audited.transaction() as slow:
        await look(slow)
        async with audited.transaction() as placing:
            assert await place_all(placing) == 5
            async with audited.transaction() as quick:
                await look(quick)
            async with audited.transaction() as second:
                assert await place_waiting(second) is None  # somebody is at it
    assert await placed(audited) == 7
    assert (await verdict(audited)).sound


async def test_what_is_rolled_back_was_never_seen_nor_placed(audited: Database) -> None:
    async def fail() -> None:
        async with audited.transaction() as tx:
            await look(tx)
            await sign_head(tx, KEY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await placed(audited) == 5
    assert await verdict(audited) == Verdict(5, (await verdict(audited)).root)


async def test_proofs_across_kept_subtrees(database: Database) -> None:
    """More than 256 leaves: part of the hashes come from the kept ones. In batches that end anywhere."""
    for count in (100, 156, 1, 400, 3):
        await many(database, count)
        await placed(database)
    async with database.transaction() as tx:
        rows = await tx.conn.execute(text("SELECT leaf FROM audit_leaf ORDER BY leaf_index"))
        leaves = [bytes(row.leaf) for row in rows]
        kept = (await tx.conn.execute(text("SELECT count(*) FROM audit_node"))).scalar_one()
        assert (len(leaves), kept) == (660, 2)
        for size in (1, 255, 256, 257, 512, 660):
            root = root_of(leaves[:size])
            assert await root_at(tx, size) == root
            path = await consistency_path(tx, size, 660)
            assert proves_consistency(size, 660, path, root, root_of(leaves))
            for index in {0, size // 2, size - 1}:
                path = await inclusion_path(tx, index, size)
                assert proves_inclusion(leaves[index], index, size, path, root)
    assert (await verdict(database)).sound


_SETS = {
    "audit_event": "why = 'own'",
    "audit_leaf": "leaf_index = 7",
    "audit_node": "hash = ''",
    "audit_head": "size = 0",
    "audit_waiting": "leaf = ''",
}
_DEEDS = [
    (deed, table)
    for deed in ("DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {}")
    for table in _SETS
    if (deed, table) != ("DELETE FROM {}", "audit_waiting")  # what is placed leaves the queue
]


@pytest.mark.parametrize(("deed", "table"), _DEEDS)
async def test_the_database_refuses_every_change(audited: Database, table: str, deed: str) -> None:
    with pytest.raises(DBAPIError, match="is only added to"):
        async with audited.transaction() as tx:
            await tx.conn.execute(text(deed.format(table, _SETS[table])))
    assert (await verdict(audited)).sound


AT = "id = (SELECT event_id FROM audit_leaf WHERE leaf_index = {})".format
FORGERIES = {
    "an actor removed": ([f"UPDATE audit_event SET actor = NULL WHERE {AT(2)}"], "Entry 3 was changed."),
    "a word that does not exist": ([f"UPDATE audit_event SET action = 'nap' WHERE {AT(1)}"], "Entry 2 was changed."),
    "an event deleted": ([f"DELETE FROM audit_event WHERE {AT(2)}"], "Entry 3 was deleted."),
    "an event deleted with its leaf": (
        [f"DELETE FROM audit_event WHERE {AT(2)}", "DELETE FROM audit_leaf WHERE leaf_index = 2"],
        "Entry 3 is missing or out of order.",
    ),
    "an event deleted, and the others moved up": (
        [
            f"DELETE FROM audit_event WHERE {AT(2)}",
            "DELETE FROM audit_leaf WHERE leaf_index = 2",
            "UPDATE audit_leaf SET leaf_index = leaf_index - 1 WHERE leaf_index > 2",
        ],
        "A head in the database has 5 entries, and there are 4: the end was cut off.",
    ),
    "two swapped": (
        [f"UPDATE audit_leaf SET leaf_index = {to} WHERE leaf_index = {of}" for of, to in ((1, 9), (2, 1), (9, 2))],
        "A head in the database says otherwise of the first 5 entries: they were rewritten.",
    ),
    "the end cut off": (
        [f"DELETE FROM audit_event WHERE {AT(4)}", "DELETE FROM audit_leaf WHERE leaf_index = 4"],
        "A head in the database has 5 entries, and there are 4: the end was cut off.",
    ),
    "all of it emptied": (
        ["TRUNCATE audit_event, audit_leaf"],
        "A head in the database has 5 entries, and there are 0: the end was cut off.",
    ),
    "an event slipped in": (
        [
            "CREATE TEMP TABLE more AS SELECT * FROM audit_event LIMIT 1",
            "UPDATE more SET id = gen_random_uuid()",
            "INSERT INTO audit_event SELECT * FROM more",
        ],
        "An entry stands outside the tree.",
    ),
    "a head that was set back": (
        ["UPDATE audit_head SET size = 4"],
        "A head in the database is not what was signed.",
    ),
    "a head that nobody signed": (
        ["UPDATE audit_head SET signed = replace(signed, E'\\n5\\n', E'\\n4\\n'), size = 4"],
        "This head is not signed with the audit's key.",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_who_goes_round_the_refusal_shows(audited: Database, forgery: str) -> None:
    await signed(audited)
    statements, fault = FORGERIES[forgery]
    await behind_its_back(audited, *statements)
    assert (await verdict(audited)).fault == fault


async def test_a_kept_hash_that_was_changed_shows(database: Database) -> None:
    await many(database, 300)
    await placed(database)
    await behind_its_back(database, "UPDATE audit_node SET hash = sha256('x')")
    assert (await verdict(database)).fault == "A hash that is kept of the tree is wrong, up to entry 256."


async def test_leaves_cut_off_behind_a_kept_hash_show_without_any_head(database: Database) -> None:
    await many(database, 300)
    await placed(database)
    cut = "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_leaf WHERE leaf_index >= 200)"
    await behind_its_back(database, cut, "DELETE FROM audit_leaf WHERE leaf_index >= 200")
    assert (await verdict(database)).fault == ("A hash is kept of entries that are not there: the end was cut off.")


async def rewritten(database: Database, count: int = 5) -> None:
    """What a database's administrator can do who knows this program: another audit, with all its hashes right."""
    await behind_its_back(database, "TRUNCATE audit_event, audit_leaf, audit_node, audit_head, audit_waiting")
    await many(database, count)
    await placed(database)


async def test_an_audit_forged_as_a_whole_is_sound_in_itself_and_shows_by_a_head_from_outside(
    audited: Database,
) -> None:
    head = await signed(audited)
    assert (await verdict(audited, head)).heads == 2
    await rewritten(audited)
    assert (await verdict(audited)).sound
    assert (await verdict(audited, head)).fault == (
        "A published head says otherwise of the first 5 entries: they were rewritten."
    )


async def test_one_that_is_forged_longer_or_shorter_shows_just_so(audited: Database) -> None:
    head = await signed(audited)
    await rewritten(audited, 9)
    assert "the first 5 entries: they were rewritten" in str((await verdict(audited, head)).fault)
    await rewritten(audited, 3)
    assert "A published head has 5 entries, and there are 3" in str((await verdict(audited, head)).fault)


async def test_a_forged_audit_is_not_signed(audited: Database) -> None:
    """The service compares with the newest head that it finds outside, before it lends the forgery its signature."""
    head = await signed(audited)
    await rewritten(audited)
    with pytest.raises(AuditBrokenError, match="not those that were signed"):
        async with audited.transaction() as tx:
            await sign_head(tx, KEY, published=head.checkpoint)
    await rewritten(audited, 3)
    with pytest.raises(AuditBrokenError, match="A head of 5 entries was signed, and the audit has 3"):
        async with audited.transaction() as tx:
            await sign_head(tx, KEY, published=head.checkpoint)


async def test_one_that_keeps_the_old_head_in_the_database_is_not_signed_either(audited: Database) -> None:
    await signed(audited)
    await behind_its_back(audited, "UPDATE audit_leaf SET leaf = sha256('x') WHERE leaf_index = 0")
    with pytest.raises(AuditBrokenError, match="not those that were signed"):
        await signed(audited)


async def test_a_published_head_of_another_key_proves_nothing(audited: Database) -> None:
    async with audited.transaction() as tx:
        other = HeadKey("care.test/audit", bytes(32)).sign(5, await root_at(tx, 5), tx.now)
        found = await verify(tx, keys=[KEY.public], published=[Published(other)])
    assert found.fault == "This head is not signed with the audit's key."


async def test_heads_prove_each_that_it_goes_on_from_the_one_before(audited: Database) -> None:
    first = await signed(audited)
    await many(audited, 7)
    second = await signed(audited)
    again = await signed(audited)  # nothing was added: that it still stands so is said, too
    assert [each.before for each in (first, second, again)] == [0, 5, 12]
    for old, new in ((first, second), (second, again)):
        one, two = old.checkpoint, new.checkpoint
        assert proves_consistency(one.size, two.size, new.path, one.root, two.root)
    assert (await verdict(audited, first, second, again)).heads == 6


async def test_what_follows_a_fault_is_still_kept(audited: Database) -> None:
    await behind_its_back(audited, "UPDATE audit_event SET actor = NULL")
    async with audited.transaction() as tx:
        await look(tx)
    assert await placed(audited) == 6
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
