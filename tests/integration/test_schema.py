"""The history of migrations leads to the very tables that the program believes in."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Date, Float, Integer, Time, Uuid, create_engine
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, TSTZRANGE
from sqlalchemy.engine import make_url

import appservice.tables  # noqa: F401
import migrations
from core.tables import Moment, metadata
from records.places import sealed_columns
from tests.integration.columns import IN_CLEAR

_WORDLESS = (Uuid, Integer, Boolean, Float, Date, Time, Moment, TSTZRANGE, INT4MULTIRANGE)


def test_migrations_make_the_tables_of_the_program(database_url: str) -> None:
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_schemas": True, "include_name": _ours}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in {None, "keys"}


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)
    migrations.upgrade(database_url)


def test_every_column_of_words_or_bytes_is_sealed_or_known_to_hold_nothing_that_has_to_be() -> None:
    """A new column of text or bytes: give it to `sealed_column` beside its table, or say what it holds (columns.py)."""
    wordy = {
        f"{table.fullname}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if not isinstance(column.type, _WORDLESS) and not isinstance(getattr(column.type, "item_type", None), _WORDLESS)
    }
    sealed = {column.name for column in sealed_columns()}
    assert wordy - sealed - IN_CLEAR.keys() == set(), "neither sealed nor explained in tests/integration/columns.py"
    assert (sealed | IN_CLEAR.keys()) - wordy == set(), "there is no such column"
    assert sealed & IN_CLEAR.keys() == set()
