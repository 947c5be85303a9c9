"""Rotation: a master key, subjects' keys, data keys, each exchanged while everything else goes on.

- `master`: every subject's key is wrapped by the provider of now. Then an earlier key can be taken out of the settings.
- `subjects`: every subject gets a new key, which wraps what the old one wrapped; then the old one is removed.
- `data`: every value is opened and sealed anew, with a data key of its own in the format of now.

A rotation is a row that says how far it has come. `step` does one batch, and writes down the new place in the same
transaction: killed at any line it goes on where it was, and a batch that is done twice does no harm. Keys it changes
after it has locked their subjects, all at once and in order, as whoever erases does; for a value that somebody else
holds it does not wait, but comes again. So nobody waits in a circle with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update

from core.database import Tx
from core.errors import ConflictError
from core.ids import new_id
from core.tables import metadata
from records.places import sealed_columns
from records.rotation import subjects as keys
from records.rotation import values, walking
from records.rotation.model import rotation
from records.rotation.replicas import with_another_key
from records.sealing import Vault

BATCH = 1000


class Level(StrEnum):
    MASTER = "master"
    SUBJECTS = "subjects"
    DATA = "data"


class TablesUnknownError(RuntimeError):
    """The database has tables that this process does not know: it may be of an older version."""


class Fault(StrEnum):
    """Why the service does not go on with a rotation."""

    BROKEN = "broken"
    """A value or a key does not open with the keys that there are."""


class _Phase(StrEnum):
    KEYS = "keys"
    VALUES = "values"
    RETIRE = "retire"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far a rotation has come."""

    id: UUID
    level: Level
    started_at: datetime
    done: int
    """Keys and values that were dealt with."""
    total: int
    """How many there were when it began; `done` may come out a little above or below."""
    finished_at: datetime | None
    waiting: bool = False
    """Whether the last step found that other transactions have to end first, or a replica has another master key."""
    whole: bool = True
    """Whether it is everybody's keys."""
    asked_by: UUID | None = None
    """The person who asked for it in the chat: then the service drives it."""
    paused: bool = False
    fault: Fault | None = None


async def start(
    tx: Tx, vault: Vault, level: Level, subjects: Sequence[UUID] | None = None, *, asked_by: UUID | None = None
) -> Rotation:
    """Begin a rotation; of the same kind that is under way, go on with that, also if it was paused.

    `subjects`: None for everybody's. `asked_by`: a person, for whom the service drives it (`step_asked`).
    Raises ConflictError while another one is under way, and where replicas hold different master keys;
    ProviderAwayError.
    """
    await _require_whole_list(tx)
    if level is Level.MASTER and await with_another_key(tx, vault):
        raise ConflictError(
            "Not every replica of the service wraps with the same master key. Give all of them the same [records],"
            " restart them, and try again two minutes later."
        )
    await tx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('rotation', 0))"))
    under_way = await tx.conn.execute(select(rotation).where(rotation.c.finished_at.is_(None)))
    row = under_way.one_or_none()
    wanted = None if subjects is None else sorted(subjects)
    if row is not None:
        if (row.level, row.subjects) != (level, wanted):
            raise ConflictError("Another rotation is under way ({level}). Finish that first.", level=row.level)
        return await _go_on(tx, row.id, asked_by)
    if level is Level.MASTER:
        wanted = None  # the provider's key wraps everybody's
        total = await keys.count_outdated(tx, vault)
    else:
        total = sum([await walking.count(tx, column, wanted) for column in sealed_columns()])
        if level is Level.SUBJECTS:
            total += await keys.count_living(tx, vault, wanted)
    made = Rotation(new_id(), level, tx.now, 0, total, None, whole=wanted is None, asked_by=asked_by)
    target = await vault.keys.ring.current.current() if level is Level.MASTER else None
    written = {
        "id": made.id,
        "level": level,
        "subjects": wanted,
        "started_at": tx.now,
        "phase": _Phase.VALUES if level is Level.DATA else _Phase.KEYS,
        "found": 0,
        "quiet": False,
        "done": 0,
        "total": total,
        "asked_by": asked_by,
        "target": target,
    }
    await tx.conn.execute(insert(rotation).values(**written))
    return made


async def step(tx: Tx, vault: Vault, rotation_id: UUID, *, limit: int = BATCH) -> Rotation:
    """Do the next batch of a rotation. Raises ProviderAwayError, and SealBrokenError where a value does not open.

    A value that does not open with the keys that it names stops the rotation there: nothing is removed.
    """
    found = await tx.conn.execute(select(rotation).where(rotation.c.id == rotation_id).with_for_update())
    row = found.one()
    return _rotation(row) if row.finished_at is not None else await _step(tx, vault, row, limit)


