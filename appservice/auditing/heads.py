"""Sign the audit's heads hourly and on demand, and bring each to where the database's administrator cannot write."""

import asyncio
from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select

from appservice.outgoing import Reply, post
from booking.context import Context
from core.database import Tx
from core.ids import id_of
from core.logs import log
from core.settings import Settings
from records.audit.checkpoint import Checkpoint, HeadKey, LogKey
from records.audit.heads import AuditBrokenError, Head, heads_after, newest_head, sign_head
from records.audit.published import add_to_file, last_in_file, line_of

_sound = Gauge("careconnect_audit_sound", "1 while the audit goes on from its published heads, 0 when it does not")
_size = Gauge("careconnect_audit_entries", "Entries under the newest signed head of the audit")
_log = log("appservice.auditing")

_ALONE = select(func.pg_try_advisory_xact_lock(7_262_003))
_NOBODY = id_of("the audit's room")
"""Under whose key a head waits to be said: nothing in it is anybody's, so this subject is nobody."""


def head_key(settings: Settings) -> HeadKey | None:
    """The key that heads are signed with, if there is one. Raises ValueError with a plain sentence."""
    return HeadKey.from_settings(settings.audit, name=settings.audit_name)


def trusted_keys(settings: Settings) -> list[LogKey]:
    """The public keys of this deployment's heads: today's and those before. Raises ValueError."""
    today = head_key(settings)
    return [*([today.public] if today else []), *(LogKey.read(each) for each in settings.audit.old_keys)]


async def sign_if_due(tx: Tx, ctx: Context) -> Head | None:
    """Sign a head once the time since the last one is over; for a job that runs more often than that.

    An audit that is not the one that was signed before is told in the room and in the logs, and not signed.
    """
    key = head_key(ctx.settings)
    if key is None:
        return None
    newest = await newest_head(tx)
    if newest and tx.now - newest.signed_at < timedelta(minutes=ctx.settings.audit.minutes):
        return None
    try:
        return await sign(tx, ctx, key)
    except AuditBrokenError as broken:
        await _cry(tx, ctx, broken)
        return None


async def sign(tx: Tx, ctx: Context, key: HeadKey) -> Head:
    """Sign a head now, and have it said in the room; the file follows by `publish`. Raises AuditBrokenError."""
    head = await sign_head(tx, key, published=await _in_file(ctx))
    _sound.set(1)
    _size.set(head.checkpoint.size)
    await _say(tx, ctx, f"audit:{head.signed}", _words(head))
    return head


async def publish(tx: Tx, ctx: Context) -> int:
    """Bring the heads that are not in the file yet into it. Returns how many.

    A crash after writing and before anything else repeats nothing: the file itself says what it has.
    """
    key, file = head_key(ctx.settings), ctx.settings.audit.heads_file
    # One replica at a time, where they share the file.
    if key is None or file is None or not (await tx.conn.execute(_ALONE)).scalar_one():
        return 0
    try:
        last = await asyncio.to_thread(last_in_file, file, trusted_keys(ctx.settings))
        heads = await heads_after(tx, last[0] if last else None, key)
        await asyncio.to_thread(add_to_file, file, heads)
    except AuditBrokenError as broken:
        _alarm(broken)
        return 0
    except OSError as unwritten:
        _log.error("the audit's heads are not in their file", error=type(unwritten).__name__)
        return 0
    return len(heads)


async def _in_file(ctx: Context) -> Checkpoint | None:
    file = ctx.settings.audit.heads_file
    if file is None:
        return None
    last = await asyncio.to_thread(last_in_file, file, trusted_keys(ctx.settings))
    return last[1] if last else None


async def _cry(tx: Tx, ctx: Context, broken: AuditBrokenError) -> None:
    _alarm(broken)
    said = f"**The audit is not the one that was signed before.** {broken} It is not signed until that is cleared up."
    await _say(tx, ctx, f"audit:broken:{tx.now:%Y-%m-%dT%H}", said)


def _alarm(broken: AuditBrokenError) -> None:
    _sound.set(0)
    _log.error("the audit is broken", reason=str(broken))


async def _say(tx: Tx, ctx: Context, key: str, said: str) -> None:
    room = ctx.settings.audit.room
    if room:
        await post(tx, ctx.vault, subject=_NOBODY, room_id=room, key=key, reply=Reply(said, notice=True, public=True))


def _words(head: Head) -> str:
    more = head.checkpoint.size - head.before
    return (
        f"The audit has {head.checkpoint.size} entries, {more} more than at the head before. To check it, keep this"
        f" message and the public key (docs/audit.md).\n\n```\n{head.signed}```\n\n```\n{line_of(head)}```"
    )
