"""Files in the records: whole or not there, seen by those who may, gone when they are taken back or erased."""

import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.database import Database, Tx
from core.errors import BadInputError, ConflictError, RefusedError
from core.ids import new_id
from records.audit.service import looked_at
from records.erasure import forget
from records.files.model import file, file_piece
from records.files.pieces import SIZE
from records.files.rules import StoredFile
from records.files.service import (
    Arrival,
    Filing,
    Limits,
    content_to_send,
    delete_file,
    discard_files,
    file_away,
    files_of,
    keep_file,
    not_filed,
    stored_file,
)
from records.sealing import ErasedError, SealBrokenError, Vault
from tests.integration.records.ward import ANNA, DOCTOR, HERSELF, OSEI, STRANGER, new_vault

VAULT = new_vault()
LIMITS = Limits(file=4 << 20, person=8 << 20)
HEAD = b"%PDF-1.7\n"


async def parts(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 60_000):
        yield data[start : start + 60_000]


async def sent(tx: Tx, data: bytes, *, name: str = "scan.pdf", vault: Vault = VAULT) -> StoredFile:
    arrival = Arrival(new_id(), ANNA, name, "blood test")
    return await keep_file(tx, vault, HERSELF, arrival, parts(data), LIMITS)


async def read(tx: Tx, file_id: UUID) -> bytes:
    _, content = await content_to_send(tx, VAULT, file_id)
    return b"".join([part async for part in content])


@pytest.mark.parametrize("size", [10, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, 3 * SIZE + 7])
async def test_a_file_of_any_size_comes_back_as_it_was(database: Database, size: int) -> None:
    data = (HEAD + os.urandom(size))[:size]
    async with database.transaction() as tx:
        kept = await sent(tx, data)
    async with database.transaction() as tx:
        assert await read(tx, kept.id) == data
        pieces = await tx.conn.execute(select(file_piece.c.sealed).where(file_piece.c.file_id == kept.id))
        sealed = [row.sealed for row in pieces]
    assert (kept.size, kept.mimetype, kept.sha256) == (size, "application/pdf", hashlib.sha256(data).hexdigest())
    assert len(sealed) == -(-size // SIZE)
    assert not any(data[:9] in each for each in sealed)


async def test_the_same_file_again_is_the_same(database: Database) -> None:
    arrival = Arrival(new_id(), ANNA, "a.pdf")
    async with database.transaction() as tx:
        first = await keep_file(tx, VAULT, HERSELF, arrival, parts(HEAD), LIMITS)
    async with database.transaction() as tx:
        assert await keep_file(tx, VAULT, HERSELF, arrival, parts(HEAD + b"other"), LIMITS) == first


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"MZ" + bytes(90), "can't take that kind"), (b"", "can't take"), (HEAD * (1 << 19), "4 MB")]
)
async def test_what_cannot_be_taken_leaves_nothing(database: Database, data: bytes, sentence: str) -> None:
    async with database.transaction() as tx:
        with pytest.raises(BadInputError, match=sentence):
            async with tx.conn.begin_nested():
                await sent(tx, data)
    await nothing_is_left(database)


async def nothing_is_left(database: Database) -> None:
    async with database.transaction() as tx:
        for table in (file, file_piece):
            assert (await tx.conn.execute(select(func.count()).select_from(table))).scalar_one() == 0


async def test_a_content_that_breaks_off_leaves_nothing(database: Database) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield HEAD + bytes(2 * SIZE)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        async with database.transaction() as tx:
            await keep_file(tx, VAULT, HERSELF, Arrival(new_id(), ANNA, "a.pdf"), breaking(), LIMITS)
    await nothing_is_left(database)


async def test_nobody_fills_the_store(database: Database) -> None:
    async with database.transaction() as tx:
        for _ in range(2):
            await sent(tx, HEAD + bytes((4 << 20) - len(HEAD)))
        with pytest.raises(ConflictError, match="no more room"):
            await sent(tx, HEAD)


async def test_no_more_than_a_few_pieces_are_ever_in_memory(database: Database) -> None:
    async def long() -> AsyncIterator[bytes]:
        yield HEAD
        for _ in range(400):
            yield bytes(64 * 1024)

    async with database.transaction() as tx:
        tracemalloc.start()
        try:
            arrival = Arrival(new_id(), ANNA, "long.pdf")
            kept = await keep_file(tx, VAULT, HERSELF, arrival, long(), Limits(1 << 30, 1 << 30))
            _, content = await content_to_send(tx, VAULT, kept.id)
            read_back = 0
            async for part in content:
                read_back += len(part)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert read_back == kept.size == 400 * 64 * 1024 + len(HEAD)
    assert peak < 10 * SIZE  # 5 MB for 26


