"""Backups: what was erased stays unreadable when old ones are restored; all else is there, and the audit verifies."""

import os
import subprocess
from collections.abc import Iterator
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import select, text

from core.database import Database
from core.ids import new_id
from demo.postgres import Postgres
from records.audit.sequencing import place_all
from records.audit.verifying import verify
from records.erasure import carry_out_again, erasure_of, finish, forget
from records.keys.apart import left_behind, move, prepare
from records.keys.local import LocalKey
from records.keys.model import erasure, subject_key
from records.keys.ring import Ring
from records.prescriptions.service import prescriptions_of
from records.rotation.service import Level, start, step
from records.sealing import ErasedError, Place, SealBrokenError, Vault
from records.signing.model import FACTOR, LOCKED_KEY, signing_factor, signing_key
from records.signing.service import begin_signing, confirm_signing
from records.signing.signature import Signer
from tests.integration.records.ward import ANNA, BEN, HERSELF, OSEI, prescribed

PLACE = Place("t", "c", new_id())
MASTER = LocalKey(os.urandom(32))


@pytest.fixture
def keys_url(postgres: Postgres) -> Iterator[str]:
    """An empty database for the keys alone."""
    name = f"k{uuid4().hex}"
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_url(postgres: Postgres) -> Iterator[str]:
    """Where to restore to."""
    name = f"r{uuid4().hex}"
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)


def dump(postgres: Postgres, url: str, *how: str) -> bytes:
    command = [str(postgres.programs / "pg_dump"), "--no-owner", *how, url]
    return subprocess.run(command, check=True, capture_output=True).stdout


def restore(postgres: Postgres, url: str, *dumps: bytes) -> None:
    for each in dumps:
        command = [str(postgres.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", url]
        subprocess.run(command, check=True, input=each, capture_output=True)


async def test_an_old_dump_brings_nothing_back_of_one_who_was_erased_and_all_of_the_others(
    database: Database, database_url: str, postgres: Postgres, empty_url: str
) -> None:
    """As docs/records.md says to back up: the schema `keys` apart from the rest, and only its young backups kept."""
    vault = Vault(Ring(MASTER))
    async with database.transaction() as tx:
        made = await prescribed(tx, vault)
        his = await vault.seal(tx, BEN, PLACE, b"his")
    async with database.transaction() as tx:
        await place_all(tx)
    old = dump(postgres, database_url, "--exclude-schema=keys")
    old_keys = dump(postgres, database_url, "--schema=keys", "--section=pre-data", "--section=data")
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=ANNA)
    keys = dump(postgres, database_url, "--schema=keys", "--section=pre-data", "--section=data")
    assert MASTER.id.encode() in old_keys

    restore(postgres, empty_url, old, keys)
    restored = Database(empty_url, pool=4)
    async with restored.transaction() as tx:
        verdict = await verify(tx)
        assert verdict.sound
        assert verdict.entries >= 2
        assert await vault.open(tx, BEN, PLACE, his) == b"his"
        with pytest.raises(ErasedError):
            await prescriptions_of(tx, vault, HERSELF, ANNA)
        raw = b"".join([row.sealed for row in await tx.conn.execute(text("SELECT sealed FROM prescription_version"))])
        assert made.draft.medication.encode() not in raw
    await restored.close()


async def test_keys_that_a_restored_backup_brought_back_are_destroyed_again(
    database: Database, database_url: str, postgres: Postgres
) -> None:
    vault = Vault(Ring(MASTER))
    async with database.transaction() as tx:
        hers, his = await vault.seal(tx, ANNA, PLACE, b"hers"), await vault.seal(tx, BEN, PLACE, b"his")
    old_keys = dump(postgres, database_url, "--table=keys.subject_key", "--data-only")
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=ANNA)
        await tx.conn.execute(text("DELETE FROM keys.subject_key"))
    restore(postgres, database_url, old_keys)
    async with database.transaction() as tx:
        assert await vault.open(tx, ANNA, PLACE, hers) == b"hers"  # the trap that this is about
        assert await carry_out_again(tx, vault) == 1
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await vault.open(tx, ANNA, PLACE, hers)
        assert await vault.open(tx, BEN, PLACE, his) == b"his"
        assert await carry_out_again(tx, vault) == 0


