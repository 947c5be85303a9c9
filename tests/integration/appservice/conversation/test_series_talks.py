"""A series that is paid in advance, in the chat: three messages, one page to pay on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from booking.directory.model import service
from booking.payments import service as payments
from booking.payments.gateway import Checkout
from booking.payments.model import payment
from core.database import Database
from core.money import Money
from core.settings import StripeSettings
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_visit_talks import NEAR, visits
from tests.integration.booking.clinic import ANNA, OSEI, context
from tests.integration.booking.town import Town


@pytest.fixture
def town(database: Database) -> Town:
    """Where cards are taken."""
    stripe = StripeSettings(secret_key=SecretStr("sk_test_none"), webhook_secret=SecretStr("whsec_none"))
    return Town(database, context(stripe))


@pytest.fixture
async def held(chat: Chat) -> str:
    """What Anna is answered who wants three visits that are paid in advance."""
    async with chat.database.transaction() as tx:
        await tx.conn.execute(update(service).values(payment="prepay"))
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    return await chat.say(ANNA, "1 every 2 weeks 3 times")


async def page_of(chat: Chat) -> Checkout:
    """The page that Stripe made for all that is held, as it would tell of it."""
    async with chat.database.transaction() as tx:
        (lead,) = set((await tx.conn.execute(select(payment.c.page_of))).scalars())
        price, url = Money("EUR", 3 * 48_00), "https://checkout.test/c/1"
        page = Checkout("cs_1", "open", False, False, None, price, None, str(lead), url)
        await payments.opened(tx, lead, page, tx.now + timedelta(minutes=31))
    return page


async def test_a_series_that_is_paid_in_advance_is_held_and_booked_with_one_page(chat: Chat, held: str) -> None:
    dates = "Tue 1 Dec 09:00 · Tue 15 Dec 09:00 · Tue 29 Dec 09:00"
    assert f"Held for you: 3 visits, {dates}. One page to pay for all of them comes in a moment." in held
    page = await page_of(chat)
    (said,) = [each.text for each in (await chat.notices())[ANNA]]
    assert "Held for you until 10:31: 3 visits with Dr Ama Osei, the first on Tue 1 Dec, 09:00" in said
    assert "€144.00 in all. Pay here: https://checkout.test/c/1" in said
    async with chat.database.transaction() as tx:
        await payments.settle(tx, replace(page, status="complete", paid=True, payment_intent="pi_1"))
    told = await chat.notices()
    assert "Confirmed: a series of visits with Dr Ama Osei" in told[ANNA][0].text
    assert "New visits" in told[OSEI][0].text
    code = (await visits(chat))[0].code
    assert "€48.00" in await chat.say(ANNA, f"receipt {code}")
    assert "€24.00 of €48.00 will be refunded" in await chat.say(ANNA, f"cancel {code}")
    assert "€24.00 will be refunded" in await chat.say(ANNA, "yes")
    assert len([each for each in await visits(chat) if each.status == "booked"]) == 2


async def test_who_cancels_one_that_is_held_is_told_that_all_go(chat: Chat, held: str) -> None:
    await page_of(chat)
    code = (await visits(chat))[1].code
    await chat.say(ANNA, f"cancel {code}")
    assert "With it go 2 more visits that were to be paid on the same page" in await chat.say(ANNA, "yes")
    assert await visits(chat) == []


async def test_what_is_not_paid_is_said_once(chat: Chat, held: str) -> None:
    page = await page_of(chat)
    await chat.notices()
    async with chat.database.transaction() as tx:
        await payments.settle(tx, replace(page, status="expired"))
    (said,) = [each.text for each in (await chat.notices())[ANNA]]
    assert "3 visits with Dr Ama Osei" in said
    assert "were not paid in time" in said
