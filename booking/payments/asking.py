"""Asking for a payment: the page on which a visit can be paid is made by work in the outbox, as Stripe may be away."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Boolean, Integer, Text, Uuid, bindparam, text

from booking.appointments.model import Appointment
from booking.context import Context
from booking.directory.model import Centre
from booking.payments.model import PaymentState
from booking.payments.rules import authorise_only
from core.database import Tx
from core.money import Money
from core.outbox import Work, put, put_if, putting
from core.tables import Moment

TELL_OF_DELAY_AFTER = timedelta(seconds=8)
"""If Stripe does not answer by then, the payer is told."""

# To whose account it is paid is decided once: the page is asked for with the same words each time.
_PAYMENT = """
    INSERT INTO payment (
        appointment_id, state, amount, currency, destination, fee_basis_points, manual, created_at, updated_at
    )
    SELECT
        :visit, :state, :amount, :currency,
        (SELECT account_id FROM payout_account WHERE centre_id = :paid_at AND charges_enabled), :fee, :manual, :now,
        :now
"""
_PARAMS = (
    bindparam("visit", type_=Uuid()),
    bindparam("state", type_=Text()),
    bindparam("amount", type_=Integer()),
    bindparam("currency", type_=Text()),
    bindparam("paid_at", type_=Uuid()),
    bindparam("fee", type_=Integer()),
    bindparam("manual", type_=Boolean()),
)
_ASK = putting(f"WITH asked AS ({_PAYMENT})", *_PARAMS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is written when a payment is asked for."""

    works: list[Work]
    values: dict[str, Any]


def asked(ctx: Context, visit_id: UUID, price: Money, centre: Centre, start: datetime, now: datetime) -> Asked:
    """Return what has the page made; if Stripe does not answer soon, the payer is told.

    It is paid to the centre's own account, where it has one that can be paid to.
    """
    payload = json.dumps({"appointment": str(visit_id)}).encode()
    page = Work("stripe.checkout", f"payment:{visit_id}", f"stripe.checkout:{visit_id}", payload)
    # In a lane of its own: the one of the payment stands still while Stripe is away.
    due = now + TELL_OF_DELAY_AFTER
    delay = Work("stripe.delay", f"delay:{visit_id}", f"stripe.delay:{visit_id}", payload, due)
    values = {
        "visit": visit_id,
        "state": PaymentState.CREATING,
        "amount": price.amount,
        "currency": price.currency,
        "paid_at": centre.id,
        "fee": ctx.settings.stripe.fee_basis_points,
        "manual": authorise_only(centre.captures, start, now),
    }
    return Asked([page, delay], values)


async def ask_for(tx: Tx, ctx: Context, visit: Appointment) -> None:
    """Have a page made on which a visit can be paid that is written down already."""
    wanted = asked(ctx, visit.id, visit.price, visit.centre, visit.start, tx.now)
    await put(tx, wanted.works, _ASK, wanted.values)


def asking_if(change: str) -> list[CTE]:
    """Return the same as parts of a statement, for when another part of it, called `change`, writes the visit."""
    payment = text(f"{_PAYMENT} WHERE EXISTS (SELECT FROM {change}) RETURNING appointment_id")
    typed = payment.bindparams(*_PARAMS, bindparam("now", type_=Moment()))
    return [typed.columns(appointment_id=Uuid()).cte("asked"), put_if(change)]
