"""Keys, idempotency, faults and restarts: what a client of Stripe leans on when the network breaks."""

import asyncio
from collections.abc import Callable

import pytest
import stripe

from demo.stripe.payer import pay
from demo.stripe.process import StripeProcess

Wish = Callable[..., dict[str, object]]


async def test_a_wrong_key_is_refused(process: StripeProcess) -> None:
    http = stripe.AIOHTTPClient()
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": process.url}, http_client=http)
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        await stranger.v1.events.list_async()
    await http.close_async()  # type: ignore[no-untyped-call]


async def test_the_same_key_and_body_get_the_first_answer_again(sdk: stripe.StripeClient, wish: Wish) -> None:
    wanted = wish()
    first = await sdk.v1.checkout.sessions.create_async(wanted, {"idempotency_key": "booking:1:1"})
    again = await sdk.v1.checkout.sessions.create_async(wanted, {"idempotency_key": "booking:1:1"})

    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len((await sdk.v1.checkout.sessions.list_async()).data) == 1


async def test_the_same_key_with_another_body_is_refused(sdk: stripe.StripeClient, wish: Wish) -> None:
    await sdk.v1.checkout.sessions.create_async(wish(), {"idempotency_key": "booking:1:1"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        await sdk.v1.checkout.sessions.create_async(wish(6000), {"idempotency_key": "booking:1:1"})


async def test_a_refund_with_one_key_is_made_once(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await pay(session.url or "", come_back=False)
    intent = str((await sdk.v1.checkout.sessions.retrieve_async(session.id)).payment_intent)

    refunds = [
        await sdk.v1.refunds.create_async({"payment_intent": intent, "amount": 1000}, {"idempotency_key": "refund:1"})
        for _ in range(3)
    ]

    assert len({refund.id for refund in refunds}) == 1
    assert len((await sdk.v1.refunds.list_async({"payment_intent": intent})).data) == 1


async def test_a_second_request_while_the_first_is_under_way_is_told_to_wait(
    process: StripeProcess, sdk: stripe.StripeClient, wish: Wish
) -> None:
    process.control(slow=1.0)
    wanted = wish()

    outcomes = await asyncio.gather(
        *(sdk.v1.checkout.sessions.create_async(wanted, {"idempotency_key": "one"}) for _ in range(2)),
        return_exceptions=True,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, stripe.APIError)]
    assert [outcome.http_status for outcome in refused] == [409]
    assert sum(isinstance(outcome, stripe.checkout.Session) for outcome in outcomes) == 1


@pytest.mark.parametrize(
    ("how", "raised"),
    [("error", stripe.APIError), ("reset", stripe.APIConnectionError), ("lost", stripe.APIConnectionError)],
)
async def test_a_failed_call_can_be_repeated_and_happens_once(
    process: StripeProcess, sdk: stripe.StripeClient, wish: Wish, how: str, raised: type[Exception]
) -> None:
    wanted = wish()
    process.control(fail_next=1, fail_how=how)
    with pytest.raises(raised):
        await sdk.v1.checkout.sessions.create_async(wanted, {"idempotency_key": "one"})

    await sdk.v1.checkout.sessions.create_async(wanted, {"idempotency_key": "one"})

    assert len((await sdk.v1.checkout.sessions.list_async()).data) == 1


async def test_money_survives_a_crash(process: StripeProcess, sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish(), {"idempotency_key": "one"})
    await pay(session.url or "", come_back=False)

    process.kill()
    process.start()

    again = await sdk.v1.checkout.sessions.retrieve_async(session.id)
    assert again.payment_status == "paid"
    intent = str(again.payment_intent)
    assert (await sdk.v1.refunds.create_async({"payment_intent": intent})).amount == 5000


async def test_every_request_is_kept_as_it_came(process: StripeProcess, sdk: stripe.StripeClient, wish: Wish) -> None:
    await sdk.v1.checkout.sessions.create_async(wish(metadata={"note": "marker-7f3a"}), {"idempotency_key": "one"})
    await sdk.v1.events.list_async({"limit": 1})

    created, listed = process.requests()

    assert (created["method"], created["path"], created["key"]) == ("POST", "/v1/checkout/sessions", "one")
    assert "marker-7f3a" in created["body"]
    assert (listed["path"], listed["query"]) == ("/v1/events", "limit=1")


async def test_an_unknown_address_is_not_found(sdk: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        await sdk.v1.customers.list_async()
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        await sdk.v1.checkout.sessions.retrieve_async("cs_test_unknown")
