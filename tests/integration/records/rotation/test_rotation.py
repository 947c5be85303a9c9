"""Keys of each level are exchanged while everything stays readable; killed at any step, it goes on where it was."""

import asyncio
import os
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.errors import ConflictError
from core.ids import new_id
from records.envelope import HEAD, SealBrokenError, key_number
from records.erasure import forget
from records.keys import subject_key
from records.keys.local import LocalKey
from records.keys.ring import Ring
from records.places import sealed_columns
from records.rotation.model import rotation
from records.rotation.service import Level, Rotation, open_rotation, rotations, start, step
from records.sealing import Place, Vault
from tests.integration.records.rotation.store import envelopes, everything, fill, said, whole

ANNA, BEN = new_id(), new_id()
OLD, NEW = LocalKey(bytes(range(32))), LocalKey(bytes(range(1, 33)))


def vault() -> Vault:
    return Vault(Ring(OLD))


async def run(database: Database, vault: Vault, level: Level, subjects: list[UUID] | None = None) -> Rotation:
    """All of it, in batches of three."""
    async with database.transaction() as tx:
        now = await start(tx, vault, level, subjects)
    for _ in range(1000):
        async with database.transaction() as tx:
            now = await step(tx, vault, now.id, limit=3)
        if now.finished_at:
            return now
        if now.waiting:
            await asyncio.sleep(0.05)
    pytest.fail("it does not come to an end")


class Killed(Exception):  # noqa: N818
    """Before the commit."""


async def killed_step(database: Database, vault: Vault, which: UUID) -> None:
    async with database.transaction() as tx:
        await step(tx, vault, which, limit=20)
        raise Killed


async def change_as(database: Database, statement: str, resealing: str) -> None:
    async with database.transaction() as tx:
        await tx.conn.execute(text(f"SET LOCAL careconnect.resealing = '{resealing}'"))
        await tx.conn.execute(text(statement))


async def keys(database: Database) -> list[tuple[UUID, int, str]]:
    async with database.transaction() as tx:
        table = subject_key.c
        found = await tx.conn.execute(
            select(table.subject, table.number, table.wrapped_by)
            .where(table.wrapped.is_not(None))
            .order_by(table.subject, table.number)
        )
        return [tuple(row) for row in found]


async def test_a_new_master_key_wraps_every_subjects_key_and_the_old_one_is_needed_no_more(database: Database) -> None:
    await fill(database, vault(), [ANNA, BEN])
    before = await envelopes(database, ANNA)
    both = Vault(Ring(NEW, OLD))
    done = await run(database, both, Level.MASTER)
    assert (done.done, done.total) == (2, 2)
    assert await keys(database) == sorted([(ANNA, 1, NEW.id), (BEN, 1, NEW.id)])
    alone = Vault(Ring(NEW))
    for subject in (ANNA, BEN):
        assert await everything(database, alone, subject) == whole(subject)
    assert await envelopes(database, ANNA) == before
    with pytest.raises(SealBrokenError):
        await everything(database, vault(), ANNA)


async def test_subjects_get_new_keys_and_what_was_sealed_only_another_wrapping(database: Database) -> None:
    await fill(database, vault(), [ANNA, BEN])
    before = await envelopes(database, ANNA)
    done = await run(database, vault(), Level.SUBJECTS)
    assert done.done == done.total == 2 * (1 + len(sealed_columns()))
    assert await keys(database) == sorted([(ANNA, 2, OLD.id), (BEN, 2, OLD.id)])
    for subject in (ANNA, BEN):
        assert await everything(database, vault(), subject) == whole(subject)
    after = await envelopes(database, ANNA)
    assert {key_number(each) for each in after.values()} == {2}
    assert all(after[name][HEAD:] == sealed[HEAD:] and after[name] != sealed for name, sealed in before.items())


async def test_one_subjects_key_alone(database: Database) -> None:
    await fill(database, vault(), [ANNA, BEN])
    before = await envelopes(database, BEN)
    await run(database, vault(), Level.SUBJECTS, [ANNA])
    assert await keys(database) == sorted([(ANNA, 2, OLD.id), (BEN, 1, OLD.id)])
    assert await everything(database, vault(), ANNA) == whole(ANNA)
    assert await envelopes(database, BEN) == before
    await run(database, vault(), Level.SUBJECTS)
    assert await keys(database) == sorted([(ANNA, 3, OLD.id), (BEN, 2, OLD.id)])