async def test_with_keys_apart_an_erasure_counts_from_its_commit_and_survives_a_kill_at_every_step(
    database: Database, keys_url: str
) -> None:
    await prepare(keys_url)
    await prepare(keys_url)
    vault = Vault(Ring(MASTER), keys_url=keys_url)
    async with database.transaction() as tx:
        hers, his = await vault.seal(tx, ANNA, PLACE, b"hers"), await vault.seal(tx, BEN, PLACE, b"his")
    assert await left_behind(database) == 0

    with pytest.raises(Killed):
        await killed(database, vault, "forget")
    assert await readable(database, vault, hers) == b"hers"
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=ANNA)
    assert await readable(database, vault, hers) is None  # though the key is still there:
    assert await living(keys_url) == {ANNA, BEN}
    with pytest.raises(Killed):  # the key goes, and the note of it is lost
        await killed(database, vault, "finish")
    assert await living(keys_url) == {BEN}
    assert await readable(database, vault, hers) is None
    async with database.transaction() as tx:
        assert await finish(tx, vault) == 1
    async with database.transaction() as tx:
        assert await finish(tx, vault) == 0
        (row,) = (await tx.conn.execute(select(erasure))).all()
        assert row.destroyed_at == tx.now or row.destroyed_at is not None
        assert await vault.open(tx, BEN, PLACE, his) == b"his"
        with pytest.raises(ErasedError):
            await vault.seal(tx, ANNA, PLACE, b"more")
    assert await readable(database, vault, hers) is None
    await vault.close()


async def test_with_keys_apart_an_old_dump_of_the_rest_and_an_old_one_of_the_keys_bring_nothing_back(
    database: Database, database_url: str, keys_url: str, postgres: Postgres, empty_url: str
) -> None:
    await prepare(keys_url)
    vault = Vault(Ring(MASTER), keys_url=keys_url)
    async with database.transaction() as tx:
        await prescribed(tx, vault)
        his = await vault.seal(tx, BEN, PLACE, b"his")
    old, old_keys = dump(postgres, database_url), dump(postgres, keys_url, "--data-only")
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=ANNA)
        assert await erasure_of(tx, ANNA)
    async with database.transaction() as tx:
        await finish(tx, vault)

    restore(postgres, empty_url, old)  # the rest is old, the keys are of now
    restored = Database(empty_url, pool=4)
    async with restored.transaction() as tx:
        assert (await verify(tx)).sound
        with pytest.raises(ErasedError):
            await prescriptions_of(tx, vault, HERSELF, ANNA)
        assert await vault.open(tx, BEN, PLACE, his) == b"his"
    await restored.close()

    apart = Database(keys_url, pool=4)
    async with apart.transaction() as tx:  # the keys are old, the rest is of now
        await tx.conn.execute(text("DELETE FROM keys.subject_key"))
    restore(postgres, keys_url, old_keys)
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await prescriptions_of(tx, vault, HERSELF, ANNA)
        assert await carry_out_again(tx, vault) == 1
    assert ANNA not in await living(keys_url)
    await apart.close()
    await vault.close()