async def step_asked(tx: Tx, vault: Vault, *, limit: int = BATCH) -> Rotation | None:
    """The same for the rotation that was asked for in the chat. None: there is nothing to do here.

    That is so where none is under way, it is paused or has a fault, or another replica is at it. Raises as `step` does.
    """
    row = (await tx.conn.execute(_driven.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else await _step(tx, vault, row, limit)


_driven = select(rotation).where(
    rotation.c.finished_at.is_(None),
    rotation.c.asked_by.is_not(None),
    rotation.c.paused_at.is_(None),
    rotation.c.fault.is_(None),
)


async def pause(tx: Tx) -> Rotation:
    """Have the service leave the rotation that is under way as it is. Raises ConflictError."""
    changed = await tx.conn.execute(
        update(rotation).where(rotation.c.finished_at.is_(None)).values(paused_at=tx.now).returning(*rotation.c)
    )
    row = changed.one_or_none()
    if row is None:
        raise ConflictError("No rotation is under way.")
    return _rotation(row)


async def go_on(tx: Tx, asked_by: UUID) -> Rotation:
    """Have the service go on with the rotation that is under way, whoever began it. Raises ConflictError."""
    now = await open_rotation(tx)
    if now is None:
        raise ConflictError("No rotation is under way.")
    return await _go_on(tx, now.id, asked_by)


async def stop_with(tx: Tx, fault: Fault) -> Rotation | None:
    """Write down why the service does not go on with what was asked for; None where that is written down already."""
    row = (await tx.conn.execute(_driven.with_for_update())).one_or_none()
    if row is None:
        return None
    changed = await tx.conn.execute(
        update(rotation).where(rotation.c.id == row.id).values(fault=fault).returning(*rotation.c)
    )
    return _rotation(changed.one())


async def _go_on(tx: Tx, rotation_id: UUID, asked_by: UUID | None) -> Rotation:
    values = {"paused_at": None, "fault": None, **({"asked_by": asked_by} if asked_by else {})}
    changed = await tx.conn.execute(
        update(rotation).where(rotation.c.id == rotation_id).values(**values).returning(*rotation.c)
    )
    return _rotation(changed.one())


async def _step(tx: Tx, vault: Vault, row: Any, limit: int) -> Rotation:
    if await _another_key(tx, vault, row):
        return _rotation(row, waiting=True)
    match _Phase(row.phase), Level(row.level):
        case _Phase.KEYS, Level.MASTER:
            changes = await _rewrap_keys(tx, vault, row, limit)
        case _Phase.KEYS, _:
            changes = await _new_keys(tx, vault, row, limit)
        case _Phase.VALUES, _:
            changes = await _values(tx, vault, row, limit)
        case _:
            changes = await _retire(tx, vault, row, limit)
    waiting = bool(changes.pop("waiting", False))
    changed = await tx.conn.execute(
        update(rotation).where(rotation.c.id == row.id).values(**changes).returning(*rotation.c)
    )
    return _rotation(changed.one(), waiting=waiting)


async def _another_key(tx: Tx, vault: Vault, row: Any) -> bool:
    """Whether somebody wraps with another master key than the one that is wrapped with: this process, or a replica."""
    if Level(row.level) is not Level.MASTER or row.target is None:
        return False
    return not vault.keys.ring.current.knows(row.target) or bool(await with_another_key(tx, vault))


async def open_rotation(tx: Tx) -> Rotation | None:
    """The one that is under way."""
    row = (await tx.conn.execute(select(rotation).where(rotation.c.finished_at.is_(None)))).one_or_none()
    return None if row is None else _rotation(row)


async def rotation_by_id(tx: Tx, rotation_id: UUID) -> Rotation:
    """One of them."""
    return _rotation((await tx.conn.execute(select(rotation).where(rotation.c.id == rotation_id))).one())


async def rotations(tx: Tx, limit: int = 10) -> list[Rotation]:
    """The last ones, newest first."""
    found = await tx.conn.execute(select(rotation).order_by(rotation.c.started_at.desc()).limit(limit))
    return [_rotation(row) for row in found]


async def _rewrap_keys(tx: Tx, vault: Vault, row: Any, limit: int) -> dict[str, Any]:
    """Wrap keys by the provider of now. After the last one once more from the first, until nothing is found."""
    batch = await keys.rewrap(tx, vault, row.after, limit)
    if batch.after is not None:
        return {"after": batch.after, "found": row.found + batch.count, "done": row.done + batch.count}
    if row.found:
        return {"after": None, "found": 0}
    return {"phase": _Phase.DONE, "finished_at": tx.now}


async def _new_keys(tx: Tx, vault: Vault, row: Any, limit: int) -> dict[str, Any]:
    batch = await keys.renew(tx, vault, row.after, row.subjects, row.started_at, limit)
    if batch.after is not None:
        return {"after": batch.after, "done": row.done + batch.count}
    return {"phase": _Phase.VALUES, "after": None}


async def _values(tx: Tx, vault: Vault, row: Any, limit: int) -> dict[str, Any]:
    """As many values as the limit says, column by column; after the last one once more, until nothing is found.

    A transaction that began before the new keys were there may still write with an old one: a pass counts only if none
    of those was under way when it began.
    """
    names = {column.name: column for column in sealed_columns()}
    place, after, found, quiet, ready_at = row.place, row.after, row.found, row.quiet, row.ready_at
    if place is None:  # a pass begins
        ready_at = ready_at or (await tx.conn.execute(select(func.clock_timestamp()))).scalar_one()
        place, found, quiet = next(iter(names)), 0, await _quiet(tx, ready_at)
    reseal, seen = row.level == Level.DATA, 0
    while place is not None and seen < limit:
        column, left = names[place], limit - seen
        batch = await values.renew(tx, vault, column, after, subjects=row.subjects, reseal=reseal, limit=left)
        seen, found, after = seen + batch.seen, found + batch.changed, batch.after
        if batch.held:
            break
        if after is None:
            place = min((name for name in names if name > place), default=None)
    changes = {
        "place": place,
        "after": after,
        "found": found,
        "quiet": quiet,
        "ready_at": ready_at,
        "done": min(row.total, row.done + seen),
    }
    if place is not None:
        return changes | {"waiting": not seen}
    if reseal:
        return changes | {"phase": _Phase.DONE, "finished_at": tx.now}
    if found or not quiet:
        return changes | {"waiting": not found}
    return changes | {"phase": _Phase.RETIRE, "ready_at": None, "quiet": False}


async def _retire(tx: Tx, vault: Vault, row: Any, limit: int) -> dict[str, Any]:
    """Remove the keys that were replaced: only a rotation replaces keys, and this one saw that none needs them.

    A transaction that read a value before it was wrapped anew may still ask for the old key: those have to end first.
    """
    await _require_whole_list(tx)
    if row.after is None and not row.quiet:
        ready_at = row.ready_at or (await tx.conn.execute(select(func.clock_timestamp()))).scalar_one()
        quiet = await _quiet(tx, ready_at)
        return {"ready_at": ready_at, "quiet": quiet, "waiting": not quiet}
    batch = await keys.retire(tx, vault, row.after, row.subjects, limit)
    if batch.after is not None:
        return {"after": batch.after}
    return {"phase": _Phase.DONE, "finished_at": tx.now}


async def _require_whole_list(tx: Tx) -> None:
    """Raise TablesUnknownError unless this process knows every table there is, and so every column of sealed values.

    Otherwise a key could be removed that something still needs which was not visited.
    """
    found = await tx.conn.execute(
        text("""
            SELECT CASE schemaname WHEN 'public' THEN tablename ELSE schemaname || '.' || tablename END
            FROM pg_tables WHERE schemaname IN ('public', 'keys') AND tablename <> 'alembic_version'
        """)
    )
    unknown = {row[0] for row in found} - metadata.tables.keys()
    if unknown:
        raise TablesUnknownError(f"tables that this process does not know: {', '.join(sorted(unknown))}")


async def _quiet(tx: Tx, since: datetime) -> bool:
    """Whether no transaction of this database is under way that began before then."""
    older = await tx.conn.execute(
        text("""
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < :since
        """),
        {"since": since},
    )
    return bool(older.scalar_one() == 0)


def _rotation(row: Any, *, waiting: bool = False) -> Rotation:
    return Rotation(
        row.id,
        Level(row.level),
        row.started_at,
        row.done,
        row.total,
        row.finished_at,
        waiting,
        row.subjects is None,
        row.asked_by,
        row.paused_at is not None,
        Fault(row.fault) if row.fault else None,
    )
