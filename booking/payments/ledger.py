"""The ledger: every amount that came or went for a visit. Entries are added, never changed but for Stripe's own id."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from booking.payments.model import Entry, Payment, ledger_entry
from booking.payments.rules import fee_of
from core.database import Tx
from core.ids import new_id
from core.money import Money
from core.statements import Statement


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One amount, as seen from the centre: what came is above nothing, what went below."""

    id: UUID
    appointment_id: UUID
    at: datetime
    kind: Entry
    amount: Money
    stripe_ref: str | None
    reverses: UUID | None


_BY_CARD = (Entry.CHARGE, Entry.REFUND, Entry.REVERSAL, Entry.DISPUTED, Entry.REINSTATED)
_ADD = Statement(
    insert(ledger_entry)
    .values({column.name: bindparam(column.name, type_=column.type) for column in ledger_entry.columns})
    .on_conflict_do_nothing()
    .returning(ledger_entry.c.id)
)


async def add(
    tx: Tx,
    appointment_id: UUID,
    kind: Entry,
    amount: Money,
    *,
    stripe_ref: str | None = None,
    reverses: UUID | None = None,
) -> UUID | None:
    """Write an entry. Returns its id, or None when Stripe's id, or the reversal, is in the ledger already."""
    written = await tx.run(
        _ADD,
        {
            "id": new_id(),
            "appointment_id": appointment_id,
            "at": tx.now,
            "kind": kind,
            "amount": amount.amount,
            "currency": amount.currency,
            "stripe_ref": stripe_ref,
            "reverses": reverses,
        },
    )
    return written[0].id if written else None


async def complete(tx: Tx, entry_id: UUID, stripe_ref: str) -> None:
    """Write down under which id Stripe made a refund."""
    await tx.conn.execute(update(ledger_entry).where(ledger_entry.c.id == entry_id).values(stripe_ref=stripe_ref))


async def sums(tx: Tx, appointment_id: UUID) -> tuple[int, int]:
    """Return what was charged, and what is left of it with this visit, in the smallest unit.

    Refunds count from the moment they are decided on, those on their way included. What was carried over from another
    visit is no charge of this one: it does not go back to a card.
    """
    table = ledger_entry
    charged = func.coalesce(func.sum(table.c.amount).filter(table.c.kind == Entry.CHARGE), 0)
    over = func.coalesce(func.sum(table.c.amount).filter(table.c.kind.in_([Entry.CARRIED_IN, Entry.CARRIED_OUT])), 0)
    left = func.coalesce(func.sum(table.c.amount).filter(table.c.kind != Entry.FEE), 0) - func.greatest(over, 0)
    found = (await tx.conn.execute(select(charged, left).where(table.c.appointment_id == appointment_id))).one()
    return int(found[0]), int(found[1])


async def disputed(tx: Tx, appointment_id: UUID) -> int:
    """Return how much of it the payer's bank has taken back and not given again, in the smallest unit."""
    table = ledger_entry
    found = select(func.coalesce(-func.sum(table.c.amount), 0)).where(
        table.c.appointment_id == appointment_id, table.c.kind.in_([Entry.DISPUTED, Entry.REINSTATED])
    )
    return int((await tx.conn.execute(found)).scalar_one())


async def was_disputed(tx: Tx, appointment_id: UUID) -> bool:
    """Whether the payer's bank has ever taken back some of it."""
    return any(each.kind is Entry.DISPUTED for each in await entries(tx, appointment_id))


async def take_share(tx: Tx, payment: Payment) -> None:
    """Bring the platform's fee in line with what is charged and not given back."""
    if payment.destination is None or payment.fee_basis_points == 0:
        return
    table = ledger_entry
    kept = func.coalesce(func.sum(table.c.amount).filter(table.c.kind.in_(_BY_CARD)), 0)
    taken = func.coalesce(func.sum(table.c.amount).filter(table.c.kind == Entry.FEE), 0)
    found = (await tx.conn.execute(select(kept, taken).where(table.c.appointment_id == payment.appointment_id))).one()
    change = -fee_of(int(found[0]), payment.fee_basis_points) - int(found[1])
    if change:
        await add(tx, payment.appointment_id, Entry.FEE, Money(payment.currency, change))


async def carry(tx: Tx, origin: UUID, to: UUID, amount: Money) -> None:
    """Carry an amount over from one visit to another: the sum of both stays what it was."""
    await add(tx, origin, Entry.CARRIED_OUT, -amount)
    await add(tx, to, Entry.CARRIED_IN, amount)


async def carried_into(tx: Tx, appointment_id: UUID) -> int:
    """Return how much was carried over into a visit and is with it still, in the smallest unit."""
    table = ledger_entry
    over = func.coalesce(func.sum(table.c.amount), 0)
    kinds = table.c.kind.in_([Entry.CARRIED_IN, Entry.CARRIED_OUT])
    found = await tx.conn.execute(select(over).where(table.c.appointment_id == appointment_id, kinds))
    return int(found.scalar_one())


async def entries(tx: Tx, appointment_id: UUID) -> list[LedgerEntry]:
    """Return a visit's entries, oldest first."""
    table = ledger_entry
    found = await tx.conn.execute(
        select(table).where(table.c.appointment_id == appointment_id).order_by(table.c.at, table.c.id)
    )
    return [
        LedgerEntry(
            row.id,
            row.appointment_id,
            row.at,
            Entry(row.kind),
            Money(row.currency, row.amount),
            row.stripe_ref,
            row.reverses,
        )
        for row in found
    ]
