"""Who reads what: shared and stopped, opened in an emergency, looked up afterwards, and proved."""

import base64
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from appservice.auditing.heads import trusted_keys
from appservice.conversation.attachments import attachments
from booking.context import Context
from core.settings import AuditSettings
from records.audit.proving import Proof
from records.audit.sequencing import place_all
from records.audit.verifying import verify
from tests.integration.appservice.conversation.chat import Chat
from tests.integration.appservice.conversation.test_booking_talks import book
from tests.integration.booking.clinic import ANNA, BEN, CLARA, OSEI, PAUL
from tests.integration.booking.town import Town, at

MAIER = "@maier:localhost"
LINE = "amoxicillin 500 mg capsules, 1 capsule three times daily for 7 days, 21 capsules"


@pytest.fixture
async def visit(chat: Chat, town: Town) -> str:
    """Anna's visit with Dr Osei, who has prescribed something; Dr Maier of another clinic has an account, too."""
    code = await book(chat)
    await chat.say(ANNA, f"reason {code} a cough for two weeks")
    await chat.say(ANNA, "allergies penicillin")
    town.clock.time = at(1, 8)
    await chat.signs(OSEI)
    await chat.say(OSEI, f"arrived {code}")
    town.clock.time += timedelta(minutes=1)
    await chat.say(OSEI, f"prescribe {code} {LINE}")
    assert "Signed" in await chat.sign(OSEI)
    await chat.notices()
    await doctor(town, MAIER, "Dr Lena Maier")
    town.clock.time += timedelta(minutes=5)
    return code


async def doctor(town: Town, mxid: str, name: str) -> None:
    """Give a doctor of the town an account."""
    from booking.directory.reading import practitioners_named
    from booking.directory.service import link_practitioner

    paul = await town.paul()
    async with town.database.transaction() as tx:
        [known] = await practitioners_named(tx, name)
        await link_practitioner(tx, town.ctx, paul, known.id, mxid)


