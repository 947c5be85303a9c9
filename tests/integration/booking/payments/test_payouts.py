"""Payments that go to the centre's own Stripe account: set up by its admin, charged, shared and given back."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from sqlalchemy import select

from booking.appointments import service as visits
from booking.appointments.service import Status
from booking.directory.service import edit_centre
from booking.payments import payouts
from booking.payments.ledger import sums
from booking.payments.model import Entry, payout_account
from booking.people.service import person_of
from core.errors import RefusedError
from tests.integration.booking.clinic import ANNA, CLARA, DAY, OSEI, PRICE
from tests.integration.booking.payments.conftest import PayingClinic

ALL, FEE = PRICE.amount, PRICE.amount // 20


async def _account(clinic: PayingClinic, mxid: str = CLARA) -> payouts.PayoutAccount | None:
    async with clinic.tx() as tx:
        return await payouts.account_of(tx, clinic.ctx, await person_of(tx, clinic.ctx, mxid), clinic.centre.id)


async def _page(clinic: PayingClinic, mxid: str = CLARA) -> str:
    """Ask for Stripe's page, and return its address."""
    before = len(clinic.payouts_heard)
    async with clinic.tx() as tx:
        await payouts.set_up(tx, clinic.ctx, await person_of(tx, clinic.ctx, mxid), clinic.centre.id)

    async def came() -> bool:
        return len(clinic.payouts_heard) > before

    await clinic.until(came)
    return str(clinic.payouts_heard[-1]["url"])


async def set_up_payouts(clinic: PayingClinic, basis_points: int = 500) -> None:
    """Clara answers all of Stripe's questions."""
    clinic.ctx.settings.stripe.fee_basis_points = basis_points
    url = await _page(clinic)
    await _press(url)

    async def ready() -> bool:
        account = await _account(clinic)
        return account is not None and account.charges_enabled

    await clinic.until(ready)


async def _press(url: str) -> None:
    class _Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    def press() -> None:
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.build_opener(_Stay).open(urllib.request.Request(url, data=b"", method="POST"), timeout=10)
        assert answer.value.code == 303

    await asyncio.to_thread(press)


async def _kinds(clinic: PayingClinic, visit: visits.Appointment) -> list[tuple[Entry, int]]:
    return [(each.kind, each.amount.amount) for each in await clinic.ledger(visit)]


async def at_stripe(clinic: PayingClinic, kind: str) -> list[dict[str, Any]]:
    """All transfers to, or fees from, this clinic's account."""
    async with clinic.tx() as tx:
        account = (await tx.conn.execute(select(payout_account.c.account_id))).scalar_one()

    def fetch() -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{clinic.stripe.url}/v1/{kind}?limit=100")
        request.add_header("Authorization", f"Bearer {clinic.stripe.api_key}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return list(json.loads(answer.read())["data"])

    return [
        each for each in await asyncio.to_thread(fetch) if account in {each.get("destination"), each.get("account")}
    ]


async def test_an_admin_sets_the_account_up_and_all_admins_are_told(clinic: PayingClinic) -> None:
    assert await _account(clinic) is None
    url = await _page(clinic)
    account = await _account(clinic)
    assert account == payouts.PayoutAccount(charges_enabled=False, payouts_enabled=False)
    assert await _page(clinic) != url  # of the same account: each page opens once
    await set_up_payouts(clinic)
    assert await _account(clinic) == payouts.PayoutAccount(charges_enabled=True, payouts_enabled=True)
    await clinic.quiet()
    assert clinic.payouts_heard[-1]["ready"] is True
    of_this_centre = (each for each in clinic.stripe.requests() if str(clinic.centre.id) in each["body"])
    made = [each for each in of_this_centre if each["path"] == "/v1/accounts"]
    assert len(made) == 1


async def test_nobody_else_sets_it_up_or_sees_it(clinic: PayingClinic) -> None:
    for mxid in (ANNA, OSEI):
        with pytest.raises(RefusedError):
            await _page(clinic, mxid)
        with pytest.raises(RefusedError):
            await _account(clinic, mxid)


async def test_a_payment_goes_to_the_centre_less_the_fee(clinic: PayingClinic) -> None:
    await set_up_payouts(clinic)
    visit = await clinic.paid()
    assert await _kinds(clinic, visit) == [(Entry.CHARGE, ALL), (Entry.FEE, -FEE)]
    (transfer,) = await at_stripe(clinic, "transfers")
    (fee,) = await at_stripe(clinic, "application_fees")
    assert (transfer["amount"], fee["amount"]) == (ALL, FEE)


async def test_what_goes_back_is_taken_from_the_centre_and_the_fee_comes_back_with_it(clinic: PayingClinic) -> None:
    await set_up_payouts(clinic)
    visit = await clinic.paid()
    done = await clinic.cancel(ANNA, visit)
    assert done.refund == PRICE
    await clinic.quiet()
    assert sum(await clinic.amounts(visit)) == 0
    (transfer,) = await at_stripe(clinic, "transfers")
    (fee,) = await at_stripe(clinic, "application_fees")
    assert (transfer["amount_reversed"], fee["amount_refunded"]) == (ALL, FEE)


async def test_of_half_that_goes_back_half_of_the_fee_stays(clinic: PayingClinic) -> None:
    await set_up_payouts(clinic)
    start = (await clinic.times(clinic.online, after=DAY / 4))[0]
    visit = await clinic.paid(start=start)
    done = await clinic.cancel(ANNA, visit)
    assert done.refund
    assert done.refund.amount == ALL // 2
    await clinic.quiet()
    assert sum(await clinic.amounts(visit)) == ALL // 2 - FEE // 2
    async with clinic.tx() as tx:
        assert await sums(tx, visit.id) == (ALL, ALL // 2)
    (transfer,) = await at_stripe(clinic, "transfers")
    (fee,) = await at_stripe(clinic, "application_fees")
    assert (transfer["amount_reversed"], fee["amount_refunded"]) == (ALL // 2, FEE // 2)


async def test_a_card_that_is_charged_after_the_visit_is_shared_then(clinic: PayingClinic) -> None:
    await set_up_payouts(clinic)
    async with clinic.tx() as tx:
        clara = await person_of(tx, clinic.ctx, CLARA)
        await edit_centre(tx, clinic.ctx, clara, clinic.centre.id, captures=True)
    visit = await clinic.held()
    await clinic.pay(visit)
    booked = await clinic.becomes(visit, Status.BOOKED)
    assert booked.payment == "authorised"
    assert await _kinds(clinic, visit) == []
    assert not await at_stripe(clinic, "transfers")
    await clinic.cancel(CLARA, visit)  # nothing is charged, and nothing shared
    await clinic.quiet()
    assert await _kinds(clinic, visit) == []


async def test_a_page_that_was_asked_for_before_goes_to_whom_it_was_for(clinic: PayingClinic) -> None:
    visit = await clinic.held()
    await set_up_payouts(clinic)
    await clinic.pay(visit)
    await clinic.becomes(visit, Status.BOOKED)
    assert await _kinds(clinic, visit) == [(Entry.CHARGE, ALL)]
    assert not await at_stripe(clinic, "transfers")
    await clinic.cancel(ANNA, visit)
    await clinic.quiet()
    assert sum(await clinic.amounts(visit)) == 0
