"""What was paid for a visit pays for the one that the patient is referred to, where the centre's rule says so."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from booking.appointments import service as visits
from booking.appointments.service import Appointment, Status
from booking.directory.model import Payment, Service
from booking.directory.service import edit_centre
from booking.payments.ledger import sums
from booking.people.service import person_of
from booking.referrals import service as referrals
from core.errors import ConflictError, RefusedError
from core.money import Money
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
