"""Erasure: a subject's keys are destroyed, and the audit says so. What remains are ids, states and times.

Two things follow a destroyed key: nothing that it sealed opens any more, here and in all backups of the rest; and no
new key is ever made for the subject. Who comes again is somebody new, with other ids (booking.people).

The decision is a row in the main database. Where the keys lie there, too, they go with its commit. Where they lie in a
database of their own, nothing opens from that commit on, and `finish` destroys them right after; killed anywhere in
between, it is done at the next look. `finish` also destroys what a restored backup of the keys brought back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from records.audit.rules import Action, Why
from records.audit.service import note
from records.erasure.holds import require_unheld
from records.keys import subject_key
from records.keys.model import erasure
from records.keys.store import lock_subjects
from records.sealing import Vault

_AT_ONCE = 200
_SOON = timedelta(minutes=1)
_MARGIN = timedelta(days=1)
"""A backup that was being written when the keys were destroyed still holds them, and is as young as that."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a subject was erased: unreadable since `at`, and for good from `final_at` on."""

    subject: UUID
    at: datetime
    final_at: datetime
    """When the last backup of the keys from before has expired: until then who holds one could still read."""


def final_at(now: datetime, vault: Vault) -> datetime:
    """From when on an erasure of now would be final: what a person is told before they say yes."""
    return now + timedelta(days=vault.key_backup_days) + _MARGIN


async def forget(tx: Tx, vault: Vault, subject: UUID, *, actor: UUID | None) -> Erasure:
    """Make all that was sealed for a subject unreadable, here at once, and in every backup from `final_at` on.

    A person has two subjects: as a patient (`patient.id`: their records), and as one who talks (`person.id`: dialogues,
    messages waiting, favourites). Repeats without harm, and gives the first date again. The caller has decided that
    `actor` may (None: the service itself). Raises HeldError while a legal hold stands; then nothing was changed.
    """
    await lock_subjects(tx, [subject])
    await require_unheld(tx, subject)
    through = max(await vault.keys.last_number(tx, subject), await _erased_through(tx, subject), 1)
    await tx.conn.execute(
        insert(erasure)
        .values(
            subject=subject,
            through=through,
            asked_by=actor,
            asked_at=tx.now,
            backup_days=vault.key_backup_days,
        )
        .on_conflict_do_nothing()
    )
    vault.keys.unremember(tx, [subject])
    if not vault.keys.apart:
        await _destroy(tx, vault, subject, through)
    await note(tx, actor=actor, action=Action.ERASE, subject=subject, table=subject_key.name, why=Why.REQUEST)
    done = await erasure_of(tx, subject)
    assert done
    return done


async def forget_all(tx: Tx, vault: Vault, subjects: Sequence[UUID], *, actor: UUID | None) -> list[Erasure]:
    """The same for several, in order. All are locked at once: who locks several in the order of their ids, as rotation
    does, does not wait for one of them while it holds another.
    """
    await lock_subjects(tx, subjects)
    return [await forget(tx, vault, subject, actor=actor) for subject in subjects]


async def erasure_of(tx: Tx, subject: UUID) -> Erasure | None:
    """Whether and when a subject was erased, the last time."""
    found = await tx.conn.execute(
        select(erasure).where(erasure.c.subject == subject).order_by(erasure.c.through.desc()).limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Erasure(subject, row.asked_at, row.asked_at + timedelta(days=row.backup_days) + _MARGIN)


async def finish(tx: Tx, vault: Vault) -> int:
    """Destroy the keys of erasures that are decided and not yet carried out. Returns how many erasures that were."""
    waiting = await tx.conn.execute(
        select(erasure.c.subject, erasure.c.through)
        .where(erasure.c.destroyed_at.is_(None))
        .order_by(erasure.c.asked_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = waiting.all()
    for row in rows:
        await _destroy(tx, vault, row.subject, row.through)
    return len(rows)


async def unfinished(tx: Tx) -> int:
    """How many erasures were decided more than a minute ago and are not carried out yet."""
    late = select(func.count()).where(erasure.c.destroyed_at.is_(None), erasure.c.asked_at < tx.now - _SOON)
    return int((await tx.conn.execute(late)).scalar_one())


async def carry_out_again(tx: Tx, vault: Vault) -> int:
    """Destroy keys of erased subjects that are there all the same: a backup of the keys was restored.

    Looks at every erasure there ever was. Returns how many subjects' keys were destroyed.
    """
    everyone = await tx.conn.execute(
        select(erasure.c.subject, func.max(erasure.c.through).label("through")).group_by(erasure.c.subject)
    )
    through = {row.subject: row.through for row in everyone}
    back = await vault.keys.living_among(tx, through)
    await lock_subjects(tx, back)
    for subject in back:
        await vault.keys.destroy(tx, subject, through[subject])
    return len(back)


async def _destroy(tx: Tx, vault: Vault, subject: UUID, through: int) -> None:
    await vault.keys.destroy(tx, subject, through)
    await tx.conn.execute(
        update(erasure)
        .where(erasure.c.subject == subject, erasure.c.through == through, erasure.c.destroyed_at.is_(None))
        .values(destroyed_at=tx.now)
    )


async def _erased_through(tx: Tx, subject: UUID) -> int:
    highest = select(func.max(erasure.c.through)).where(erasure.c.subject == subject)
    return (await tx.conn.execute(highest)).scalar_one() or 0
