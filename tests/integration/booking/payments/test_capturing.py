"""Where the centre charges after the visit: authorised when booked, charged when it is over, or let go by the rules."""

from datetime import timedelta

import pytest

from booking.appointments import service as visits
from booking.appointments.service import Appointment, Status
from booking.directory.service import edit_centre
from booking.payments.capturing import capture_due
from booking.payments.gateway import Refund
from booking.payments.model import PaymentState
from booking.payments.service import take_over
from booking.people.service import person_of
from core.lanes import LaterError
from core.money import Money
from tests.integration.booking.clinic import ANNA, CLARA, DAY, HOUR, OSEI, PAUL, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL, HALF = PRICE.amount, PRICE.amount // 2


@pytest.fixture
async def later(clinic: PayingClinic) -> PayingClinic:
    """The clinic, which charges after the visit; who does not come gets a quarter back."""
    async with clinic.tx() as tx:
        paul = await person_of(tx, clinic.ctx, PAUL)
        clinic.centre = await edit_centre(tx, clinic.ctx, paul, clinic.centre.id, captures=True, no_show_percent=25)
    return clinic


async def _is(clinic: PayingClinic, visit: Appointment, state: PaymentState) -> None:
    async def there() -> bool:
        return (await clinic.payment(visit)).state is state

    await clinic.until(there)
    await clinic.quiet()


async def _run(clinic: PayingClinic, visit: Appointment, step: str) -> None:
    async with clinic.tx() as tx:
        await getattr(visits, step)(tx, clinic.ctx, await person_of(tx, clinic.ctx, OSEI), visit.id)


def _at_stripe(clinic: PayingClinic, end: str) -> list[str]:
    return [each["path"] for each in clinic.stripe.requests() if each["path"].endswith(end)]


async def test_booking_authorises_and_charges_nothing(later: PayingClinic) -> None:
    visit = await later.paid()
    assert (visit.status, visit.payment) == (Status.BOOKED, "authorised")
    assert (await later.payment(visit)).state is PaymentState.AUTHORISED
    assert await later.ledger(visit) == []


async def test_when_it_is_over_all_is_charged_once(later: PayingClinic) -> None:
    visit = await later.paid()
    later.clock.move_to(visit.start + HOUR)
    later.stripe.control(fail_next=1, fail_how="lost")
    await _run(later, visit, "fulfil")
    await _is(later, visit, PaymentState.PAID)
    assert await later.amounts(visit) == [ALL]
    assert (await later.visit(visit)).payment == "paid"
    assert (await later.told_of(visit))[("charged", ANNA)] == 1


async def test_who_cancels_in_time_is_not_charged(later: PayingClinic) -> None:
    visit = await later.paid()
    done = await later.cancel(ANNA, visit)
    assert done.refund == PRICE
    await later.quiet()
    assert await later.ledger(visit) == []
    assert (await later.payment(visit)).state is PaymentState.RELEASED
    assert any(path.endswith("/cancel") for path in _at_stripe(later, "/cancel"))
    assert (await later.told_of(visit))[("released", ANNA)] == 1


async def test_who_cancels_late_is_charged_the_centres_part(later: PayingClinic) -> None:
    visit = await later.paid()
    later.clock.move_to(visit.start - 2 * HOUR)
    assert (await later.cancel(ANNA, visit)).refund == Money("EUR", HALF)
    await _is(later, visit, PaymentState.PAID)
    assert await later.amounts(visit) == [HALF]


async def test_who_does_not_come_is_charged_by_the_rule(later: PayingClinic) -> None:
    visit = await later.paid()
    later.clock.move_to(visit.start + HOUR)
    await _run(later, visit, "no_show")
    await _is(later, visit, PaymentState.PAID)
    assert await later.amounts(visit) == [ALL - ALL // 4]


async def test_a_mistake_noted_while_the_card_is_charged_gives_all_back(later: PayingClinic) -> None:
    visit = await later.paid()
    later.clock.move_to(visit.start + HOUR)
    await later.rest()  # nothing goes out meanwhile
    await _run(later, visit, "fulfil")
    await _run(later, visit, "mark_mistake")
    later.work()
    await _is(later, visit, PaymentState.REFUNDED)
    assert await later.amounts(visit) == [ALL, -ALL]


async def test_what_is_let_go_of_is_no_refund_before_the_charge_is_written_down(later: PayingClinic) -> None:
    """Its news may come first: it waits."""
    visit = await later.paid()
    later.clock.move_to(visit.start + HOUR)
    await later.rest()
    await _run(later, visit, "no_show")
    rest = Refund("re_1", Money("EUR", ALL // 4), failed=False, entry=None)
    async with later.tx() as tx:
        with pytest.raises(LaterError):
            await take_over(tx, await later.payment(visit), [rest])
    later.work()
    await _is(later, visit, PaymentState.PAID)
    async with later.tx() as tx:
        await take_over(tx, await later.payment(visit), [rest])
    assert await later.amounts(visit) == [ALL - ALL // 4]


async def test_what_nobody_notes_is_charged_before_the_authorisation_ends(later: PayingClinic) -> None:
    visit = await later.paid()
    async with later.tx() as tx:
        assert await capture_due(tx) == 0
    later.clock.move_to(later.now + 6 * DAY + timedelta(minutes=5))
    async with later.tx() as tx:
        assert await capture_due(tx) == 1
        assert await capture_due(tx) == 0
    await _is(later, visit, PaymentState.PAID)
    assert await later.amounts(visit) == [ALL]


async def test_a_visit_too_far_ahead_for_a_card_to_wait_is_charged_when_booked(later: PayingClinic) -> None:
    visit = await later.paid(start=(await later.times(later.online, after=8 * DAY))[0])
    assert (await later.payment(visit)).state is PaymentState.PAID
    assert await later.amounts(visit) == [ALL]


async def test_money_that_comes_for_a_lost_time_is_let_go(later: PayingClinic) -> None:
    visit = await later.held()
    await later.cancel(CLARA, visit)
    ending = await later.pay(visit)
    await later.quiet()
    assert await later.ledger(visit) == []
    assert ending is not None
    assert (await later.payment(visit)).state in {PaymentState.EXPIRED, PaymentState.RELEASED}
