"""Being forgotten, in talks: told first, done only with the sentence, and then there is nobody any more."""

import json
import re

import pytest
from sqlalchemy import select

from appservice.matrix.model import direct_room
from appservice.matrix.sent_files import FORGET_FILES
from appservice.outgoing import LEAVE
from booking.people.model import person
from core.outbox import outbox
from records.audit.model import audit_event
from records.erasure import place_hold
from tests.integration.appservice.conversation.chat import Chat, private_room
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at

PDF = b"%PDF-1.7 x"


@pytest.fixture
async def life(chat: Chat) -> str:
    """Anna has a visit to come, a reason for it, an allergy and a file."""
    code = await book(chat)
    await chat.say(ANNA, f"reason {code} a cough")
    await chat.say(ANNA, "allergies nuts")
    await chat.send_file(ANNA, PDF, "a.pdf")
    await chat.say(ANNA, "1")
    async with chat.database.transaction() as tx:
        anna = (await chat.person(ANNA)).id
        await tx.conn.execute(direct_room.insert().values(person_id=anna, room_id=private_room(ANNA)))
    await chat.notices()
    return code


async def test_what_it_comes_to_is_said_first(chat: Chat, life: str) -> None:
    said = await chat.say(ANNA, "forget me")
    assert "These visits are cancelled" in said
    assert life in said
    assert "in every backup from 31 Dec 2026 on" in said
    assert "BGB section 630f" in said
    assert "legal hold" in said
    assert "Files that we sent each other are removed from the homeserver localhost, too" in said
    for answer in ("yes", "forget me", "ok do it"):
        assert "Nothing was erased" in await chat.say(ANNA, answer)
        await chat.say(ANNA, "!forget me")
    assert "Nothing has changed" in await chat.say(ANNA, "no")
    assert life in await chat.say(ANNA, "appointments")


async def test_with_the_sentence_there_is_nobody_any_more(chat: Chat, town: Town, life: str) -> None:
    anna = await chat.person(ANNA)
    await chat.say(ANNA, "forget me")
    assert "You are forgotten here; it is final from 31 Dec 2026 on" in await chat.say(ANNA, "Forget me for good.")
    told = await chat.notices()
    assert ANNA not in told
    assert any(f"Cancelled for A patient: Visit {life}" in each.text for each in told[OSEI])
    async with chat.database.transaction() as tx:
        files = (await tx.conn.execute(select(outbox.c.payload).where(outbox.c.kind == FORGET_FILES))).scalars()
        assert [json.loads(each) for each in files] == [{"person": str(anna.id), "owner": ANNA}]
        left = await tx.conn.execute(select(outbox.c.lane, outbox.c.payload).where(outbox.c.kind == LEAVE))
        assert [(row.lane, json.loads(row.payload)["owner"]) for row in left] == [(f"room:{private_room(ANNA)}", ANNA)]
        assert (await tx.conn.execute(select(direct_room))).all() == []
        assert (await tx.conn.execute(select(person).where(person.c.mxid == ANNA))).all() == []
        erased = await tx.conn.execute(select(audit_event.c.subject).where(audit_event.c.action == "erase"))
        assert {*erased.scalars()} >= {anna.id, anna.patient.id}
    town.clock.time = at(1, 9)
    assert "a cough" not in await chat.say(OSEI, f"reason {life}")
    assert "may not do that" in await chat.say(OSEI, f"files {life}")  # the visit was called off


async def test_who_writes_again_is_somebody_new(chat: Chat, life: str) -> None:
    before = await chat.person(ANNA)
    await chat.say(ANNA, "forget me")
    await chat.say(ANNA, "forget me for good")
    after = await chat.person(ANNA)
    assert (after.id, after.patient.id) not in {(before.id, before.patient.id)}
    assert after.id != before.id
    assert "no visits to come" in await chat.say(ANNA, "appointments")
    assert "There is nothing yet" in await chat.say(ANNA, "history")
    assert "There are no files" in await chat.say(ANNA, "files")
    assert "not checked" in await chat.say(ANNA, "allergies")
    assert re.search(r"Confirmed|1\. ", await chat.say(ANNA, "cardiologist near Berlin tomorrow under 60"))
    assert (await chat.person(ANNA)).id == after.id
    await chat.say(ANNA, "forget me")
    assert "You are forgotten here" in await chat.say(ANNA, "forget me for good")
    assert (await chat.person(ANNA)).id not in {before.id, after.id}


async def test_a_legal_hold_stops_it(chat: Chat, life: str) -> None:
    clara = await chat.person(CLARA)
    anna = await chat.person(ANNA)
    async with chat.database.transaction() as tx:
        await place_hold(tx, chat.ctx.vault, anna.patient.id, actor=clara.id, reason="court order 1")
    assert "a legal hold stands on them" in await chat.say(ANNA, "forget me")
    assert life in await chat.say(ANNA, "appointments")


async def test_a_visit_under_way_comes_first_and_staff_are_not_forgotten(chat: Chat, town: Town, life: str) -> None:
    assert "You work here" in await chat.say(OSEI, "forget me")
    assert "You work here" in await chat.say(CLARA, "forget me")
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {life}")
    assert f"Visit {life} is under way" in await chat.say(ANNA, "forget me")


async def test_family_for_whom_nobody_else_speaks_is_asked_about(chat: Chat) -> None:
    await chat.say(BEN, "add family Mia 2018-05-04", name="Ben")
    await chat.say(BEN, "allergies nuts for Mia", name="Ben")
    asked = await chat.say(BEN, "forget me", name="Ben")
    assert "2. Me, and Mia, for whom nobody else speaks here" in asked
    mia = (await chat.person(BEN)).family[0].id
    await chat.say(BEN, "2", name="Ben")
    assert "You are forgotten here" in await chat.say(BEN, "forget me for good", name="Ben")
    async with chat.database.transaction() as tx:
        erased = await tx.conn.execute(select(audit_event.c.subject).where(audit_event.c.action == "erase"))
        assert mia in {*erased.scalars()}