async def test_keys_move_to_their_own_database_and_are_rotated_there(
    database: Database, database_url: str, keys_url: str
) -> None:
    here, there = Vault(Ring(MASTER)), Vault(Ring(MASTER), keys_url=keys_url)
    async with database.transaction() as tx:
        sealed = await here.seal(tx, ANNA, PLACE, b"hers")
        await forget(tx, here, BEN, actor=None)
    assert await move(database_url, keys_url) == 2
    assert await move(database_url, keys_url) == 0
    assert await left_behind(database) == 0
    assert await readable(database, there, sealed) == b"hers"
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await there.seal(tx, BEN, PLACE, b"x")
        now = await start(tx, Vault(Ring(LocalKey(bytes(32)), MASTER), keys_url=keys_url), Level.MASTER)
    moved = Vault(Ring(LocalKey(bytes(32)), MASTER), keys_url=keys_url)
    while now.finished_at is None:
        async with database.transaction() as tx:
            now = await step(tx, moved, now.id)
    alone = Vault(Ring(LocalKey(bytes(32))), keys_url=keys_url)
    assert await readable(database, alone, sealed) == b"hers"
    for vault in (there, moved, alone):
        await vault.close()


async def test_who_is_erased_gets_no_new_key_from_a_rotation_that_comes_before_the_old_one_is_destroyed(
    database: Database, keys_url: str
) -> None:
    await prepare(keys_url)
    vault = Vault(Ring(MASTER), keys_url=keys_url)
    async with database.transaction() as tx:
        hers, his = await vault.seal(tx, ANNA, PLACE, b"hers"), await vault.seal(tx, BEN, PLACE, b"his")
    async with database.transaction() as tx:
        await forget(tx, vault, ANNA, actor=ANNA)  # and killed before `finish`
    async with database.transaction() as tx:
        now = await start(tx, vault, Level.SUBJECTS)
    async with database.transaction() as tx:
        await step(tx, vault, now.id)
    async with database.transaction() as tx:
        assert await finish(tx, vault) == 1
    assert await living(keys_url) == {BEN}
    async with database.transaction() as tx:
        with pytest.raises(ErasedError):
            await vault.seal(tx, ANNA, PLACE, b"more")
        assert await vault.open(tx, BEN, PLACE, his) == b"his"
    assert await readable(database, vault, hers) is None
    await vault.close()


class Killed(Exception):  # noqa: N818
    """Before the commit."""


async def killed(database: Database, vault: Vault, what: str) -> None:
    async with database.transaction() as tx:
        if what == "forget":
            await forget(tx, vault, ANNA, actor=ANNA)
        else:
            assert await finish(tx, vault) == 1
        raise Killed


async def readable(database: Database, vault: Vault, sealed: bytes) -> bytes | None:
    async with database.transaction() as tx:
        try:
            return await vault.open(tx, ANNA, PLACE, sealed)
        except ErasedError:
            return None


async def living(keys_url: str) -> set[UUID]:
    apart = Database(keys_url, pool=4)
    async with apart.transaction() as tx:
        rows = await tx.conn.execute(select(subject_key.c.subject).where(subject_key.c.wrapped.is_not(None)))
        found = {row.subject for row in rows}
    await apart.close()
    return found


async def test_a_doctors_authenticator_is_of_no_use_without_the_database_of_the_keys(
    database: Database, keys_url: str
) -> None:
    """Its secret lies in the main database, sealed under the doctor's own key: and that lies in the other one."""
    await prepare(keys_url)
    vault, thief = Vault(Ring(MASTER), keys_url=keys_url), Vault(Ring(MASTER))
    async with database.transaction() as tx:
        begun = await begin_signing(tx, vault, OSEI, account="signing", issuer="careConnect")
        authenticator = pyotp.parse_uri(begun.link)
        assert isinstance(await confirm_signing(tx, vault, OSEI, authenticator.at(tx.now)), Signer)
    async with database.transaction() as tx:
        assert await left_behind(database) == 0
        for table, column in ((signing_factor, FACTOR), (signing_key, LOCKED_KEY)):
            sealed, place = (await tx.conn.execute(select(table.c.sealed))).scalar_one(), column.place(begun.key_id)
            assert await vault.open(tx, OSEI.person_id, place, sealed)
            with pytest.raises(SealBrokenError):
                await thief.open(tx, OSEI.person_id, place, sealed)
    await vault.close()
