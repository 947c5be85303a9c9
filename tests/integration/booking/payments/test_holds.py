"""Holds that end, payments that come late, and Stripe being away."""

import pytest
from sqlalchemy import text

from booking.appointments.model import Why
from booking.appointments.reading import moves_of
from booking.appointments.service import Appointment, Status
from booking.payments.model import PaymentState
from booking.payments.service import lapse
from booking.people.service import person_of
from booking.schedules.service import add_time_off
from core.errors import ConflictError
from tests.integration.booking.clinic import ANNA, BEN, MINUTE, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

OVER = 33 * MINUTE
"""The hold and its grace are over."""


async def _heard(clinic: PayingClinic, visit: Appointment, notice: str) -> bool:
    return any((each["notice"], each["appointment"]) == (notice, str(visit.id)) for each in clinic.heard)


async def test_a_hold_that_is_over_is_closed_at_stripe_and_gives_its_time_back(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    assert await clinic.sweep() == 0
    clinic.clock.ahead += 31 * MINUTE
    assert await clinic.sweep() == 1
    over = await clinic.becomes(visit, Status.CANCELLED)
    assert (over.payment, over.pay_url) == ("none", None)
    assert (await clinic.payment(visit)).state is PaymentState.EXPIRED
    assert await clinic.is_free(visit.start)
    assert await clinic.told_of(visit) == {("held", ANNA): 1, ("expired", ANNA): 1}
    await clinic.pay(visit)
    await clinic.quiet()
    assert await clinic.amounts(visit) == []
    async with clinic.tx() as tx:
        assert (await moves_of(tx, visit.id))[-1].why is Why.HOLD_OVER


async def test_a_hold_that_is_over_blocks_nobody_even_if_nobody_sweeps(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    with pytest.raises(ConflictError):
        await clinic.book(BEN, service=clinic.online, start=visit.start)
    clinic.clock.ahead += OVER
    assert (await clinic.held(BEN, start=visit.start)).start == visit.start


async def test_sweeping_again_and_again_tells_once(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    await clinic.rest()
    clinic.clock.ahead += OVER
    assert [await clinic.sweep() for _ in range(3)] == [1, 1, 1]
    clinic.work()
    await clinic.becomes(visit, Status.CANCELLED)
    assert (await clinic.told_of(visit))[("expired", ANNA)] == 1
    assert await clinic.sweep() == 0


async def test_stripes_own_end_of_a_session_ends_the_hold(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    session = (await clinic.payment(visit)).session_id
    assert session
    clinic.stripe.expire(session)
    await clinic.becomes(visit, Status.CANCELLED)
    assert (await clinic.told_of(visit))[("expired", ANNA)] == 1


async def test_what_was_paid_in_time_counts_when_the_sweep_is_the_first_to_hear(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    clinic.clock.ahead += OVER
    await clinic.sweep()
    assert (await clinic.becomes(visit, Status.BOOKED)).payment == "paid"
    assert await clinic.amounts(visit) == [PRICE.amount]


async def test_a_late_payment_wins_a_time_back_that_is_still_free(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    session = (await clinic.payment(visit)).session_id
    await clinic.pay(visit)
    async with clinic.tx() as tx:  # as if Stripe had said before that it was not paid
        await lapse(tx, visit.id)
    assert (await clinic.visit(visit)).status is Status.CANCELLED
    clinic.clock.ahead += OVER
    clinic.stripe.control(hold=False)
    booked = await clinic.becomes(visit, Status.BOOKED)
    assert booked.payment == "paid"
    assert not await clinic.is_free(visit.start)
    assert (await clinic.payment(visit)).session_id == session


async def test_a_late_payment_books_nobody_on_a_day_that_the_doctor_has_taken_off_meanwhile(
    clinic: PayingClinic,
) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    clinic.clock.ahead += OVER
    async with clinic.tx() as tx:
        doctor = await person_of(tx, clinic.ctx, OSEI)
        await add_time_off(tx, clinic.ctx, doctor, clinic.doctor.id, visit.start - MINUTE, visit.end)
    clinic.stripe.control(hold=False)
    lost = await clinic.becomes(visit, Status.CANCELLED)
    assert lost.payment == "refunded"
    assert await clinic.amounts(visit) == [PRICE.amount, -PRICE.amount]
    assert (await clinic.told_of(visit))[("paid_too_late", ANNA)] == 1


async def test_a_late_payment_for_a_lost_time_goes_back_by_itself(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    clinic.clock.ahead += OVER
    other = await clinic.book(BEN, service=clinic.online, start=visit.start)
    clinic.stripe.control(hold=False, duplicate=1)
    lost = await clinic.becomes(visit, Status.CANCELLED)
    assert lost.payment == "refunded"
    assert await clinic.amounts(visit) == [PRICE.amount, -PRICE.amount]
    assert (await clinic.told_of(visit))[("paid_too_late", ANNA)] == 1
    assert (await clinic.told_of(visit))[("booked", ANNA)] == 0
    assert (await clinic.visit(other)).status is Status.PENDING
    entry = (await clinic.ledger(visit))[1]
    assert entry.stripe_ref
    assert clinic.refunds_at_stripe().count(f"refund:{entry.id}") == 1


async def test_what_a_person_called_off_is_not_booked_by_a_payment_but_paid_back(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    await clinic.cancel(ANNA, visit)
    await clinic.until(lambda: _heard(clinic, visit, "paid_too_late"))
    await clinic.quiet()
    assert (await clinic.visit(visit)).status is Status.CANCELLED
    assert await clinic.amounts(visit) == [PRICE.amount, -PRICE.amount]
    assert (await clinic.told_of(visit))[("paid_too_late", ANNA)] == 1


async def test_cancelling_what_is_held_closes_the_page(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    assert (await clinic.cancel(ANNA, visit)).refund is None
    await clinic.quiet()
    assert (await clinic.payment(visit)).state is PaymentState.EXPIRED
    assert await clinic.told_of(visit) == {("held", ANNA): 1}


async def test_while_stripe_is_away_the_payer_is_told_and_gets_the_link_later(clinic: PayingClinic) -> None:
    clinic.stripe.control(fail_next=2, fail_how="reset")
    await clinic.rest()
    visit = await clinic.book(service=clinic.online)
    clinic.clock.ahead += 10 * MINUTE / 60
    clinic.work()
    await clinic.until(lambda: _heard(clinic, visit, "held"))
    told = await clinic.told_of(visit)
    assert told == {("payment_delayed", ANNA): 1, ("held", ANNA): 1}
    await clinic.pay(await clinic.visit(visit))
    await clinic.becomes(visit, Status.BOOKED)


async def test_a_payer_who_has_the_link_is_not_told_of_a_delay(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    clinic.clock.ahead += MINUTE
    await clinic.quiet()
    assert await clinic.told_of(visit) == {("held", ANNA): 1}


async def test_a_lost_answer_of_stripe_gives_the_same_page_not_a_second_one(clinic: PayingClinic) -> None:
    clinic.stripe.control(fail_next=1, fail_how="lost")
    visit = await clinic.held()
    made = [each for each in clinic.stripe.requests() if each["key"] == f"booking:{visit.id}:0"]
    assert len(made) == 2
    assert made[0]["body"] == made[1]["body"]


async def test_a_link_that_came_late_leaves_the_full_time_to_pay(clinic: PayingClinic) -> None:
    await clinic.rest()
    visit = await clinic.book(service=clinic.online)
    async with clinic.tx() as tx:  # the stand-in's clock does not move, so the visit was booked 20 minutes ago
        await tx.conn.execute(text("UPDATE appointment SET hold_until = hold_until - interval '20 minutes'"))
        await tx.conn.execute(text("UPDATE occupancy SET expires_at = expires_at - interval '20 minutes'"))
    clinic.work()
    await clinic.until(lambda: _heard(clinic, visit, "held"))
    later = await clinic.visit(visit)
    assert later.hold_until
    assert later.hold_until - clinic.now > 30 * MINUTE
    clinic.clock.ahead += 20 * MINUTE
    with pytest.raises(ConflictError):
        await clinic.book(BEN, service=clinic.online, start=visit.start)


async def test_a_hold_that_ends_while_stripe_is_away_is_given_back(clinic: PayingClinic) -> None:
    clinic.stripe.control(fail_next=1000, fail_how="reset")
    visit = await clinic.book(service=clinic.online)
    clinic.clock.ahead += OVER
    await clinic.sweep()
    await clinic.becomes(visit, Status.CANCELLED)
    assert (await clinic.told_of(visit))[("expired", ANNA)] == 1
    clinic.stripe.control(fail_next=0)
    assert await clinic.is_free(visit.start)


async def test_a_price_that_stripe_does_not_take_is_said_at_once(clinic: PayingClinic) -> None:
    async with clinic.tx() as tx:  # less than Stripe takes
        await tx.conn.execute(text("UPDATE service SET price_amount = 1"))
    visit = await clinic.book(service=clinic.online)
    await clinic.becomes(visit, Status.CANCELLED)
    assert await clinic.told_of(visit) == {("payment_failed", ANNA): 1}
    assert await clinic.is_free(visit.start)
