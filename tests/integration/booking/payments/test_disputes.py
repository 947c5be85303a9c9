"""A payer who complains at the bank: the ledger follows what the bank takes and gives again, and all concerned hear."""

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import select

from booking.appointments.reading import appointment
from booking.appointments.service import Appointment, Status
from booking.payments.desk import refund_by_word
from booking.payments.disputes import open_disputes
from booking.payments.events import Event, hear
from booking.payments.handlers import inbox_handlers
from booking.payments.ledger import entries
from booking.payments.model import Entry, PaymentState, Stage
from booking.payments.service import payment_of
from booking.people.service import person_of
from core.errors import ConflictError, RefusedError
from core.ids import id_of
from core.lanes import Row
from core.outbox import outbox
from tests.integration.booking.clinic import ANNA, CLARA, OSEI, PAUL, PRICE
from tests.integration.booking.payments.conftest import PayingClinic
from tests.integration.booking.payments.test_payouts import at_stripe, set_up_payouts
from tests.integration.booking.payments.test_refunds import events_of
from tests.integration.booking.payments.test_together import paid as paid_series

ALL = PRICE.amount


async def intent_of(clinic: PayingClinic, visit: Appointment) -> str:
    intent = (await clinic.payment(visit)).payment_intent
    assert intent
    return intent


async def amounts_become(clinic: PayingClinic, visit: Appointment, *amounts: int) -> None:
    async def there() -> bool:
        return await clinic.amounts(visit) == [*amounts]

    await clinic.until(there)
    await clinic.quiet()


async def stages(clinic: PayingClinic, mxid: str) -> list[Stage]:
    async with clinic.tx() as tx:
        return [each.stage for each in await open_disputes(tx, clinic.ctx, await person_of(tx, clinic.ctx, mxid))]


async def differences(clinic: PayingClinic, visit: Appointment) -> list[str]:
    refs = {entry.stripe_ref for entry in await clinic.ledger(visit)}
    found = await clinic.compared()
    return [each.side for each in found if each.ref in refs]


async def test_what_the_bank_takes_is_not_the_centres_any_more_and_centre_and_platform_hear(
    clinic: PayingClinic,
) -> None:
    visit = await clinic.paid()
    clinic.stripe.dispute(await intent_of(clinic, visit))
    await amounts_become(clinic, visit, ALL, -ALL)
    assert [each.kind for each in await clinic.ledger(visit)] == [Entry.CHARGE, Entry.DISPUTED]
    assert (await clinic.payment(visit)).state is PaymentState.DISPUTED
    there = await clinic.visit(visit)
    assert (there.status, there.payment) == (Status.BOOKED, "disputed")
    assert (await clinic.told_of(visit))[("disputed", CLARA)] == 1
    assert (await clinic.told_of(visit))[("disputed", ANNA)] == 0
    (said,) = [each for each in clinic.platform_heard if each["what"] == "disputed"]
    assert (said["appointment"], said["amount"], said["stage"]) == (str(visit.id), str(ALL), "open")
    assert said["due_by"]
    assert await differences(clinic, visit) == []


@pytest.mark.parametrize(("then", "amounts"), [("won", (ALL, -ALL, ALL)), ("lost", (ALL, -ALL))])
async def test_how_it_ends_is_written_down_and_told(clinic: PayingClinic, then: str, amounts: tuple[int, ...]) -> None:
    visit = await clinic.paid()
    dispute = clinic.stripe.dispute(await intent_of(clinic, visit))
    await amounts_become(clinic, visit, ALL, -ALL)
    assert await stages(clinic, CLARA) == await stages(clinic, PAUL) == [Stage.OPEN]
    clinic.stripe.dispute_ends(dispute, then)

    async def told() -> bool:
        return (await clinic.told_of(visit))[("dispute_over", CLARA)] == 1

    await clinic.until(told)
    assert await clinic.amounts(visit) == [*amounts]
    assert (await clinic.payment(visit)).state is (PaymentState.PAID if then == "won" else PaymentState.DISPUTED)
    assert await stages(clinic, CLARA) == []
    assert await differences(clinic, visit) == []
    said = [each["stage"] for each in clinic.platform_heard if each["what"] == "disputed"]
    assert said == ["open", then]


