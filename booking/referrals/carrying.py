"""The fee that a referral carries over to the next visit: it goes back with that one, and comes again with it.

No permission is asked here. Each function takes the visit under its lock.
"""

from uuid import UUID

from sqlalchemy import bindparam, select

from booking.payments import ledger
from booking.payments.model import Entry
from booking.referrals.model import referral as table
from core.database import Tx
from core.money import Money
from core.statements import Statement


async def carry_back(tx: Tx, appointment_id: UUID) -> None:
    """Give back to the first visit what was carried over from it into one that does not come about."""
    origin = await _origin(tx, appointment_id)
    if origin is None:
        return
    entries = await ledger.entries(tx, appointment_id)
    over = await ledger.carried_into(tx, appointment_id)
    if over > 0:
        await ledger.carry(tx, appointment_id, origin, Money(entries[0].amount.currency, over))


async def carry_again(tx: Tx, appointment_id: UUID) -> bool:
    """Carry over once more what went back when a visit was called off that takes place after all.

    Returns whether all is paid that was, when it was booked: not if the referral, or the money, was used meanwhile.
    """
    carried = [each for each in await ledger.entries(tx, appointment_id) if each.kind is Entry.CARRIED_IN]
    if not carried or await ledger.carried_into(tx, appointment_id) > 0:
        return True
    origin = await _origin(tx, appointment_id)
    amount = carried[-1].amount
    if origin is None or (await ledger.sums(tx, origin))[1] < amount.amount:
        return False
    await ledger.carry(tx, origin, appointment_id, amount)
    return True


_BOOKED_WITH = Statement(select(table.c.appointment_id).where(table.c.booked_id == bindparam("of")).limit(1))


async def _origin(tx: Tx, appointment_id: UUID) -> UUID | None:
    """The visit at which the referral was written that this one is booked with."""
    found = await tx.run(_BOOKED_WITH, {"of": appointment_id})
    return found[0].appointment_id if found else None
