"""Which master key each replica wraps new keys with: two that hold different ones would rewrap against each other.

Every replica says so when it starts and every few seconds from then on, and takes it back when it stops. One that was
killed counts for a while longer, as it cannot be told from one that is slow.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from records.keys.provider import ProviderAwayError
from records.rotation.model import replica
from records.sealing import Vault

EVERY = timedelta(seconds=15)
"""Between two times that a replica says it."""
COUNTS_FOR = timedelta(seconds=90)
"""How long what a replica said counts."""


async def announce(tx: Tx, vault: Vault, which: UUID) -> None:
    """Say which key this replica wraps with; that it is not known, where the provider does not answer."""
    try:
        wraps_with: str | None = await vault.keys.ring.current.current()
    except ProviderAwayError:
        wraps_with = None
    values = {"wraps_with": wraps_with, "seen_at": tx.now}
    await tx.conn.execute(
        insert(replica).values(id=which, **values).on_conflict_do_update(index_elements=[replica.c.id], set_=values)
    )
    await tx.conn.execute(delete(replica).where(replica.c.seen_at < tx.now - 10 * COUNTS_FOR))


async def withdraw(tx: Tx, which: UUID) -> None:
    """This replica stops."""
    await tx.conn.execute(delete(replica).where(replica.c.id == which))


async def with_another_key(tx: Tx, vault: Vault) -> int:
    """How many replicas run that wrap with another key than this process does, or do not know with which.

    Versions of one key of a remote provider are no other key: each wraps with the newest that there is.
    """
    found = await tx.conn.execute(select(replica.c.wraps_with).where(replica.c.seen_at > tx.now - COUNTS_FOR))
    current = vault.keys.ring.current
    return sum(each is None or not current.knows(each) for each in found.scalars())