async def test_until_it_is_filed_only_its_sender_sees_it(database: Database) -> None:
    async with database.transaction() as tx:
        kept = await sent(tx, HEAD)
        assert await files_of(tx, VAULT, OSEI, ANNA) == []
        with pytest.raises(RefusedError):
            await stored_file(tx, VAULT, OSEI, kept.id)
        assert await files_of(tx, VAULT, HERSELF, ANNA) == [kept]
        assert await not_filed(tx, VAULT, HERSELF, ANNA, tx.now - timedelta(minutes=1)) == [kept]
        filed = await file_away(tx, VAULT, HERSELF, kept.id, Filing(ANNA, note="ECG"))
        assert await files_of(tx, VAULT, OSEI, ANNA) == [filed]
        assert filed.note == "ECG"
        assert await not_filed(tx, VAULT, HERSELF, ANNA, tx.now - timedelta(minutes=1)) == []
        with pytest.raises(RefusedError):
            await files_of(tx, VAULT, STRANGER, ANNA)
        with pytest.raises(RefusedError):
            await stored_file(tx, VAULT, STRANGER, kept.id)
        with pytest.raises(RefusedError):
            await stored_file(tx, VAULT, HERSELF, new_id())


async def test_what_a_doctor_sends_moves_into_the_patients_record_with_its_seal(database: Database) -> None:
    own = new_id()
    doctor = replace(OSEI, own=frozenset({own}))
    data = HEAD + os.urandom(2 * SIZE)
    async with database.transaction() as tx:
        kept = await keep_file(tx, VAULT, doctor, Arrival(new_id(), own, "x.pdf"), parts(data), LIMITS)
        assert await files_of(tx, VAULT, HERSELF, ANNA) == []
        filed = await file_away(tx, VAULT, doctor, kept.id, Filing(ANNA, new_id(), DOCTOR, tx.now))
        assert await files_of(tx, VAULT, HERSELF, ANNA) == [filed]
        assert await read(tx, filed.id) == data
        await forget(tx, VAULT, own, actor=None)
        assert await read(tx, filed.id) == data
        with pytest.raises(RefusedError):
            await file_away(tx, VAULT, doctor, kept.id, Filing(new_id()))


async def test_its_sender_takes_it_back_while_that_is_allowed(database: Database) -> None:
    async with database.transaction() as tx:
        kept = await sent(tx, HEAD + bytes(2 * SIZE))
        await file_away(tx, VAULT, HERSELF, kept.id, Filing(ANNA, new_id(), DOCTOR, tx.now + timedelta(days=2)))
        with pytest.raises(RefusedError):
            await delete_file(tx, VAULT, OSEI, kept.id)
        later = replace(tx, now=tx.now + timedelta(days=2))
        with pytest.raises(ConflictError, match="must keep"):
            await delete_file(later, VAULT, HERSELF, kept.id)
        with pytest.raises(ConflictError, match="must keep"):
            await file_away(later, VAULT, HERSELF, kept.id, Filing(ANNA))
        await delete_file(tx, VAULT, HERSELF, kept.id)
        with pytest.raises(RefusedError):
            await delete_file(tx, VAULT, HERSELF, kept.id)
    await nothing_is_left(database)


async def test_pieces_are_not_changed_and_what_is_missing_shows(database: Database) -> None:
    async with database.transaction() as tx:
        kept = await sent(tx, HEAD + bytes(2 * SIZE))
    with pytest.raises(DBAPIError, match="only added to"):
        async with database.transaction() as tx:
            await tx.conn.execute(update(file_piece).values(number=9))
    async with database.transaction() as tx:
        await tx.conn.execute(delete(file_piece).where(file_piece.c.number == 3))
        with pytest.raises(SealBrokenError):
            await read(tx, kept.id)
        await tx.conn.execute(update(file).values(pieces=2))  # as if there had been no third
        with pytest.raises(SealBrokenError):
            await read(tx, kept.id)


async def test_pieces_without_their_file_do_not_stay(database: Database) -> None:
    async def kept_alone() -> None:
        async with database.transaction() as tx:
            await tx.conn.execute(insert(file_piece).values(file_id=new_id(), number=1, sealed=b"x"))

    with pytest.raises(DBAPIError, match="fk_file_piece_file_id"):
        await kept_alone()
    await nothing_is_left(database)


async def test_erasure_makes_it_unreadable_and_takes_no_room(database: Database) -> None:
    async with database.transaction() as tx:
        kept = await sent(tx, HEAD)
        await forget(tx, VAULT, ANNA, actor=None)
        with pytest.raises(ErasedError):
            await read(tx, kept.id)
        assert await discard_files(tx, ANNA) == 1
    await nothing_is_left(database)


async def test_every_step_is_in_the_audit(database: Database) -> None:
    async with database.transaction() as tx:
        kept = await sent(tx, HEAD)
        await file_away(tx, VAULT, HERSELF, kept.id, Filing(ANNA))
        await stored_file(tx, VAULT, OSEI, kept.id)
        await read(tx, kept.id)
        await delete_file(tx, VAULT, HERSELF, kept.id)
        noted = {
            (each.action, each.why, each.actor) for each in await looked_at(tx, HERSELF, ANNA) if each.row == kept.id
        }
    assert noted == {
        ("write", "own", HERSELF.person_id),
        ("read", "care", OSEI.person_id),
        ("read", "delivery", None),
        ("erase", "own", HERSELF.person_id),
    }