async def test_what_is_shared_is_read_and_both_sides_are_told(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(ANNA, "name Anna Müller")
    assert "Nobody shares anything" in await chat.say(MAIER, "shared with me")
    asked = await chat.say(ANNA, f"share prescriptions and allergies with {MAIER} until 1 March")
    assert "Dr Lena Maier (@maier:localhost) will read prescriptions, allergies, until 1 Mar 2027" in asked
    assert await chat.notices() == {}
    assert "Shared with Dr Lena Maier" in await chat.say(ANNA, "yes")
    told = (await chat.notices())[MAIER][0].text
    assert "Anna Müller shares this with you: prescriptions, allergies" in told
    assert "1. Anna Müller: prescriptions, allergies until 1 Mar 2027" in await chat.say(MAIER, "shared with me")
    page = await chat.say(MAIER, "1")
    assert "penicillin" in page
    assert "1. " in page
    assert "amoxicillin" in page
    assert "cough" not in page  # the reason for the visit was not shared
    assert "21 capsules" in await chat.say(MAIER, "1")
    assert "1. Dr Lena Maier (@maier:localhost): prescriptions, allergies" in await chat.say(ANNA, "share")
    assert "reads this no more: prescriptions" in await chat.say(ANNA, f"stop sharing prescriptions with {MAIER}")
    assert "does not share this with you any more: prescriptions" in (await chat.notices())[MAIER][0].text
    await chat.say(MAIER, "shared with me")
    page = await chat.say(MAIER, "1")
    assert "penicillin" in page
    assert "amoxicillin" not in page
    await chat.say(ANNA, "stop sharing")
    assert "reads this no more: allergies" in await chat.say(ANNA, "1")
    assert "Nobody shares anything" in await chat.say(MAIER, "shared with me")
    looked = await chat.say(ANNA, "who looked")
    assert "Dr Lena Maier read allergies (as it was shared with them)" in looked


async def test_a_page_that_is_still_open_shows_nothing_after_sharing_was_stopped(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, f"share everything with {MAIER}")
    assert "everything, until it is stopped" in await chat.say(ANNA, "yes")
    await chat.say(MAIER, "shared with me")
    await chat.say(ANNA, f"stop sharing with {MAIER}")
    assert "not shared with you any more" in await chat.say(MAIER, "1")


async def test_what_is_shared_ends_with_its_day(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(ANNA, f"share allergies with {MAIER} until 3 December")
    await chat.say(ANNA, "yes")
    town.clock.time = at(3, 22)
    assert "allergies" in await chat.say(MAIER, "shared with me")
    town.clock.time = at(4, 0)
    assert "Nobody shares" in await chat.say(MAIER, "shared with me")
    assert "You share nothing" in await chat.say(ANNA, "share")


REFUSED = [
    ("share prescriptions", "With whom?"),
    ("share with @maier:localhost", "Say what to share"),
    ("share prescriptions with @maier:localhost until yesterday evening sometime", "Write a day"),
    ("share prescriptions with @maier:localhost until 1.1.2020", "That is past"),
    ("share prescriptions with dr.nobody", "cannot be reached"),
    ("share prescriptions with @anna:localhost", "That is you"),
    ("share prescriptions for Cleo with @maier:localhost", "I know nobody of that name"),
    ("stop sharing with @maier:localhost", "not shared with them"),
]


async def test_what_cannot_be_shared_gets_a_sentence(chat: Chat, visit: str) -> None:
    for said, answer in REFUSED:
        got = await chat.say(ANNA, said)
        if "Answer yes" in got:
            got = await chat.say(ANNA, "yes")
        assert answer in got, said
    assert "You share nothing" in await chat.say(ANNA, "share")


async def test_a_guardian_shares_for_a_child_and_no_is_no(chat: Chat, visit: str) -> None:
    await chat.say(ANNA, "add family Mia 2018-05-04")
    assert "will read allergies (for Mia)" in await chat.say(ANNA, f"share allergies for Mia with {MAIER}")
    assert "Nothing was shared" in await chat.say(ANNA, "no")
    await chat.say(ANNA, f"share allergies for Mia with {MAIER}")
    await chat.say(ANNA, "yes")
    assert "Mia shares this with you" in (await chat.notices())[MAIER][0].text
    assert "(for Mia)" in await chat.say(ANNA, "share")
    await chat.say(ANNA, "allergies nuts for Mia")
    await chat.say(MAIER, "shared with me")
    assert "nuts" in await chat.say(MAIER, "1")
    looked = await chat.say(ANNA, "who looked for Mia")
    assert "Dr Lena Maier read allergies (for Mia)" in looked
    assert "You have looked" in looked


async def test_an_emergency_opens_for_four_hours_and_all_concerned_are_told(chat: Chat, town: Town, visit: str) -> None:
    warned = await chat.say(MAIER, f"emergency access {ANNA}: found unconscious, medicines unknown")
    assert "four hours" in warned
    assert await chat.notices() == {}
    opened = await chat.say(MAIER, "yes")
    assert "Open to you until" in opened
    assert "penicillin" in opened
    assert "amoxicillin" in opened
    assert "cough" in opened
    told = await chat.notices()
    assert "Dr Lena Maier opened the records of Anna" in told[ANNA][0].text
    assert "found unconscious" in told[ANNA][0].text
    assert set(told) == {ANNA}  # nobody runs the Isar Clinic yet
    assert "amoxicillin" in await chat.say(MAIER, "1")
    looked = await chat.say(ANNA, "who looked")
    assert "Dr Lena Maier read prescriptions (in an emergency)" in looked
    assert "Dr Lena Maier wrote an emergency access (in an emergency)" in looked
    code = re.search(r"amoxicillin.*?", opened)
    assert code
    rx = re.search(r"\b([0-9A-Z]{6}) amoxicillin", opened)
    assert rx
    town.clock.time += timedelta(hours=4)
    assert "You may not do that" in await chat.say(MAIER, f"prescription {rx[1]}")


async def test_the_clinic_is_told_of_an_emergency_and_not_whose_or_why(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(BEN, "hello", name="Ben Ohm")
    await chat.say(BEN, "add family Cleo 2019-01-01")
    await chat.say(OSEI, f"emergency access {BEN} chest pain, no history known")
    assert "Open to you until" in await chat.say(OSEI, "yes")
    told = await chat.notices()
    assert set(told) == {BEN, CLARA}
    assert "Dr Ama Osei opened a patient's records" in told[CLARA][0].text
    assert "chest pain" not in told[CLARA][0].text
    assert "Ben" not in told[CLARA][0].text


async def test_an_emergency_needs_a_patient_and_a_reason(chat: Chat, visit: str) -> None:
    for said, answer in [
        ("emergency access", "what has happened"),
        (f"emergency access {ANNA}", "what has happened"),
        (f"emergency access {ANNA}: help", "in a few words"),
        ("emergency access @nobody:localhost: found unconscious", "I know no patient by that"),
        ("emergency access ZZZ9Z9 found unconscious", "I know no patient by that"),
    ]:
        assert answer in await chat.say(MAIER, said), said
    assert await chat.notices() == {}


async def test_an_emergency_that_is_called_off_opens_and_tells_nothing(chat: Chat, visit: str) -> None:
    await chat.say(MAIER, f"emergency access {visit}: found unconscious")
    assert "Nothing was opened" in await chat.say(MAIER, "no")
    assert await chat.notices() == {}
    assert "Dr Lena Maier" not in await chat.say(ANNA, "who looked")


async def test_only_doctors_open_records_in_an_emergency(chat: Chat, visit: str) -> None:
    for nosy in (BEN, CLARA):
        assert "Open to you" not in await chat.say(nosy, f"emergency access {ANNA}: found unconscious")
        assert "Open to you" not in await chat.say(nosy, "yes")
    assert await chat.notices() == {}


async def test_a_doctor_who_treats_needs_no_emergency(chat: Chat, visit: str) -> None:
    assert "amoxicillin" in await chat.say(OSEI, f"emergency access {visit}: found unconscious")
    assert await chat.notices() == {}


async def test_the_centre_says_how_long_its_doctors_read_after_a_visit(chat: Chat, town: Town, visit: str) -> None:
    assert "until 90 days after the visit" in await chat.say(CLARA, "rules")
    assert "until 14 days after the visit" in await chat.say(CLARA, "records stay open 2 weeks after a visit")
    assert "from 0 to 3650 days" in await chat.say(CLARA, "records stay open 9999 days")
    assert "Write it like" in await chat.say(CLARA, "records stay open for long")
    listed = await chat.say(ANNA, "prescriptions")
    code = re.search(r"1\. (\w{6})", listed)
    assert code
    town.clock.time = at(1, 8) + timedelta(days=13)
    assert "amoxicillin" in await chat.say(OSEI, f"prescription {code[1]}")
    assert "cough" in await chat.say(OSEI, f"reason {visit}")
    town.clock.time = at(1, 8) + timedelta(days=16)
    # What the doctor wrote, and the reason that was written for them, stay theirs.
    assert "amoxicillin" in await chat.say(OSEI, f"prescription {code[1]}")
    assert "cough" in await chat.say(OSEI, f"reason {visit}")
    # Nothing else does: allergies are asked for when the next thing is prescribed.
    assert "may not" in await chat.say(OSEI, f"prescribe {visit} {LINE}")
    # Until the patient turns to them again.
    await chat.say(ANNA, "renew 1")
    await chat.notices()
    assert "allergic to penicillin" in await chat.say(OSEI, "1")


async def test_clinic_admins_see_no_health_content(chat: Chat, visit: str) -> None:
    code = re.search(r"1\. (\w{6})", await chat.say(ANNA, "prescriptions"))
    assert code
    for said in (f"reason {visit}", f"prescription {code[1]}", f"documents {visit}", f"files {visit}"):
        answer = await chat.say(CLARA, said)
        assert "may not" in answer, said
        assert not re.search("cough|amoxicillin|penicillin", answer)


async def test_who_looked_says_it_in_plain_words_a_page_at_a_time(chat: Chat, town: Town, visit: str) -> None:
    first = await chat.say(ANNA, "who looked")
    assert "Dr Ama Osei wrote prescriptions (as a doctor who treats, or treated)" in first
    assert "careConnect read prescriptions (to send what was asked for)" in first
    assert "You have looked" in first
    for day in range(2, 14):
        town.clock.time = at(day, 9)
        assert "cough" in await chat.say(OSEI, f"reason {visit}")
        await chat.say(OSEI, f"reason {visit}")
    page = await chat.say(ANNA, "who looked")
    assert (
        "Sun 13 Dec, 10:00: Dr Ama Osei read the reason for a visit (as a doctor who treats, or treated), 2 times"
        in (page)
    )
    assert "10. " in page
    assert "11. " not in page
    times = await chat.say(ANNA, "1")
    assert re.findall(r"(?m)^(\d)\. 10:00:00 · [0-9a-f-]{36}$", times) == ["1", "2"]
    await chat.say(ANNA, "who looked")
    more = await chat.say(ANNA, "more")
    assert "Dr Ama Osei wrote prescriptions" in more
    assert "Sun 13 Dec" not in more
    assert "Nobody else has looked" in await chat.say(BEN, "who looked")


async def test_a_proof_of_it_is_checked_with_the_key_alone(chat: Chat, town: Town, visit: str) -> None:
    assert "no key to sign with" in await chat.say(ANNA, "proof")
    key = SecretStr(base64.b64encode(bytes(range(32))).decode())
    settings = town.ctx.settings.model_copy(update={"audit": AuditSettings(key=key)})
    chat.ctx = Context(town.ctx.vault, settings)
    assert "careconnect audit check" in await chat.say(ANNA, "proof")
    sent = chat.last[-1].fields
    assert (sent["kind"], sent["name"]) == ("audit proof", "who-looked.json")
    anna = await chat.person(ANNA)
    async with town.database.transaction() as tx:
        file = await attachments(chat.ctx)["audit proof"](tx, anna.id)
    proof = Proof.read(file.decode())
    assert proof.check(trusted_keys(settings)).size >= len(proof.entries)
    assert {each.entry.subject for each in proof.entries} == {anna.patient.id}
    assert "amoxicillin" not in file.decode()
    assert json.loads(file)["format"] == "careconnect audit proof 1"
    with pytest.raises(Exception, match="not in the audit"):
        replace(proof, entries=(replace(proof.entries[0], index=0), *proof.entries[1:])).check(trusted_keys(settings))


async def test_all_of_these_talks_leave_a_sound_audit(chat: Chat, town: Town, visit: str) -> None:
    await chat.say(ANNA, f"share everything with {MAIER}")
    await chat.say(ANNA, "yes")
    async with town.database.transaction() as tx:
        await place_all(tx)
        found = await verify(tx)
        events = (await tx.conn.execute(text("SELECT count(*) FROM audit_event"))).scalar_one()
    assert (found.fault, found.entries) == (None, events)


async def test_a_doctor_who_is_not_verified_learns_of_nobody_by_an_emergency(chat: Chat, visit: str) -> None:
    await chat.say(PAUL, "unverify dr.maier")
    known = await chat.say(MAIER, f"emergency access {ANNA}: found unconscious, no papers")
    assert known == await chat.say(MAIER, "emergency access @nobody:localhost: found unconscious, no papers")
    assert known == await chat.say(MAIER, f"emergency access {visit}: found unconscious, no papers")


async def test_whose_records_are_meant_may_stand_before_or_behind_what_is_said_of_them(chat: Chat) -> None:
    await chat.say(ANNA, "add family Mia Weber 2018-05-04")
    for said in ("allergies for Mia: penicillin", "allergies for Mia Weber penicillin", "allergies penicillin for mia"):
        assert "Stated for Mia Weber: penicillin." in await chat.say(ANNA, said)
    assert "Stated for Mia Weber: no allergies" in await chat.say(ANNA, "Allergien für Mia: none")
    assert "Nothing is stated for Anna" in await chat.say(ANNA, "allergies")
    assert "Stated for Anna: pollen of birch" in await chat.say(ANNA, "allergies pollen of birch")
    assert "I know nobody of that name" in await chat.say(ANNA, "allergies for Zoe: nuts")
    assert "There are no prescriptions" in await chat.say(ANNA, "prescriptions for Mia")
    assert "I know nobody of that name" in await chat.say(ANNA, "prescriptions for Zoe")
    assert "There are no files" in await chat.say(ANNA, "files for Mia")
    assert "There are no notes" in await chat.say(ANNA, "documents of Mia")
