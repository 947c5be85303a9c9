"""The list of sealed columns, and the place of each value."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Uuid, select
from sqlalchemy.dialects import postgresql

from records import places
from records.places import Place, SealedColumn, leading_uuid, sealed_column, sealed_columns

ROW, CENTRE = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _a_list_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_columns", {})


def table(name: str = "letter", schema: str | None = None) -> Table:
    return Table(
        name,
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("patient_id", Uuid),
        Column("centre_id", Uuid),
        Column("version", Integer),
        Column("sealed", LargeBinary),
        schema=schema,
    )


def test_a_column_is_told_with_all_that_was_said_of_it() -> None:
    letter = table()
    joined, few = letter.join(table("sender"), letter.c.id == letter.c.id), letter.c.version > 3
    made = sealed_column(
        letter.c.sealed,
        subject=letter.c.patient_id,
        row=letter.c.id,
        version=letter.c.version,
        centre=letter.c.centre_id,
        source=joined,
        where=few,
        prefix=16,
    )
    said: list[tuple[Any, Any]] = [
        (made.column, letter.c.sealed),
        (made.subject, letter.c.patient_id),
        (made.row, letter.c.id),
        (made.version, letter.c.version),
        (made.centre, letter.c.centre_id),
        (made.source, joined),
        (made.where, few),
        (made.table, letter),
    ]
    for is_, should in said:
        assert is_ is should
    assert (made.row_of, made.prefix, made.name) == (None, 16, "letter.sealed")
    assert sealed_columns() == [made]


def test_what_is_not_said_of_a_column_is_the_simplest() -> None:
    letter = table()
    made = sealed_column(letter.c.sealed, subject=letter.c.id, row=letter.c.id)
    assert made.source is letter
    assert (made.centre, made.where, made.row_of, made.prefix) == (None, None, None, 0)
    assert str(select(made.version).compile(compile_kwargs={"literal_binds": True})).startswith("SELECT 1")


def test_a_row_is_a_column_or_made_and_not_both() -> None:
    letter = table()

    def made_of(_row: Any) -> UUID:
        return ROW

    assert sealed_column(letter.c.sealed, subject=letter.c.id, row_of=made_of).row_of is made_of
    with pytest.raises(AssertionError):
        sealed_column(letter.c.sealed, subject=letter.c.id)
    with pytest.raises(AssertionError):
        sealed_column(letter.c.sealed, subject=letter.c.id, row=letter.c.id, row_of=made_of)


def test_the_list_is_in_order_and_has_each_column_once() -> None:
    def put(name: str, schema: str | None = None) -> SealedColumn:
        one = table(name, schema)
        return sealed_column(one.c.sealed, subject=one.c.patient_id, row=one.c.id)

    for name in ("note", "letter", "note"):
        last = put(name)
    assert [each.name for each in sealed_columns()] == ["letter.sealed", "note.sealed"]
    assert sealed_columns()[1] is last
    assert put("factor", "keys").name == "keys.factor.sealed"


def test_a_value_is_bound_to_its_table_column_row_version_and_centre() -> None:
    letter = table()
    column = sealed_column(letter.c.sealed, subject=letter.c.id, row=letter.c.id)
    assert column.place(ROW) == Place("letter", "sealed", ROW, 1, None)
    assert column.place(ROW, 7, CENTRE) == Place("letter", "sealed", ROW, 7, CENTRE)


def test_a_subject_may_lead_the_value_itself() -> None:
    said = str(
        select(leading_uuid(table().c.sealed)).compile(
            dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
        )
    )
    assert (
        "CAST(CASE WHEN (octet_length(letter.sealed) >= 16) THEN"
        " encode(SUBSTRING(letter.sealed FROM 1 FOR 16), 'hex') END AS UUID)"
    ) in said