async def test_a_bank_that_asks_takes_nothing_until_it_does(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    dispute = clinic.stripe.dispute(await intent_of(clinic, visit), inquiry=True)

    async def asked() -> bool:
        return (await clinic.told_of(visit))[("disputed", CLARA)] == 1

    await clinic.until(asked)
    assert await clinic.amounts(visit) == [ALL]
    assert await stages(clinic, CLARA) == [Stage.INQUIRY]
    clinic.stripe.dispute_ends(dispute, "escalated")
    await amounts_become(clinic, visit, ALL, -ALL)
    assert (await clinic.told_of(visit))[("disputed", CLARA)] == 2
    assert await stages(clinic, CLARA) == [Stage.OPEN]


async def test_a_bank_that_leaves_it_at_asking_changes_nothing(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    dispute = clinic.stripe.dispute(await intent_of(clinic, visit), inquiry=True)
    clinic.stripe.dispute_ends(dispute, "lost")

    async def over() -> bool:
        return (await clinic.told_of(visit))[("dispute_over", CLARA)] == 1

    await clinic.until(over)
    assert await clinic.amounts(visit) == [ALL]
    assert (await clinic.payment(visit)).state is PaymentState.PAID


async def test_nothing_is_given_back_twice_by_the_bank_and_by_us(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.stripe.dispute(await intent_of(clinic, visit))
    await amounts_become(clinic, visit, ALL, -ALL)
    with pytest.raises(ConflictError, match="nothing left"):
        async with clinic.tx() as tx:
            await refund_by_word(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), visit.id)
    done = await clinic.cancel(CLARA, visit)
    assert (done.refund, done.appointment.status) == (None, Status.CANCELLED)
    assert await clinic.amounts(visit) == [ALL, -ALL]


async def test_of_a_part_that_is_disputed_the_rest_is_the_centres(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.stripe.dispute(await intent_of(clinic, visit), 1000)
    await amounts_become(clinic, visit, ALL, -1000)
    assert await differences(clinic, visit) == []


async def test_nobody_else_sees_what_is_disputed(clinic: PayingClinic) -> None:
    for mxid in (ANNA, OSEI):
        with pytest.raises(RefusedError):
            await stages(clinic, mxid)


async def test_of_a_series_on_one_page_the_last_visits_bear_it_and_get_it_again(clinic: PayingClinic) -> None:
    visits = await paid_series(clinic)
    dispute = clinic.stripe.dispute(await intent_of(clinic, visits[0]), ALL + 500)
    await amounts_become(clinic, visits[1], ALL, -500)
    assert [await clinic.amounts(each) for each in visits] == [[ALL], [ALL, -500], [ALL, -ALL]]
    assert await differences(clinic, visits[1]) == []
    clinic.stripe.dispute_ends(dispute, "won")
    await amounts_become(clinic, visits[1], ALL, -500, 500)
    assert [sum(await clinic.amounts(each)) for each in visits] == [ALL] * 3
    assert await differences(clinic, visits[1]) == []


async def test_a_centre_with_its_own_account_bears_it_less_the_fee_and_gets_it_again(clinic: PayingClinic) -> None:
    await set_up_payouts(clinic)
    fee = ALL // 20
    visit = await clinic.paid()
    dispute = clinic.stripe.dispute(await intent_of(clinic, visit))
    await amounts_become(clinic, visit, ALL, -fee, -ALL, fee)
    (transfer,) = await at_stripe(clinic, "transfers")
    (taken,) = await at_stripe(clinic, "application_fees")
    assert (transfer["amount_reversed"], taken["amount_refunded"]) == (ALL, fee)
    clinic.stripe.dispute_ends(dispute, "won")
    await amounts_become(clinic, visit, ALL, -fee, -ALL, fee, ALL, -fee)

    async def moved_on() -> bool:
        return len(await at_stripe(clinic, "transfers")) == 2

    await clinic.until(moved_on)
    newest = max(await at_stripe(clinic, "transfers"), key=lambda each: each["amount_reversed"] == 0)
    assert newest["amount"] == ALL - fee


async def test_the_dispute_of_another_shop_at_the_same_account_means_nothing(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    event = {
        "id": "evt_d",
        "type": "charge.dispute.created",
        "data": {"object": {"id": "du_x", "payment_intent": "pi_x"}},
    }
    async with clinic.tx() as tx:
        assert await hear(tx, event)
    assert await clinic.amounts(visit) == [ALL]


async def test_all_120_orders_of_payment_and_dispute_each_heard_twice_end_the_same(clinic: PayingClinic) -> None:
    """Paid, taken back by the bank, won: whatever comes first, the sum is what the centre has at Stripe."""
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    intent = (await clinic.gateway.checkout((await clinic.payment(visit)).session_id or "")).payment_intent
    assert intent
    clinic.stripe.dispute_ends(clinic.stripe.dispute(intent), "won")
    events = events_of(clinic, visit, intent)
    kinds = (
        "checkout.session.completed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    )
    await clinic.rest()
    ends = set()
    for order in itertools.permutations(kinds):
        ends.add(await _heard(clinic, visit, [events[kind] for kind in (*order, *order)]))
    (end,) = ends
    status, state, ledger, notices = end
    assert (status, state, ledger) == (Status.BOOKED, PaymentState.PAID, (ALL, -ALL, ALL))
    assert notices == ("booked", "booked", "booked", "dispute_over")


async def _heard(clinic: PayingClinic, visit: Appointment, events: list[dict[str, Any]]) -> tuple[Any, ...]:
    """How it stands after all of these; then it is undone."""
    handle = inbox_handlers(clinic.ctx, clinic.gateway)["stripe"]
    async with clinic.database.transaction() as tx, tx.conn.begin_nested() as undone:
        for event in events:
            if await hear(tx, event):
                await handle(tx, Row(id_of(event["id"]), "", "stripe", Event.from_stripe(event).written(), tx.now, 0))
        ledger = tuple(entry.amount.amount for entry in await entries(tx, visit.id))
        payment = await payment_of(tx, visit.id)
        assert payment
        told = (await tx.conn.execute(select(outbox.c.payload).where(outbox.c.kind == "notice"))).scalars()
        notices = tuple(sorted(json.loads(each)["notice"] for each in told if each))
        end = (await appointment(tx, visit.id)).status, payment.state, ledger, notices
        await undone.rollback()
    return end
