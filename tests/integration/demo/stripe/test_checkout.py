"""Checkout on the stand-in, driven by the official SDK and a payer who uses the page as a browser does."""

import time
from collections.abc import Callable

import pytest
import stripe

from demo.stripe.payer import pay
from demo.stripe.process import StripeProcess
from tests.integration.demo.stripe.conftest import Endpoint

Wish = Callable[..., dict[str, object]]


async def test_a_good_card_pays_and_the_shop_hears_of_it(
    sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)

    ending = await pay(session.url or "", come_back=False)

    assert ending.url == f"http://127.0.0.1:9/pay/return?session={session.id}"
    paid = await sdk.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (paid.status, paid.payment_status, paid.amount_total, paid.currency) == ("complete", "paid", 5000, "eur")
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert paid.payment_intent.metadata["appointment"] == "0190"
    assert isinstance(paid.payment_intent.latest_charge, stripe.Charge)
    assert paid.payment_intent.latest_charge.amount_captured == 5000
    assert paid.line_items is not None
    assert paid.line_items.data[0].description == "Visit A1B2C3"
    await endpoint.until(lambda: len(endpoint.kinds()) >= 4)
    assert sorted(endpoint.kinds()) == [
        "charge.succeeded",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]


async def test_a_declined_card_says_so_and_another_may_be_tried(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())

    declined = await pay(session.url or "", "4000000000000002")

    assert (declined.status, declined.message) == (402, "Your card was declined. Try another card.")
    open_still = await sdk.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
    assert open_still.status == "open"
    assert isinstance(open_still.payment_intent, stripe.PaymentIntent)
    assert open_still.payment_intent.status == "requires_payment_method"
    assert open_still.payment_intent.last_payment_error is not None
    await pay(session.url or "", come_back=False)
    assert (await sdk.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"


@pytest.mark.parametrize(("authenticate", "end"), [(True, "paid"), (False, "unpaid")])
async def test_a_card_may_ask_for_authentication_first(
    sdk: stripe.StripeClient, wish: Wish, authenticate: bool, end: str
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())

    ending = await pay(session.url or "", "4000002500003155", authenticate=authenticate, come_back=False)

    assert any("/c/authenticate/" in url for url in ending.visited)
    assert authenticate or (ending.message or "").startswith("We could not authenticate your card.")
    assert (await sdk.v1.checkout.sessions.retrieve_async(session.id)).payment_status == end


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ("4242424242424241", "This card number is not valid."),
        ("4111111111111111", "only test cards work here"),
        ("", "Enter your card number."),
        ("4000000000009995", "insufficient funds"),
    ],
)
async def test_the_page_says_what_is_wrong_with_a_card(
    sdk: stripe.StripeClient, wish: Wish, card: str, says: str
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())

    assert says in ((await pay(session.url or "", card)).message or "")


async def test_who_pays_twice_pays_once(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await pay(session.url or "", come_back=False)

    again = await pay(session.url or "", come_back=False)

    assert again.status == 200
    charges = await sdk.v1.charges.list_async()
    assert len(charges.data) == 1


async def test_an_expired_session_takes_no_money(sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    url = session.url or ""

    expired = await sdk.v1.checkout.sessions.expire_async(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    assert "expired" in ((await pay(url)).message or "")
    await endpoint.until(lambda: endpoint.kinds() == ["checkout.session.expired"])
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        await sdk.v1.checkout.sessions.expire_async(session.id)


async def test_a_paid_session_cannot_be_expired(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await pay(session.url or "", come_back=False)

    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        await sdk.v1.checkout.sessions.expire_async(session.id)


async def test_a_session_expires_when_its_time_is_over(
    sdk: stripe.StripeClient, process: StripeProcess, endpoint: Endpoint, wish: Wish
) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())

    process.expire(session.id)

    await endpoint.until(lambda: endpoint.kinds() == ["checkout.session.expired"])
    assert endpoint.heard[0].data.object["client_reference_id"] == "0190-booking"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"expires_at": int(time.time()) + 60}, "expires_at"),
        ({"line_items": []}, "line_items"),
        ({"colour": "red"}, "colour"),
        ({"success_url": "nowhere"}, "success_url"),
        ({"metadata": {"key": "x" * 501}}, "metadata[key]"),
    ],
)
async def test_a_wrong_parameter_is_named(
    sdk: stripe.StripeClient, wish: Wish, more: dict[str, object], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sdk.v1.checkout.sessions.create_async(wish(**more))

    assert refused.value.param == param


@pytest.mark.parametrize(("amount", "currency"), [(49, "eur"), (1005, "kwd"), (150, "isk"), (5000, "xxy")])
async def test_an_amount_that_stripe_would_not_charge_is_refused(
    sdk: stripe.StripeClient, wish: Wish, amount: int, currency: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await sdk.v1.checkout.sessions.create_async(wish(amount, currency))
