"""Notes and sick notes in talks."""

import re
from datetime import timedelta

import pytest

from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI
from tests.integration.booking.town import Town, at


@pytest.fixture
async def visit(chat: Chat, town: Town) -> str:
    """The code of Anna's visit with Dr Osei, which has begun on Tuesday, 1 December."""
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    await chat.signs(OSEI)
    await chat.notices()
    return code


async def signed(chat: Chat, town: Town) -> str:
    """Dr Osei answers with the authenticator's next code."""
    town.clock.time += timedelta(seconds=30)
    return await chat.sign(OSEI)


async def test_a_note_is_signed_then_shared_with_a_number(chat: Chat, town: Town, visit: str) -> None:
    shown = await chat.say(OSEI, f"note {visit} mole removed, wound dry")
    assert "Note for Anna, not shared:\n\n> mole removed, wound dry\n\nTo sign this" in shown
    assert "There are no notes" in await chat.say(OSEI, f"notes {visit}")
    said = await signed(chat, town)
    assert "Doctors who treat the patient see it" in said
    assert "1. Share it with the patient\n2. Write it anew\n3. Withdraw it" in said
    assert "There are no notes" in await chat.say(ANNA, "documents")
    assert "mole removed, wound dry, Dr Ama Osei, 1 Dec 2026, not shared" in await chat.say(OSEI, f"notes {visit}")
    await chat.say(OSEI, "1")
    assert "The patient has it now" in await chat.say(OSEI, "1")
    told = (await chat.notices())[ANNA]
    assert "> mole removed, wound dry" in told[-2].text
    assert told[-1].fields["kind"] == "document"
    assert (await chat.file(told[-1])).startswith(b"%PDF")
    assert "mole removed" in await chat.say(ANNA, "documents")
    assert "> mole removed" in await chat.say(ANNA, "1")


async def test_a_summary_is_shared_at_once_and_asks_for_what_is_missing(chat: Chat, town: Town, visit: str) -> None:
    assert "1. Anna, Tue 1 Dec, 09:00" in await chat.say(OSEI, "summary")
    assert "What is to be noted?" in await chat.say(OSEI, "1")
    assert "who gets it" in await chat.say(OSEI, "drink more water")
    assert "Signed and shared" in await signed(chat, town)
    assert "drink more water" in (await chat.notices())[ANNA][0].text


async def test_a_note_is_written_anew_and_withdrawn(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(OSEI, f"summary {visit} take it twice")
    await signed(chat, town)
    await chat.notices()
    await chat.say(OSEI, "documents " + visit)
    await chat.say(OSEI, "1")
    assert "Write it anew, the whole of it" in await chat.say(OSEI, "1")
    assert "anew:\n\n> take it once" in await chat.say(OSEI, "take it once")
    assert await chat.notices() == {}
    assert "version 2. The patient is told." in await signed(chat, town)
    assert "take it once" in (await chat.notices())[ANNA][0].text
    await chat.say(OSEI, "documents " + visit)
    await chat.say(OSEI, "1")
    assert "Why?" in await chat.say(OSEI, "2")
    assert "as a mistake: another patient's" in await chat.say(OSEI, "another patient's")
    assert "Withdrawn" in await signed(chat, town)
    assert "Withdrawn as a mistake: another patient's" in (await chat.notices())[ANNA][0].text
    assert ", withdrawn" in await chat.say(ANNA, "documents")


async def test_a_sick_note_goes_to_the_patient_with_a_copy_for_the_employer(chat: Chat, town: Town, visit: str) -> None:
    shown = await chat.say(OSEI, f"sick note {visit} until friday, can work from home: J06.9 cold")
    assert "Sick note for Anna" in shown
    assert "work in part: can work from home" in shown
    assert "1 Dec 2026 to 4 Dec 2026 (4 days)" in shown
    assert "Diagnosis, not on the employer's copy: J06.9 cold" in shown
    said = await signed(chat, town)
    code = re.search(r"sick note (\w{6})", said)
    assert code
    told = (await chat.notices())[ANNA]
    assert "copy for the employer that does not say why" in told[-3].text
    assert [each.fields["kind"] for each in told[-2:]] == ["document", "document employer"]
    employer = await chat.file(told[-1])
    assert employer.startswith(b"%PDF")
    assert await chat.file(told[-2]) != employer
    assert f"Sick note {code[1]}" in await chat.say(ANNA, f"document {code[1]}")
    assert "may not do that" in await chat.say(BEN, f"document {code[1]}", name="Ben")


async def test_a_sick_note_step_by_step_and_put_down(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(OSEI, "sick note")
    assert "From when until when?" in await chat.say(OSEI, "1")
    assert "From when until when?" in await chat.say(OSEI, "flu")
    assert "(3 days)" in await chat.say(OSEI, "for 3 days, school")
    assert "Nothing was written" in await chat.say(OSEI, "no")
    await signed(chat, town)
    assert "There are no notes" in await chat.say(OSEI, f"documents {visit}")


async def test_who_may_not_write_does_not(chat: Chat, visit: str) -> None:
    assert "sign" not in await chat.say(ANNA, f"note {visit} I am well")
    assert "sign" not in await chat.say(CLARA, f"note {visit} I am well")
    assert "may not do that" in await chat.say(OSEI, "note 000000 x")


async def test_a_wrong_code_writes_nothing_and_the_next_one_does(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(OSEI, f"summary {visit} take it twice")
    assert "not right" in await chat.say(OSEI, "000000")
    assert "There are no notes" in await chat.say(ANNA, "documents")
    assert "Signed and shared" in await signed(chat, town)
    assert "take it twice" in await chat.say(ANNA, "documents")


async def test_who_cannot_sign_yet_sets_it_up_on_the_way_and_comes_back_to_the_note(chat: Chat, town: Town) -> None:
    code = await book(chat)
    town.clock.time = at(1, 8)
    await chat.say(OSEI, f"arrived {code}")
    assert "You cannot sign yet" in await chat.say(OSEI, f"note {code} mole removed")
    link = re.search(r"otpauth://totp/\S+", await chat.say(OSEI, "sign"))
    assert link
    chat.takes(OSEI, link[0])
    assert "> mole removed" in await chat.sign(OSEI)
    assert "Signed: " in await signed(chat, town)


async def test_a_visit_that_has_not_begun_is_refused_before_anything_is_signed(chat: Chat, town: Town) -> None:
    code = await book(chat)
    assert "once the visit has begun" in await chat.say(OSEI, f"note {code} too early")
    assert "once the visit has begun" in await chat.say(OSEI, f"sick note {code} for 3 days")
