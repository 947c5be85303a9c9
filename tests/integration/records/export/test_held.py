"""A marker planted in every sealed column, of whatever table, comes out in what is held on the person."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, Table, Text, Uuid, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range

import appservice.tables  # noqa: F401
from core.database import Database, Tx
from core.tables import Moment, metadata
from records.export.held import _SECRET, LEFT_OUT, _carrier, held_rows, tables_about_people
from records.places import SealedColumn, sealed_columns
from tests.integration.records.ward import new_vault

VAULT = new_vault()
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
_LINKS = {"signing_factor.key_id": "signing_key"}
"""What refers to another table without a foreign key."""
_NO_PERSON = {
    "absence": "subject_id is a doctor, by their id as a practitioner",
}


class Planter:
    """Fills tables with rows that are about one person, whatever the database would say to them."""

    def __init__(self, tx: Tx, person: UUID) -> None:
        self._tx = tx
        self._person = person
        self.rows: dict[str, dict[str, Any]] = {}

    async def row(self, table: Table) -> dict[str, Any]:
        """The one row of a table, planted with those that it refers to."""
        if table.fullname not in self.rows:
            values: dict[str, Any] = {}
            self.rows[table.fullname] = values
            for column in table.columns:
                values[column.name] = await self._value(table, column)
            given = [each.name for each in table.columns if each.identity is None and each.computed is None]
            kept = {name: values[name] for name in given}
            await self._tx.conn.execute(insert(table).values(**kept))
        return self.rows[table.fullname]

    async def _value(self, table: Table, column: Column[Any]) -> Any:
        link = _LINKS.get(f"{table.name}.{column.name}")
        if link:
            return next(iter((await self.row(metadata.tables[link])).values()))
        about = {"patient_id", "person_id", "subject", "subject_id", "owner"}
        about |= {
            each.subject.name
            for each in sealed_columns()
            if each.table is table and each.source is table and isinstance(each.subject, Column)
        }
        if column.name in about or (table.name in ("patient", "person") and column.name == "id"):
            return self._person
        carrier = _carrier(column)
        if carrier is not None:
            return (await self.row(carrier))["id"]
        return _made(table, column)


def _made(table: Table, column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Uuid):
        return uuid4()
    if isinstance(kind, LargeBinary):
        return b"\0" * 64
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Moment):
        return NOW
    if isinstance(kind, ARRAY):
        return []
    if isinstance(kind, TSTZRANGE):
        return Range(NOW, NOW.replace(hour=10), bounds="[)")
    if isinstance(kind, Integer | Double):
        return 1
    if isinstance(kind, Text):
        return {"outbox.kind": "matrix.message", "outbox.state": "waiting"}.get(f"{table.name}.{column.name}", "word")
    return None


async def whatever_is_planted(tx: Tx) -> None:
    """Let this transaction write what no service would: it is rolled back."""
    await tx.conn.execute(text("SET LOCAL session_replication_role = replica"))
    checks = text("""
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
        FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
            AND connamespace IN ('public'::regnamespace, 'keys'::regnamespace)
    """)
    for drop in (await tx.conn.execute(checks)).scalars().all():
        await tx.conn.execute(text(drop))


async def plant(tx: Tx, planter: Planter, sealed: SealedColumn, person: UUID, marker: str) -> None:
    """Seal a marker into a column, at the place that its own row has."""
    row = await planter.row(sealed.table)
    keys = list(sealed.table.primary_key.columns)
    here = [key == row[key.name] for key in keys if key.identity is None]
    if sealed.prefix:
        whole = person.bytes + bytes(40)
        await tx.conn.execute(update(sealed.table).where(*here).values({sealed.column.name: whole}))
    found = await tx.conn.execute(
        select(
            *keys,
            sealed.subject.label("_subject"),
            (sealed.row if sealed.row is not None else keys[0]).label("_row"),
            sealed.version.label("_version"),
            (sealed.centre if sealed.centre is not None else sealed.version).label("_centre"),
        )
        .select_from(sealed.source)
        .where(*here)
    )
    one = found.one()
    assert one._subject == person, sealed.name
    place = sealed.place(
        one._row if sealed.row_of is None else sealed.row_of(one),
        one._version,
        one._centre if sealed.centre is not None else None,
    )
    envelope = await VAULT.seal(tx, person, place, marker.encode())
    value = person.bytes + envelope if sealed.prefix else envelope
    await tx.conn.execute(update(sealed.table).where(*here).values({sealed.column.name: value}))


async def seal_the_rest(tx: Tx, planter: Planter, person: UUID, but: SealedColumn | None = None) -> None:
    """What is sealed in the other rows that were planted opens, too."""
    for each in sealed_columns():
        if each is not but and each.table.fullname in planter.rows:
            await plant(tx, planter, each, person, "something else")


def wanted() -> list[SealedColumn]:
    return [
        each
        for each in sealed_columns()
        if each.table.fullname not in LEFT_OUT and each.name not in _SECRET and each.table.name not in _NO_PERSON
    ]


@pytest.mark.parametrize("sealed", wanted(), ids=lambda each: each.name)
async def test_what_is_sealed_for_a_person_in_any_table_is_found(database: Database, sealed: SealedColumn) -> None:
    person, stranger = uuid4(), uuid4()
    async with database.transaction() as tx:
        await whatever_is_planted(tx)
        planter = Planter(tx, person)
        await plant(tx, planter, sealed, person, "QxPlanted")
        await seal_the_rest(tx, planter, person, but=sealed)
        held = await held_rows(tx, VAULT, [person], None)
        found = [row for row in held if "QxPlanted" in row.values.get(sealed.column.name, "")]
        assert [row.table for row in found] == [sealed.table.fullname]
        others = await held_rows(tx, VAULT, [stranger], None)
        assert others == []
        await tx.conn.rollback()


async def test_every_table_with_something_sealed_is_looked_through_or_left_out_for_a_reason() -> None:
    sealed = {each.table.fullname for each in sealed_columns()}
    assert sealed - tables_about_people() - LEFT_OUT.keys() == set()
    assert LEFT_OUT.keys() <= metadata.tables.keys()


async def test_rows_in_clear_come_too_and_belong_to_nobody_else(database: Database) -> None:
    person = uuid4()
    async with database.transaction() as tx:
        await whatever_is_planted(tx)
        planter = Planter(tx, person)
        for name in ("person", "payment", "appointment_move", "direct_room", "consultation_room", "waiting_service"):
            await planter.row(metadata.tables[name])
        await seal_the_rest(tx, planter, person)
        tables = {row.table for row in await held_rows(tx, VAULT, [person], "word")}
        assert tables >= {
            "person",
            "appointment",
            "payment",
            "appointment_move",
            "direct_room",
            "consultation_room",
            "waiting",
            "waiting_service",
        }
        assert not tables & {"centre", "practitioner_role", "service"}
        await tx.conn.rollback()
