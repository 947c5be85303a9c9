"""Money in the chat: a receipt for who paid, the list and refunds for who runs the centre."""

import json
import re
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, update

from appservice.conversation.payouts import PayoutNews
from booking.appointments.service import by_code
from booking.payments import ledger
from booking.payments.model import Entry, PaymentState, payment, payout_account
from booking.payments.payouts import TOLD
from core.ids import new_id
from core.lanes import Row
from core.money import Money
from tests.integration.appservice.conversation.chat import Chat, direct_room
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import NOW, Town


@pytest.fixture
async def paid(chat: Chat) -> str:
    """The code of Anna's visit, for which 48 euros came by card."""
    code = await book(chat)
    async with chat.database.transaction() as tx:
        visit = await by_code(tx, chat.ctx, await chat.person(ANNA), code)
        values = {"amount": 4800, "currency": "EUR", "payment_intent": "pi_1", "manual": False, "fee_basis_points": 0}
        times = {"created_at": tx.now, "updated_at": tx.now}
        await tx.conn.execute(
            insert(payment).values(appointment_id=visit.id, state=PaymentState.PAID, **values, **times)
        )
        await ledger.add(tx, visit.id, Entry.CHARGE, Money("EUR", 4800), stripe_ref="pi_1")
    return code


async def test_a_receipt_names_the_centre_and_the_sums_and_nothing_medical(chat: Chat, paid: str) -> None:
    said = await chat.say(ANNA, f"receipt {paid}")
    assert f"Receipt for visit {paid} on 1 Dec 2026" in said
    assert "Berlin Heart Centre, Street 1, Berlin" in said
    assert "paid" in said
    assert "Together: €48.00" in said
    assert not re.search("cardio|osei", said, re.IGNORECASE)
    assert "€48.00" in await chat.say(CLARA, f"receipt {paid}")
    assert "€48.00" not in await chat.say(BEN, f"receipt {paid}")
    assert "€48.00" not in await chat.say(OSEI, f"receipt {paid}")


async def test_a_receipt_of_what_is_paid_at_the_desk_says_so(chat: Chat) -> None:
    code = await book(chat)
    assert "to be paid at the desk" in await chat.say(ANNA, f"receipt {code}")
    assert "Write the visit's code too" in await chat.say(ANNA, "receipt")


async def test_an_admin_refunds_after_a_question(chat: Chat, paid: str) -> None:
    assert "Give back €20.00 of €48.00" in await chat.say(CLARA, f"refund {paid} 20")
    assert "Nothing has changed" in await chat.say(CLARA, "no")
    await chat.say(CLARA, f"refund {paid} 20")
    assert "€20.00 go back" in await chat.say(CLARA, "yes")
    assert "Only €28.00 can still be given back" in await chat.say(CLARA, f"refund {paid} 48")
    await chat.say(CLARA, f"refund {paid} all")
    assert "€28.00 go back" in await chat.say(CLARA, "yes")
    assert "nothing left" in await chat.say(CLARA, f"refund {paid} all")
    said = await chat.say(CLARA, "payments")
    assert said.count(paid) == 3
    assert "Together: €0.00" in said


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("refund", "Write the visit's code and how much"),
        ("refund CODE", "Write the visit's code and how much"),
        ("refund CODE much", "amount"),
        ("refund CODE 0", "Only €48.00"),
        ("refund CODE -5", ""),
        ("refund CODE 20 USD", ""),
        ("refund AAAAA1 20", ""),
    ],
)
async def test_a_refund_that_cannot_be_gets_a_sentence(chat: Chat, paid: str, said: str, sentence: str) -> None:
    answer = await chat.say(CLARA, said.replace("CODE", paid))
    assert sentence in answer
    assert "Answer yes" not in answer


async def test_the_list_of_a_day_without_payments_says_so(chat: Chat) -> None:
    assert "nothing came or went by card" in await chat.say(CLARA, "payments last month")
    for who in (ANNA, OSEI):
        assert "by card" not in await chat.say(who, "payments")


async def test_a_list_of_december_is_read_in_january(chat: Chat, town: Town) -> None:
    town.clock.time = datetime(2027, 1, 5, 8, tzinfo=UTC)
    assert "30 Dec 2026" in await chat.say(CLARA, "payments 30 Dec")
    assert "24 Dec 2026 to 2 Jan 2027" in await chat.say(CLARA, "payments 24.12. - 2.1.")


async def test_an_admin_sets_up_to_which_account_the_centre_is_paid(chat: Chat) -> None:
    assert "go to the platform's account" in await chat.say(CLARA, "payouts")
    assert "without Stripe" in await chat.say(CLARA, "payouts set up")
    chat.ctx.settings.stripe.secret_key = SecretStr("sk_test")
    assert "I send you Stripe's page" in await chat.say(CLARA, "payouts set up")
    at = next(iter((await chat.person(CLARA)).administers))
    told = PayoutNews(chat.ctx, direct_room=direct_room)
    person = (await chat.person(CLARA)).id

    async def hear(**what: object) -> str:
        row = Row(
            new_id(), "lane", TOLD, json.dumps({"centre": str(at), "person": str(person)} | what).encode(), NOW, 0
        )
        async with chat.database.transaction() as tx:
            await told.deliver(tx, row)
        return (await chat.notices())[CLARA][-1].text

    assert "https://stripe.test/setup" in await hear(url="https://stripe.test/setup")
    assert "does not set up" in await hear(refused=True)
    assert "paid to its own account" in await hear(ready=True)
    assert "closed the account" in await hear(ready=False)
    async with chat.database.transaction() as tx:
        values = {"created_at": tx.now, "updated_at": tx.now, "account_id": "acct_1", "centre_id": at}
        await tx.conn.execute(insert(payout_account).values(charges_enabled=False, payouts_enabled=False, **values))
    assert "not set up to the end" in await chat.say(CLARA, "payouts")
    chat.ctx.settings.stripe.fee_basis_points = 250
    for payouts, said in ((False, "does not pay it out yet"), (True, "less the platform's fee of 2.5 %")):
        async with chat.database.transaction() as tx:
            await tx.conn.execute(update(payout_account).values(charges_enabled=True, payouts_enabled=payouts))
        assert said in await chat.say(CLARA, "payouts")
    for nobody in (ANNA, OSEI):
        assert "account" not in await chat.say(nobody, "payouts")
