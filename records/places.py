"""Where sealed values lie: the place that a value is bound to, and the one list of all columns that hold such values.

Each floor adds its columns beside their tables (`sealed_column`). Whoever has to visit all that is sealed walks this
list: rotation, export, and the test that no column holds health content unsealed.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, ColumnElement, FromClause, Table, Uuid, case, cast, func, literal

from records.envelope import bind

_FIXED = struct.Struct(">16sQ16s").pack


class Place(NamedTuple):
    """Where a sealed value lies. A value opens only at the place that it was sealed for.

    A tuple, as one is made for every value that is sealed or opened.
    """

    table: str
    column: str
    row: UUID
    version: int = 1
    centre: UUID | None = None

    def bound(self, subject: UUID) -> bytes:
        """The associated data of format 2: nothing of it is stored in the envelope, all of it must match."""
        table, column, row, version, centre = self
        bound = _front(table, column) + _FIXED(row.bytes, version, subject.bytes)
        return bound + centre.bytes if centre else bound

    def bound_1(self, subject: UUID, key_id: UUID) -> bytes:
        """The associated data of format 1."""
        return bind(
            b"\x01",
            self.centre.bytes if self.centre else b"",
            self.table.encode(),
            self.column.encode(),
            self.row.bytes,
            self.version.to_bytes(8, "big"),
            subject.bytes,
            key_id.bytes,
        )


@cache
def _front(table: str, column: str) -> bytes:
    return bind(b"\x02", table.encode(), column.encode())


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values, and how to find for each row whose key opens it and what it is bound to."""

    column: Column[Any]
    subject: ColumnElement[Any]
    """Whose key."""
    row: ColumnElement[Any] | None
    """The row's id in its place; None when `row_of` makes it."""
    version: ColumnElement[Any]
    centre: ColumnElement[Any] | None
    source: FromClause
    """The table, joined with what the others come from."""
    where: ColumnElement[bool] | None
    """Which rows hold a sealed value; None for all in which the column is not null."""
    row_of: Callable[[Any], UUID] | None
    """Makes the row's id of a row that has the table's primary key."""
    prefix: int
    """How many bytes stand before the envelope."""
    names: tuple[str, str]
    """Of the table and the column, as a place has them."""

    @property
    def table(self) -> Table:
        table = self.column.table
        assert isinstance(table, Table)
        return table

    @property
    def name(self) -> str:
        return f"{self.table.fullname}.{self.column.name}"

    def place(self, row: UUID, version: int = 1, centre: UUID | None = None) -> Place:
        """The place of one value."""
        table, column = self.names
        return Place(table, column, row, version, centre)


_columns: dict[str, SealedColumn] = {}


def sealed_column(
    column: Column[Any],
    *,
    subject: ColumnElement[Any],
    row: ColumnElement[Any] | None = None,
    version: ColumnElement[Any] | None = None,
    centre: ColumnElement[Any] | None = None,
    source: FromClause | None = None,
    where: ColumnElement[bool] | None = None,
    row_of: Callable[[Any], UUID] | None = None,
    prefix: int = 0,
) -> SealedColumn:
    """Put a column on the list of those that hold sealed values. Its table has a primary key that stays."""
    assert (row is None) != (row_of is None)
    table = column.table
    assert isinstance(table, Table)
    made = SealedColumn(
        column,
        subject,
        row,
        literal(1) if version is None else version,
        centre,
        table if source is None else source,
        where,
        row_of,
        prefix,
        (str(table.name), str(column.name)),
    )
    _columns[made.name] = made
    return made


def sealed_columns() -> list[SealedColumn]:
    """All of them, by name. Whole once every floor's tables are imported."""
    return [_columns[name] for name in sorted(_columns)]


def leading_uuid(column: Column[Any]) -> ColumnElement[Any]:
    """The subject where a value begins with its 16 bytes."""
    whole = func.octet_length(column) >= 16
    return cast(case((whole, func.encode(func.substring(column, 1, 16), "hex"))), Uuid)
