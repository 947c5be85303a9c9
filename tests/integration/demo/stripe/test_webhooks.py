"""Events of the stand-in: signed, repeated till they are taken, listed; and spoilt on demand."""

import asyncio
from collections.abc import Callable

import pytest
import stripe

from demo.stripe.payer import pay
from demo.stripe.process import StripeProcess
from tests.integration.demo.stripe.conftest import Endpoint

Wish = Callable[..., dict[str, object]]

OF_A_PAYMENT = {"charge.succeeded", "checkout.session.completed", "payment_intent.created", "payment_intent.succeeded"}


async def pay_one(sdk: stripe.StripeClient, wish: Wish) -> None:
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await pay(session.url or "", come_back=False)


async def listed(sdk: stripe.StripeClient, **filters: object) -> list[stripe.Event]:
    return list((await sdk.v1.events.list_async({"limit": 100, **filters})).data)


async def are_listed(sdk: stripe.StripeClient, kinds: set[str], *, taken: bool) -> None:
    """Wait until these alone are listed as taken, or as not: an event is taken before that is written down."""
    async with asyncio.timeout(60):
        while {event.type for event in await listed(sdk, delivery_success=taken)} != kinds:
            await asyncio.sleep(0.02)


async def test_an_event_that_is_refused_is_sent_again(sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish) -> None:
    endpoint.answer = 500
    await pay_one(sdk, wish)
    await endpoint.until(lambda: len(endpoint.heard) >= 8)
    assert {event.type for event in await listed(sdk, delivery_success=False)} == OF_A_PAYMENT

    endpoint.answer = 200
    before = len(endpoint.heard)
    await endpoint.until(lambda: len(endpoint.heard) >= before + 4)

    assert set(endpoint.kinds()[before:]) == OF_A_PAYMENT
    await endpoint.until(lambda: len(endpoint.heard) == before + 4)
    await are_listed(sdk, set(), taken=False)


async def test_what_was_not_delivered_before_a_crash_is_delivered_after_it(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    endpoint.answer = 503
    await pay_one(sdk, wish)
    process.kill()
    endpoint.heard.clear()
    endpoint.answer = 200

    process.start()

    await endpoint.until(lambda: set(endpoint.kinds()) == OF_A_PAYMENT)


async def test_of_what_is_forgotten_nothing_is_told_any_more(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    endpoint.answer = 503
    await pay_one(sdk, wish)
    await endpoint.until(lambda: set(endpoint.kinds()) == OF_A_PAYMENT)
    process.forget()
    endpoint.heard.clear()
    endpoint.answer = 200
    await pay_one(sdk, wish)
    await endpoint.until(lambda: set(endpoint.kinds()) == OF_A_PAYMENT)
    new = {event.id for event in await listed(sdk)}
    assert {event.id for event in endpoint.heard} == new
    assert len(new) == 4


async def test_each_event_can_come_twice(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    process.control(duplicate=1)

    await pay_one(sdk, wish)

    await endpoint.until(lambda: len(endpoint.heard) == 8)
    assert len({event.id for event in endpoint.heard}) == 4


async def test_events_can_come_the_last_first(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    process.control(reorder=True, delay=0)

    await pay_one(sdk, wish)

    await endpoint.until(lambda: len(endpoint.heard) == 4)
    made = [event.type for event in reversed(await listed(sdk))]
    assert endpoint.kinds() != made


async def test_a_dropped_event_is_found_in_the_list_only(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    process.control(drop=4)

    await pay_one(sdk, wish)
    session = await sdk.v1.checkout.sessions.create_async(wish())
    await sdk.v1.checkout.sessions.expire_async(session.id)

    await endpoint.until(lambda: endpoint.kinds() == ["checkout.session.expired"])
    await are_listed(sdk, {"checkout.session.expired"}, taken=True)
    assert {event.type for event in await listed(sdk, delivery_success=False)} == OF_A_PAYMENT


async def test_a_test_chooses_the_order_of_events_itself(
    process: StripeProcess, sdk: stripe.StripeClient, endpoint: Endpoint, wish: Wish
) -> None:
    process.control(hold=True)
    await pay_one(sdk, wish)
    by_kind = {event.type: event.id for event in await listed(sdk)}
    assert endpoint.heard == []

    for kind in ("checkout.session.completed", "payment_intent.created", "checkout.session.completed"):
        before = len(endpoint.heard)
        process.deliver(by_kind[kind])
        await endpoint.until(lambda before=before: len(endpoint.heard) > before)

    assert endpoint.kinds() == ["checkout.session.completed", "payment_intent.created", "checkout.session.completed"]


async def test_events_are_listed_by_kind_in_pages(sdk: stripe.StripeClient, wish: Wish) -> None:
    await pay_one(sdk, wish)

    assert [event.type for event in await listed(sdk, type="charge.succeeded")] == ["charge.succeeded"]
    page = await sdk.v1.events.list_async({"limit": 3})
    assert page.has_more
    everything = [event.type async for event in page.auto_paging_iter()]
    assert len(everything) == 4
    one = await sdk.v1.events.retrieve_async(page.data[0].id)
    assert one.data.object["object"] == "checkout.session"


async def test_an_unknown_switch_is_refused(process: StripeProcess) -> None:
    with pytest.raises(OSError, match="400"):
        process.control(explode=True)