@pytest.mark.parametrize("level", [Level.DATA, Level.SUBJECTS])
async def test_what_format_1_sealed_is_in_the_format_of_now_afterwards(database: Database, level: Level) -> None:
    await fill(database, vault(), [ANNA], old=True)
    assert await everything(database, vault(), ANNA) == whole(ANNA)
    await run(database, vault(), level)
    assert await everything(database, vault(), ANNA) == whole(ANNA)
    assert {each[0] for each in (await envelopes(database, ANNA)).values()} == {2}


async def test_data_keys_are_new_for_every_value(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    before = await envelopes(database, ANNA)
    await run(database, vault(), Level.DATA)
    assert await everything(database, vault(), ANNA) == whole(ANNA)
    after = await envelopes(database, ANNA)
    commitments = [each[name][HEAD : HEAD + 32] for each in (before, after) for name in before]
    assert len({*commitments}) == 2 * len(sealed_columns())


@pytest.mark.parametrize("level", [*Level])
async def test_killed_at_any_step_everything_is_readable_and_it_goes_on(database: Database, level: Level) -> None:
    """Each step is killed before its commit, and done after; after each of both all is read by one who starts anew."""
    await fill(database, vault(), [ANNA, BEN], old=level is Level.DATA)
    ring = Ring(NEW, OLD) if level is Level.MASTER else Ring(OLD)

    async with database.transaction() as tx:
        now = await start(tx, Vault(ring), level)
    steps = 0
    while now.finished_at is None:
        with pytest.raises(Killed):
            await killed_step(database, Vault(ring), now.id)
        for subject in (ANNA, BEN):
            assert await everything(database, Vault(ring), subject) == whole(subject)
        async with database.transaction() as tx:
            now = await step(tx, Vault(ring), now.id, limit=20)
        for subject in (ANNA, BEN):
            assert await everything(database, Vault(ring), subject) == whole(subject)
        steps += 1
    assert steps >= 2


async def test_what_is_written_meanwhile_is_never_left_behind(database: Database) -> None:
    """One who began before the new keys were there still seals with the old one; it is not removed before that ends."""
    await fill(database, vault(), [ANNA])
    reason = next(column for column in sealed_columns() if column.name == "appointment.reason")
    async with database.transaction() as slow:
        sealed = await vault().seal(slow, ANNA, reason.place(ANNA), b"written late")
        async with database.transaction() as tx:
            now = await start(tx, vault(), Level.SUBJECTS)
        waited = False
        for _ in range(20):
            async with database.transaction() as tx:
                now = await step(tx, vault(), now.id, limit=50)
            waited = waited or now.waiting
        assert waited
        assert now.finished_at is None
        assert len(await keys(database)) == 2
        await slow.conn.execute(text("SET LOCAL session_replication_role = replica"))
        await slow.conn.execute(update(reason.table).values(reason=sealed))
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, vault(), now.id, limit=50)
    assert await keys(database) == [(ANNA, 2, OLD.id)]
    assert await everything(database, vault(), ANNA) == whole(ANNA) | {reason.name: b"written late"}


