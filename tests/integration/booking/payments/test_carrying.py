"""What was paid for a visit pays for the one that the patient is referred to, where the centre's rule says so."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from booking.appointments import service as visits
from booking.appointments.model import appointment as table
from booking.appointments.reading import found_appointments
from booking.appointments.service import Appointment, Status
from booking.directory.model import Payment, Service
from booking.directory.service import edit_centre
from booking.payments.ledger import sums
from booking.payments.service import lapse
from booking.people.service import person_of
from booking.referrals import service as referrals
from booking.waiting import offering
from booking.waiting import service as waiting
from core.errors import ConflictError, RefusedError
from core.money import Money
from demo.stripe.payer import pay
from tests.integration.booking.clinic import ANNA, BEN, CLARA, MINUTE, OSEI, PRICE, Clinic
from tests.integration.booking.payments.conftest import PayingClinic

ALL = PRICE.amount


async def _skin(clinic: Clinic, price: Money) -> Service:
    """A dermatologist of the same centre."""
    async with clinic.tx() as tx:
        await edit_centre(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), clinic.centre.id, carries_fee=True)
        doctor = await clinic.add_doctor(tx, "Dr Lena Maier", "@maier:localhost")
        return await clinic.add_service(tx, doctor, price=price, payment=Payment.PREPAY)


async def _paid(clinic: PayingClinic) -> Appointment:
    """A visit so soon that Stripe's clock need not be moved for it to begin."""
    return await clinic.paid(start=(await clinic.times(clinic.online, after=timedelta()))[1])


async def _referred(clinic: PayingClinic, visit: Appointment, to: Service) -> UUID:
    clinic.clock.move_to(visit.start + MINUTE)
    async with clinic.tx() as tx:
        osei = await person_of(tx, clinic.ctx, OSEI)
        return (await referrals.refer(tx, clinic.ctx, osei, visit.id, performer_id=to.practitioner_id)).id


async def _book(clinic: PayingClinic, referral: UUID, to: Service, mxid: str = ANNA) -> Appointment:
    start = (await clinic.times(to))[0]
    async with clinic.tx() as tx:
        return await referrals.book(tx, clinic.ctx, await person_of(tx, clinic.ctx, mxid), referral, to.id, start)


async def _left(clinic: PayingClinic, *visits_: Appointment) -> list[tuple[int, int]]:
    async with clinic.tx() as tx:
        return [await sums(tx, each.id) for each in visits_]


