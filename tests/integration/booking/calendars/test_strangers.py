"""Addresses that lead nowhere: what they cost, and that nobody is kept from a new one because of them."""

import asyncio
from collections import Counter
from unittest.mock import AsyncMock

import pytest
from aiohttp import ClientResponse
from sqlalchemy import text

from booking.calendars.feeds.serving import FeedServer
from core.ids import new_secret, secret_hash
from tests.integration.booking.calendars.subscriber import Subscriber
from tests.integration.booking.clinic import Clinic


def unknown() -> str:
    return f"/feeds/{new_secret()}.ics"


async def test_addresses_that_nobody_knows_share_a_question_and_take_no_transaction(
    calendars: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = calendars.server._standing
    asked, looked_up = AsyncMock(wraps=standing._known), AsyncMock(side_effect=AssertionError)
    monkeypatch.setattr(standing, "_known", asked)
    monkeypatch.setattr(FeedServer, "_look_up", looked_up)

    answers = await asyncio.gather(*(calendars.get(unknown()) for _ in range(60)))

    assert {each.status for each in answers} == {404}
    assert {await each.text() for each in answers} == {"There is no calendar at this address.\n"}
    looked_up.assert_not_called()
    assert asked.await_count < 60


async def test_who_asks_for_what_is_not_there_again_and_again_is_told_to_wait_and_nobody_else_is(
    calendars: Subscriber,
) -> None:
    here, there = {"X_Forwarded_For": "8.8.8.8"}, {"X_Forwarded_For": "9.9.9.9"}
    known, other = await calendars.issue(), await calendars.issue()
    assert (await calendars.get(known, **here)).status == 200
    answers: list[ClientResponse] = []
    while not any(each.status == 429 for each in answers) and len(answers) < 2000:  # a slow machine gives some back
        answers += await asyncio.gather(*(calendars.get(unknown(), **here) for _ in range(50)))

    seen = Counter(each.status for each in answers)
    assert seen[404] >= 120
    assert seen.keys() == {404, 429}
    assert {each.headers["Retry-After"] for each in answers if each.status == 429} == {"1"}
    # What is known here is given to everybody, and everything to who asks from elsewhere.
    assert (await calendars.get(known, **here)).status == 200
    assert (await calendars.get(other, **there)).status == 200
    assert (await calendars.get(unknown(), **there)).status == 404


async def test_an_address_is_there_as_soon_as_it_is_made_though_it_was_asked_for_before(
    calendars: Subscriber, clinic: Clinic
) -> None:
    secret = new_secret()
    path = f"/feeds/{secret}.ics"
    await calendars.issue()
    for _ in range(3):
        assert (await calendars.get(path)).status == 404

    async with clinic.tx() as tx:
        await tx.conn.execute(text("UPDATE calendar_feed SET secret_hash = :new"), {"new": secret_hash(secret)})

    assert (await calendars.get(path)).status == 200
