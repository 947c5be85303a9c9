"""Alembic's entry: runs on the connection handed in, with the tables of all floors as the target."""

from alembic import context

import appservice.tables  # noqa: F401  (imports every floor's tables)
from core.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
