"""Reading and writing a visit's payment, and work for its lane."""

import json
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Integer, Row, Text, Uuid, bindparam, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert

from booking.appointments.model import Appointment
from booking.appointments.notices import Concerned
from booking.appointments.reading import paid_for
from booking.payments.model import Entry, Payment, PaymentState, ledger_entry
from booking.payments.model import payment as table
from core.database import Tx
from core.ids import new_id
from core.money import Money
from core.outbox import enqueue
from core.statements import Record, Statement

_PAYMENT = Statement(select(table).where(table.c.appointment_id == bindparam("wanted")))


@cache
def _change(names: tuple[str, ...]) -> Statement:
    changed = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Statement(update(table).where(table.c.appointment_id == bindparam("of")).values(changed))


async def payment_of(tx: Tx, appointment_id: UUID) -> Payment | None:
    """Return a visit's payment, or None where none was asked for."""
    found = await tx.run(_PAYMENT, {"wanted": appointment_id})
    return _payment_from(found[0] if found else None)


async def visit_and_payment(tx: Tx, appointment_id: UUID) -> tuple[Appointment, Payment, list[Concerned]] | None:
    """Return a visit under its lock, its payment, and who hears of it; None where no payment was asked for."""
    found = await paid_for(tx, appointment_id)
    if found is None:
        return None
    visit, row, people = found
    payment = _payment_from(row)
    assert payment
    return visit, payment, people


_TOGETHER = Statement(
    text("""
        SELECT id FROM appointment
        WHERE id IN (
            SELECT theirs.appointment_id
            FROM payment own JOIN payment theirs ON theirs.page_of = own.page_of
            WHERE own.appointment_id = :wanted
        )
        ORDER BY id
        FOR UPDATE
    """).bindparams(bindparam("wanted", type_=Uuid()))
)


async def lock_together(tx: Tx, appointment_id: UUID) -> list[UUID]:
    """Lock all visits that are paid on one page with this one, in one order whoever asks; none: it has its own page."""
    return [row.id for row in await tx.run(_TOGETHER, {"wanted": appointment_id})]


async def payment_by_session(tx: Tx, session_id: str) -> Payment | None:
    """Return the payment that a Checkout Session is for, or None; of several on one page, one."""
    found = select(table).where(table.c.session_id == session_id).order_by(table.c.appointment_id).limit(1)
    return _payment_from((await tx.conn.execute(found)).one_or_none())


def _payment_from(row: Row[Any] | Record | None) -> Payment | None:
    if row is None:
        return None
    return Payment(
        row.appointment_id, PaymentState(row.state), row.amount, row.currency, row.session_id, row.payment_intent,
        row.url, row.expires_at, row.destination, row.fee_basis_points, row.manual, row.page_of,
    )  # fmt: skip


async def write(tx: Tx, appointment_id: UUID, **values: object) -> None:
    """Change a payment, under its appointment's lock."""
    changed = {"updated_at": tx.now, **values}
    await tx.run(_change(tuple(changed)), {"of": appointment_id, **changed})


async def write_charged(tx: Tx, appointment_id: UUID, charged: Money, **values: object) -> None:
    """Change a payment, and write the charge into the ledger unless it is there: both in one statement."""
    charge, given = charging(tx, appointment_id, charged, **values)
    await tx.run(_charge_alone(charge), given)


def charging(tx: Tx, appointment_id: UUID, charged: Money, **values: object) -> tuple[CTE, dict[str, object]]:
    """Return the same as a part of a statement that changes more, and its values."""
    changed = {"updated_at": tx.now, **values}
    entry = {"entry": new_id(), "kind": Entry.CHARGE, "charged": charged.amount, "in": charged.currency}
    of = {f"payment_{name}": value for name, value in changed.items()}
    return _charge(tuple(changed)), {"payment_of": appointment_id, **of, **entry}


@cache
def _charge_alone(charge: CTE) -> Statement:
    return Statement(select(literal_column("true")).add_cte(charge))


@cache
def _charge(names: tuple[str, ...]) -> CTE:
    changed = (
        update(table)
        .where(table.c.appointment_id == bindparam("payment_of"))
        .values({name: bindparam(f"payment_{name}", type_=table.c[name].type) for name in names})
        .returning(table.c.appointment_id, table.c.updated_at, table.c.payment_intent)
        .cte("payment_changed")
    )
    entry = select(
        bindparam("entry", type_=Uuid),
        changed.c.appointment_id,
        changed.c.updated_at,
        bindparam("kind", type_=Text),
        bindparam("charged", type_=Integer),
        bindparam("in", type_=Text),
        changed.c.payment_intent,
    )
    into = ["id", "appointment_id", "at", "kind", "amount", "currency", "stripe_ref"]
    return insert(ledger_entry).from_select(into, entry).on_conflict_do_nothing().cte("charge")


async def later(tx: Tx, kind: str, appointment_id: UUID, key: str, **more: str | int) -> None:
    """Have something done at Stripe, after all that was asked for this visit before."""
    payload = json.dumps({"appointment": str(appointment_id), **more}).encode()
    await enqueue(tx, kind=kind, lane=f"payment:{appointment_id}", key=key, payload=payload)
