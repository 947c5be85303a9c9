"""Finds every row that is about somebody, in whichever table, and opens what is sealed in it. Decides nothing.

Nobody has to list a new table here: a row is about a person if a column of the kinds below holds one of their ids, if
something in it is sealed for them, or if it belongs to such a row. What is left out is listed, with the reason.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, Text, Uuid, false, or_, select

from core.database import Tx
from core.ids import id_of
from core.tables import metadata
from core.timezones import utc
from records.places import SealedColumn, sealed_columns
from records.sealing import Vault

_SUBJECTS = frozenset({"patient_id", "person_id", "subject", "subject_id", "owner"})
"""Names of columns that say whom a row is about. Who did something to somebody's row is another matter."""
_ACCOUNTS = frozenset({"mxid", "owner_id"})
"""Names of columns that hold a Matrix id."""
_CARRIERS = frozenset({"appointment", "prescription", "document", "file", "waiting", "signing_key", "pharmacy_claim"})
"""Rows of other tables that name a row of these (`appointment_id`) are about the same person."""
LEFT_OUT: Mapping[str, str] = {
    "patient_lookup": "a fingerprint of the name, which is exported itself, under a key of the service's",
    "keys.subject_key": "keys, wrapped: they say nothing, and whoever holds them could open backups",
    "keys.signing_factor": "the secret of a doctor's authenticator: an export that is lost must not sign",
    "file_piece": "the content of files, which is sent file by file beside the export",
    "matrix_device_key": "public keys of the person's own devices, as their homeserver tells everybody",
    "occupancy": "what time is taken, by which visit: said by the visit",
}
_SECRET = frozenset({"signing_key.sealed"})
"""A doctor's signing key, locked: an export that is lost must not sign."""


@dataclass(frozen=True, slots=True)
class Held:
    """One row about somebody, in words; ids, times and numbers as text."""

    id: UUID
    """Fixed by its table and its key there."""
    table: str
    values: Mapping[str, str]
    """By column; what is empty is left out, what was sealed is opened."""


async def held_rows(
    tx: Tx, vault: Vault, people: Collection[UUID], account: str | None, *, but: Collection[str] = ()
) -> list[Held]:
    """All rows about these people, table by table, but those of the tables named in `but`.

    `people`: ids of persons and patients; `account`: the Matrix id that they write from. Raises SealBrokenError.
    """
    found: list[Held] = []
    for name, table in sorted(metadata.tables.items()):
        if name not in but and name not in LEFT_OUT:
            found += await _of_table(tx, vault, table, people, account)
    return found


def tables_about_people() -> set[str]:
    """The tables in which rows about people are looked for: for the test that none is forgotten."""
    nobody = [UUID(int=0)]
    return {name for name, table in metadata.tables.items() if _about(table, nobody, "@") is not None}


async def _of_table(tx: Tx, vault: Vault, table: Table, people: Collection[UUID], account: str | None) -> list[Held]:
    about = _about(table, people, account)
    if about is None:
        return []
    opened = await _opened(tx, vault, table, people)
    shown = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
    keys = [column.name for column in table.primary_key.columns]
    rows = (await tx.conn.execute(select(*shown).where(about).order_by(*table.primary_key.columns))).mappings()
    held = []
    for row in rows:
        key = tuple(row[name] for name in keys)
        values = {name: _text(value) for name, value in row.items() if value is not None}
        held.append(Held(id_of(f"held:{table.fullname}:{key}"), table.fullname, values | opened.get(key, {})))
    return held


def _about(table: Table, people: Collection[UUID], account: str | None) -> ColumnElement[bool] | None:
    """Which rows of a table are about these people; None if none can be."""
    conditions: list[ColumnElement[bool]] = []
    for column in table.columns:
        if isinstance(column.type, Uuid) and (column.name in _SUBJECTS or _is_self(column)):
            conditions.append(column.in_(people))
        elif isinstance(column.type, Text) and column.name in _ACCOUNTS:
            conditions.append(false() if account is None else column == account)
        carrier = _carrier(column)
        if carrier is not None and (carried := _about(carrier, people, account)) is not None:
            conditions.append(column.in_(select(carrier.c.id).where(carried)))
    if table.name == "matrix_bot_message":
        rooms = metadata.tables["direct_room"]
        conditions.append(table.c.room_id.in_(select(rooms.c.room_id).where(rooms.c.person_id.in_(people))))
    conditions += [each.subject.in_(people) for each in _sealed(table) if each.source is table]
    return or_(*conditions) if conditions else None


def _carrier(column: Column[Any]) -> Table | None:
    if not isinstance(column.type, Uuid) or not column.name.endswith("_id"):
        return None
    named = {column.name.removesuffix("_id"), *(key.column.table.name for key in column.foreign_keys)} & _CARRIERS
    return metadata.tables[named.pop()] if named and column.table.name not in named else None


def _is_self(column: Column[Any]) -> bool:
    return column.primary_key and column.name == "id" and column.table.name in ("person", "patient")


async def _opened(
    tx: Tx, vault: Vault, table: Table, people: Collection[UUID]
) -> dict[tuple[Any, ...], dict[str, str]]:
    """What is sealed for these people in a table, by the row's key there."""
    keys = list(table.primary_key.columns)
    found: dict[tuple[Any, ...], dict[str, str]] = {}
    for sealed in _sealed(table):
        if sealed.name in _SECRET:
            continue
        where: list[ColumnElement[bool]] = [sealed.subject.in_(people), sealed.column.is_not(None)]
        if sealed.where is not None:
            where.append(sealed.where)
        wanted = select(
            *keys,
            sealed.subject.label("_subject"),
            (sealed.row if sealed.row is not None else keys[0]).label("_row"),
            sealed.version.label("_version"),
            (sealed.centre if sealed.centre is not None else sealed.version).label("_centre"),
            sealed.column.label("_sealed"),
        ).select_from(sealed.source)
        rows = (await tx.conn.execute(wanted.where(*where))).all()
        values = []
        for row in rows:
            place = sealed.place(
                row._row if sealed.row_of is None else sealed.row_of(row),
                row._version,
                row._centre if sealed.centre is not None else None,
            )
            values.append((row._subject, place, bytes(row._sealed)[sealed.prefix :]))
        for row, plain in zip(rows, await vault.open_each(tx, values), strict=True):
            if plain is not None:
                key = tuple(row[: len(keys)])
                found.setdefault(key, {})[sealed.column.name] = plain.decode("utf-8", "replace")
    return found


@cache
def _sealed(table: Table) -> tuple[SealedColumn, ...]:
    return tuple(each for each in sealed_columns() if each.table is table)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return utc(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    return str(value)
