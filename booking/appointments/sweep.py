"""Holds that are over. Only hygiene: an expired hold blocks nobody, and a late payment is dealt with in any case."""

from sqlalchemy import select

from booking.appointments.model import appointment as table
from booking.context import Context
from booking.payments.service import close_page, lapse
from core.database import Tx

_AT_ONCE = 500


async def sweep(tx: Tx, ctx: Context) -> int:
    """Have the pages closed of visits whose hold is over; what follows depends on what Stripe then says.

    Returns how many there were; run it every few seconds, by any replica.
    """
    held = table.c.hold_until
    found = await tx.conn.execute(
        select(table.c.id, held).where(table.c.status == "pending", held <= tx.now).order_by(held).limit(_AT_ONCE)
    )
    over = found.all()
    for row in over:
        if ctx.settings.stripe.enabled:
            await close_page(tx, row.id, row.hold_until.isoformat())
        else:  # payments were switched off meanwhile: nobody is there to be asked
            await lapse(tx, row.id)
    return len(over)
