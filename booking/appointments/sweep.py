"""Holds that are over. Only hygiene: an expired hold blocks nobody, and a late payment is dealt with in any case."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from booking.appointments.approving import give_up
from booking.appointments.model import appointment as table
from booking.appointments.model import kept_until
from booking.appointments.rules import Status
from booking.context import Context
from booking.payments.service import close_page, lapse
from booking.waiting.offering import pass_on
from core.database import Tx
from core.singly import singly

_AT_ONCE = 500


async def sweep(tx: Tx, ctx: Context) -> int:
    """Have the pages closed of visits whose hold is over; what follows depends on what Stripe then says.

    A hold is over, too, once the visit has begun: nobody comes to that. What nobody approved in time is given back,
    and what nobody took who waited for it goes to the next in line.
    Returns how many there were; run it every few seconds, by any replica.
    """
    unpaid = table.c.status == Status.PENDING
    # While Stripe is away what is unpaid stays: it must not stand before the rest.
    over = [*await _over(tx, ~unpaid), *await _over(tx, unpaid)]

    async def end(row: Row[Any]) -> None:
        if row.status == Status.PROPOSED:
            await give_up(tx, row.id)
        elif row.status == Status.WAITLIST:
            await pass_on(tx, row.id)
        elif ctx.settings.stripe.enabled:
            await close_page(tx, row.id, row.until.isoformat())
        else:  # payments were switched off meanwhile: nobody is there to be asked
            await lapse(tx, row.id)

    return await singly(tx, over, end)


async def _over(tx: Tx, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    found = await tx.conn.execute(
        select(table.c.id, table.c.status, kept_until.label("until"))
        .where(table.c.hold_until.is_not(None), kept_until <= tx.now, which)
        .order_by(kept_until)
        .limit(_AT_ONCE)
    )
    return found.all()
