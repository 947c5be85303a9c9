"""Erasure: a subject's key is destroyed, and the audit says so. What remains are ids, states and times."""

from uuid import UUID

from core.database import Tx
from records.audit.rules import Action, Why
from records.audit.service import note
from records.keys import subject_key
from records.sealing import Vault


async def forget(tx: Tx, vault: Vault, subject: UUID, *, actor: UUID | None) -> None:
    """Make all that was sealed for a subject unreadable, here at once, and in backups of the rest from then on.

    Final when the last backup of the schema `keys` from before has expired. The caller has decided that `actor` may.
    """
    await vault.forget(tx, subject)
    await note(tx, actor=actor, action=Action.ERASE, subject=subject, table=subject_key.name, why=Why.REQUEST)
