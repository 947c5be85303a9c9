"""What goes back, how often, and what the ledger says of it."""

import asyncio
import itertools
import json
import urllib.request
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from booking.appointments import service as visits
from booking.appointments.notices import Notice
from booking.appointments.reading import appointment
from booking.appointments.service import Appointment, Status
from booking.payments.events import Event, hear
from booking.payments.gateway import Refund
from booking.payments.handlers import inbox_handlers
from booking.payments.ledger import entries, sums
from booking.payments.model import Entry, PaymentState
from booking.payments.refunding import refund_made, take_over
from booking.payments.service import payment_of, refund
from booking.people.service import person_of
from core.errors import ConflictError
from core.ids import id_of
from core.lanes import Row
from core.money import Money
from core.outbox import outbox
from tests.integration.booking.clinic import ANNA, CLARA, HOUR, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL, HALF = PRICE.amount, PRICE.amount // 2


async def _settled(clinic: PayingClinic, visit: Appointment) -> None:
    """Wait until Stripe has made every refund that the ledger knows."""

    async def made() -> bool:
        return all(entry.stripe_ref or entry.reverses for entry in await clinic.ledger(visit))

    await clinic.until(made)
    await clinic.quiet()


async def test_a_patient_who_cancels_in_time_gets_all_back(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    done = await clinic.cancel(ANNA, visit)
    assert done.refund == PRICE
    assert (done.appointment.status, done.appointment.payment) == (Status.CANCELLED, "refunded")
    await _settled(clinic, visit)
    assert await clinic.amounts(visit) == [ALL, -ALL]
    assert (await clinic.payment(visit)).state is PaymentState.REFUNDED
    told = await clinic.told_of(visit)
    assert (told[("refunded", ANNA)], told[("cancelled", OSEI)], told[("cancelled", ANNA)]) == (1, 1, 0)
    assert await clinic.is_free(visit.start)


async def test_a_patient_who_cancels_late_gets_the_centres_part_back(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.clock.move_to(visit.start - 2 * HOUR)
    assert (await clinic.cancel(ANNA, visit)).refund == Money("EUR", HALF)
    await _settled(clinic, visit)
    assert await clinic.amounts(visit) == [ALL, -HALF]
    assert (await clinic.payment(visit)).state is PaymentState.PARTIALLY_REFUNDED


@pytest.mark.parametrize("who", [OSEI, CLARA])
async def test_all_goes_back_when_the_doctor_or_the_centre_cancels(clinic: PayingClinic, who: str) -> None:
    visit = await clinic.paid()
    clinic.clock.move_to(visit.start - 2 * HOUR)
    assert (await clinic.cancel(who, visit)).refund == PRICE
    await _settled(clinic, visit)
    told = await clinic.told_of(visit)
    assert (told[("cancelled", ANNA)], told[("refunded", ANNA)]) == (1, 1)


async def test_many_who_cancel_at_once_refund_once(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    ends = await asyncio.gather(*(clinic.cancel(who, visit) for who in (ANNA, OSEI, CLARA) * 2), return_exceptions=True)
    assert sum(isinstance(end, visits.Cancellation) for end in ends) == 1
    assert sum(isinstance(end, ConflictError) for end in ends) == 5
    await _settled(clinic, visit)
    assert await clinic.amounts(visit) == [ALL, -ALL]


async def test_the_same_refund_wanted_many_times_at_once_is_made_once_and_never_more_than_was_paid(
    clinic: PayingClinic,
) -> None:
    visit = await clinic.paid()

    async def back(altogether: int) -> Money | None:
        async with clinic.tx() as tx:
            return await refund(tx, await appointment(tx, visit.id, lock=True), Money("EUR", altogether))

    half = await asyncio.gather(*(back(HALF) for _ in range(4)))
    assert [each.amount for each in half if each] == [HALF]
    rest = await asyncio.gather(*(back(2 * ALL) for _ in range(4)))
    assert [each.amount for each in rest if each] == [ALL - HALF]
    await _settled(clinic, visit)
    async with clinic.tx() as tx:
        assert await sums(tx, visit.id) == (ALL, 0)


async def test_a_refund_is_made_once_however_often_its_answer_is_lost(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.stripe.control(fail_next=2, fail_how="lost")
    await clinic.cancel(ANNA, visit)
    await _settled(clinic, visit)
    payment = await clinic.payment(visit)
    assert payment.payment_intent
    at_stripe = await clinic.gateway.refunds(payment.payment_intent)
    assert [each.amount for each in at_stripe] == [PRICE]
    assert await clinic.amounts(visit) == [ALL, -ALL]


@pytest.mark.parametrize("part", [ALL, HALF])
async def test_a_refund_is_made_once_though_its_answer_was_lost_for_longer_than_stripe_remembers(
    clinic: PayingClinic, part: int
) -> None:
    """Killed between Stripe's answer and the commit, and started again the day after."""
    visit = await clinic.paid()
    if part == HALF:
        clinic.clock.move_to(visit.start - 2 * HOUR)
    await clinic.rest()
    await clinic.cancel(ANNA, visit)
    intent, entry = (await clinic.payment(visit)).payment_intent, (await clinic.ledger(visit))[1]
    assert intent
    metadata = {"appointment": str(visit.id), "entry": str(entry.id)}  # under a key that is forgotten by then
    client = clinic.gateway._client
    await client.v1.refunds.create_async({"payment_intent": intent, "amount": part, "metadata": metadata})
    clinic.clock.ahead += 25 * HOUR
    clinic.work()
    await _settled(clinic, visit)
    assert [each.amount.amount for each in await clinic.gateway.refunds(intent)] == [part]
    assert await clinic.amounts(visit) == [ALL, -part]
    assert (await clinic.told_of(visit))[("refunded", ANNA)] == 1


async def test_a_refund_made_by_hand_at_stripe_comes_into_the_ledger_once(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.stripe.control(duplicate=2)
    await _by_hand(clinic, visit, 1000)

    async def in_ledger() -> bool:
        return len(await clinic.ledger(visit)) == 2

    await clinic.until(in_ledger)
    await clinic.quiet()
    assert await clinic.amounts(visit) == [ALL, -1000]
    assert (await clinic.told_of(visit))[("refunded", ANNA)] == 1
    assert (await clinic.cancel(CLARA, visit)).refund == Money("EUR", ALL - 1000)
    await _settled(clinic, visit)
    assert await clinic.amounts(visit) == [ALL, -1000, 1000 - ALL]


async def test_a_refund_that_stripe_refuses_leaves_the_ledger_true(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.stripe.control(hold=True)  # we do not hear that all was given back by hand
    await _by_hand(clinic, visit, ALL)
    assert (await clinic.cancel(ANNA, visit)).refund == PRICE

    async def put_right() -> bool:
        return len(await clinic.ledger(visit)) == 4

    await clinic.until(put_right)
    kinds = [(entry.kind, entry.amount.amount) for entry in await clinic.ledger(visit)]
    assert sorted(kinds) == sorted(
        [(Entry.CHARGE, ALL), (Entry.REFUND, -ALL), (Entry.REVERSAL, ALL), (Entry.REFUND, -ALL)]
    )
    assert (await clinic.payment(visit)).state is PaymentState.REFUNDED
    assert (await clinic.told_of(visit))[("refund_failed", CLARA)] == 1


async def test_a_refund_whose_failure_is_heard_of_before_it_is_written_down_is_not_told_as_made(
    clinic: PayingClinic,
) -> None:
    """As where the process dies after asking for it: the repeat is answered as the first was, long after."""
    visit = await clinic.paid()
    await clinic.rest()
    await clinic.cancel(ANNA, visit)
    entry = next(each for each in await clinic.ledger(visit) if each.kind is Entry.REFUND)
    async with clinic.tx() as tx:
        now = await appointment(tx, visit.id, lock=True)
        await take_over(tx, now, [Refund("re_1", PRICE, failed=True, entry=str(entry.id))])
        await refund_made(tx, now, entry.id, Refund("re_1", PRICE, False, str(entry.id)), Notice.REFUNDED)
        told = [
            json.loads(each)
            for each in await tx.conn.scalars(
                select(outbox.c.payload).where(outbox.c.kind == "notice", outbox.c.state == "waiting")
            )
        ]
    assert sorted(await clinic.amounts(visit)) == [-ALL, ALL, ALL]
    notices = [each["notice"] for each in told if each["appointment"] == str(visit.id)]
    assert "refund_failed" in notices
    assert "refunded" not in notices


async def test_every_order_of_the_events_with_repeats_ends_the_same(clinic: PayingClinic) -> None:
    """Paid, then partly refunded by hand: 5 events of it, in all orders of those that matter and in random others."""
    clinic.stripe.control(hold=True)
    matter = ("checkout.session.completed", "refund.created", "charge.refunded")
    orders = [list(order) for order in itertools.permutations(matter)]
    rest = [*matter, "charge.succeeded", "payment_intent.succeeded"]
    for seed in range(10):
        order = rest * 2
        Random(seed).shuffle(order)
        orders.append(order)
    starts = await clinic.times(clinic.online, count=len(orders))
    for n, (order, start) in enumerate(zip(orders, starts, strict=True)):
        visit = await clinic.held(f"@p{n}:localhost", start=start)
        await clinic.pay(visit)
        intent = (await clinic.gateway.checkout((await clinic.payment(visit)).session_id or "")).payment_intent
        await _by_hand(clinic, visit, 1000, intent)
        events = events_of(clinic, visit, intent)
        assert set(rest) <= set(events)
        for kind in order:
            async with clinic.tx() as tx:
                await hear(tx, events[kind])
            if n % 2:
                await clinic.quiet()
        await clinic.quiet()
        assert (await clinic.visit(visit)).status is Status.BOOKED, order
        assert await clinic.amounts(visit) == [ALL, -1000], order
        assert (await clinic.payment(visit)).state is PaymentState.PARTIALLY_REFUNDED, order
        notices = [each["notice"] for each in clinic.heard if each["appointment"] == str(visit.id)]
        assert sorted(notices) == ["booked"] * 3 + ["held", "refunded"], order


async def test_all_120_orders_of_five_events_each_heard_twice_end_the_same(clinic: PayingClinic) -> None:
    """One visit at Stripe, and our side of it undone after each order."""
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    intent = (await clinic.gateway.checkout((await clinic.payment(visit)).session_id or "")).payment_intent
    await _by_hand(clinic, visit, 1000, intent)
    events = events_of(clinic, visit, intent)
    kinds = (
        "checkout.session.completed",
        "refund.created",
        "charge.refunded",
        "charge.succeeded",
        "payment_intent.succeeded",
    )
    handle = inbox_handlers(clinic.ctx, clinic.gateway)["stripe"]
    await clinic.rest()  # nothing else hears what is undone again
    ends = set()
    for order in itertools.permutations(kinds):
        async with clinic.database.transaction() as tx, tx.conn.begin_nested() as undone:
            for kind in (*order, *order):
                event = {"type": kind, **{name: events[kind][name] for name in ("id", "data")}}
                if await hear(tx, event):
                    row = Row(id_of(event["id"]), "", "stripe", Event.from_stripe(event).written(), tx.now, 0)
                    await handle(tx, row)
            ledger = tuple(entry.amount.amount for entry in await entries(tx, visit.id))
            payment = await payment_of(tx, visit.id)
            assert payment
            told = (await tx.conn.execute(select(outbox.c.payload).where(outbox.c.kind == "notice"))).scalars()
            notices = tuple(sorted(json.loads(each)["notice"] for each in told if each))
            ends.add(((await appointment(tx, visit.id)).status, payment.state, ledger, notices))
            await undone.rollback()
    end = (Status.BOOKED, PaymentState.PARTIALLY_REFUNDED, (ALL, -1000), ("booked", "booked", "booked", "refunded"))
    assert ends == {end}


async def test_what_the_centre_earned_is_the_sum_over_all_visits(clinic: PayingClinic) -> None:
    first, second, third = await clinic.times(clinic.online, count=3)
    kept = await clinic.paid(start=first)
    given = await clinic.paid(start=second)
    late = await clinic.paid(start=third)
    await clinic.cancel(OSEI, given)
    clinic.clock.move_to(third - 3 * HOUR)
    await clinic.cancel(ANNA, late)
    for visit in (kept, given, late):
        await _settled(clinic, visit)
    sums = [sum(await clinic.amounts(visit)) for visit in (kept, given, late)]
    assert sums == [ALL, 0, ALL - HALF]
    at_stripe = []
    for visit in (kept, given, late):
        intent = (await clinic.payment(visit)).payment_intent
        assert intent
        at_stripe.append(ALL - sum(each.amount.amount for each in await clinic.gateway.refunds(intent)))
    assert at_stripe == sums


async def test_who_did_not_come_gets_nothing_back(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    clinic.clock.move_to(visit.start + HOUR)
    async with clinic.tx() as tx:
        await visits.no_show(tx, clinic.ctx, await person_of(tx, clinic.ctx, OSEI), visit.id)
    assert await clinic.amounts(visit) == [ALL]
    assert (await clinic.visit(visit)).payment == "paid"


async def _by_hand(clinic: PayingClinic, visit: Appointment, amount: int, intent: str | None = None) -> None:
    """As an admin does it on Stripe's own pages."""
    intent = intent or (await clinic.payment(visit)).payment_intent
    assert intent
    client = clinic.gateway._client
    await client.v1.refunds.create_async({"payment_intent": intent, "amount": amount})


def events_of(clinic: PayingClinic, visit: Appointment, intent: str | None) -> dict[str, Any]:
    """All events of a visit, by type."""
    request = urllib.request.Request(
        f"{clinic.stripe.url}/v1/events?limit=40", headers={"Authorization": f"Bearer {clinic.stripe.api_key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)["data"]
    mine = [event for event in found if intent in json.dumps(event) or str(visit.id) in json.dumps(event)]
    return {event["type"]: event for event in mine}
