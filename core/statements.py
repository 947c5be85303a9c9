"""Statements that run often: put together once, and handed to asyncpg without SQLAlchemy's machinery between.

SQLAlchemy takes about 100 us of Python for a statement that is compiled already, asyncpg 35 us. What a person waits for
once stays with `tx.conn.execute`; what every booking does is a `Statement`, run by `tx.run`.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.sql.base import Executable

_DIALECT = create_async_engine("postgresql+asyncpg://").dialect  # connects to nothing
_MISSING = object()
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises; the last for a connection that the server has just ended and that is not closed yet."""
_KINDS: tuple[tuple[type[Exception], type[DBAPIError]], ...] = (
    (asyncpg.IntegrityConstraintViolationError, IntegrityError),
    (asyncpg.DataError, DataError),
    (asyncpg.SyntaxOrAccessError, ProgrammingError),
)


class Record(asyncpg.Record):  # type: ignore[misc]
    """A row whose columns are its attributes, as SQLAlchemy's are."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def unseen(*names: str) -> str:
    """SQL for arrays (":ids") that are not looked at while a statement is planned, so that it is planned just once.

    Of an array that it does not know PostgreSQL expects ten entries. Most have one: so it takes the plan of each for
    the cheaper one, and plans anew (up to half a millisecond) each time that the statement runs.
    https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
    """
    return ", ".join(f"(SELECT {name})" for name in names)


_numbers = itertools.count(1)


class Statement:
    """A SQLAlchemy statement, compiled at its first use. Its values are given by name each time it runs."""

    def __init__(self, source: Executable) -> None:
        self._source = source
        self._name = f"statement_{next(_numbers)}"

    @cached_property
    def _compiled(self) -> tuple[str, list[tuple[str, Any, Callable[[Any], Any] | None]]]:
        compiled = self._source.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        # A list of values in an IN is written out anew each time it is run; `= ANY (...)` takes an array.
        assert not compiled.post_compile_params
        places = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            process = bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            places.append((name, _MISSING if bind.required else bind.effective_value, process))
        return compiled.string, places

    async def run(self, driver: asyncpg.Connection, values: Mapping[str, Any]) -> list[Record]:
        """Raises KeyError for a name that it does not know, and what SQLAlchemy raises for errors of the database."""
        try:  # not `translated`: this runs for every statement
            found: list[Record] = await driver.fetch(self._compiled[0], *self._given(values), record_class=Record)
        except FAULTS as error:
            raise _translated(error) from error
        return found

    def _given(self, values: Mapping[str, Any]) -> list[Any]:
        given = []
        for name, constant, process in self._compiled[1]:
            value = values[name] if constant is _MISSING else values.get(name, constant)
            given.append(process(value) if process else value)
        return given

    @cached_property
    def preparing(self) -> str:
        """SQL that prepares it on a connection, for what `executing` returns."""
        return f"PREPARE {self._name} AS {self._compiled[0]}"

    def executing(self, values: Mapping[str, Any]) -> str:
        """SQL that runs it with these values, whole: to be sent together with other SQL. Raises as `run` does."""
        return f"EXECUTE {self._name} ({', '.join(map(_literal, self._given(values)))})"


def _literal(value: object) -> str:
    """A value as it is written in SQL. Connections have standard_conforming_strings on (core.database)."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case UUID():
            return f"'{value}'"
        case datetime():
            return f"'{value.isoformat()}'"
        case str() if "\0" not in value:  # which ends what is sent
            return "'" + value.replace("'", "''") + "'"
    raise DataError(None, None, TypeError(f"no value for SQL: {type(value).__name__}"))


_OF_ITS_OWN = ("22", "23", "25P02", "42", "P0")
"""Beginnings of SQLSTATE: data, integrity, a failure that was passed over, syntax and access, a trigger's refusal."""


def is_away(error: DBAPIError) -> bool:
    """Whether the same could work later: the database was away, or busy with others. Else it is what was asked for.

    By SQLSTATE: SQLAlchemy has no class of its own for most of what PostgreSQL says through asyncpg.
    """
    state = getattr(error.orig, "sqlstate", None) or ""
    return not state.startswith(_OF_ITS_OWN)


def is_to_repeat(error: DBAPIError) -> bool:
    """Whether the whole transaction is to be done again at once: it came up against another (SQLSTATE class 40).

    40001 is also what a commit says that sealed with a key which was exchanged meanwhile (records.keys.store).
    """
    state = getattr(error.orig, "sqlstate", None) or ""
    return state in {"40001", "40P01"}


@contextmanager
def translated() -> Iterator[None]:
    """Raise SQLAlchemy's errors in place of asyncpg's, so that one kind has to be known. Values are not in them."""
    try:
        yield
    except FAULTS as error:
        raise _translated(error) from error


def _translated(error: Exception) -> DBAPIError:
    kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), OperationalError)
    return kind(None, None, error)
