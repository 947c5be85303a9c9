"""Legal holds in the chat: who may, on whom, what the patient is told, and that the reason is sealed and noted."""

import pytest
from sqlalchemy import select

from records.audit.model import audit_event
from records.erasure.model import legal_hold
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL

REASON = "District Court Berlin, 12 C 34/26"


@pytest.fixture
async def code(chat: Chat) -> str:
    """Anna's visit at Clara's centre."""
    return await book(chat)


async def test_a_hold_stops_being_forgotten_until_it_is_lifted(chat: Chat, code: str) -> None:
    placed = await chat.say(CLARA, f"legal hold {code}: {REASON}")
    assert "Held: Anna, since" in placed
    assert REASON in placed
    told = await chat.say(ANNA, "forget me")
    assert "a legal hold stands on them" in told
    assert REASON not in told
    looked = await chat.say(ANNA, "who looked")
    assert "@clara:localhost wrote a legal hold (on request)" in looked

    listed = await chat.say(CLARA, "legal holds")
    assert f"1. Anna, since 30 Nov 2026, placed by @clara:localhost: {REASON}" in listed
    assert "Lift this hold?" in await chat.say(CLARA, "lift hold 1: the case is closed")
    assert "a legal hold stands on them" in await chat.say(ANNA, "forget me")  # asked is not done
    assert "Lifted: Anna" in await chat.say(CLARA, "yes")
    assert "No legal hold stands" in await chat.say(CLARA, "legal holds")
    assert "These visits are cancelled" in await chat.say(ANNA, "forget me")


async def test_a_number_of_the_list_asks_why(chat: Chat, code: str) -> None:
    await chat.say(CLARA, f"legal hold {ANNA}: {REASON}")
    await chat.say(CLARA, "legal holds")
    assert "Write why it is lifted" in await chat.say(CLARA, "1")
    assert "Nothing was changed" in await chat.say(CLARA, "yes")
    await chat.say(CLARA, "legal holds")
    await chat.say(CLARA, "1")
    assert "Nothing has changed" in await chat.say(CLARA, "no")
    assert REASON in await chat.say(CLARA, "legal holds")
    await chat.say(CLARA, "1")
    assert "Lifted: Anna" in await chat.say(CLARA, "The court has decided.")
    assert "No legal hold stands" in await chat.say(CLARA, "legal holds")


async def test_only_of_patients_of_ones_own_centre(chat: Chat, code: str) -> None:
    await chat.say(BEN, "hello", name="Ben")
    nobody = await chat.say(CLARA, f"legal hold @nobody:localhost: {REASON}")
    assert "I know no patient of yours by that" in nobody
    assert await chat.say(CLARA, f"legal hold {BEN}: {REASON}") == nobody  # he is there, and was never at the centre
    for other in (ANNA, OSEI):
        await chat.say(other, f"legal hold {code}: {REASON}")
    async with chat.database.transaction() as tx:
        assert (await tx.conn.execute(select(legal_hold))).all() == []


async def test_a_platform_admin_holds_without_learning_the_name(chat: Chat, code: str) -> None:
    placed = await chat.say(PAUL, f"legal hold {code}: {REASON}")
    assert f"Held: {ANNA}, since" in placed
    assert "Anna," not in placed
    assert f"1. {ANNA}, since" in await chat.say(PAUL, "legal holds")
    assert "1. Anna, since" in await chat.say(CLARA, "legal holds")


async def test_it_says_what_is_missing(chat: Chat, code: str) -> None:
    assert "who demands it" in await chat.say(CLARA, f"legal hold {code}")
    assert "Which one?" in await chat.say(CLARA, "lift hold 1: over")
    assert "No legal hold stands" in await chat.say(CLARA, "legal holds")


async def test_reasons_are_sealed_and_each_step_is_noted(chat: Chat, code: str) -> None:
    anna, clara = await chat.person(ANNA), await chat.person(CLARA)
    await chat.say(CLARA, f"legal hold {code}: {REASON}")
    await chat.say(CLARA, "legal holds")
    await chat.say(CLARA, "lift hold 1: the case is closed")
    await chat.say(CLARA, "yes")
    async with chat.database.transaction() as tx:
        (row,) = (await tx.conn.execute(select(legal_hold))).all()
        assert b"Berlin" not in row.reason
        assert b"closed" not in row.lift_reason
        noted = await tx.conn.execute(
            select(audit_event.c.action, audit_event.c.actor, audit_event.c.subject)
            .where(audit_event.c.table_name == "legal_hold", audit_event.c.row_id == row.id)
            .order_by(audit_event.c.id)
        )
        steps = [tuple(each) for each in noted]
    assert steps[0] == ("write", clara.id, anna.patient.id)
    assert steps[-1] == ("write", clara.id, anna.patient.id)
    assert ("read", clara.id, anna.patient.id) in steps