async def test_a_dearer_visit_costs_what_is_missing(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", ALL + 12_00))
    second = await _book(clinic, await _referred(clinic, first, skin), skin)
    assert second.status is Status.PENDING
    assert second.price == Money("EUR", 12_00)
    assert await clinic.amounts(first) == [ALL, -ALL]
    assert await clinic.amounts(second) == [ALL]

    async def has_link() -> bool:
        return (await clinic.visit(second)).pay_url is not None

    await clinic.until(has_link)
    await clinic.pay(await clinic.visit(second))
    await clinic.becomes(second, Status.BOOKED)
    assert await _left(clinic, first, second) == [(ALL, 0), (12_00, 12_00)]
    cancelled = await clinic.cancel(ANNA, second)
    assert cancelled.refund == Money("EUR", 12_00)  # the card gets what it paid, and no more


async def test_a_cheaper_visit_is_booked_at_once_and_the_rest_stays(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", 30_00))
    second = await _book(clinic, await _referred(clinic, first, skin), skin)
    assert (second.status, second.price.amount, second.payment) == (Status.BOOKED, 0, "none")
    assert await clinic.amounts(first) == [ALL, -30_00]
    assert await _left(clinic, first) == [(ALL, ALL - 30_00)]


async def test_a_referral_is_used_once_and_what_was_carried_goes_back_with_a_cancelled_visit(
    clinic: PayingClinic,
) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", 30_00))
    referral = await _referred(clinic, first, skin)
    second = await _book(clinic, referral, skin)
    with pytest.raises(ConflictError, match="already"):
        await _book(clinic, referral, skin)
    await clinic.cancel(ANNA, second)
    third = await _book(clinic, referral, skin)
    assert (third.status, third.price.amount) == (Status.BOOKED, 0)
    assert sum(await clinic.amounts(second)) == 0
    assert sum(await clinic.amounts(first)) == ALL - 30_00
    assert sum(await clinic.amounts(third)) == 30_00


async def test_a_stranger_books_nothing_with_it_and_nobody_anything_else(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, PRICE)
    referral = await _referred(clinic, first, skin)
    with pytest.raises(RefusedError):
        await _book(clinic, referral, skin, BEN)
    with pytest.raises(ConflictError, match="something else"):
        await _book(clinic, referral, clinic.desk)
    assert await clinic.amounts(first) == [ALL]


async def test_a_centre_that_approves_what_costs_nothing_any_more_books_it(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, PRICE)
    async with clinic.tx() as tx:
        skin = await clinic.add_service(
            tx, replace(clinic.doctor, id=skin.practitioner_id), price=PRICE, payment=Payment.PREPAY, approval=True
        )
    second = await _book(clinic, await _referred(clinic, first, skin), skin)
    assert second.status is Status.PROPOSED
    async with clinic.tx() as tx:
        approved = await visits.approve(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), second.id)
    assert approved.status is Status.BOOKED


async def _offered(clinic: PayingClinic, referral: UUID, to: Service) -> Appointment:
    """Anna waits with the referral, and is offered the first time that there is."""
    start = (await clinic.times(to))[0]
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        await waiting.ask(
            tx, clinic.ctx, anna, anna.patient.id, [to.id], earliest=start, latest=start + MINUTE, referral_id=referral
        )

    async def offered() -> bool:
        return len(await _kept(clinic)) == 1

    await clinic.until(offered)
    return (await _kept(clinic))[0]


async def _kept(clinic: PayingClinic) -> list[Appointment]:
    async with clinic.tx() as tx:
        return await found_appointments(tx, table.c.status == Status.WAITLIST)


async def _take(clinic: PayingClinic, visit: Appointment) -> Appointment:
    async with clinic.tx() as tx:
        return await offering.take_up(tx, clinic.ctx, await person_of(tx, clinic.ctx, ANNA), visit.id)


async def _used_for(clinic: PayingClinic, referral: UUID) -> UUID | None:
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        return (await referrals.by_id(tx, clinic.ctx, anna, referral)).booked_id


async def test_a_visit_from_the_waiting_list_is_booked_with_the_referral_and_its_fee(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", 30_00))
    referral = await _referred(clinic, first, skin)
    offered = await _offered(clinic, referral, skin)
    assert offered.price.amount == 0  # what is left to be paid, as it is told
    assert await clinic.amounts(first) == [ALL]  # nothing is carried before it is taken
    taken = await _take(clinic, offered)
    assert (taken.status, taken.price.amount, taken.payment) == (Status.BOOKED, 0, "none")
    assert await clinic.amounts(first) == [ALL, -30_00]
    assert await clinic.amounts(taken) == [30_00]
    assert await _used_for(clinic, referral) == taken.id
    with pytest.raises(ConflictError, match="already"):
        await _book(clinic, referral, skin)


async def test_of_a_dearer_one_from_the_waiting_list_the_rest_is_paid_and_all_of_it_ends_even(
    clinic: PayingClinic,
) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", ALL + 12_00))
    referral = await _referred(clinic, first, skin)
    taken = await _take(clinic, await _offered(clinic, referral, skin))
    assert (taken.status, taken.price.amount) == (Status.PENDING, 12_00)

    async def has_link() -> bool:
        return (await clinic.visit(taken)).pay_url is not None

    await clinic.until(has_link)
    await clinic.pay(await clinic.visit(taken))
    booked = await clinic.becomes(taken, Status.BOOKED)
    assert await clinic.amounts(booked) == [ALL, 12_00]
    assert (await clinic.cancel(ANNA, booked)).refund == Money("EUR", 12_00)
    assert (sum(await clinic.amounts(booked)), sum(await clinic.amounts(first))) == (0, ALL)
    again = await _book(clinic, referral, skin)  # and once more
    assert (again.status, again.price.amount) == (Status.PENDING, 12_00)
    assert sum(await clinic.amounts(first)) == 0


async def test_a_referral_that_was_used_meanwhile_carries_nothing_to_what_was_waited_for(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", 30_00))
    referral = await _referred(clinic, first, skin)
    offered = await _offered(clinic, referral, skin)
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        start = (await clinic.times(skin))[2]
        used = await referrals.book(tx, clinic.ctx, anna, referral, skin.id, start)
    taken = await _take(clinic, offered)
    assert (taken.status, taken.price.amount) == (Status.PENDING, 30_00)
    assert await clinic.amounts(taken) == []
    assert await clinic.amounts(used) == [30_00]
    assert await _used_for(clinic, referral) == used.id


async def test_nobody_waits_with_a_referral_that_is_anothers_or_used(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", 30_00))
    referral = await _referred(clinic, first, skin)
    mia = await clinic.child_of(ANNA)
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        with pytest.raises(ConflictError, match="somebody else of your family"):
            await waiting.ask(tx, clinic.ctx, anna, mia, [skin.id], referral_id=referral)
    async with clinic.tx() as tx:
        ben = await person_of(tx, clinic.ctx, BEN)
        with pytest.raises(RefusedError):
            await waiting.ask(tx, clinic.ctx, ben, ben.patient.id, [skin.id], referral_id=referral)
    await _book(clinic, referral, skin)
    async with clinic.tx() as tx:
        anna = await person_of(tx, clinic.ctx, ANNA)
        with pytest.raises(ConflictError, match="already"):
            await waiting.ask(tx, clinic.ctx, anna, anna.patient.id, [skin.id], referral_id=referral)


async def test_what_was_carried_goes_back_at_once_with_a_visit_that_is_declined(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, PRICE)
    async with clinic.tx() as tx:
        skin = await clinic.add_service(
            tx, replace(clinic.doctor, id=skin.practitioner_id), price=PRICE, payment=Payment.PREPAY, approval=True
        )
    second = await _book(clinic, await _referred(clinic, first, skin), skin)
    assert await clinic.amounts(second) == [ALL]
    async with clinic.tx() as tx:
        await visits.decline(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), second.id)
    assert await clinic.amounts(second) == [ALL, -ALL]
    assert await _left(clinic, first) == [(ALL, ALL)]


async def test_a_late_payment_wins_the_visit_back_with_what_was_carried_over(clinic: PayingClinic) -> None:
    first = await _paid(clinic)
    skin = await _skin(clinic, Money("EUR", ALL + 12_00))
    second = await _book(clinic, await _referred(clinic, first, skin), skin)

    async def has_link() -> bool:
        return (await clinic.visit(second)).pay_url is not None

    await clinic.until(has_link)
    async with clinic.tx() as tx:  # as the sweep does when Stripe cannot close the page
        await lapse(tx, second.id)
    assert (await clinic.visit(second)).status is Status.CANCELLED
    assert await _left(clinic, first) == [(ALL, ALL)]
    await pay((await clinic.payment(second)).url or "", come_back=False)
    booked = await clinic.becomes(second, Status.BOOKED)
    assert await clinic.amounts(booked) == [ALL, -ALL, 12_00, ALL]
    assert sum(await clinic.amounts(first)) == 0
