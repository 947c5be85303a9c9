"""Who sees what was paid, and what an admin gives back by their word."""

import asyncio
from datetime import timedelta

import pytest

from booking.payments.desk import Income, income, refund_by_word, refundable, statement
from booking.people.service import person_of
from core.errors import BadInputError, ConflictError, RefusedError
from core.money import Money
from tests.integration.booking.clinic import ANNA, BEN, CLARA, DAY, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL = PRICE.amount


async def _back(clinic: PayingClinic, visit_id: object, amount: int | None, who: str = CLARA) -> Money:
    async with clinic.tx() as tx:
        wanted = None if amount is None else Money("EUR", amount)
        return await refund_by_word(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), visit_id, wanted)  # type: ignore[arg-type]


async def _income(clinic: PayingClinic, who: str = CLARA) -> Income:
    today = clinic.now.date()
    async with clinic.tx() as tx:
        person = await person_of(tx, clinic.ctx, who)
        return await income(tx, clinic.ctx, person, clinic.centre.id, today - DAY, today + DAY)


async def test_an_admin_gives_back_a_part_and_then_the_rest_and_never_more(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    assert await _back(clinic, visit.id, 1000) == Money("EUR", 1000)
    with pytest.raises(BadInputError, match=r"Only €38\.00 can still be given back"):
        await _back(clinic, visit.id, ALL)
    assert await _back(clinic, visit.id, None) == Money("EUR", ALL - 1000)
    with pytest.raises(ConflictError, match="nothing left"):
        await _back(clinic, visit.id, None)

    async def made() -> bool:
        return all(entry.stripe_ref for entry in await clinic.ledger(visit))

    await clinic.until(made)
    assert await clinic.amounts(visit) == [ALL, -1000, 1000 - ALL]
    assert (await clinic.told_of(visit))[("refunded", ANNA)] == 2


async def test_two_admins_at_once_do_not_give_back_twice(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    ends = await asyncio.gather(*(_back(clinic, visit.id, None) for _ in range(6)), return_exceptions=True)
    assert [end for end in ends if isinstance(end, Money)] == [PRICE]
    assert sum(isinstance(end, ConflictError) for end in ends) == 5


@pytest.mark.parametrize("who", [ANNA, BEN, OSEI])
async def test_nobody_else_gives_money_back(clinic: PayingClinic, who: str) -> None:
    visit = await clinic.paid()
    with pytest.raises(RefusedError):
        await _back(clinic, visit.id, 1000, who)


@pytest.mark.parametrize("amount", [0, -5])
async def test_an_amount_that_is_none_is_refused(clinic: PayingClinic, amount: int) -> None:
    visit = await clinic.paid()
    with pytest.raises(BadInputError):
        await _back(clinic, visit.id, amount)


async def test_what_is_not_paid_has_nothing_to_give_back(clinic: PayingClinic) -> None:
    visit = await clinic.book()
    async with clinic.tx() as tx:
        with pytest.raises(ConflictError, match="nothing left"):
            await refundable(tx, clinic.ctx, await person_of(tx, clinic.ctx, CLARA), visit.id)


async def test_the_payer_and_the_centre_see_the_ledger_and_nobody_else(clinic: PayingClinic) -> None:
    visit = await clinic.paid()
    await _back(clinic, visit.id, 1000)
    async with clinic.tx() as tx:
        for who in (ANNA, CLARA):
            shown = await statement(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), visit.id)
            assert [entry.amount.amount for entry in shown.entries] == [ALL, -1000]
            assert shown.left == Money("EUR", ALL - 1000)
        for who in (BEN, OSEI):
            with pytest.raises(RefusedError):
                await statement(tx, clinic.ctx, await person_of(tx, clinic.ctx, who), visit.id)


async def test_a_centres_list_adds_up(clinic: PayingClinic) -> None:
    first = await clinic.paid()
    second = await clinic.paid(BEN)
    await _back(clinic, first.id, 1000)
    found = await _income(clinic)
    assert [(line.code, line.amount.amount) for line in found.lines] == [
        (first.code, ALL), (second.code, ALL), (first.code, -1000)
    ]  # fmt: skip
    assert found.sums == (Money("EUR", 2 * ALL - 1000),)
    for who in (ANNA, OSEI):
        with pytest.raises(RefusedError):
            await _income(clinic, who)
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        before = clinic.now.date() - timedelta(days=9)
        assert (await income(tx, clinic.ctx, clara, clinic.centre.id, before, before + DAY)).lines == ()
        with pytest.raises(BadInputError):
            await income(tx, clinic.ctx, clara, clinic.centre.id, before, before - DAY)
