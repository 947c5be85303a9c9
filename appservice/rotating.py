"""What drives rotations of keys: the service, those that were asked for in the chat; `careconnect rotate`, its own."""

import asyncio
import time
from collections.abc import Callable

import appservice.tables  # noqa: F401  (what is sealed has to be known as a whole)
from booking.context import Context
from booking.rotations.service import subjects_of, tell_how_it_ended
from core.database import Database, Tx
from core.ids import new_id
from core.logs import log
from core.settings import Settings
from records.keys.provider import ProviderAwayError
from records.rotation.replicas import announce
from records.rotation.service import (
    BATCH,
    Fault,
    Level,
    Rotation,
    TablesUnknownError,
    start,
    step,
    step_asked,
    stop_with,
)
from records.sealing import SealBrokenError, Vault

_PAUSE = 1.0
"""Seconds before looking again whether older transactions have ended."""
_AT_ONCE = 200
"""Keys or values in one step of the service's: few milliseconds, in which nobody is answered."""
_log = log("appservice.rotating")


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
            now = await start(tx, vault, level, None if mxid is None else await subjects_of(tx, mxid))
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


class Rotating:
    """Goes on with the rotation that was asked for in the chat; each replica has one, and one of them does each step.

    Killed anywhere, the next one to look goes on where it was.
    """

    def __init__(self, ctx: Context, database: Database) -> None:
        self._ctx = ctx
        self._database = database
        self.replica = new_id()

    async def announce(self, tx: Tx) -> None:
        """Say which master key this process wraps with."""
        await announce(tx, self._ctx.vault, self.replica)

    async def go(self) -> None:
        """Do steps for as long as there are any and they get on. Run it every few seconds.

        Between two it rests as long as one took: the other half of the machine is for those who talk.
        """
        while True:
            began = time.monotonic()
            try:
                now = await self._step()
            except SealBrokenError:
                await self._stop(Fault.BROKEN)
                return
            except ProviderAwayError:
                _log.warning("the key provider is away: the rotation waits")
                return
            except TablesUnknownError:
                _log.warning("another version's tables: the rotation waits for a replica that knows them")
                return
            if now is None or now.waiting or now.finished_at is not None:
                return
            await asyncio.sleep(time.monotonic() - began)

    async def _step(self) -> Rotation | None:
        async with self._database.transaction() as tx:
            now = await step_asked(tx, self._ctx.vault, limit=_AT_ONCE)
            if now and now.finished_at is not None:
                await tell_how_it_ended(tx, now)
        return now

    async def _stop(self, fault: Fault) -> None:
        _log.error("a rotation cannot go on", reason=fault)
        async with self._database.transaction() as tx:
            stopped = await stop_with(tx, fault)
            if stopped:
                await tell_how_it_ended(tx, stopped)
