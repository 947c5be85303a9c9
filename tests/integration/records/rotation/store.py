"""A store in which every sealed column holds something, for tests that visit all of them.

Rows are made without their like: each table gets one row for each subject, in which every id is the subject's, so that
whatever is joined is found. For that, the database forgets foreign keys, checks and triggers while it is filled.
"""

import os
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Boolean, Column, Date, LargeBinary, Numeric, Text, Time, Uuid, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, INT4MULTIRANGE, TSTZRANGE, Range

import appservice.tables  # noqa: F401
from core.database import Database, Tx
from core.tables import Moment
from records.places import SealedColumn, sealed_columns
from records.rotation.walking import next_values
from records.sealing import Place, Vault

_CHECKS = """
    SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name FROM pg_constraint
    WHERE contype IN ('c', 'f') AND connamespace IN ('public'::regnamespace, 'keys'::regnamespace) AND conrelid <> 0
"""


async def fill(database: Database, vault: Vault, subjects: Iterable[UUID], *, old: bool = False) -> None:
    """Seal something for each subject in every sealed column; in format 1 if `old`."""
    async with database.transaction() as tx:
        for check in (await tx.conn.execute(text(_CHECKS))).all():
            await tx.conn.execute(text(f"ALTER TABLE {check.owner} DROP CONSTRAINT {check.name}"))
        await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
        needed = {table for column in sealed_columns() for table in _tables(column)}
        for subject in subjects:
            for table in sorted(needed, key=lambda each: each.fullname):
                row = {column.name: _some(column, subject, tx) for column in table.columns if _given(column)}
                await tx.conn.execute(insert(table).values(row))
            for column in sealed_columns():
                await _put(tx, vault, column, subject, old=old)


async def _put(tx: Tx, vault: Vault, column: SealedColumn, subject: UUID, *, old: bool) -> None:
    table = column.table
    if table.name == "outbox":
        await tx.conn.execute(table.update().where(table.c.id == subject).values(kind="matrix.message", lane="l"))
    row: Any = (await tx.conn.execute(select(table).where(_of(table, subject)))).one()
    row_id = subject if column.row_of is None else column.row_of(row)
    centre = None if column.centre is None else subject
    place = column.place(row_id, 1, centre)
    plain = said(column, subject)
    sealed = await seal_1(tx, vault, subject, place, plain) if old else await vault.seal(tx, subject, place, plain)
    prefix = subject.bytes if column.prefix else b""
    await tx.conn.execute(table.update().where(_of(table, subject)).values({column.column.name: prefix + sealed}))


def said(column: SealedColumn, subject: UUID) -> bytes:
    """What was sealed there."""
    return f"{column.name} of {subject}".encode()


async def everything(database: Database, vault: Vault, subject: UUID) -> dict[str, bytes | None]:
    """What every sealed column says of a subject, opened in a transaction of its own; None for what was erased."""
    opened: dict[str, bytes | None] = {}
    async with database.transaction() as tx:
        for column in sealed_columns():
            (value,) = await next_values(tx, column, None, subjects=[subject], whole=True, limit=10)
            (opened[column.name],) = await vault.open_each(tx, [(subject, value.place, value.sealed)])
    return opened


def whole(subject: UUID) -> dict[str, bytes]:
    """What `everything` gives while nothing is amiss."""
    return {column.name: said(column, subject) for column in sealed_columns()}


async def envelopes(database: Database, subject: UUID) -> dict[str, bytes]:
    """The envelopes as they lie."""
    found = {}
    async with database.transaction() as tx:
        for column in sealed_columns():
            (value,) = await next_values(tx, column, None, subjects=[subject], whole=True, limit=10)
            found[column.name] = value.sealed
    return found


async def seal_1(tx: Tx, vault: Vault, subject: UUID, place: Place, plain: bytes) -> bytes:
    """Seal as format 1 did."""
    key = await vault.sealing_key(tx, subject)
    bound, data_key, nonces = place.bound_1(subject, key.id), os.urandom(32), (os.urandom(12), os.urandom(12))
    made = HKDF(SHA256(), 64, salt=None, info=b"careconnect seal 1").derive(data_key)
    wrapped = nonces[0] + key.aead.encrypt(nonces[0], data_key, bound)
    return b"\x01" + wrapped + made[32:] + nonces[1] + AESGCM(made[:32]).encrypt(nonces[1], plain, bound)


def _given(column: Column[Any]) -> bool:
    """Whether a row is given a value there; PostgreSQL makes the others."""
    return column.identity is None and column.computed is None


def _tables(column: SealedColumn) -> set[Any]:
    expressions = [column.subject, column.row, column.version, column.centre]
    return {column.table, *(each.table for each in expressions if isinstance(each, Column))}


def _of(table: Any, subject: UUID) -> Any:
    key = next(column for column in table.primary_key.columns if isinstance(column.type, Uuid))
    return key == subject


def _some(column: Column[Any], subject: UUID, tx: Tx) -> Any:
    """Something that fits the column's type."""
    match column.type:
        case Uuid():
            return subject
        case Text():
            return f"{subject}"
        case LargeBinary():
            return subject.bytes
        case Boolean():
            return False
        case Moment():
            return tx.now
        case ARRAY():
            return []
        case TSTZRANGE():
            return Range(tx.now, tx.now + timedelta(hours=1))
        case INT4MULTIRANGE():
            return []
        case Date():
            return date(2030, 1, 1)
        case Time():
            return time(9)
    assert isinstance(column.type, Numeric) or column.type.python_type in (int, float), column
    return 1
