"""What users of other systems complain about where money is concerned, by the thread in which they do."""

from datetime import timedelta

import pytest

from booking.appointments.service import Status
from booking.directory.service import edit_centre
from booking.payments.events import catch_up
from booking.payments.model import PaymentState
from booking.people.service import person_of
from tests.integration.booking.clinic import ANNA, BEN, CLARA, HOUR, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL = PRICE.amount
OVER = timedelta(minutes=33)
DECLINED = "4000000000000002"


async def test_calcom_2170_a_page_that_cannot_be_made_does_not_keep_the_time_from_others(clinic: PayingClinic) -> None:
    """There the booking stayed, unpaid, after the creation of its payment had failed: nobody could book that time."""
    clinic.stripe.control(fail_next=1_000_000)
    visit = await clinic.book(service=clinic.online)
    assert visit.status is Status.PENDING
    assert not await clinic.is_free(visit.start)
    clinic.clock.ahead += OVER
    assert await clinic.is_free(visit.start)  # nobody had to sweep
    other = await clinic.book(BEN, service=clinic.desk, start=visit.start)
    assert other.status is Status.BOOKED
    clinic.stripe.control(fail_next=0)


async def test_calcom_15294_who_has_paid_is_booked_and_told_though_no_webhook_comes(clinic: PayingClinic) -> None:
    """There the payer came back from paying to a booking that stayed unpaid, and no confirmation was sent."""
    clinic.stripe.control(drop=100)
    back, never = await clinic.held(), await clinic.held(BEN)
    await clinic.pay(back, come_back=True)
    await clinic.becomes(back, Status.BOOKED)
    assert (await clinic.told_of(back))[("booked", ANNA)] == 1
    await clinic.pay(never)  # and closes the browser
    assert (await clinic.visit(never)).status is Status.PENDING
    await catch_up(clinic.database, clinic.ctx, clinic.gateway)
    await clinic.becomes(never, Status.BOOKED)
    assert (await clinic.told_of(never))[("booked", BEN)] == 1


async def test_calcom_10121_who_moves_a_paid_visit_does_not_pay_again(clinic: PayingClinic) -> None:
    """There a visit that was moved was a new booking, with a payment of its own."""
    visit = await clinic.paid()
    asked = len([each for each in clinic.stripe.requests() if each["path"] == "/v1/checkout/sessions"])
    for mxid in (ANNA, CLARA):
        moved = await clinic.reschedule(mxid, visit, (await clinic.times(clinic.online, after=5 * 24 * HOUR))[1])
        visit = moved
    await clinic.quiet()
    assert (moved.status, moved.payment, moved.pay_url) == (Status.BOOKED, "paid", None)
    assert await clinic.amounts(moved) == [ALL]
    assert asked == len([each for each in clinic.stripe.requests() if each["path"] == "/v1/checkout/sessions"])


async def test_calcom_12371_a_card_that_fails_books_nothing_and_tells_nobody_that_it_did(clinic: PayingClinic) -> None:
    """There the event “booked” went out for a card that had been declined, and was counted."""
    visit = await clinic.held()
    await clinic.pay(visit, card=DECLINED)
    await clinic.quiet()
    assert (await clinic.visit(visit)).status is Status.PENDING
    assert await clinic.told_of(visit) == {("held", ANNA): 1}
    assert await clinic.amounts(visit) == []
    await clinic.pay(visit)  # with another card, on the same page
    await clinic.becomes(visit, Status.BOOKED)
    told = await clinic.told_of(visit)
    assert [told[("booked", each)] for each in (ANNA, OSEI, CLARA)] == [1, 1, 1]
    assert await clinic.amounts(visit) == [ALL]


async def test_calcom_26134_a_page_that_is_left_is_over_after_a_while_and_takes_no_money(clinic: PayingClinic) -> None:
    """There a booking stayed pending for ever once the payer had closed the page."""
    visit = await clinic.held()
    clinic.clock.ahead += OVER
    assert await clinic.sweep() == 1
    gone = await clinic.becomes(visit, Status.CANCELLED)
    assert (await clinic.payment(gone)).state is PaymentState.EXPIRED
    assert (await clinic.told_of(visit))[("expired", ANNA)] == 1
    await clinic.pay(visit)  # the page was still open in a tab
    await clinic.quiet()
    assert await clinic.amounts(visit) == []
    assert (await clinic.visit(visit)).status is Status.CANCELLED


@pytest.mark.parametrize(("percent", "hours", "back"), [(0, 24, 0), (50, 24, ALL // 2), (100, 24, ALL), (0, 0, ALL)])
async def test_calcom_16858_what_goes_back_is_what_the_centres_policy_says(
    clinic: PayingClinic, percent: int, hours: int, back: int
) -> None:
    """There nothing of what was paid went back by itself, whatever had been promised. Two hours before the start."""
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        await edit_centre(tx, clinic.ctx, clara, clinic.centre.id, cancel_hours=hours, late_refund_percent=percent)
    visit = await clinic.paid()
    clinic.clock.move_to(visit.start - 2 * HOUR)
    refund = (await clinic.cancel(ANNA, visit)).refund
    assert (refund.amount if refund else 0) == back
    assert sum(await clinic.amounts(visit)) == ALL - back
