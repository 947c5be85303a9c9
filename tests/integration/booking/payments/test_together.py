"""A series that is paid in advance: one page for all of it; held together, booked together, let go together."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from booking.appointments import series
from booking.appointments import service as appointments
from booking.appointments.service import Appointment, Status
from booking.forgetting import forget_person
from booking.payments.model import PaymentState
from booking.people.service import person_of
from core.errors import ConflictError
from core.money import Money
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, HOUR, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL = PRICE.amount
WEEK = 7 * DAY
OVER = timedelta(minutes=33)


async def asked(
    clinic: PayingClinic, mxid: str = ANNA, count: int = 3, start: datetime | None = None
) -> list[Appointment]:
    """Visits of a week each from the other."""
    start = start or (await clinic.times(clinic.online, after=2 * DAY))[0]
    async with clinic.tx() as tx:
        actor = await clinic.person(mxid)
        return await series.book_series(
            tx,
            clinic.ctx,
            actor,
            service_id=clinic.online.id,
            starts=[start + n * WEEK for n in range(count)],
            patient_id=actor.patient.id,
        )


async def held(clinic: PayingClinic, mxid: str = ANNA, count: int = 3) -> list[Appointment]:
    """The same, once there is a page to pay on."""
    visits = await asked(clinic, mxid, count)

    async def has_link() -> bool:
        return (await clinic.visit(visits[-1])).pay_url is not None

    await clinic.until(has_link)
    return [await clinic.visit(each) for each in visits]


async def paid(clinic: PayingClinic, count: int = 3) -> list[Appointment]:
    visits = await held(clinic, count=count)
    await clinic.pay(visits[0])
    return [await clinic.becomes(each, Status.BOOKED) for each in visits]


async def statuses(clinic: PayingClinic, visits: list[Appointment]) -> set[Status]:
    return {(await clinic.visit(each)).status for each in visits}


async def told_of(clinic: PayingClinic, visits: list[Appointment]) -> Counter[tuple[str, str]]:
    return sum([await clinic.told_of(each) for each in visits], Counter())


async def test_one_page_pays_for_all_and_all_are_told_once(clinic: PayingClinic) -> None:
    visits = await held(clinic)
    assert {each.status for each in visits} == {Status.PENDING}
    assert len({each.pay_url for each in visits}) == 1
    assert [each["amount"] for each in clinic.heard if each["notice"] == "held"] == [3 * ALL]
    await clinic.pay(visits[0])
    visits = [await clinic.becomes(each, Status.BOOKED) for each in visits]
    assert {each.payment for each in visits} == {"paid"}
    assert [await clinic.amounts(each) for each in visits] == [[ALL]] * 3
    assert len({(await clinic.payment(each)).payment_intent for each in visits}) == 1
    told = await told_of(clinic, visits)
    assert told == {("held", ANNA): 1, ("series", ANNA): 1, ("series", OSEI): 1, ("series", CLARA): 1}


async def test_the_nights_comparison_adds_up_what_stripe_charged_at_once(clinic: PayingClinic) -> None:
    visits = await paid(clinic)
    await clinic.cancel(ANNA, visits[0])
    await clinic.until(lambda: all_made(clinic, visits[0]))
    refs = {entry.stripe_ref for visit in visits for entry in await clinic.ledger(visit)}
    found = await clinic.compared()
    assert [each for each in found if each.ref in refs] == []


async def all_made(clinic: PayingClinic, visit: Appointment) -> bool:
    return all(entry.stripe_ref for entry in await clinic.ledger(visit))


async def test_news_that_come_twice_and_in_any_order_charge_once(clinic: PayingClinic) -> None:
    clinic.stripe.control(duplicate=2, reorder=True)
    visits = await paid(clinic)
    clinic.stripe.control(duplicate=0, reorder=False)
    assert [await clinic.amounts(each) for each in visits] == [[ALL]] * 3
    assert (await told_of(clinic, visits))["series", ANNA] == 1


async def test_one_of_them_is_cancelled_by_its_own_rule_and_the_others_stay(clinic: PayingClinic) -> None:
    visits = await paid(clinic)
    clinic.clock.ahead += 2 * DAY - HOUR  # less than a day before the first of them, and no less than an hour
    late = await clinic.cancel(ANNA, visits[0])
    in_time = await clinic.cancel(ANNA, visits[1])
    assert (late.refund, in_time.refund) == (Money("EUR", ALL // 2), PRICE)
    await clinic.until(lambda: all_made(clinic, visits[1]))
    await clinic.quiet()
    assert [sum(await clinic.amounts(each)) for each in visits] == [ALL // 2, 0, ALL]
    assert [(await clinic.payment(each)).state for each in visits] == [
        PaymentState.PARTIALLY_REFUNDED, PaymentState.REFUNDED, PaymentState.PAID,
    ]  # fmt: skip
    intent = (await clinic.payment(visits[0])).payment_intent
    assert intent
    assert sum(each.amount.amount for each in await clinic.gateway.refunds(intent)) == ALL + ALL // 2
    assert (await clinic.visit(visits[2])).status is Status.BOOKED


async def test_a_series_that_is_not_paid_is_let_go_and_said_once(clinic: PayingClinic) -> None:
    visits = await held(clinic)
    clinic.clock.ahead += OVER
    assert await clinic.sweep() == 3
    await clinic.becomes(visits[0], Status.CANCELLED)
    assert await statuses(clinic, visits) == {Status.CANCELLED}
    assert await told_of(clinic, visits) == {("held", ANNA): 1, ("expired", ANNA): 1}
    assert all([await clinic.is_free(each.start) for each in visits])
    assert [(await clinic.payment(each)).state for each in visits] == [PaymentState.EXPIRED] * 3


async def test_who_cancels_one_of_what_is_held_lets_all_of_it_go(clinic: PayingClinic) -> None:
    visits = await held(clinic)
    done = await clinic.cancel(ANNA, visits[1])
    assert (done.refund, done.let_go) == (None, 2)
    assert await statuses(clinic, visits) == {Status.CANCELLED}
    await clinic.quiet()
    await clinic.pay(visits[0])  # the page is closed
    await clinic.quiet()
    assert [await clinic.amounts(each) for each in visits] == [[]] * 3


async def test_many_who_cancel_different_ones_at_once_wait_for_each_other_and_not_in_a_circle(
    clinic: PayingClinic,
) -> None:
    visits = await held(clinic, count=4)
    ends = await asyncio.gather(
        *(clinic.cancel(who, each) for each in visits for who in (ANNA, CLARA)), return_exceptions=True
    )
    assert len([end for end in ends if isinstance(end, appointments.Cancellation)]) == 1
    assert len([end for end in ends if isinstance(end, ConflictError)]) == 7
    assert await statuses(clinic, visits) == {Status.CANCELLED}


async def test_paid_too_late_all_is_booked_or_nothing(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    lost, kept = await held(clinic), await held(clinic, BEN)
    for visits in (lost, kept):
        await clinic.pay(visits[0])
    clinic.clock.ahead += OVER
    other = await clinic.book(CLARA, service=clinic.desk, start=lost[1].start)
    assert other.status is Status.BOOKED
    clinic.stripe.control(hold=False)
    for visit in kept:
        await clinic.becomes(visit, Status.BOOKED)
    await clinic.until(lambda: all_given_back(clinic, lost))
    await clinic.quiet()
    assert await statuses(clinic, lost) == {Status.CANCELLED}
    assert [await clinic.amounts(each) for each in lost] == [[ALL, -ALL]] * 3
    assert (await clinic.visit(other)).status is Status.BOOKED


async def all_given_back(clinic: PayingClinic, visits: list[Appointment]) -> bool:
    return all([len(await clinic.ledger(each)) == 2 and await all_made(clinic, each) for each in visits])


async def test_what_is_given_back_by_hand_at_stripe_is_the_last_visits(clinic: PayingClinic) -> None:
    visits = await paid(clinic)
    intent = (await clinic.payment(visits[0])).payment_intent
    assert intent
    client = clinic.gateway._client
    await client.v1.refunds.create_async({"payment_intent": intent, "amount": ALL + 500})

    async def came_in() -> bool:
        return len(await clinic.amounts(visits[1])) == 2

    await clinic.until(came_in)
    await clinic.quiet()
    assert [await clinic.amounts(each) for each in visits] == [[ALL], [ALL, -500], [ALL, -ALL]]


async def test_a_series_counts_as_one_of_what_a_person_may_hold(clinic: PayingClinic) -> None:
    start = (await clinic.times(clinic.online, after=2 * DAY))[0]
    for n in range(3):
        await asked(clinic, count=4, start=start + n * DAY)
    with pytest.raises(ConflictError, match="You hold 3 times"):
        await asked(clinic, start=start + 3 * DAY)


async def test_what_is_approved_as_a_whole_is_paid_on_one_page(clinic: PayingClinic) -> None:
    async with clinic.tx() as tx:
        service = await clinic.add_service(tx, clinic.doctor, approval=True)
        anna = await person_of(tx, clinic.ctx, ANNA)
        start = tx.now.replace(minute=0, second=0, microsecond=0) + 3 * DAY
        starts = [start + n * WEEK for n in range(3)]
        made = await series.book_series(
            tx, clinic.ctx, anna, service_id=service.id, starts=starts, patient_id=anna.patient.id
        )
    async with clinic.tx() as tx:
        approved = await appointments.approve(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), made[2].id)
    assert (approved.id, approved.status) == (made[2].id, Status.PENDING)

    async def has_link() -> bool:
        return (await clinic.visit(made[0])).pay_url is not None

    await clinic.until(has_link)
    assert len({(await clinic.visit(each)).pay_url for each in made}) == 1
    await clinic.pay(await clinic.visit(made[0]))
    for each in made:
        await clinic.becomes(each, Status.BOOKED)
    assert [await clinic.amounts(each) for each in made] == [[ALL]] * 3
    assert (await told_of(clinic, made))["held", ANNA] == 1


async def test_who_holds_a_series_can_be_forgotten(clinic: PayingClinic) -> None:
    visits = await held(clinic)
    async with clinic.tx() as tx:
        await forget_person(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA))
    assert await statuses(clinic, visits) == {Status.CANCELLED}


async def test_of_a_series_that_is_not_free_nothing_is_held(clinic: PayingClinic) -> None:
    start = (await clinic.times(clinic.online, after=2 * DAY))[0]
    await clinic.book(BEN, start=start + WEEK)
    with pytest.raises(series.SeriesTakenError):
        await asked(clinic, start=start)
    assert await clinic.is_free(start)
    assert [each for each in clinic.heard if each["notice"] == "held"] == []
