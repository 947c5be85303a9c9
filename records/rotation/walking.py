"""Visiting all sealed values of a column in batches, and writing them back wrapped or sealed anew.

A value that somebody else changed meanwhile is left alone: it was sealed with the keys of now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    Integer,
    LargeBinary,
    Uuid,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
)

from core.database import Tx
from records.envelope import FORMAT, HEAD
from records.places import Place, SealedColumn


@dataclass(frozen=True, slots=True)
class Value:
    """One sealed value."""

    key: tuple[Any, ...]
    """The row's primary key."""
    subject: UUID
    place: Place
    sealed: bytes
    """The envelope; of one that need not be whole the first `HEAD` bytes."""


async def next_values(
    tx: Tx, column: SealedColumn, after: str | None, *, subjects: Sequence[UUID] | None, whole: bool, limit: int
) -> list[Value]:
    """The values that come next in order of the primary key; envelopes of older formats always whole."""
    keys = [*column.table.primary_key.columns]
    envelope = func.substring(column.column, column.prefix + 1)
    head = func.substring(column.column, column.prefix + 1, HEAD)
    is_new = func.get_byte(column.column, column.prefix) == FORMAT
    filled = func.octet_length(column.column) > column.prefix
    query = (
        select(
            *(key.label(f"key_{n}") for n, key in enumerate(keys)),
            column.subject.label("subject"),
            (null() if column.row is None else column.row).label("row_id"),
            column.version.label("version"),
            (null() if column.centre is None else column.centre).label("centre"),
            (envelope if whole else case((is_new, head), else_=envelope)).label("sealed"),
        )
        .select_from(column.source)
        .where(column.column.is_not(None), filled)
        .order_by(*keys)
        .limit(limit)
    )
    if column.where is not None:
        query = query.where(column.where)
    if subjects is not None:
        query = query.where(column.subject.in_(subjects))
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*(literal(*each) for each in _read(keys, after))))
    return [_value(column, row, len(keys)) for row in await tx.conn.execute(query)]


def cursor_of(value: Value) -> str:
    """The primary key in writing."""
    return json.dumps([str(each) for each in value.key])


async def write_heads(tx: Tx, column: SealedColumn, changed: Sequence[tuple[Value, bytes]]) -> int:
    """Put another wrapping in the place of each value's. Returns how many were still as they were."""
    at = column.prefix + 1
    return await _write(
        tx,
        column,
        changed,
        f"overlay({_name(column)} PLACING new FROM {at} FOR {HEAD})",
        f"substring({_name(column)} FROM {at} FOR {HEAD})",
    )


async def write_whole(tx: Tx, column: SealedColumn, changed: Sequence[tuple[Value, bytes]]) -> int:
    """Put another envelope in the place of each. Returns how many were still as they were."""
    at = column.prefix + 1
    return await _write(
        tx,
        column,
        changed,
        f"substring({_name(column)} FROM 1 FOR {column.prefix}) || new",
        f"substring({_name(column)} FROM {at})",
    )


async def _write(tx: Tx, column: SealedColumn, changed: Sequence[tuple[Value, bytes]], made: str, stands: str) -> int:
    if not changed:
        return 0
    keys = [*column.table.primary_key.columns]
    names = [f"key_{n}" for n in range(len(keys))]
    table, target = column.table, column.column.name
    same = " AND ".join(f't."{key.name}" = v.{name}' for key, name in zip(keys, names, strict=True))
    # Names of tables and columns are the program's own.
    statement = text(
        f'UPDATE {_quoted(table.fullname)} AS t SET "{target}" = {made}'  # noqa: S608
        f" FROM unnest({', '.join(':' + name for name in names)}, :old, :new) AS v ({', '.join(names)}, old, new)"
        f" WHERE {same} AND {stands} = v.old"
    ).bindparams(
        *(bindparam(name, type_=ARRAY(key.type)) for key, name in zip(keys, names, strict=True)),
        bindparam("old", type_=ARRAY(LargeBinary)),
        bindparam("new", type_=ARRAY(LargeBinary)),
    )
    # Tables that are only added to let this through, and nothing but the sealed column of it.
    await tx.conn.execute(text("SELECT set_config('careconnect.resealing', 'on', true)"))
    written = await tx.conn.execute(
        statement,
        {
            **{name: [value.key[n] for value, _ in changed] for n, name in enumerate(names)},
            "old": [value.sealed for value, _ in changed],
            "new": [new for _, new in changed],
        },
    )
    await tx.conn.execute(text("SELECT set_config('careconnect.resealing', 'off', true)"))
    return written.rowcount


async def count(tx: Tx, column: SealedColumn, subjects: Sequence[UUID] | None) -> int:
    """How many values there are."""
    query = select(func.count()).select_from(column.source).where(column.column.is_not(None))
    if column.where is not None:
        query = query.where(column.where)
    if subjects is not None:
        query = query.where(column.subject.in_(subjects))
    return int((await tx.conn.execute(query)).scalar_one())


def _value(column: SealedColumn, row: Any, keys: int) -> Value:
    *_, subject, row_id, version, centre, sealed = row
    key = tuple(row[:keys])
    if column.row_of is not None:
        names = [each.name for each in column.table.primary_key.columns]
        row_id = column.row_of(_Row(dict(zip(names, key, strict=True))))
    return Value(key, subject, column.place(row_id, version, centre), sealed)


class _Row:
    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def _read(keys: Sequence[Column[Any]], after: str) -> list[tuple[Any, Any]]:
    made = []
    for key, said in zip(keys, json.loads(after), strict=True):
        kind = UUID if isinstance(key.type, Uuid) else int if isinstance(key.type, Integer) else str
        made.append((kind(said), key.type))
    return made


def _name(column: SealedColumn) -> str:
    return f't."{column.column.name}"'


def _quoted(fullname: str) -> str:
    return ".".join(f'"{part}"' for part in fullname.split("."))