async def test_a_value_that_changes_while_it_is_rewrapped_is_left_as_it_is(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    reason = next(column for column in sealed_columns() if column.name == "appointment.reason")

    async def write(n: int) -> None:
        async with database.transaction() as tx:
            sealed = await vault().seal(tx, ANNA, reason.place(ANNA), str(n).encode())
            await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
            await tx.conn.execute(update(reason.table).values(reason=sealed))

    async def write_on() -> None:
        for n in range(40):
            await write(n)

    await asyncio.gather(write_on(), run(database, vault(), Level.SUBJECTS), return_exceptions=False)
    await run(database, vault(), Level.DATA)
    assert (await everything(database, vault(), ANNA))[reason.name] == b"39"


@pytest.mark.parametrize("level", [Level.SUBJECTS, Level.DATA])
async def test_it_waits_for_nobody_who_holds_a_value_and_comes_again(database: Database, level: Level) -> None:
    """Whoever waited there could be waited for: in a circle, as others lock their rows in orders of their own."""
    await fill(database, vault(), [ANNA, BEN])
    before = {subject: await envelopes(database, subject) for subject in (ANNA, BEN)}
    reason = next(column for column in sealed_columns() if column.name == "appointment.reason")
    async with database.transaction() as other:
        held = select(reason.table).where(reason.table.c.id == max(ANNA, BEN))
        await other.conn.execute(held.with_for_update())
        async with database.transaction() as tx:
            now = await start(tx, vault(), level)
        for _ in range(20):
            async with database.transaction() as tx:
                await tx.conn.execute(text("SET LOCAL lock_timeout = '10s'"))  # which would be said
                now = await step(tx, vault(), now.id)
        assert now.waiting
        async with database.transaction() as tx:
            row = (await tx.conn.execute(select(rotation.c.place, rotation.c.after))).one()
        assert row.place == reason.name
        assert str(min(ANNA, BEN)) in row.after  # the one before is done
    done = await run(database, vault(), level)
    assert done.id == now.id
    for subject in (ANNA, BEN):
        assert await everything(database, vault(), subject) == whole(subject)
    for subject, sealed in before.items():
        assert all(each != sealed[name] for name, each in (await envelopes(database, subject)).items())


async def test_erased_values_stay_as_they_are_and_stop_nothing(database: Database) -> None:
    await fill(database, vault(), [ANNA, BEN])
    before = await envelopes(database, ANNA)
    async with database.transaction() as tx:
        await forget(tx, vault(), ANNA, actor=None)
    for level in (Level.SUBJECTS, Level.DATA):
        await run(database, vault(), level)
        assert await envelopes(database, ANNA) == before
        assert set((await everything(database, vault(), ANNA)).values()) == {None}
        assert await everything(database, vault(), BEN) == whole(BEN)
    assert await keys(database) == [(BEN, 2, OLD.id)]


async def test_a_rotation_erasure_and_new_keys_at_once_leave_no_key_of_the_erased(database: Database) -> None:
    subjects = [new_id() for _ in range(12)]
    place = Place("t", "c", new_id())
    async with database.transaction() as tx:
        for subject in subjects:
            await vault().seal(tx, subject, place, b"x")

    async def erase(subject: UUID) -> None:
        async with database.transaction() as tx:
            await forget(tx, vault(), subject, actor=None)

    await asyncio.gather(run(database, vault(), Level.SUBJECTS), *(erase(subject) for subject in subjects[::2]))
    assert [(subject, number) for subject, number, _ in await keys(database)] == sorted(
        (subject, 2) for subject in subjects[1::2]
    )


async def test_a_value_that_does_not_open_stops_it_and_no_key_is_removed(database: Database) -> None:
    await fill(database, vault(), [ANNA, BEN])
    reason = next(column for column in sealed_columns() if column.name == "appointment.reason")
    async with database.transaction() as tx:
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        swapped = update(reason.table).where(reason.table.c.id == ANNA)
        other = select(reason.column).where(reason.table.c.id == BEN).scalar_subquery()
        await tx.conn.execute(swapped.values(reason=other))
    with pytest.raises(SealBrokenError):
        await run(database, vault(), Level.SUBJECTS)
    assert len(await keys(database)) == 4


async def test_one_at_a_time_and_the_same_again_goes_on(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    async with database.transaction() as tx:
        first = await start(tx, vault(), Level.SUBJECTS)
        assert await start(tx, vault(), Level.SUBJECTS) == first == await open_rotation(tx)
        with pytest.raises(ConflictError, match="under way"):
            await start(tx, vault(), Level.DATA)
        with pytest.raises(ConflictError):
            await start(tx, vault(), Level.SUBJECTS, [ANNA])
    done = await run(database, vault(), Level.SUBJECTS)
    assert done.id == first.id
    async with database.transaction() as tx:
        assert await open_rotation(tx) is None
        assert await rotations(tx) == [done]
        assert await step(tx, vault(), done.id) == done


async def test_only_the_seal_of_what_is_only_added_to_can_be_renewed_and_only_by_rotation(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    for change, resealing in (
        ("sealed = '\\x00'", "off"),
        ("sealed = '\\x00', status = 'x'", "on"),
        ("version = 2", "on"),
        ("created_at = now()", "on"),
    ):
        with pytest.raises(DBAPIError, match="only added to"):
            await change_as(database, f"UPDATE prescription_version SET {change}", resealing)
    with pytest.raises(DBAPIError, match="only added to"):
        await change_as(database, "DELETE FROM prescription_version", "on")


async def test_a_rotation_row_tells_nothing_but_places(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    async with database.transaction() as tx:
        now = await start(tx, vault(), Level.SUBJECTS)
        for _ in range(8):
            now = await step(tx, vault(), now.id, limit=1)
        row = (await tx.conn.execute(select(rotation))).one()
    assert os.fsencode(str(row)).find(said(sealed_columns()[0], ANNA)) == -1


async def test_who_does_not_know_all_that_is_sealed_removes_no_key(database: Database) -> None:
    await fill(database, vault(), [ANNA])
    async with database.transaction() as tx:
        await tx.conn.execute(text("CREATE TABLE unheard_of (id uuid PRIMARY KEY, sealed bytea)"))
    with pytest.raises(RuntimeError, match="unheard_of"):
        await run(database, vault(), Level.SUBJECTS)
    assert await keys(database) == [(ANNA, 1, OLD.id)]
