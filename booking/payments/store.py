"""Reading and writing a visit's payment, and work for its lane."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update

from booking.payments.model import Payment, PaymentState
from booking.payments.model import payment as table
from core.database import Tx
from core.outbox import enqueue

_PAYMENT = select(table).where(table.c.appointment_id == bindparam("wanted"))
_CHANGE = update(table).where(table.c.appointment_id == bindparam("of"))


async def payment_of(tx: Tx, appointment_id: UUID) -> Payment | None:
    """Return a visit's payment, or None where none was asked for."""
    return _payment_from((await tx.conn.execute(_PAYMENT, {"wanted": appointment_id})).one_or_none())


async def payment_by_session(tx: Tx, session_id: str) -> Payment | None:
    """Return the payment that a Checkout Session is for, or None."""
    return _payment_from((await tx.conn.execute(select(table).where(table.c.session_id == session_id))).one_or_none())


def _payment_from(row: Row[Any] | None) -> Payment | None:
    if row is None:
        return None
    return Payment(
        row.appointment_id, PaymentState(row.state), row.amount, row.currency, row.session_id, row.payment_intent,
        row.url, row.expires_at, row.destination, row.fee_basis_points, row.manual,
    )  # fmt: skip


async def write(tx: Tx, appointment_id: UUID, **values: object) -> None:
    """Change a payment, under its appointment's lock."""
    await tx.conn.execute(_CHANGE, {"of": appointment_id, "updated_at": tx.now, **values})


async def later(tx: Tx, kind: str, appointment_id: UUID, key: str, **more: str | int) -> None:
    """Have something done at Stripe, after all that was asked for this visit before."""
    payload = json.dumps({"appointment": str(appointment_id), **more}).encode()
    await enqueue(tx, kind=kind, lane=f"payment:{appointment_id}", key=key, payload=payload)
