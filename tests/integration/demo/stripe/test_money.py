"""Refunds, captures and cancellations on the stand-in: money never comes from nowhere and never goes beyond."""

from collections.abc import Callable

import pytest
import stripe

from demo.stripe.payer import pay
from demo.stripe.process import StripeProcess
from tests.integration.demo.stripe.conftest import Endpoint

Wish = Callable[..., dict[str, object]]


async def paid(sdk: stripe.StripeClient, wish: Wish, **more: object) -> str:
    """Pay a session of 50 euros; return the id of its PaymentIntent."""
    session = await sdk.v1.checkout.sessions.create_async(wish(**more))
    await pay(session.url or "", come_back=False)
    session = await sdk.v1.checkout.sessions.retrieve_async(session.id)
    assert isinstance(session.payment_intent, str)
    return session.payment_intent


def on_hold(wish: Wish) -> Wish:
    return lambda **more: wish(payment_intent_data={"capture_method": "manual"}, **more)


async def test_refunds_in_parts_stop_at_what_was_paid(sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish) -> None:
    intent = await paid(sdk, wish)

    first = await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": 2000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": 3001})
    rest = await sdk.v1.refunds.create_async({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sdk.v1.refunds.create_async({"payment_intent": intent})

    assert (first.amount, first.status, rest.amount) == (2000, "succeeded", 3000)
    assert refused.value.code == "charge_already_refunded"
    charge = (await sdk.v1.charges.list_async({"payment_intent": intent})).data[0]
    assert (charge.amount_refunded, charge.refunded) == (5000, True)
    await endpoint.until(lambda: endpoint.kinds().count("charge.refunded") == 2)


async def test_all_movements_of_money_add_up(sdk: stripe.StripeClient, wish: Wish) -> None:
    intent = await paid(sdk, wish)
    await paid(sdk, wish)
    await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": 1500})

    balance = await sdk.v1.balance.retrieve_async()
    movements = await sdk.v1.balance_transactions.list_async()

    assert [(each.amount, each.currency) for each in balance.available] == [(8500, "eur")]
    assert sorted(each.net for each in movements.data) == [-1500, 5000, 5000]


async def test_what_was_never_paid_cannot_be_refunded(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await pay(session.url or "", "4000000000000002")
    session = await sdk.v1.checkout.sessions.retrieve_async(session.id)

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        await sdk.v1.refunds.create_async({"payment_intent": str(session.payment_intent)})
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        await sdk.v1.refunds.create_async({"payment_intent": "pi_unknown"})


async def test_an_authorised_amount_is_captured_in_part_and_the_rest_let_go(
    sdk: stripe.StripeClient, wish: Wish
) -> None:
    intent = await paid(sdk, on_hold(wish))
    held = await sdk.v1.payment_intents.retrieve_async(intent, {"expand": ["latest_charge"]})
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 5000, 0)
    assert isinstance(held.latest_charge, stripe.Charge)
    details = held.latest_charge.payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.capture_before == held.latest_charge.created + 7 * 86_400

    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        await sdk.v1.payment_intents.capture_async(intent, {"amount_to_capture": 5001})
    captured = await sdk.v1.payment_intents.capture_async(intent, {"amount_to_capture": 3000})

    assert (captured.status, captured.amount_received, captured.amount_capturable) == ("succeeded", 3000, 0)
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        await sdk.v1.payment_intents.capture_async(intent)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": 3001})
    assert (await sdk.v1.refunds.create_async({"payment_intent": intent})).amount == 3000


async def test_an_authorised_amount_can_be_let_go(sdk: stripe.StripeClient, wish: Wish) -> None:
    intent = await paid(sdk, on_hold(wish))

    cancelled = await sdk.v1.payment_intents.cancel_async(intent, {"cancellation_reason": "requested_by_customer"})

    assert (cancelled.status, cancelled.amount_received) == ("canceled", 0)
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        await sdk.v1.payment_intents.capture_async(intent)


async def test_a_payment_that_was_received_cannot_be_cancelled(sdk: stripe.StripeClient, wish: Wish) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        await sdk.v1.payment_intents.cancel_async(await paid(sdk, wish))


async def test_a_bank_takes_a_charge_back_and_gives_it_again(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    intent = await paid(sdk, wish)
    dispute = process.dispute(intent)

    opened = await sdk.v1.disputes.retrieve_async(dispute, {"expand": ["charge"]})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sdk.v1.refunds.create_async({"payment_intent": intent})
    process.dispute_ends(dispute, "won")
    won = await sdk.v1.disputes.retrieve_async(dispute)
    moves = await sdk.v1.balance_transactions.list_async({"type": "adjustment", "expand": ["data.source"]})

    assert (opened.status, [each.amount for each in opened.balance_transactions]) == ("needs_response", [-5000])
    assert isinstance(opened.charge, stripe.Charge)
    assert opened.charge.disputed
    assert refused.value.code == "charge_disputed"
    assert (won.status, [each.amount for each in won.balance_transactions]) == ("won", [-5000, 5000])
    assert [each.source.id for each in moves.data if isinstance(each.source, stripe.Dispute)] == [dispute] * 2
    kinds = {f"charge.dispute.{each}" for each in ("created", "funds_withdrawn", "closed", "funds_reinstated")}
    await endpoint.until(lambda: kinds <= {*endpoint.kinds()})


async def test_a_bank_that_asks_takes_nothing_and_may_leave_it_at_that(
    process: StripeProcess, sdk: stripe.StripeClient, wish: Wish
) -> None:
    intent = await paid(sdk, wish)
    dispute = process.dispute(intent, 1000, inquiry=True)

    asked = await sdk.v1.disputes.retrieve_async(dispute)
    process.dispute_ends(dispute, "lost")
    over = await sdk.v1.disputes.retrieve_async(dispute)

    assert (asked.status, asked.amount, asked.balance_transactions) == ("warning_needs_response", 1000, [])
    assert asked.is_charge_refundable
    assert over.status == "warning_closed"
