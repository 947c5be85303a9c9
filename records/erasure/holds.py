"""Legal holds: while one stands on a subject, nobody can erase them. Set and lifted by somebody, for a reason."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select, update

from core.database import Tx
from core.errors import BadInputError, RefusedError, UserError
from core.ids import new_id
from records.audit.rules import Action, Entry, Why
from records.audit.service import note_all
from records.erasure.model import LIFT_REASON, REASON, legal_hold
from records.keys.store import lock_subjects
from records.sealing import Vault

_LONGEST = 500


class HeldError(UserError):
    """A legal hold stands on the records: they cannot be erased for now."""

    def __init__(self) -> None:
        super().__init__(
            "These records cannot be erased now: a legal hold stands on them. Nothing was changed."
            " Ask the centre that treats you until when it stands."
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a subject cannot be erased. `lifted_at` is None while it stands."""

    id: UUID
    subject: UUID
    placed_by: UUID
    placed_at: datetime
    reason: str
    lifted_by: UUID | None = None
    lifted_at: datetime | None = None
    lift_reason: str | None = None


async def place_hold(tx: Tx, vault: Vault, subject: UUID, *, actor: UUID, reason: str) -> Hold:
    """Stop all erasure of a subject until it is lifted. The caller has decided that `actor` may.

    Raises BadInputError for an empty reason, ErasedError when it is too late.
    """
    reason = _checked(reason)
    await lock_subjects(tx, [subject])
    hold = Hold(new_id(), subject, actor, tx.now, reason)
    sealed = await vault.seal(tx, subject, REASON.place(hold.id), reason.encode())
    await tx.conn.execute(
        insert(legal_hold).values(id=hold.id, subject=subject, placed_by=actor, placed_at=tx.now, reason=sealed)
    )
    await _note(tx, hold, actor)
    return hold


async def lift_hold(
    tx: Tx, vault: Vault, hold_id: UUID, *, actor: UUID, reason: str, among: Select[Any] | None = None
) -> Hold:
    """Let the subject be erased again, unless another hold stands. The caller has decided that `actor` may.

    `among`: the subjects whose holds the actor may lift; None for all. Another's is no hold that there is.
    Raises BadInputError for an empty reason, RefusedError when there is no such hold or it was lifted.
    """
    reason = _checked(reason)
    wanted = select(legal_hold).where(legal_hold.c.id == hold_id, legal_hold.c.lifted_at.is_(None))
    if among is not None:
        wanted = wanted.where(legal_hold.c.subject.in_(among))
    row = (await tx.conn.execute(wanted.with_for_update())).one_or_none()
    if row is None:
        raise RefusedError
    sealed = await vault.seal(tx, row.subject, LIFT_REASON.place(hold_id), reason.encode())
    values = {"lifted_by": actor, "lifted_at": tx.now, "lift_reason": sealed}
    await tx.conn.execute(update(legal_hold).where(legal_hold.c.id == hold_id).values(**values))
    opened = await _opened(tx, vault, row)
    hold = Hold(hold_id, row.subject, row.placed_by, row.placed_at, opened.reason, actor, tx.now, reason)
    await _note(tx, hold, actor)
    return hold


async def holds_on(tx: Tx, vault: Vault, subject: UUID) -> list[Hold]:
    """All holds that stand or stood on a subject, oldest first. Who may see them the caller has decided.

    Raises ErasedError once the subject was erased.
    """
    rows = await tx.conn.execute(
        select(legal_hold).where(legal_hold.c.subject == subject).order_by(legal_hold.c.placed_at, legal_hold.c.id)
    )
    return [await _opened(tx, vault, row) for row in rows.all()]


async def standing_holds(tx: Tx, vault: Vault, *, among: Select[Any], actor: UUID) -> list[Hold]:
    """The holds that stand on any of these subjects, oldest first; that `actor` saw each is noted.

    The caller has decided that `actor` may.
    """
    found = await tx.conn.execute(
        select(legal_hold)
        .where(legal_hold.c.lifted_at.is_(None), legal_hold.c.subject.in_(among))
        .order_by(legal_hold.c.placed_at, legal_hold.c.id)
    )
    rows = found.all()
    opened = await vault.open_each(tx, [(row.subject, REASON.place(row.id), row.reason) for row in rows])
    holds = [
        Hold(row.id, row.subject, row.placed_by, row.placed_at, reason.decode())
        for row, reason in zip(rows, opened, strict=True)
        if reason is not None
    ]
    await note_all(tx, [_entry(tx, hold, actor, Action.READ) for hold in holds])
    return holds


async def require_unheld(tx: Tx, subject: UUID) -> None:
    """Raises HeldError. Says nothing about who holds, or why."""
    if await _standing(tx, subject):
        raise HeldError


async def is_held(tx: Tx, subject: UUID) -> bool:
    """Whether a hold stands on a subject; none is placed until the transaction ends, for what is erased meanwhile."""
    await lock_subjects(tx, [subject])
    return await _standing(tx, subject)


async def _standing(tx: Tx, subject: UUID) -> bool:
    standing = select(legal_hold.c.id).where(legal_hold.c.subject == subject, legal_hold.c.lifted_at.is_(None))
    return (await tx.conn.execute(standing.limit(1))).first() is not None


def _checked(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise BadInputError("Write why, too: who demands it, and under which number.")
    if len(reason) > _LONGEST:
        raise BadInputError("A reason has {longest} letters at most.", longest=_LONGEST)
    return reason


async def _opened(tx: Tx, vault: Vault, row: Any) -> Hold:
    values = [(REASON.place(row.id), row.reason)]
    if row.lift_reason:
        values.append((LIFT_REASON.place(row.id), row.lift_reason))
    reason, *lifted = [plain.decode() for plain in await vault.open_all(tx, row.subject, values)]
    placed = Hold(row.id, row.subject, row.placed_by, row.placed_at, reason)
    if not lifted:
        return placed
    return replace(placed, lifted_by=row.lifted_by, lifted_at=row.lifted_at, lift_reason=lifted[0])


async def _note(tx: Tx, hold: Hold, actor: UUID) -> None:
    await note_all(tx, [_entry(tx, hold, actor, Action.WRITE)])


def _entry(tx: Tx, hold: Hold, actor: UUID, action: Action) -> Entry:
    return Entry(new_id(), tx.now, actor, action, hold.subject, legal_hold.name, hold.id, Why.REQUEST)
