"""The ledger beside Stripe's own list: what one has and the other has not. Each night, for the day before (UTC)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from prometheus_client import Gauge
from sqlalchemy import func, select

from booking.context import Context
from booking.payments.gateway import Gateway, Moved
from booking.payments.model import Entry, ledger_entry, payment
from booking.people.service import person_id_of
from booking.staff.news import tell_person
from core.database import Database, Tx
from core.logs import log
from core.money import Money

_DAY = timedelta(days=1)
_AUTHORISED_BEFORE = timedelta(days=8)
"""A charge bears the date of its authorisation, which may be so long ago when it is captured."""
_NAMED = 5
"""So many are named to who is told; all are in the log."""
_differences = Gauge(
    "careconnect_ledger_differences", "Amounts of the last day that was compared that are not at Stripe"
)
_log = log("booking.payments")

Side = Literal["not in the ledger", "not at stripe", "not the same amount"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One amount that is not on both sides. `ref`: Stripe's own id (pi_..., re_..., txn_... of a dispute)."""

    side: Side
    ref: str
    ledger: Money | None
    stripe: Money | None


def differences(ledger: dict[str, Money], stripe: dict[str, Moved], day: date) -> list[Difference]:
    """Compare, by Stripe's ids, the ledger's entries of a day with what Stripe moved around it. Pure.

    What Stripe moved on other days counts only as the other half of an entry: it was or will be compared on its day.
    """
    found = [
        Difference("not at stripe" if ref not in stripe else "not the same amount", ref, amount, _amount(stripe, ref))
        for ref, amount in ledger.items()
        if _amount(stripe, ref) != amount
    ]
    of_that_day = (ref for ref, moved in stripe.items() if moved.at.astimezone(UTC).date() == day)
    found += [
        Difference("not in the ledger", ref, None, stripe[ref].amount) for ref in of_that_day if ref not in ledger
    ]
    return sorted(found, key=lambda each: each.ref)


def _amount(stripe: dict[str, Moved], ref: str) -> Money | None:
    return stripe[ref].amount if ref in stripe else None


async def compare(database: Database, ctx: Context, gateway: Gateway, day: date) -> list[Difference]:
    """Compare a day that is over. What differs is logged, by Stripe's id, counted for the monitoring, and told.

    Raises LaterError while Stripe is away.
    """
    begins = datetime.combine(day, time(), UTC)
    moved = await gateway.moved(begins - _AUTHORISED_BEFORE, begins + 2 * _DAY)
    async with database.transaction() as tx:
        ledger = await _entries(tx, begins, begins + _DAY)
        known = await _known(tx, set(moved))
        ours = await _ours(tx, {each.intent for each in moved.values()})
    stripe = {ref: each for ref, each in moved.items() if each.ours or each.intent in ours}
    # Seconds may pass between the two clocks: what stands in the ledger on the day before or after is no difference.
    found = [
        each for each in differences(ledger, stripe, day) if each.side != "not in the ledger" or each.ref not in known
    ]
    for each in found:
        _log.error("the ledger and Stripe differ", row=each.ref, status=each.side)
    _differences.set(len(found))
    _log.info("ledger compared with Stripe", count=len(ledger))
    if found:
        async with database.transaction() as tx:
            await _tell(tx, ctx, day, found)
    return found


async def _tell(tx: Tx, ctx: Context, day: date, found: list[Difference]) -> None:
    """Tell those who run the platform, once for a day, whoever compares it and how often."""
    for mxid in ctx.settings.matrix.platform_admins:
        refs = " ".join(each.ref for each in found[:_NAMED])
        person = await person_id_of(tx, mxid)
        key = f"ledger:{day}:{person}"
        await tell_person(tx, person, "ledger differs", key=key, day=day.isoformat(), count=str(len(found)), refs=refs)


async def _entries(tx: Tx, begins: datetime, until: datetime) -> dict[str, Money]:
    entry = ledger_entry.c
    found = await tx.conn.execute(
        # Visits that were paid on one page have each a part of what Stripe charged.
        select(entry.stripe_ref, func.sum(entry.amount).label("amount"), entry.currency)
        .where(
            entry.at >= begins,
            entry.at < until,
            entry.stripe_ref.is_not(None),
            entry.kind.in_([Entry.CHARGE, Entry.REFUND, Entry.DISPUTED, Entry.REINSTATED]),
        )
        .group_by(entry.stripe_ref, entry.currency)
    )
    return {row.stripe_ref: Money(row.currency, row.amount) for row in found}


async def _ours(tx: Tx, intents: set[str | None]) -> set[str | None]:
    """Which of these payment intents are for visits."""
    found = await tx.conn.execute(
        select(payment.c.payment_intent).where(payment.c.payment_intent.in_(intents - {None})).distinct()
    )
    return set(found.scalars())


async def _known(tx: Tx, refs: set[str]) -> set[str]:
    """Which of these the ledger has, on whatever day."""
    found = await tx.conn.execute(select(ledger_entry.c.stripe_ref).where(ledger_entry.c.stripe_ref.in_(refs)))
    return set(found.scalars())
