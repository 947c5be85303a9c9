"""How often PostgreSQL has planned what was asked over a connection."""

from core.database import Tx

_PLANNED = "SELECT statement FROM pg_prepared_statements WHERE custom_plans > $1"
_TRIES = 5
"""So often it plans a statement with the values at hand, before it compares that with a plan for all values."""


async def planned_often(tx: Tx) -> list[str]:
    """Return the statements that go on being planned each time that they run."""
    return [row["statement"] for row in await tx.driver.fetch(_PLANNED, _TRIES)]
