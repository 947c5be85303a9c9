"""A series that is paid in advance, in the chat: three messages, one page to pay on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from booking.appointments.reading import appointment
from booking.appointments.sweep import sweep
from booking.directory.model import service
from booking.payments import disputes
from booking.payments import service as payments
from booking.payments.gateway import Checkout, Dispute, Withdrawal
from booking.payments.ledger import entries
from booking.payments.model import payment
from core.database import Database
from core.money import Money
from core.settings import StripeSettings
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_visit_talks import NEAR, visits
from tests.integration.booking.clinic import ANNA, CLARA, OSEI, PAUL, context
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


@pytest.fixture
async def asked(chat: Chat) -> str:
    """What Anna is answered who wants three visits that the centre approves."""
    await chat.say(CLARA, 'edit service dr.osei "A visit" needs approval')
    await chat.say(ANNA, NEAR)
    await chat.say(ANNA, "1")
    return await chat.say(ANNA, "1 every 2 weeks 3 times")


async def test_a_series_is_approved_with_one_answer(chat: Chat, asked: str) -> None:
    dates = "Tue 1 Dec 09:00 · Tue 15 Dec 09:00 · Tue 29 Dec 09:00"
    assert f"Asked for 3 visits: {dates}. The centre approves them together first" in asked
    assert "Tue 1 Dec, 08:00 at the latest" in asked
    told = await chat.notices()
    assert ANNA not in told
    said = told[CLARA][0].text
    assert "To approve by" in said
    assert "together: 3 visits, Anna with Dr Ama Osei" in said
    assert said.count("visit ") >= 3
    listed = await chat.say(CLARA, "requests")
    assert listed.count("proposed") == 3
    assert "A series is approved, or declined, as a whole." in listed
    assert f"Approved 3 visits for Anna: {dates}." in await chat.reply(OSEI, "1", told[OSEI][0])
    told = await chat.notices()
    assert "Confirmed: a series of visits with Dr Ama Osei" in told[ANNA][0].text
    assert told[ANNA][0].text.count("visit ") == 3
    assert {each.status for each in await visits(chat)} == {"booked"}
    assert "Nothing waits" in await chat.say(CLARA, "requests")


async def test_a_series_is_declined_with_one_answer(chat: Chat, asked: str) -> None:
    await chat.notices()
    code = (await visits(chat))[2].code
    assert "Declined 3 visits" in await chat.say(CLARA, f"decline {code}")
    (said,) = [each.text for each in (await chat.notices())[ANNA]]
    assert "The centre can't take you for these 3 visits with Dr Ama Osei, the first on Tue 1 Dec, 09:00" in said
    assert "please ask for other dates" in said
    assert await visits(chat) == []


async def test_who_withdraws_one_of_a_series_is_told_that_all_go(chat: Chat, asked: str) -> None:
    await chat.notices()
    code = (await visits(chat))[1].code
    await chat.say(ANNA, f"cancel {code}")
    assert "With it go 2 more visits that were asked for together with it." in await chat.say(ANNA, "yes")
    told = await chat.notices()
    assert "Withdrawn for Anna: 3 visits with Dr Ama Osei that were asked for together" in told[CLARA][0].text
    assert await visits(chat) == []


async def test_a_series_that_nobody_answers_is_said_once(chat: Chat, town: Town, asked: str) -> None:
    await chat.notices()
    town.clock.time += timedelta(hours=23)
    async with chat.database.transaction() as tx:
        await sweep(tx, chat.ctx)
    (said,) = [each.text for each in (await chat.notices())[ANNA]]
    assert "The centre did not answer in time, so 3 visits with Dr Ama Osei" in said


async def test_a_series_for_a_child_is_told_to_its_other_guardian(chat: Chat) -> None:
    await chat.say(CLARA, 'edit service dr.osei "A visit" needs approval')
    await chat.say(ANNA, "add family Mia 2018-05-04")
    await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60 for Mia")
    await chat.say(ANNA, "1")
    assert "Asked for 3 visits" in await chat.say(ANNA, "1 every 2 weeks 3 times")
    assert "3 visits, Mia with Dr Ama Osei" in (await chat.notices())[CLARA][0].text


async def test_a_payment_that_the_bank_takes_back_is_told_and_listed(chat: Chat, town: Town, held: str) -> None:
    page = await page_of(chat)
    async with chat.database.transaction() as tx:
        await payments.settle(tx, replace(page, status="complete", paid=True, payment_intent="pi_1"))
    await chat.notices()
    first = (await visits(chat))[0]
    lost = Withdrawal("txn_1", Money("EUR", -144_00))
    due = town.clock.time + timedelta(days=9)
    dispute = Dispute("du_1", "needs_response", Money("EUR", 144_00), due, "pi_1", str(first.id), (lost,))
    await heard(chat, dispute)
    told = await chat.notices()
    assert "Disputed: the payer's bank has taken €144.00 for visit" in told[CLARA][0].text
    assert "by Wed 9 Dec, 10:00" in told[CLARA][0].text
    assert (
        f"Disputed: a bank has taken €144.00 for visit {first.code} at Berlin Heart Centre back" in told[PAUL][0].text
    )
    assert "Anna" not in told[PAUL][0].text
    assert ANNA not in told
    for who in (CLARA, PAUL):
        listed = await chat.say(who, "disputes")
        assert f"€144.00 for visit {first.code}, Berlin Heart Centre: taken back, not decided, to be answered" in listed
    assert "disputes" not in await chat.say(ANNA, "disputes")
    assert "taken back by the payer's bank" in await chat.say(ANNA, f"receipt {first.code}")
    assert "taken back by the payer's bank" in await chat.say(ANNA, "appointments")
    won = replace(dispute, status="won", withdrawals=(lost, Withdrawal("txn_2", Money("EUR", 144_00))))
    await heard(chat, won)
    told = await chat.notices()
    assert "Won: the bank has decided for you and gives €144.00" in told[CLARA][0].text
    assert "Won:" in told[PAUL][0].text
    assert "No payment is disputed" in await chat.say(CLARA, "disputes")
    assert "Together: €48.00" in await chat.say(ANNA, f"receipt {first.code}")


async def heard(chat: Chat, dispute: Dispute) -> None:
    """What Stripe tells of a dispute comes in."""
    async with chat.database.transaction() as tx:
        (lead,) = set((await tx.conn.execute(select(payment.c.page_of))).scalars())
        paid = await payments.payment_of(tx, lead)
        assert paid
        await disputes.renew(tx, chat.ctx, paid, dispute)


async def test_a_refund_that_did_not_arrive_is_told_to_the_centre(chat: Chat, held: str) -> None:
    page = await page_of(chat)
    async with chat.database.transaction() as tx:
        await payments.settle(tx, replace(page, status="complete", paid=True, payment_intent="pi_1"))
    first = (await visits(chat))[0]
    await chat.say(CLARA, f"refund {first.code} 20")
    await chat.say(CLARA, "yes")
    async with chat.database.transaction() as tx:
        given = (await entries(tx, first.id))[-1]
        await payments.refund_refused(tx, await appointment(tx, first.id, lock=True), given.id)
    said = [each.text for each in (await chat.notices())[CLARA]]
    assert any(f"Not given back: €20.00 for visit {first.code}" in each for each in said)
    assert "Together: €48.00" in await chat.say(CLARA, f"receipt {first.code}")
