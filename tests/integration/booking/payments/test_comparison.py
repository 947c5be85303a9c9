"""Each night the ledger is laid beside Stripe's own list."""

from datetime import UTC, datetime

from sqlalchemy import delete, update

from booking.payments.comparison import compare
from booking.payments.model import Entry, ledger_entry
from tests.integration.booking.clinic import BEN, CLARA
from tests.integration.booking.payments.conftest import PayingClinic


async def _sides(clinic: PayingClinic, refs: set[str | None]) -> list[tuple[str, str]]:
    """Of these amounts alone: other tests have theirs at the same Stripe."""
    found = await compare(clinic.database, clinic.gateway, datetime.now(UTC).date())
    return sorted((each.side, each.ref[:2]) for each in found if each.ref in refs)


async def test_what_is_alike_is_no_difference_and_what_is_not_is_found(clinic: PayingClinic) -> None:
    kept, given = await clinic.paid(), await clinic.paid(BEN)
    await clinic.cancel(CLARA, given)

    async def made() -> bool:
        return all(entry.stripe_ref for entry in await clinic.ledger(given))

    await clinic.until(made)
    await clinic.quiet()
    refs = {entry.stripe_ref for visit in (kept, given) for entry in await clinic.ledger(visit)}
    assert await _sides(clinic, refs) == []
    async with clinic.tx() as tx:
        refunded = ledger_entry.c.kind == Entry.REFUND
        await tx.conn.execute(delete(ledger_entry).where(refunded))
        await tx.conn.execute(update(ledger_entry).where(ledger_entry.c.appointment_id == kept.id).values(amount=4000))
    assert await _sides(clinic, refs) == [("not in the ledger", "re"), ("not the same amount", "pi")]
    async with clinic.tx() as tx:
        await tx.conn.execute(update(ledger_entry).where(~refunded).values(stripe_ref=None))
    assert ("not in the ledger", "pi") in await _sides(clinic, refs)
