"""Puts what was noted into the tree, in batches: whoever notes something waits for nobody.

One at a time, by an advisory lock; all replicas try. A crash leaves a batch in the queue or in the tree, never both.
"""

from contextlib import suppress

from sqlalchemy import func, select, text

from core.database import Tx
from records.audit.hashes import keep_whole, size_of
from records.audit.model import audit_waiting

_ALONE = 7_262_002
_MOST = 50_000
"""Entries that are placed in one transaction."""
_PLACE = text("""
    WITH taken AS (
        DELETE FROM audit_waiting
        WHERE seq <= (SELECT max(seq) FROM (SELECT seq FROM audit_waiting ORDER BY seq LIMIT :most) AS first)
        RETURNING seq, event_id, leaf
    )
    INSERT INTO audit_leaf (leaf_index, event_id, leaf)
    SELECT :size + row_number() OVER (ORDER BY seq) - 1, event_id, leaf FROM taken
""")


async def place_waiting(tx: Tx) -> int | None:
    """Place what waits, up to a batch. Returns how many; None when somebody else is at it."""
    if not (await tx.conn.execute(select(func.pg_try_advisory_xact_lock(_ALONE)))).scalar_one():
        return None
    return await _place(tx)


async def place_all(tx: Tx) -> int:
    """Wait for who is at it, and place all that waits then, of this very transaction too. Returns the tree's size.

    Others who place wait until this transaction ends; who notes does not.
    """
    await tx.conn.execute(select(func.pg_advisory_xact_lock(_ALONE)))
    while await _place(tx) == _MOST:
        pass
    return await size_of(tx)


async def _place(tx: Tx) -> int:
    if not (await tx.conn.execute(select(select(audit_waiting.c.seq).exists()))).scalar_one():
        return 0
    size = await size_of(tx)
    placed = (await tx.conn.execute(_PLACE, {"most": _MOST, "size": size})).rowcount
    # Where a leaf was removed the roots above it cannot be known, and what comes after is placed all the same.
    with suppress(LookupError):
        await keep_whole(tx, size + placed)
    return placed
