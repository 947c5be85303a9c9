"""Visiting all sealed values of a column in batches, and writing them back wrapped or sealed anew.

A value that somebody else changed meanwhile is left alone: it was sealed with the keys of now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
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


async def lock_until_held(tx: Tx, column: SealedColumn, values: Sequence[Value]) -> int:
    """Lock the rows of these values, up to the first that somebody else holds or that is gone. Returns how many.

    It never waits, and so nobody can wait in a circle with it, in whatever order they lock.
    """
    if not values:
        return 0
    by = _Keys.of(column, values)
    # Names of tables and columns are the program's own.
    statement = text(
        f"SELECT array_agg(n ORDER BY n) FROM (SELECT v.n FROM unnest({by.given}) WITH ORDINALITY AS v ({by.names}, n)"  # noqa: S608
        f" JOIN {_quoted(column.table.fullname)} AS t ON {by.same} FOR NO KEY UPDATE OF t SKIP LOCKED) AS free"
    )
    free = (await tx.conn.execute(statement.bindparams(*by.binds), by.values)).scalar_one() or []
    return next((at for at, number in enumerate(free) if number != at + 1), len(free))


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
    by, target = _Keys.of(column, [value for value, _ in changed]), column.column.name
    # Names of tables and columns are the program's own.
    statement = text(
        f'UPDATE {_quoted(column.table.fullname)} AS t SET "{target}" = {made}'  # noqa: S608
        f" FROM unnest({by.given}, :old, :new) AS v ({by.names}, old, new) WHERE {by.same} AND {stands} = v.old"
    ).bindparams(*by.binds, bindparam("old", type_=ARRAY(LargeBinary)), bindparam("new", type_=ARRAY(LargeBinary)))
    # Tables that are only added to let this through, and nothing but the sealed column of it.
    await tx.conn.execute(text("SELECT set_config('careconnect.resealing', 'on', true)"))
    written = await tx.conn.execute(
        statement,
        {**by.values, "old": [value.sealed for value, _ in changed], "new": [new for _, new in changed]},
    )
    await tx.conn.execute(text("SELECT set_config('careconnect.resealing', 'off', true)"))
    return written.rowcount


@dataclass(frozen=True, slots=True)
class _Keys:
    """Primary keys of some rows as arrays, to be joined with their table: `unnest(given) AS v (names)` by `same`."""

    given: str
    names: str
    same: str
    binds: list[Any]
    values: dict[str, list[Any]]

    @classmethod
    def of(cls, column: SealedColumn, values: Sequence[Value]) -> Self:
        keys = {f"key_{n}": key for n, key in enumerate(column.table.primary_key.columns)}
        return cls(
            ", ".join(f":{name}" for name in keys),
            ", ".join(keys),
            " AND ".join(f't."{key.name}" = v.{name}' for name, key in keys.items()),
            [bindparam(name, type_=ARRAY(key.type)) for name, key in keys.items()],
            {name: [value.key[n] for value in values] for n, name in enumerate(keys)},
        )


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
