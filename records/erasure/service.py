"""Erasure: a subject's key is destroyed, and the audit says so. What remains are ids, states and times.

Two things follow a destroyed key: nothing of the subject opens any more, here and in all backups of the rest; and no
new key is made, so that nothing is sealed for them by mistake.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.database import Tx
from records.audit.rules import Action, Why
from records.audit.service import note
from records.erasure.holds import lock_subject, require_unheld
from records.erasure.model import erasure
from records.keys import subject_key
from records.sealing import Vault


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a subject was erased: unreadable since `at`, and for good from `final_at` on."""

    subject: UUID
    at: datetime
    final_at: datetime
    """When the last backup of the keys from before has expired: until then who holds one could still read."""


def final_at(now: datetime, vault: Vault) -> datetime:
    """From when on an erasure of now would be final: what a person is told before they say yes."""
    return now + timedelta(days=vault.key_backup_days)


async def forget(tx: Tx, vault: Vault, subject: UUID, *, actor: UUID | None) -> Erasure:
    """Make all that was sealed for a subject unreadable, here at once, and in every backup from `final_at` on.

    A person has two subjects: as a patient (`patient.id`: their records), and as one who talks (`person.id`: dialogues,
    messages waiting, favourites). Repeats without harm, and gives the first date again. The caller has decided that
    `actor` may (None: the service itself). Raises HeldError while a legal hold stands; then nothing was changed.
    """
    await lock_subject(tx, subject)
    await require_unheld(tx, subject)
    await tx.conn.execute(
        insert(erasure)
        .values(
            subject=subject,
            asked_by=actor,
            asked_at=tx.now,
            backup_days=vault.key_backup_days,
            destroyed_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    await vault.forget(tx, subject)
    await note(tx, actor=actor, action=Action.ERASE, subject=subject, table=subject_key.name, why=Why.REQUEST)
    done = await erasure_of(tx, subject)
    assert done
    return done


async def erasure_of(tx: Tx, subject: UUID) -> Erasure | None:
    """Whether and when a subject was erased."""
    found = await tx.conn.execute(select(erasure).where(erasure.c.subject == subject))
    row = found.one_or_none()
    if row is None:
        return None
    return Erasure(subject, row.asked_at, row.asked_at + timedelta(days=row.backup_days))
