"""`careconnect rotate`: drives a rotation of keys to its end, and says how far it has come."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import select

import appservice.tables  # noqa: F401  (what is sealed has to be known as a whole)
from booking.people.model import patient, person
from core.database import Database, Tx
from core.errors import BadInputError
from core.settings import Settings
from records.rotation.service import BATCH, Level, Rotation, start, step
from records.sealing import Vault

_PAUSE = 1.0
"""Seconds before looking again whether older transactions have ended."""


async def rotate(
    settings: Settings, level: Level, mxid: str | None, tell: Callable[[Rotation], None], *, batch: int = BATCH
) -> Rotation:
    """Begin, or go on with one that was interrupted, until it is done. Beside the running service.

    `mxid`: only this person's keys. Raises BadInputError, ConflictError,
    ProviderAwayError, SealBrokenError; what is done stays done.
    """
    database, vault = Database(settings.database.url.get_secret_value(), pool=4), Vault.from_settings(settings.records)
    try:
        async with database.transaction() as tx:
            now = await start(tx, vault, level, None if mxid is None else await _subjects(tx, mxid))
        while now.finished_at is None:
            tell(now)
            async with database.transaction() as tx:
                now = await step(tx, vault, now.id, limit=batch)
            if now.waiting:
                await asyncio.sleep(_PAUSE)
        tell(now)
        return now
    finally:
        await vault.close()
        await database.close()


async def _subjects(tx: Tx, mxid: str) -> Sequence[UUID]:
    found = await tx.conn.execute(
        select(person.c.id, patient.c.id.label("patient_id"))
        .join(patient, patient.c.person_id == person.c.id)
        .where(person.c.mxid == mxid)
    )
    row = found.one_or_none()
    if row is None:
        raise BadInputError("Nobody with the Matrix id {mxid} has talked to the service.", mxid=mxid)
    return [row.id, row.patient_id]
