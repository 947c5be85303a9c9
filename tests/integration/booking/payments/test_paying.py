"""From the held time to the booked visit, with the stand-in of Stripe as a process of its own."""

import asyncio

import aiohttp
import pytest

from booking.appointments.service import Status
from booking.payments.model import PaymentState
from booking.payments.service import fulfil
from core.errors import ConflictError
from tests.integration.booking.clinic import ANNA, BEN, CLARA, MINUTE, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic


async def test_what_is_paid_in_advance_is_held_and_the_payer_gets_the_link(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    assert (visit.status, visit.payment) == (Status.PENDING, "due")
    assert visit.hold_until
    assert visit.hold_until - visit.created_at == 31 * MINUTE
    assert visit.pay_url
    assert visit.pay_url.startswith(clinic.stripe.url)
    assert not await clinic.is_free(visit.start)
    assert await clinic.told_of(visit) == {("held", ANNA): 1}


async def test_stripe_learns_nothing_of_the_person_or_of_the_reason(clinic: PayingClinic) -> None:
    visit = await clinic.held(reason="chest pain ZEBRA")
    asked = next(
        each for each in clinic.stripe.requests() if each["key"] == f"booking:{visit.id}:0" and each["method"] == "POST"
    )
    for secret in ("ZEBRA", "anna", "Osei", "heart", "Heart", str(visit.patient_id)):
        assert secret not in asked["body"]
    assert visit.code in asked["body"]


async def test_a_paid_visit_is_booked_once_and_all_are_told_once(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    assert (visit.status, visit.payment, visit.pay_url, visit.hold_until) == (Status.BOOKED, "paid", None, None)
    assert await clinic.amounts(visit) == [PRICE.amount]
    assert not await clinic.is_free(visit.start)
    assert await clinic.told_of(visit) == {
        ("held", ANNA): 1,
        ("booked", ANNA): 1,
        ("booked", OSEI): 1,
        ("booked", CLARA): 1,
    }


async def test_coming_back_from_paying_books_even_when_no_webhook_comes(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    ending = await clinic.pay(visit, come_back=True)
    assert ending.status == 200
    assert "/pay/return" in ending.url
    assert (await clinic.visit(visit)).status is Status.BOOKED


async def test_the_page_after_paying_says_how_it_stands_and_nothing_personal(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    session = (await clinic.payment(visit)).session_id
    address = f"{clinic.ctx.settings.http.public_url}/pay/return"
    async with aiohttp.ClientSession() as browser:
        async with browser.get(address) as page:
            assert "Nothing was paid" in await page.text()
        async with browser.get(address, params={"session_id": session or ""}) as page:
            assert "Not paid yet" in await page.text()
        for nobody in ("cs_test_nobody", "\0"):
            async with browser.get(address, params={"session_id": nobody}) as page:
                assert page.status == 404
        await clinic.pay(visit)
        async with browser.get(address, params={"session_id": session or ""}) as page:
            text = await page.text()
            assert "it is paid" in text
            assert "go back to your chat" in text
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert visit.code not in text
        await clinic.becomes(visit, Status.BOOKED)
        clinic.stripe.control(fail_next=1)
        async with browser.get(address, params={"session_id": session or ""}) as page:
            assert "One moment" in await page.text()


async def test_a_declined_card_changes_nothing_and_the_page_can_be_tried_again(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    await clinic.pay(visit, card="4000000000000002")
    await clinic.quiet()
    assert (await clinic.visit(visit)).status is Status.PENDING
    assert await clinic.amounts(visit) == []
    await clinic.pay(visit)
    await clinic.becomes(visit, Status.BOOKED)


async def test_fulfilling_many_times_at_once_charges_and_tells_once(clinic: PayingClinic) -> None:
    clinic.stripe.control(hold=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    session = (await clinic.payment(visit)).session_id
    assert session

    async def once() -> None:
        async with clinic.tx() as tx:
            await fulfil(tx, clinic.gateway, session)

    await asyncio.gather(*(once() for _ in range(6)))
    assert await clinic.amounts(visit) == [PRICE.amount]
    told = await clinic.told_of(visit)
    assert (told[("booked", ANNA)], told[("booked", OSEI)]) == (1, 1)


async def test_asking_again_while_held_gives_the_same_visit_and_asks_stripe_once(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    again = await clinic.book(service=clinic.online, start=visit.start)
    assert again == visit
    await clinic.quiet()
    keys = [each["key"] for each in clinic.stripe.requests()]
    assert keys.count(f"booking:{visit.id}:0") == 1


async def test_nobody_holds_more_than_three_times_unpaid(clinic: PayingClinic) -> None:
    *three, fourth = await clinic.times(clinic.online, count=4)
    held = [await clinic.held(start=start) for start in three]
    with pytest.raises(ConflictError, match="You hold 3 times"):
        await clinic.book(service=clinic.online, start=fourth)
    await clinic.cancel(ANNA, held[0])
    await clinic.held(start=fourth)
    await clinic.held(BEN, start=three[0])


async def test_a_visit_that_is_held_can_be_moved_and_is_paid_with_the_same_link(clinic: PayingClinic) -> None:
    first, second, *_ = await clinic.times(clinic.online)
    visit = await clinic.held(start=first)
    moved = await clinic.reschedule(ANNA, visit, second)
    assert (moved.status, moved.hold_until, moved.pay_url) == (Status.PENDING, visit.hold_until, visit.pay_url)
    await clinic.pay(moved)
    booked = await clinic.becomes(visit, Status.BOOKED)
    assert booked.start == second
    assert await clinic.is_free(first)


async def test_a_paid_visit_keeps_its_payment_when_it_moves(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    later = (await clinic.times(clinic.online))[1]
    moved = await clinic.reschedule(ANNA, visit, later)
    assert (moved.payment, moved.status) == ("paid", Status.BOOKED)
    assert await clinic.amounts(visit) == [PRICE.amount]
    assert (await clinic.payment(visit)).state is PaymentState.PAID
