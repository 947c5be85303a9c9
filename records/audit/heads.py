"""Sign how the audit stands, once it is certain that it still holds all that was signed before."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select

from core.database import Tx
from records.audit.checkpoint import BadCheckpointError, Checkpoint, HeadKey, opened
from records.audit.hashes import consistency_path, root_at, size_of
from records.audit.model import audit_head
from records.audit.sequencing import place_all
from records.audit.tree import proves_consistency


class AuditBrokenError(Exception):
    """The audit in the database is not the one that was signed. Says what is wrong in a sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head, with what proves that it goes on from the one before."""

    checkpoint: Checkpoint
    signed: str
    """The checkpoint as text, with its signature."""
    before: int = 0
    """Size of the head before."""
    path: tuple[bytes, ...] = ()
    """The consistency proof from that one."""


async def sign_head(tx: Tx, key: HeadKey, *, published: Checkpoint | None = None) -> Head:
    """Place all that waits and sign the tree. `published`: a head that was read where the database does not reach.

    Raises AuditBrokenError: then nothing is signed, as a signature would make a forgery look sound.
    """
    size = await place_all(tx)
    before = await newest_head(tx)
    last = _opened(before, key) if before else None
    for earlier in (last, published):
        if earlier:
            await require_grown(tx, earlier, size)
    root, at = await root_at(tx, size), tx.now.replace(microsecond=0)
    signed = key.sign(size, root, at)
    await tx.conn.execute(insert(audit_head).values(size=size, root=root, signed_at=tx.now, signed=signed))
    old = last.size if last else 0
    return Head(Checkpoint(key.public.name, size, root, at), signed, old, tuple(await consistency_path(tx, old, size)))


async def newest_head(tx: Tx) -> Row[Any] | None:
    """The row of the head that was signed last."""
    return (await tx.conn.execute(select(audit_head).order_by(audit_head.c.id.desc()).limit(1))).one_or_none()


async def heads_after(tx: Tx, signed: str | None, key: HeadKey, *, most: int = 500) -> list[Head]:
    """Heads that were signed after this one, each with the proof from the one before it; all of them for None.

    Raises AuditBrokenError, also when this one is not in the database.
    """
    wanted = select(audit_head).order_by(audit_head.c.id).limit(most)
    last = None
    if signed:
        known = await tx.conn.execute(select(func.max(audit_head.c.id)).where(audit_head.c.signed == signed))
        place = known.scalar_one()
        if place is None:
            raise AuditBrokenError("The newest published head is not in the database.")
        last = opened(signed, [key.public])
        wanted = wanted.where(audit_head.c.id > place)
        await require_grown(tx, last, await size_of(tx))
    found, before = [], last.size if last else 0
    for row in await tx.conn.execute(wanted):
        path = await consistency_path(tx, before, row.size)
        found.append(Head(_opened(row, key), row.signed, before, tuple(path)))
        before = row.size
    return found


async def require_grown(tx: Tx, earlier: Checkpoint, size: int) -> None:
    """Raises AuditBrokenError unless the tree of `size` leaves holds all that an earlier head says."""
    if earlier.size > size:
        raise AuditBrokenError(f"A head of {earlier.size} entries was signed, and the audit has {size}.")
    try:
        old, new = await root_at(tx, earlier.size), await root_at(tx, size)
        path = await consistency_path(tx, earlier.size, size)
    except LookupError as missing:
        raise AuditBrokenError("Hashes of the audit are missing.") from missing
    if old != earlier.root or not proves_consistency(earlier.size, size, path, old, new):
        raise AuditBrokenError(f"The first {earlier.size} entries are not those that were signed.")


def _opened(row: Row[Any], key: HeadKey) -> Checkpoint:
    """Of another key's heads only what they say is read: verification wants that key, too."""
    try:
        return opened(row.signed, [key.public])
    except BadCheckpointError:
        return Checkpoint(key.public.name, row.size, bytes(row.root), row.signed_at.replace(microsecond=0))
