"""Each night the ledger is laid beside Stripe's own list."""

from datetime import UTC, datetime

from sqlalchemy import delete, update

from booking.payments.model import Entry, ledger_entry
from tests.integration.booking.clinic import BEN, CLARA, HOUR
from tests.integration.booking.payments.conftest import PayingClinic


async def _sides(clinic: PayingClinic, refs: set[str | None]) -> list[tuple[str, str]]:
    """Of these amounts alone: other tests have theirs at the same Stripe."""
    found = await clinic.compared()
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
    await clinic.quiet()
    told = [each for each in clinic.platform_heard if each["what"] == "ledger differs"]
    assert told
    assert len(told) == len({each["day"] for each in told})  # however often a day is compared
    assert sum(int(each["count"]) for each in told) >= 2


async def test_what_is_given_back_by_hand_long_after_the_charge_is_found(clinic: PayingClinic) -> None:
    """The charge itself is beyond the days that are looked at; nothing of the refund bears our mark."""
    visit = await clinic.paid()
    intent = (await clinic.payment(visit)).payment_intent
    assert intent
    clinic.stripe.control(drop=100)
    made = await clinic.gateway._client.v1.refunds.create_async({"payment_intent": intent, "amount": 500})
    moved = await clinic.gateway.moved(clinic.now - HOUR, clinic.now + HOUR)
    assert moved[made.id].ours
    late = await clinic.gateway.moved(datetime.fromtimestamp(made.created, UTC), clinic.now + HOUR)
    assert late[made.id].intent == intent
    assert await _sides(clinic, {made.id}) == [("not in the ledger", "re")]
